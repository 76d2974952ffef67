import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../../demo/server.ts";
import { api } from "../../../generated/beacon/index.ts";
import { call, testBeacon } from "../../demo/beacon.ts";
import { callerOf } from "../../fakes/caller.ts";
import { get, type Message, postSession } from "../../http/wire.ts";
import { documentPath, jsonBlocks, type ServedProduct, serveProduct, toolNames, withoutDocuments } from "./product.ts";

// examples/oneuptime, as its document describes it: everything, with keys of the API's own, in the session era.

let prod: Beacon;
let staging: Beacon;
let product: ServedProduct;
let url: string;

beforeAll(async () => {
  [prod, staging] = await Promise.all([testBeacon(), testBeacon()]);
  product = await serveProduct("oneuptime", prod, {
    UPSTREAM_URL: "",
    UPSTREAM_URL_PROD: prod.url,
    UPSTREAM_URL_STAGING: staging.url,
  });
  url = `${product.base}/mcp`;
});

afterAll(async () => {
  await product?.stop();
  await Promise.all([prod?.close(), staging?.close()]);
});

const specs = api.resources.flatMap(({ tools, actions }) => [...Object.values(tools), ...Object.values(actions)]);
const all = [...specs.map(({ name }) => name), "whoami"].sort();
const reading = [...specs.filter(({ effect }) => effect === "read").map(({ name }) => name), "whoami"].sort();
const writing = [...specs.filter(({ effect }) => effect !== "destroy").map(({ name }) => name), "whoami"].sort();

/** A key of one instance that no other knows. */
async function keyOf(beacon: Beacon, scopes: readonly string[]): Promise<string> {
  const answer = await call(beacon, beacon.keys.full, "POST /api-keys", { name: "MCP Server", scopes });
  expect(answer.status).toBe(201);
  return String(answer.body.key);
}

describe("the offer", () => {
  it("is every tool of the API to a key that may do everything", async () =>
    expect(await toolNames(url, prod.keys.full)).toEqual(all));

  it("is what reads to a key with read permissions, and no delete to one that may write", async () => {
    expect(await toolNames(url, prod.keys.readOnly)).toEqual(reading);
    expect(await toolNames(url, prod.keys.readWrite)).toEqual(writing);
  });

  it("has List, Count, Get, Create, Update and Delete for a resource, typed and validated", async () => {
    const tools = await callerOf(url, prod.keys.full).listTools();
    const of = (name: string) => tools.find((tool) => tool.name === name);
    const names = [
      "list_monitors",
      "count_monitors",
      "get_monitor",
      "create_monitor",
      "update_monitor",
      "delete_monitor",
    ];
    for (const name of names)
      expect(of(name)?.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    const { isError, error } = await callerOf(url, prod.keys.full).call("create_monitor", {
      name: 7,
      type: "website",
      colour: "red",
    });
    expect([isError, error.code]).toEqual([true, "invalid_arguments"]);
    expect(String(error.message)).toMatch(/name|colour/);
  });

  it("is 711 operations of 126 resource types or more, where the API has as many", () => {
    expect(specs.length).toBeGreaterThanOrEqual(711);
    expect(api.resources.length).toBeGreaterThanOrEqual(126);
  });

  it("has no prompts and one resource, which says who is calling", async () => {
    const caller = callerOf(url, prod.keys.readOnly);
    const { result } = await caller.request("resources/list");
    expect(((result?.resources ?? []) as { uri: string }[]).map(({ uri }) => uri)).toEqual(["beacon://me"]);
    expect((await caller.request("prompts/list")).result?.prompts ?? []).toEqual([]);
  });

  it("is the same in five tools at the compact surface", async () =>
    expect(await toolNames(`${product.base}/compact/mcp`, prod.keys.full)).toEqual([
      "delete",
      "describe",
      "read",
      "search",
      "write",
    ]));
});

describe("a resource", () => {
  it("is created, read, counted, updated and deleted, as the API itself shows at once", async () => {
    const caller = callerOf(url, prod.keys.full);
    const made = await caller.call("create_monitor", {
      name: "Walk",
      type: "website",
      url: "https://walk.example.com",
    });
    const { id } = made.structured.item as { id: string };
    const direct = (): Promise<{ readonly status: number; readonly body: unknown }> =>
      call(prod, prod.keys.full, `GET /monitors/${id}`);
    expect((await direct()).body).toMatchObject({ name: "Walk" });
    expect((await caller.call("get_monitor", { monitorId: id })).structured.item).toMatchObject({ id, name: "Walk" });
    expect((await caller.call("count_monitors", { q: "Walk" })).structured).toMatchObject({ count: 1, exact: true });
    await caller.call("update_monitor", { monitorId: id, intervalSeconds: 120 });
    expect((await direct()).body).toMatchObject({ intervalSeconds: 120, name: "Walk" });
    expect((await caller.call("delete_monitor", { monitorId: id })).structured).toMatchObject({ deleted: true });
    expect((await direct()).status).toBe(404);
  });
});

describe("the key", () => {
  const ways = [
    { how: "in x-api-key", headers: (key: string) => ({ "x-api-key": key }) },
    { how: "as Bearer", headers: (key: string) => ({ authorization: `Bearer ${key}` }) },
    { how: "as bearer in lower case", headers: (key: string) => ({ authorization: `bearer ${key}` }) },
    { how: "with spaces around it", headers: (key: string) => ({ "x-api-key": `  ${key} ` }) },
  ];
  for (const { how, headers } of ways)
    it(`is taken ${how}`, async () => expect((await get(url, headers(prod.keys.readOnly))).status).toBe(200));

  const bad = [
    { what: "no key", headers: {} },
    { what: "a key nobody knows", headers: { "x-api-key": "bk_nobody" } },
    { what: "an empty key", headers: { "x-api-key": "" } },
  ];
  for (const { what, headers } of bad)
    it(`is asked for where there is ${what}`, async () => {
      expect((await get(url, headers)).status).toBe(401);
      const { status } = await postSession(url, "initialize", hello, {
        headers: { "x-api-key": undefined, ...headers },
      });
      expect(status).toBe(401);
    });

  it("ends with what the API thinks of it: one that was deleted is 401", async () => {
    const key = await keyOf(prod, ["read"]);
    const { body } = await call(prod, prod.keys.full, "GET /api-keys?q=MCP%20Server&perPage=200");
    expect((await call(prod, key, "GET /me")).status).toBe(200);
    const items = body.items as unknown as readonly { id: string; name: string }[];
    for (const { id } of items.filter(({ name }) => name === "MCP Server"))
      await call(prod, prod.keys.full, `DELETE /api-keys/${id}`);
    expect((await get(url, { "x-api-key": key })).status).toBe(401);
  });

  it("is refused what it may not do, with what to do about it", async () => {
    const refused = await callerOf(url, prod.keys.readOnly).request("tools/call", {
      name: "create_monitor",
      arguments: {},
    });
    expect(refused.error?.message).toContain("Tool not available: create_monitor");
    expect(refused.error?.message).toContain("mcp.read");
    const deleting = await callerOf(url, prod.keys.readWrite).request("tools/call", {
      name: "delete_monitor",
      arguments: { monitorId: "x" },
    });
    expect(deleting.error?.message).toContain("Tool not available: delete_monitor");
  });
});

const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "walk", version: "1" } };

describe("the endpoints", () => {
  it("answer initialize with a session id that the following requests need", async () => {
    const headers = { "x-api-key": prod.keys.readOnly };
    const first = await postSession(url, "initialize", hello, { headers });
    const id = first.headers.get("mcp-session-id");
    expect(id).toBeTruthy();
    expect((first.body as Message).result).toMatchObject({ serverInfo: { name: expect.any(String) } });
    const inside = { ...headers, "mcp-session-id": String(id), "mcp-protocol-version": "2025-11-25" };
    expect((await postSession(url, "tools/list", {}, { headers: inside })).status).toBe(200);
    expect((await postSession(url, "tools/list", {}, { headers })).status).toBe(400);
    const stream = await fetch(url, { headers: { ...inside, accept: "text/event-stream" } });
    expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    await stream.body?.cancel();
    expect((await get(url, inside, "DELETE")).status).toBeLessThan(300);
    expect((await postSession(url, "tools/list", {}, { headers: inside })).status).toBe(404);
  });

  it("tell health without a key, and of how many tools", async () => {
    const { status, body } = await get(`${url}/health`);
    expect([status, body]).toMatchObject([200, { status: "ok", tools: all.length, store: "ok" }]);
  });

  it("list tools over REST: names without a key, what the key may use with one", async () => {
    const anonymous = (await get(`${url}/tools`)).body as { count: number; tools: object[] };
    expect(anonymous.count).toBe(all.length);
    expect(Object.keys(anonymous.tools[0] ?? {}).sort()).toEqual(["description", "name"]);
    const { body } = await get(`${url}/tools`, { "x-api-key": prod.keys.readOnly });
    expect(body).toMatchObject({ count: reading.length });
  });
});

describe.skipIf(withoutDocuments !== false)(
  `the configurations of ${documentPath("oneuptime")}${withoutDocuments === false ? "" : ` (${withoutDocuments})`}`,
  () => {
    interface Entry {
      readonly transport: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    }
    /** What `prod.` and `staging.` in front of the gateway are: a proxy that knows which surface a host is. */
    const surfaceOf = (host: string): string => (host.startsWith("staging.") ? "/staging" : "");
    const connect = async (entry: Entry, key: string): Promise<Client> => {
      const at = new URL(entry.url);
      const own = new URL(`${product.base}${surfaceOf(at.hostname)}${at.pathname}`);
      const [header = ""] = Object.keys(entry.headers);
      const transport = new StreamableHTTPClientTransport(own, { requestInit: { headers: { [header]: key } } });
      const client = new Client({ name: "walk", version: "1" });
      await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
      return client;
    };
    const blocks = (): readonly { readonly mcpServers: Readonly<Record<string, Entry>> }[] =>
      jsonBlocks("oneuptime") as never;

    it("connect each by itself, as they stand but for host and key", async () => {
      for (const { mcpServers } of blocks())
        for (const entry of Object.values(mcpServers)) {
          expect([entry.transport, Object.keys(entry.headers)]).toEqual(["streamable-http", ["x-api-key"]]);
          const beacon = entry.url.includes("staging") ? staging : prod;
          const client = await connect(entry, beacon.keys.readOnly);
          expect(
            (await client.callTool({ name: "list_monitors", arguments: { limit: 1 } })).structuredContent,
          ).toMatchObject({ returnedCount: 1 });
          await client.close();
        }
    });

    it("connect production and staging at once, each with its own data, and a key of one is 401 at the other", async () => {
      const entries = Object.entries(blocks().at(-1)?.mcpServers ?? {});
      expect(entries.map(([name]) => name.split("-").at(-1))).toEqual(["prod", "staging"]);
      const [[, prodEntry], [, stagingEntry]] = entries as [[string, Entry], [string, Entry]];
      const keys = { prod: await keyOf(prod, ["read", "write"]), staging: await keyOf(staging, ["read", "write"]) };
      const clients = [await connect(prodEntry, keys.prod), await connect(stagingEntry, keys.staging)];
      const who = await Promise.all(clients.map((client) => client.callTool({ name: "whoami", arguments: {} })));
      expect(who.map(({ structuredContent }) => (structuredContent as { environment: string }).environment)).toEqual([
        "prod",
        "staging",
      ]);
      const monitor = { name: "Only in staging", type: "website", url: "https://staging.example.com" };
      await clients[1]?.callTool({ name: "create_monitor", arguments: monitor });
      const counts = await Promise.all(
        [prod, staging].map((beacon) => call(beacon, beacon.keys.full, "GET /monitors/count?q=Only%20in%20staging")),
      );
      expect(counts.map(({ body }) => body.count)).toEqual([0, 1]);
      expect((await get(`${product.base}/staging/mcp`, { "x-api-key": keys.prod })).status).toBe(401);
      await expect(connect(stagingEntry, keys.prod)).rejects.toThrow(/the key is not valid/);
      await expect(connect(prodEntry, keys.staging)).rejects.toThrow(/the key is not valid/);
      await Promise.all(clients.map((client) => client.close()));
    });
  },
);

/** The resource types that the document names. */
const named =
  `Monitor MonitorStatus MonitorGroup Probe Incident IncidentState IncidentNote IncidentTemplate Alert AlertState AlertSeverity
  StatusPage StatusPageAnnouncement StatusPageSubscriber On-CallPolicy EscalationRule On-CallSchedule Team TeamMember TeamPermission
  TelemetryService Log Span Metric Workflow WorkflowVariable WorkflowLog`.split(/\s+/);

describe("a resource type by the name that the document has for it", () => {
  const own = (name: string): string => name.replace("On-Call", "OnCall");

  it.each(named)("%s is found first by search", async (name) => {
    const { structured } = await callerOf(`${product.base}/compact/mcp`, prod.keys.full).call("search", {
      query: name,
    });
    expect((structured.found as { resource: string }[])[0]?.resource).toBe(own(name));
  });

  it.each(named)("%s has its tools in /mcp/tools?resource=", async (name) => {
    const { body } = await get(`${url}/tools?resource=${name}`, { "x-api-key": prod.keys.full });
    const kinds = (body as { tools: { kind: string }[] }).tools.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["list", "count", "get", "create", "update", "delete"]));
  });

  it("says what the API does not offer for one that has not all six", async () => {
    const { structured } = await callerOf(`${product.base}/compact/mcp`, prod.keys.full).call("describe", {
      name: "Event",
    });
    expect(structured.notOffered).toBe("The API does not offer update, delete for Event.");
  });
});
