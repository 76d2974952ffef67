import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { adminDocument } from "../../src/http/routes/admin/openapi.ts";
import { testBeacon } from "../demo/beacon.ts";
import { callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type AdminAnswer, type AdminClient, adminClient } from "./adminClient.ts";

const token = "an-admin-token-of-the-tests";
const variables = { DATABASE_URL: "sqlite::memory:", UPSTREAM_API_KEY: "bk_demo_full_acme" };
const configText = `${readFileSync("openapi/beacon/gateway.yaml", "utf8")}
limits: { failuresPerMinute: off }
keys: { prefix: os }
`;
const wanted = { name: "CI", user: { id: "u1" }, scopes: ["read"] };

let beacon: Beacon;
let gateway: TestGateway;
let admin: AdminClient;

beforeAll(async () => {
  beacon = await testBeacon();
  gateway = await startGateway(api, beacon.url, configText, { ...variables, SPECGATE_ADMIN_TOKEN: token });
  admin = adminClient(gateway.base, { authorization: `Bearer ${token}` });
});
afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

const make = async (more: object = {}): Promise<AdminAnswer["body"]> =>
  (await admin.send("POST /keys", { ...wanted, ...more })).body;

describe("the admin API", () => {
  it("is described by a valid OpenAPI document, which is part of it", async () => {
    const { body } = await admin.send("GET /openapi.json");
    expect(body).toEqual(adminDocument({ brand: "Beacon", version: api.version }));
    await SwaggerParser.validate(structuredClone(body) as never);
  });

  it("makes a key that is good at once, shows it once, and tells where it is", async () => {
    const made = await admin.send("POST /keys", { ...wanted, user: { id: "u1", name: "Ada" }, scopes: "read write" });
    expect([made.status, made.headers.get("location")]).toEqual([201, `/api/v1/admin/keys/${made.body.id}`]);
    expect(made.body).toMatchObject({ scopes: ["mcp.read", "mcp.write"], status: "active", createdBy: "admin" });
    const key = String(made.body.key);
    expect(key.startsWith(String(made.body.start))).toBe(true);
    expect((await callerOf(gateway.url, key).listTools()).length).toBeGreaterThan(400);
    const { body } = await admin.send(`GET /keys/${made.body.id}`);
    const { key: _, ...shown } = made.body;
    expect({ ...body, lastUsedAt: null }).toEqual({ ...shown, lastUsedAt: null });
  });

  it("sends the key's own credential to the API, else that of the gateway", async () => {
    const whoIs = async (more: object): Promise<string> => {
      const called = await callerOf(gateway.url, String((await make(more)).key)).call("get_me");
      return JSON.stringify(called.structured);
    };
    expect(await whoIs({ upstreamCredential: "bk_demo_read_globex" })).toContain("Demo, read-only");
    expect(await whoIs({})).toContain("Demo, full access");
  });

  it("lists keys newest first in pages, by user and organisation, without those that are over", async () => {
    const names = ["a", "b", "c"];
    for (const name of names) await make({ name, organisation: { id: "paged" } });
    const first = await admin.send("GET /keys?organisation=paged&limit=2");
    const rest = await admin.send(`GET /keys?organisation=paged&limit=2&cursor=${first.body.nextCursor}`);
    const items = [first, rest].flatMap(({ body }) => body.items as unknown as { name: string; id: string }[]);
    expect(items.map(({ name }) => name).sort()).toEqual(names);
    expect(rest.body).not.toHaveProperty("nextCursor");
    await admin.send(`POST /keys/${items[0]?.id}/revoke`);
    const count = async (query: string): Promise<number> =>
      ((await admin.send(`GET /keys?organisation=paged${query}`)).body.items as unknown as unknown[]).length;
    expect([await count(""), await count("&includeEnded=true"), await count("&user=nobody")]).toEqual([2, 3, 0]);
  });

  it("rotates and revokes", async () => {
    const old = await make();
    const rotated = await admin.send(`POST /keys/${old.id}/rotate`, { overlapSeconds: 60 });
    expect([rotated.status, rotated.body.scopes]).toEqual([201, ["mcp.read"]]);
    expect((await admin.send(`GET /keys/${old.id}`)).body).toMatchObject({
      status: "rotated",
      rotatedTo: rotated.body.id,
    });
    expect((await admin.send(`POST /keys/${old.id}/rotate`)).status).toBe(409);
    for (const key of [old.key, rotated.body.key])
      expect((await fetch(gateway.url, { headers: { "x-api-key": String(key) } })).status).toBe(200);
    const revoked = await admin.send(`POST /keys/${rotated.body.id}/revoke`);
    expect(revoked.body.status).toBe("revoked");
    const again = (await admin.send(`POST /keys/${rotated.body.id}/revoke`)).body;
    expect({ ...again, lastUsedAt: null }).toEqual({ ...revoked.body, lastUsedAt: null }); // uses are written from time to time
    expect((await fetch(gateway.url, { headers: { "x-api-key": String(rotated.body.key) } })).status).toBe(401);
  });

  it("counts what a key called, and when", async () => {
    const { id, key } = await make();
    await callerOf(gateway.url, String(key)).call("get_me");
    await expect
      .poll(async () => (await admin.send(`GET /keys/${id}`)).body, { timeout: 60_000 })
      .toMatchObject({ lastUsedAt: expect.any(String), calls: { last24Hours: { read: 1, write: 0, destroy: 0 } } });
  });

  it("does not change a key", async () => {
    const { id, scopes } = await make();
    for (const method of ["PATCH", "PUT"]) {
      const { status, headers, body } = await admin.send(`${method} /keys/${id}`, { scopes: ["full"] });
      expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      expect(body.message).toMatch(/^A key cannot be changed: .*scopes.* Make another key/);
    }
    expect((await admin.send(`GET /keys/${id}`)).body.scopes).toEqual(scopes);
  });

  const bad: readonly {
    readonly name: string;
    readonly request?: string;
    readonly body?: unknown;
    readonly want: string;
  }[] = [
    { name: "nothing", body: {}, want: "name must be a text; " },
    { name: "a list", body: [], want: "the body must be a JSON object" },
    { name: "half of JSON", body: "{", want: "the body is not JSON that can be read" },
    { name: "members that are none", body: { ...wanted, role: "x", key: "sg_1" }, want: 'unknown member "role"' },
    { name: "no user", body: { name: "a", scopes: ["read"] }, want: "user must be an object" },
    { name: "a user without id", body: { ...wanted, user: { name: "a" } }, want: "user.id must be a text" },
    { name: "a name of controls", body: { ...wanted, name: "a\u001b[31m" }, want: "name must be 1 to 100 characters" },
    { name: "no scopes", body: { ...wanted, scopes: [] }, want: "scopes must be 1 to 50 names" },
    {
      name: "a misspelt scope",
      body: { ...wanted, scopes: ["mcp.reed"] },
      want: 'nothing asks for the scope "mcp.reed"',
    },
    { name: "a resource that is not there", body: { ...wanted, scopes: ["moniter.read"] }, want: '"moniter.read"' },
    { name: "a past end", body: { ...wanted, expiresAt: "2020-01-01T00:00:00Z" }, want: "expiresAt is in the past" },
    { name: "an end that is no time", body: { ...wanted, expiresAt: "tomorrow" }, want: "expiresAt must be a time" },
    { name: "a bound that is none", body: { ...wanted, boundArguments: { a: 1 } }, want: 'boundArguments."a" must be' },
    {
      name: "two bounds in one",
      body: { ...wanted, boundArguments: { a: { fixed: 1, within: [1] } } },
      want: "must be",
    },
    {
      name: "an empty set",
      body: { ...wanted, boundArguments: { a: { within: [] } } },
      want: "within must have 1 to 1000",
    },
    {
      name: "a manager without organisation",
      body: { ...wanted, scopes: ["admin.keys"] },
      want: "needs an organisation",
    },
    {
      name: "a credential that is no header",
      body: { ...wanted, upstreamCredential: "canary\r\nx: y" },
      want: "the upstream credential must be 1 to 1,024 visible characters",
    },
    { name: "a body of 300 KB", body: { ...wanted, name: "x".repeat(300_000) }, want: "the body is larger than" },
    { name: "a parameter that is none", request: "GET /keys?owner=u1", want: 'there is no parameter "owner"' },
    { name: "a parameter twice", request: "GET /keys?user=a&user=b", want: "user stands twice" },
    { name: "a limit of 0", request: "GET /keys?limit=0", want: "limit must be a whole number from 1 to 200" },
    { name: "a cursor of its own", request: "GET /keys?cursor=abc", want: "the cursor is none that this list gave" },
    { name: "a key that is not there", request: "POST /keys/nothing/revoke", want: 'there is no key "nothing"' },
  ];
  for (const { name, request = "POST /keys", body, want } of bad)
    it(`says what is wrong with ${name}`, async () => {
      const answer = await admin.send(request, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.body.message).toContain(want);
      expect(JSON.stringify(answer.body)).not.toContain("canary");
    });

  it("does not pass over a body of another type", async () => {
    const { id } = await make();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await admin.send(`POST /keys/${id}/rotate`, '{"overlapSeconds":0}', form);
    expect([answer.status, answer.body.message]).toEqual([415, "send the body as application/json"]);
  });
});

describe("who may use the admin API", () => {
  const manager = async (): Promise<AdminClient> => {
    const { key } = await make({ scopes: ["admin.keys"], organisation: { id: "o1" } });
    return adminClient(gateway.base, { "x-api-key": String(key) });
  };

  it("is not a caller without, or with a wrong, credential; none of them is sent to the API", async () => {
    const before = beacon.requests.length;
    for (const credential of [
      {},
      { authorization: "Bearer wrong" },
      { "x-api-key": "bk_demo_full_acme" },
      { authorization: `Basic ${token}` },
    ]) {
      const { status, headers } = await adminClient(gateway.base, credential as Record<string, string>).send(
        "GET /keys",
      );
      expect([credential, status]).toEqual([credential, 401]);
      expect(headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
    expect(beacon.requests.length).toBe(before);
  });

  it("is not a key without the scope, however much else it may do", async () => {
    const { key } = await make({ scopes: "full", organisation: { id: "o1" } });
    const { status, body } = await adminClient(gateway.base, { "x-api-key": String(key) }).send("GET /keys");
    expect([status, body.code]).toEqual([403, "insufficient_scope"]);
  });

  it("is a key with the scope admin.keys, for its own organisation, and it sees no tools", async () => {
    const own = await manager();
    const made = await own.send("POST /keys", { ...wanted, organisation: { id: "o1" } });
    expect(made.status).toBe(201);
    const other = await make({ organisation: { id: "o2" } });
    expect((await own.send(`GET /keys/${other.id}`)).status).toBe(404);
    expect((await own.send(`POST /keys/${other.id}/revoke`)).status).toBe(404);
    expect((await own.send("POST /keys", { ...wanted, organisation: { id: "o2" } })).status).toBe(403);
    expect((await own.send("POST /keys", wanted)).status).toBe(403);
    const like = await own.send("POST /keys", { ...wanted, organisation: { id: "o1" }, scopes: ["admin.keys"] });
    expect([like.status, like.body.code]).toEqual([403, "not_permitted"]);
  });

  it("is nobody where nothing is configured: the paths are not there, but for such a key", async () => {
    const bare = await startGateway(api, beacon.url, configText, variables);
    try {
      const missing = await (await fetch(`${bare.base}/api/v1/nothing`)).text();
      for (const headers of [{}, { authorization: `Bearer ${token}` }, { "x-api-key": "bk_demo_full_acme" }])
        for (const path of ["keys", "openapi.json", ""]) {
          const answer = await fetch(`${bare.base}/api/v1/admin/${path}`, {
            headers: headers as Record<string, string>,
          });
          expect([answer.status, await answer.text()]).toEqual([404, missing]);
        }
    } finally {
      await bare.close();
    }
  });
});
