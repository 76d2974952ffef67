import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { testBeacon } from "../demo/beacon.ts";
import { callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type AdminClient, adminClient } from "../http/adminClient.ts";

const token = "an-admin-token-of-the-tests";
let beacon: Beacon;
let gateway: TestGateway;
let admin: AdminClient;
/** A client with a key of Acme that may administer, and one of Globex. */
let acme: AdminClient;
let globex: AdminClient;

beforeAll(async () => {
  beacon = await testBeacon();
  gateway = await startGateway(api, beacon.url, "api: beacon", {
    SPECGATE_ADMIN_TOKEN: token,
    UPSTREAM_API_KEY: beacon.keys.full,
  });
  admin = adminClient(gateway.base, { authorization: `Bearer ${token}` });
  const make = async (organisation: string): Promise<string> => {
    const wanted = { name: "CI", user: { id: `user-of-${organisation}` }, organisation: { id: organisation } };
    return String((await admin.send("POST /keys", { ...wanted, scopes: ["full", "admin.keys"] })).body.key);
  };
  const keys = { acme: await make("acme"), globex: await make("globex") };
  acme = adminClient(gateway.base, { "x-api-key": keys.acme });
  globex = adminClient(gateway.base, { "x-api-key": keys.globex });
  for (const name of ["one", "two", "three"])
    await callerOf(gateway.url, keys.acme).call("create_label", { name, color: "#ff0000" });
  await callerOf(gateway.url, keys.globex).call("delete_label", { id: "none" });
  await vi.waitFor(async () => expect((await admin.send("GET /audit")).body.items).toHaveLength(10), {
    timeout: 10_000,
  });
});
afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

describe("the audit log by the admin API", () => {
  const asked: readonly { query: string; want: number }[] = [
    { query: "", want: 10 },
    { query: "?tool=create_label", want: 6 },
    { query: "?kind=outcome&outcome=ok", want: 3 },
    { query: "?outcome=failed&effect=destroy&resource=Label&resource_id=none", want: 1 },
    { query: "?organisation=globex", want: 3 },
    { query: "?tool=key.created&outcome=ok&effect=write", want: 2 },
    { query: "?user=user-of-acme&from=1h", want: 6 },
    { query: "?to=2020-01-01", want: 0 },
  ];
  for (const { query, want } of asked)
    it(`gives ${want} records for GET /audit${query}`, async () => {
      const { status, body } = await admin.send(`GET /audit${query}`);
      expect([status, (body.items as unknown as object[]).length]).toEqual([200, want]);
    });

  it("names the gateway key and its user", async () => {
    const { body } = await admin.send("GET /audit?organisation=acme&limit=1");
    expect(body.items?.[0]).toMatchObject({
      actor_type: "mcp",
      actor_kind: "key",
      actor_id: expect.stringMatching(/^[0-9A-Za-z]{12}$/),
      actor_user_id: "user-of-acme",
      organisation: "acme",
    });
  });

  it("is read page by page", async () => {
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const { body } = await admin.send(`GET /audit?limit=3${cursor}`);
      seen.push(...(body.items as unknown as { hash: string }[]).map(({ hash }) => hash));
      cursor = body.nextCursor === undefined ? "" : `&cursor=${String(body.nextCursor)}`;
    } while (cursor !== "");
    expect([seen.length, new Set(seen).size]).toEqual([10, 10]);
  });

  it("shows a key the records of its own organisation alone", async () => {
    expect((await acme.send("GET /audit")).body.items).toHaveLength(7);
    expect((await globex.send("GET /audit?organisation=globex")).body.items).toHaveLength(3);
    expect(await globex.send("GET /audit?organisation=acme")).toMatchObject({
      status: 403,
      body: { code: "not_permitted" },
    });
    expect((await globex.send("GET /audit?user=user-of-acme")).body.items).toEqual([]);
  });

  const wrong = ["?colour=red", "?limit=0", "?limit=1&limit=2", "?outcome=good", "?from=soon", "?cursor=x", "?tool="];
  for (const query of wrong)
    it(`refuses GET /audit${query}`, async () => {
      expect(await admin.send(`GET /audit${query}`)).toMatchObject({
        status: 400,
        body: { code: "invalid_arguments" },
      });
    });

  it("cannot be written", async () => {
    const answers = ["POST", "DELETE", "PUT"].map((method) =>
      fetch(`${gateway.base}/api/v1/admin/audit`, { method, headers: { authorization: `Bearer ${token}` } }),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([405, 405, 405]);
  });
});
