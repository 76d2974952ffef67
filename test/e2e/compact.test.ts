import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { loadGenerated } from "../../src/cli/api.ts";
import type { Api } from "../../src/descriptor.ts";
import { call, testBeacon } from "../demo/beacon.ts";
import { type Called, type Caller, callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { projectRoot } from "./process.ts";

// The five tools over HTTP: what they run is the typed tool, with all that guards it.

const configText = `
api: beacon
upstreams: { default: { url: "http://127.0.0.1:1" } }
credentials:
  check: { operation: getMe, user: user.id, organisation: organisation.id, scopes: { path: key.scopes, map: { read: mcp.read, write: mcp.write, delete: mcp.delete } } }
surfaces:
  default: { style: compact }
  pinned: { path: /pinned, style: compact, pinned: [list_monitors, "*_label"], outputSchemas: always }
  reading: { path: /reading, style: compact, readOnly: true }
safeguards:
  - match: "delete_*"
    confirm: destroy
`;

const adminToken = "a-token-for-the-admin-of-this-test-alone";

let api: Api;
let beacon: Beacon;
let gateway: TestGateway;
let caller: Caller;
let reader: Caller;
beforeAll(async () => {
  api = await loadGenerated({ root: projectRoot, name: "beacon" });
});
beforeEach(async () => {
  beacon = await testBeacon();
  gateway = await startGateway(api, beacon.url, configText, { SPECGATE_ADMIN_TOKEN: adminToken });
  caller = callerOf(gateway.url, beacon.keys.full);
  reader = callerOf(gateway.url, beacon.keys.readOnly);
});
afterEach(async () => {
  await gateway.close();
  await beacon.close();
});

const namesOf = async (one: Caller): Promise<readonly string[]> => (await one.listTools()).map(({ name }) => name);
const at = (path: string, key = beacon.keys.full): Caller => callerOf(`${gateway.base}${path}`, key);
const newLabel = async (name = "temporary"): Promise<string> =>
  String((await call(beacon, beacon.keys.full, "POST /labels", { name, color: "#ff0000" })).body.id);
const labelStatus = async (id: string): Promise<number> =>
  (await call(beacon, beacon.keys.full, `GET /labels/${id}`)).status;
const run = (one: Caller, runner: string, tool: string, args?: unknown): Promise<Called> =>
  one.call(runner, { tool, ...(args !== undefined && { arguments: args }) });

describe("the list of the compact style", () => {
  it("is five tools with hints that are true of all they run, and within 1,000 tokens", async () => {
    const tools = await caller.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["delete", "describe", "read", "search", "write"]);
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    for (const name of ["search", "describe", "read"])
      expect(hints[name]).toMatchObject({ readOnlyHint: true, destructiveHint: false });
    expect(hints.write).toMatchObject({ readOnlyHint: false, destructiveHint: false });
    expect(hints.delete).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    expect(encode(JSON.stringify(tools)).length).toBeLessThanOrEqual(1_000);
  });

  it("has no write and no delete for a key, or a surface, without any to run", async () => {
    expect(await namesOf(reader)).toEqual(["describe", "read", "search"]);
    expect(await namesOf(at("/reading"))).toEqual(["describe", "read", "search"]);
    const { error } = await reader.request("tools/call", { name: "write", arguments: { tool: "create_label" } });
    expect(error?.message).toContain("Tool not available: write");
  });

  it("holds the pinned tools beside the five, for those who may use them", async () => {
    const all = ["create_label", "delete", "delete_label", "describe", "get_label", "list_monitors"];
    expect(await namesOf(at("/pinned"))).toEqual([...all, "read", "search", "update_label", "write"]);
    expect(await namesOf(at("/pinned", beacon.keys.readOnly))).toEqual([
      "describe",
      "get_label",
      "list_monitors",
      "read",
      "search",
    ]);
    expect((await at("/pinned").call("list_monitors", { limit: 1 })).structured.returnedCount).toBe(1);
    const [monitors] = (await at("/pinned").listTools()).filter(({ name }) => name === "list_monitors");
    expect(monitors?.outputSchema).toBeDefined();
    const { error } = await at("/pinned").request("tools/call", { name: "list_incidents", arguments: {} });
    expect(error?.message).toContain("Tool not available: list_incidents");
  });

  it("is the same after everything that was found, shown and run", async () => {
    const before = await caller.listTools();
    await caller.call("search", { query: "labels" });
    await caller.call("describe", { name: "create_label" });
    await run(caller, "write", "create_label", { name: "x", color: "#00ff00" });
    expect(await caller.listTools()).toEqual(before);
  });

  it("leaves /tools what it is: every tool that the key may use", async () => {
    const response = await fetch(`${gateway.url}/tools/list_monitors`, {
      headers: { "x-api-key": beacon.keys.readOnly },
    });
    expect(await response.json()).toMatchObject({ name: "list_monitors", effect: "read" });
    const hidden = await fetch(`${gateway.url}/tools/create_label`, { headers: { "x-api-key": beacon.keys.readOnly } });
    expect(hidden.status).toBe(404);
  });
});

describe("search", () => {
  it("answers resource types with signatures under what runs them", async () => {
    const { structured } = await caller.call("search", { query: "which labels are there", limit: 1 });
    expect(structured.found).toEqual([
      {
        resource: "Label",
        read: expect.arrayContaining([expect.stringMatching(/^list_labels\(/), expect.stringMatching(/^get_label\(/)]),
        write: expect.arrayContaining([expect.stringMatching(/^create_label\(/)]),
        delete: expect.arrayContaining([expect.stringMatching(/^delete_label\(/)]),
      },
    ]);
  });

  it("shows a reader only what reads, and finds by name only what it may use", async () => {
    const { structured } = await reader.call("search", { query: "labels", limit: 20 });
    expect(JSON.stringify(structured)).not.toMatch(/create_|delete_|"write"|"delete"/);
    expect((await reader.call("search", { query: "create_label" })).text).not.toContain("create_label");
  });

  it("answers nothing rather than nonsense, and says which words matched nothing", async () => {
    const { structured } = await caller.call("search", { query: "order a pizza" });
    expect(structured).toMatchObject({ found: [], matchedNothing: ["order", "pizza"] });
    expect(structured.notes).toEqual([expect.stringContaining("Nothing fits")]);
  });

  const wrong = [
    { args: {}, message: 'missing argument "query"' },
    { args: { query: "x", limit: 0 }, message: "limit" },
    { args: { query: "x", what: 1 }, message: 'unknown argument "what"' },
  ];
  for (const { args, message } of wrong)
    it(`refuses ${JSON.stringify(args)}`, async () => {
      const { error } = await caller.call("search", args);
      expect(error).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining(message) });
    });
});

describe("describe", () => {
  it("gives signature and input schema, and the exact output schema when asked", async () => {
    const { structured } = await caller.call("describe", { name: "create_label" });
    expect(structured).toMatchObject({ tool: "create_label", resource: "Label", run: "write" });
    expect(structured.signature).toMatch(/^create_label\(name: string/);
    expect(structured.inputSchema).toMatchObject({ type: "object", required: expect.arrayContaining(["name"]) });
    expect(structured.outputSchema).toBeUndefined();
    const more = await caller.call("describe", { name: "create_label", output: true });
    expect(JSON.stringify(more.structured.outputSchema)).toContain('"color"');
  });

  it("says of a resource type what the API does not offer, where the key would include it", async () => {
    const { structured } = await caller.call("describe", { name: "outbox message" });
    const kinds = Object.values(api.resources).find(({ name }) => name === structured.resource)?.tools ?? {};
    for (const kind of ["create", "delete"])
      if (!Object.hasOwn(kinds, kind)) expect(structured.notOffered).toContain(kind);
  });

  it("uses the same words for what is hidden from the key and for what is not there", async () => {
    const { structured } = await reader.call("describe", { name: "Label" });
    expect(structured.write ?? structured.delete ?? structured.notOffered).toBeUndefined();
    expect(structured.notAvailable).toMatch(
      /does not offer these for Label, or your key does not include them: .*create/,
    );
    const [hidden, unknown] = [
      await reader.call("describe", { name: "create_label" }),
      await reader.call("describe", { name: "create_lamp" }),
    ];
    const plain = ({ error }: Called): unknown => String(error.message).replace(/create_\w+/, "X");
    expect(plain(hidden)).toBe(plain(unknown));
    expect(hidden.error.code).toBe("invalid_arguments");
  });
});

describe("read, write and delete", () => {
  it("run the tool itself and answer what it answers", async () => {
    const { structured } = await run(caller, "read", "list_monitors", { limit: 2 });
    expect(structured).toMatchObject({ returnedCount: 2, hasMore: true });
    const created = await run(caller, "write", "create_label", { name: "made", color: "#123456" });
    expect(
      await labelStatus(String((created.structured.item as { id: string } | undefined)?.id ?? created.structured.id)),
    ).toBe(200);
  });

  it("take no arguments as none, and an object written as text as the object, saying so", async () => {
    expect((await run(caller, "read", "list_monitors")).isError).toBe(false);
    const { structured } = await run(caller, "read", "list_monitors", '{"limit": 1}');
    expect(structured).toMatchObject({
      returnedCount: 1,
      notes: expect.arrayContaining([expect.stringContaining("JSON object")]),
    });
  });

  const wrong = [
    { runner: "read", tool: "create_label", message: "create_label changes something: it is run with write" },
    {
      runner: "read",
      tool: "delete_label",
      message: "delete_label deletes or destroys something: it is run with delete",
    },
    { runner: "write", tool: "list_labels", message: "list_labels only reads: it is run with read" },
    { runner: "write", tool: "delete_label", message: "it is run with delete" },
    { runner: "delete", tool: "create_label", message: "it is run with write" },
  ];
  for (const { runner, tool, message } of wrong)
    it(`${runner} does not run ${tool}`, async () => {
      const { error } = await run(caller, runner, tool, { name: "n", color: "#000000", id: "l" });
      expect(error).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining(message) });
    });

  const unlawful = [
    { args: { tool: "list_labels", arguments: "limit=1" }, message: "arguments must be an object, got a text" },
    { args: { tool: "list_labels", arguments: [1] }, message: "got an array" },
    { args: { tool: "list_labels", arguments: null }, message: "got null" },
    { args: { tool: "list_labels", limit: 1 }, message: 'unknown argument "limit"' },
    { args: {}, message: 'missing argument "tool"' },
    { args: { tool: "list_labels", arguments: { limit: "many" } }, message: "limit must be an integer" },
    { args: { tool: "read", arguments: {} }, message: "Tool not available: read" },
    { args: { tool: "list_lamps" }, message: "Tool not available: list_lamps" },
  ];
  for (const { args, message } of unlawful)
    it(`read refuses ${JSON.stringify(args)}`, async () => {
      const { error } = await caller.call("read", args);
      expect(error).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining(message) });
    });

  it("tell a tool that is hidden and one that is not there in the same words", async () => {
    const [hidden, unknown] = [await run(reader, "read", "create_label"), await run(reader, "read", "paint_label")];
    const plain = ({ error }: Called): unknown => ({
      ...error,
      message: String(error.message).replace(/(create|paint)_label/, "X"),
    });
    expect(plain(hidden)).toEqual(plain(unknown));
  });

  it("are in the audit log as the tool that was run, refusals too", async () => {
    await run(caller, "write", "create_label", { name: "audited", color: "#123456" });
    await run(caller, "write", "create_label", { color: 7 });
    await run(caller, "read", "create_label", { name: "never", color: "#123456" });
    const headers = { authorization: `Bearer ${adminToken}` };
    const recorded = async (): Promise<readonly Record<string, unknown>[]> => {
      const response = await fetch(`${gateway.base}/api/v1/admin/audit?limit=50`, { headers });
      return ((await response.json()) as { items: Record<string, unknown>[] }).items;
    };
    await expect.poll(async () => (await recorded()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    const events = await recorded();
    expect(new Set(events.map(({ tool }) => tool))).toEqual(new Set(["create_label"]));
    expect(events.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(["ok", "refused"]));
  });

  it("repeat a write with the same idempotency key once", async () => {
    const args = { name: "once", color: "#123456", idempotency_key: "k-1" };
    const first = await run(caller, "write", "create_label", args);
    const second = await run(caller, "write", "create_label", args);
    expect(second.structured).toMatchObject({ replayed: true });
    expect(first.isError).toBe(false);
    const made = await run(caller, "read", "list_labels", { limit: 200 });
    expect((made.structured.items as { name: string }[]).filter(({ name }) => name === "once")).toHaveLength(1);
  });

  it("hold to a confirmation by token, which is bound to the inner tool and its arguments", async () => {
    const [id, other] = [await newLabel("a"), await newLabel("b")];
    const { error } = await run(caller, "delete", "delete_label", { id });
    const { confirm_token: token } = error.data as { readonly confirm_token: string };
    expect(await labelStatus(id)).toBe(200);
    expect((await run(caller, "delete", "delete_label", { id: other, confirmation_token: token })).isError).toBe(true);
    expect((await run(caller, "delete", "delete_label", { id, confirmation_token: token })).isError).toBe(false);
    expect([await labelStatus(id), await labelStatus(other)]).toEqual([404, 200]);
  });
});

describe("clients of both eras", () => {
  const headers = (): Record<string, string> => ({ "x-api-key": beacon.keys.full });
  const session = async (asked: string[]): Promise<Client> => {
    const client = new Client({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      asked.push(params.message);
      return { action: "accept", content: { confirm: true } };
    });
    const transport = new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers: headers() } });
    await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
    return client;
  };
  const stateless = async (asked: string[]): Promise<ModernClient> => {
    const client = new ModernClient(
      { name: "v2", version: "1" },
      { capabilities: { elicitation: {} }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      asked.push(params.message);
      return { action: "accept", content: { confirm: true } };
    });
    await client.connect(new ModernHttp(new URL(gateway.url), { requestInit: { headers: headers() } }));
    return client;
  };
  for (const [era, connect] of [
    ["session", session],
    ["stateless", stateless],
  ] as const)
    it(`list, search, run, and are asked before a delete (${era})`, async () => {
      const asked: string[] = [];
      const client = await connect(asked);
      const { tools } = await client.listTools();
      expect(tools).toHaveLength(5);
      const found = await client.callTool({ name: "search", arguments: { query: "labels" } });
      expect(JSON.stringify(found.structuredContent)).toContain("delete_label");
      const id = await newLabel();
      const gone = await client.callTool({ name: "delete", arguments: { tool: "delete_label", arguments: { id } } });
      expect([gone.isError ?? false, asked.length, await labelStatus(id)]).toEqual([false, 1, 404]);
      await client.close();
    });
});

describe("what gateway.yaml may not say of it", () => {
  const cases = [
    {
      yaml: "surfaces: { default: { style: compact, pinned: [lamp_*] } }",
      message: 'pinned: "lamp_*" matches no tool',
    },
    {
      yaml: "surfaces: { default: { pinned: [list_monitors] } }",
      message: "surfaces.default.pinned is for style: compact",
    },
    { yaml: "search: { aliases: { Monitr: [x] } }", message: "did you mean Monitor?" },
  ];
  for (const { yaml, message } of cases)
    it(yaml, async () => {
      await expect(startGateway(api, beacon.url, `api: beacon\n${yaml}`)).rejects.toThrow(message);
    });
});
