import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import { filterAccepts } from "../../src/mcp/changes.ts";
import type { McpContext, MethodResult } from "../../src/mcp/context.ts";
import { rpcErrorOf, statusOfRpcError } from "../../src/mcp/errors.ts";
import { honoured } from "../../src/mcp/methods/subscriptionsListen.ts";
import { createNotify } from "../../src/mcp/notify.ts";
import { shown } from "../../src/mcp/params.ts";
import { callToolResult, errorResult } from "../../src/mcp/result.ts";

const session = { era: "session", surface: { serverInfo: { name: "s", version: "1" } } } as unknown as McpContext;
const stateless: McpContext = { ...session, era: "stateless" };
const parsed = (result: MethodResult): unknown => JSON.parse((result as { text: string }).text);

describe("the result of a call", () => {
  const value = { a: 'quote " \u2028', b: [1, { c: null }] };

  it("is the structured content and the same as compact text", () => {
    expect(parsed(callToolResult({ structured: value }, session))).toEqual({
      content: [{ type: "text", text: JSON.stringify(value) }],
      structuredContent: value,
    });
  });

  it("puts the blocks of a tool written by hand after the text, or alone", () => {
    const image = { type: "image", data: "x" };
    expect(parsed(callToolResult({ structured: {}, content: [image] }, session))).toEqual({
      content: [{ type: "text", text: "{}" }, image],
      structuredContent: {},
    });
    expect(parsed(callToolResult({ content: [image, image] }, session))).toEqual({ content: [image, image] });
    expect(parsed(callToolResult({}, session))).toEqual({ content: [] });
  });

  it("carries no structured content when it is an error, since clients would validate it", () => {
    expect(parsed(callToolResult({ structured: value, isError: true }, session))).toEqual({
      content: [{ type: "text", text: JSON.stringify(value) }],
      isError: true,
    });
  });

  it("says in the stateless era that it is complete and who the server is", () => {
    expect(parsed(callToolResult({ structured: {} }, stateless))).toMatchObject({
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "s", version: "1" } },
    });
  });

  it("tells what to do next, also where the error does not", () => {
    const { content } = parsed(errorResult(new GatewayError("upstream_timeout", "too slow"), session)) as {
      content: { text: string }[];
    };
    expect(JSON.parse(content[0]?.text ?? "")).toEqual({
      code: "upstream_timeout",
      message: "too slow",
      next: "Call again with a narrower query, or later.",
      retryable: true,
    });
  });
});

describe("a JSON-RPC error", () => {
  const cases = [
    { error: new GatewayError("internal", "secret"), want: [-32603, "internal error", 200, 200] },
    { error: new GatewayError("unknown_tool", "gone"), want: [-32602, "gone", 200, 200] },
    { error: new GatewayError("store_unavailable", "later"), want: [-32000, "later", 503, 503] },
    { error: new GatewayError("invalid_request", "what", { rpcCode: -32601 }), want: [-32601, "what", 404, 200] },
    { error: new GatewayError("confirmation_required", "ask", { rpcCode: -32021 }), want: [-32021, "ask", 400, 200] },
    {
      error: new GatewayError("invalid_arguments", "bad", { next: "Do better." }),
      want: [-32602, "bad Do better.", 200, 200],
    },
    { error: new GatewayError("invalid_request", "no", { status: 418 }), want: [-32600, "no", 418, 418] },
  ];
  for (const { error, want } of cases) {
    it(`of ${error.code} is ${want[0]}`, () => {
      const { code, message } = rpcErrorOf(error, "r1");
      expect([code, message, statusOfRpcError(error, "stateless"), statusOfRpcError(error, "session")]).toEqual(want);
    });
  }
});

describe("notify", () => {
  it("sends nothing that was not asked for", () => {
    const sent: string[] = [];
    const notify = createNotify({ progressToken: undefined, logLevel: null, send: (message) => sent.push(message) });
    notify({ type: "progress", progress: 1 });
    notify({ type: "log", level: "emergency", data: "x" });
    expect(sent).toEqual([]);
  });

  it("sends progress only while it rises, and logs only from the level on", () => {
    const sent: string[] = [];
    const notify = createNotify({ progressToken: 0, logLevel: "error", send: (message) => sent.push(message) });
    for (const progress of [1, 1, 0, Number.NaN, 2]) notify({ type: "progress", progress });
    for (const level of ["debug", "warning", "error", "alert"] as const) notify({ type: "log", level, data: level });
    const params = sent.map(
      (message) => (JSON.parse(message) as { params: { progress?: number; level?: string } }).params,
    );
    expect(params.map(({ progress, level }) => progress ?? level)).toEqual([1, 2, "error", "alert"]);
  });
});

describe("a listen filter", () => {
  const all = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: ["a"],
  } as const;

  it("is honoured as far as the capabilities go", () => {
    expect(honoured(all, {})).toEqual({});
    expect(honoured(all, { tools: { listChanged: true }, resources: { subscribe: true } })).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ["a"],
    });
    expect(honoured({ toolsListChanged: false, resourceSubscriptions: [] }, { tools: { listChanged: true } })).toEqual(
      {},
    );
    const everything = {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
    };
    expect(honoured(all, everything)).toEqual(all);
  });

  it("accepts exactly what it names", () => {
    const changes = [
      { type: "tools_list_changed" },
      { type: "prompts_list_changed" },
      { type: "resources_list_changed" },
      { type: "resource_updated", uri: "a" },
      { type: "resource_updated", uri: "b" },
    ] as const;
    expect(changes.map((change) => filterAccepts(all, change))).toEqual([true, true, true, true, false]);
    expect(changes.map((change) => filterAccepts({}, change))).toEqual([false, false, false, false, false]);
  });
});

describe("text from outside in a message", () => {
  it("is bounded and has nothing invisible in it", () => {
    expect(shown("a\u0000b\u202ec\u200bd\ne")).toBe("a?b?c?d?e");
    expect(shown("x".repeat(500))).toBe(`${"x".repeat(128)}…`);
  });
});
