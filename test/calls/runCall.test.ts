import type { RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import type { Principal } from "../../src/auth/principal.ts";
import type { Call, HandTool } from "../../src/calls/call.ts";
import { createRunCall } from "../../src/calls/runCall.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { UpstreamConfig } from "../../src/config/config.ts";
import type { Api, ToolSpec } from "../../src/descriptor.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { createUpstream } from "../../src/upstream/client.ts";
import { emptyApi, idParam, widget } from "../operations/fixture.ts";
import { errorOf, listen, type TestServer, upstreamConfig } from "../upstream/fixture.ts";

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const limit = { name: "limit", in: "query" } as const;
const list: ToolSpec = {
  name: "list_widgets",
  kind: "list",
  effect: "read",
  description: "List.",
  operation: { id: "list", method: "GET", path: "/widgets" },
  paging: { style: "page", page: { name: "page", in: "query" }, first: 1, limit },
  result: { noun: true },
};
const get: ToolSpec = {
  name: "get_widget",
  kind: "get",
  effect: "read",
  description: "Get.",
  operation: { id: "get", method: "GET", path: "/widgets/{id}" },
  params: [idParam],
  result: { noun: true },
};
const update: ToolSpec = {
  name: "update_widget",
  kind: "update",
  effect: "write",
  description: "Update.",
  operation: { id: "update", method: "PATCH", path: "/widgets/{id}" },
  params: [idParam],
  body: { mediaType: "application/json", fields: ["name"] },
  result: { noun: true },
};
const slow: ToolSpec = {
  ...get,
  name: "wait_widget",
  kind: "action",
  timeoutMs: 100,
  operation: { id: "wait", method: "POST", path: "/wait" },
  params: [],
};
const report: ToolSpec = { ...slow, name: "report_widget", timeoutMs: 20_000 };
const count: ToolSpec = { ...list, name: "count_widgets", kind: "count", count: { from: "list" } };
const gadgets: ToolSpec = { ...count, name: "count_gadgets", timeoutMs: 350 };
const api: Api = {
  ...emptyApi,
  security: [{ key: [] }],
  resources: [
    { ...widget, tools: { list, get, update, count }, actions: { wait_widget: slow, report_widget: report } },
    { ...widget, name: "Gadget", tools: { count: gadgets } },
  ],
};

const hand: HandTool = {
  name: "echo",
  aliases: [],
  resource: "Widget",
  kind: "action",
  effect: "write",
  definition: {
    name: "echo",
    title: "Echo",
    description: "Echo.",
    inputSchema: {
      type: "object",
      properties: { text: { type: "string" } },
      required: ["text"],
      additionalProperties: false,
    },
    annotations: {
      title: "Echo",
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: false,
    },
  },
  run: async (call) => ({ content: [{ type: "text", text: String(call.args.text) }] }),
};

interface Running {
  readonly server: TestServer;
  readonly call: (
    tool: string,
    args: Call["args"],
    more?: Partial<Call>,
  ) => ReturnType<ReturnType<typeof createRunCall>>;
}

async function start(answer: RequestListener, more: Partial<UpstreamConfig> = {}): Promise<Running> {
  const server = await listen(answer);
  const upstream = createUpstream(upstreamConfig(server.url, more));
  open.push(server, upstream);
  const run = createRunCall({
    upstreamFor: () => upstream,
    scopes: {
      effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
      hierarchy: { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] },
    },
    validator: createValidator(),
    cursorKeys: deriveKeys([new Secret("a secret of a test")], "cursor"),
    limits: { resultBytes: 61_440, countPages: 100 },
  });
  const catalog = createCatalog(api, [hand]);
  return { server, call: (name, args, more = {}) => run({ ...callOf(catalog.find(name) as Tool, args), ...more }) };
}

const anyone: Principal = { kind: "passthrough", id: "p1", user: null, organisation: null, scopes: null };

function callOf(tool: Tool, args: Call["args"]): Call {
  return {
    tool,
    args,
    principal: anyone,
    surface: "default",
    requestId: "r1",
    signal: new AbortController().signal,
    notify: () => undefined,
    ask: async () => [],
  };
}

const json =
  (body: unknown): RequestListener =>
  (_req, res) =>
    res.setHeader("content-type", "application/json").end(JSON.stringify(body));

describe("a call", () => {
  it("goes from arguments to the upstream and back", async () => {
    const { call, server } = await start(json({ id: "w 1", name: "n" }));
    expect(await call("get_widget", { id: "w 1" })).toEqual({ structured: { item: { id: "w 1", name: "n" } } });
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /widgets/w%201"]);
  });

  it("makes several requests where its kind needs them", async () => {
    const { call, server } = await start((req, res) => {
      res.setHeader("content-type", "application/json").end(req.method === "PATCH" ? "{}" : '{"id":"1","name":"new"}');
    });
    expect(await call("update_widget", { id: "1", name: "new" })).toEqual({
      structured: { item: { id: "1", name: "new" } },
    });
    expect(server.seen.map(({ method }) => method)).toEqual(["PATCH", "GET"]);
  });

  it("regression 12: sends nothing when its arguments are not valid", async () => {
    const { call, server } = await start(json({}));
    const bad = [
      ["get_widget", {}],
      ["get_widget", { id: 5 }],
      ["get_widget", { id: "1", extra: 1 }],
      ["get_widget", { id: "../users" }],
      ["list_widgets", { limit: 201 }],
      ["list_widgets", { limit: 0 }],
      ["list_widgets", { cursor: "forged.cursor" }],
    ] as const;
    for (const [tool, args] of bad)
      expect([tool, args, (await errorOf(() => call(tool, args))).code]).toEqual([tool, args, "invalid_arguments"]);
    expect(server.seen).toEqual([]);
  });

  it("regression 11: without arguments is a call with none", async () => {
    const { call } = await start(json([]));
    expect(await call("list_widgets", {})).toMatchObject({
      structured: { items: [], returnedCount: 0, hasMore: false },
    });
  });

  it("is refused before its arguments are looked at when its principal may not make it, in the words for an unknown tool", async () => {
    const { call, server } = await start(json({}));
    const reader: Principal = { ...anyone, scopes: ["mcp.read"] };
    const error = await errorOf(() => call("update_widget", { nonsense: 1 }, { principal: reader }));
    expect([error.code, error.message]).toEqual([
      "unknown_tool",
      expect.stringContaining(
        "Tool not available: update_widget. There is no such tool, or your key (scopes: mcp.read)",
      ),
    ]);
    expect((await errorOf(() => call("echo", { text: "x" }, { principal: reader }))).code).toBe("unknown_tool");
    expect(server.seen).toEqual([]);
  });

  it("of a Connection without the scope says which to ask for", async () => {
    const { call } = await start(json({}));
    const connection: Principal = { ...anyone, kind: "connection", scopes: ["mcp.read"] };
    const error = await errorOf(() => call("update_widget", { id: "1" }, { principal: connection }));
    expect([error.code, error.facts.data]).toEqual(["insufficient_scope", { scopes: ["mcp.read", "mcp.write"] }]);
  });

  it("of a tool written by hand is validated and authorised like any other", async () => {
    const { call } = await start(json({}));
    expect(await call("echo", { text: "hi" })).toEqual({ content: [{ type: "text", text: "hi" }] });
    expect((await errorOf(() => call("echo", {}))).code).toBe("invalid_arguments");
  });

  it("has one deadline over all its requests", async () => {
    const { call, server } = await start((_req, res) => {
      setTimeout(() => res.setHeader("content-type", "application/json").end('[{"id":"1"}]'), 100);
    });
    expect((await errorOf(() => call("count_gadgets", {}))).code).toBe("upstream_timeout");
    expect(server.seen.length).toBeLessThan(10);
  });

  it("has the deadline of its operation", async () => {
    const { call } = await start(() => undefined);
    const started = performance.now();
    expect((await errorOf(() => call("wait_widget", {}))).code).toBe("upstream_timeout");
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("that has a deadline of its own may be answered as late, whatever the upstream's others may", async () => {
    const late: RequestListener = (_req, res) => {
      setTimeout(() => res.setHeader("content-type", "application/json").end('{"id":"1"}'), 400);
    };
    const limits = { ...upstreamConfig("http://h").limits, headersMs: 100 };
    const { call } = await start(late, { limits });
    expect((await errorOf(() => call("get_widget", { id: "1" }))).code).toBe("upstream_timeout");
    expect(await call("report_widget", {})).toEqual({ structured: { item: { id: "1" } } });
  });

  it("ends with the caller", async () => {
    const caller = new AbortController();
    const { call } = await start(() => caller.abort());
    expect((await errorOf(() => call("get_widget", { id: "1" }, { signal: caller.signal }))).message).toBe(
      "the call was cancelled",
    );
  });

  it("stops a kind that would never end, as a bug and not as the caller's fault", async () => {
    const { call, server } = await start(json([{ id: "1" }]));
    await expect(call("count_widgets", {})).rejects.toThrow(/more than 64 requests/);
    expect(server.seen.length).toBe(64);
  });

  it("passes the upstream's refusal on", async () => {
    const { call } = await start((_req, res) =>
      res.writeHead(409, { "content-type": "application/json" }).end('{"message":"Taken"}'),
    );
    const error = await errorOf(() => call("update_widget", { id: "1", name: "n" }));
    expect([error.code, error.message]).toEqual(["upstream_conflict", "the API answered 409: Taken"]);
  });
});
