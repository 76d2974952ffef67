import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";
import { both, envelope, key, type Message, openStream, postStateless, type Sending, send } from "./wire.ts";

/** protocol.md §2.2 and the stateless column of §3, one test per line, with `fetch` and no client library. */
describe.each(["server", "express"] as const)("the stateless era on our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
  });
  afterAll(() => gateway.close());
  const post = (method: string, params = {}, given: Sending = {}): ReturnType<typeof postStateless> =>
    postStateless(gateway.url, method, params, given);
  const call = (name: string, args = {}, given: Sending = {}): ReturnType<typeof postStateless> =>
    post("tools/call", { name, arguments: args }, given);

  const withoutMeta = (...names: string[]): object =>
    Object.fromEntries(Object.entries(envelope()).filter(([name]) => !names.some((one) => name.endsWith(one))));
  const headers = { ...key, accept: both, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" };

  const envelopes = [
    { name: "_meta", params: {} },
    { name: "the protocol version", params: { _meta: withoutMeta("protocolVersion") } },
    { name: "the client's capabilities", params: { _meta: withoutMeta("clientCapabilities") } },
    {
      name: "lawful capabilities",
      params: { _meta: { ...envelope(), "io.modelcontextprotocol/clientCapabilities": 1 } },
    },
    { name: "a lawful log level", params: { _meta: envelope({ "io.modelcontextprotocol/logLevel": "loud" }) } },
    { name: "a lawful client", params: { _meta: envelope({ "io.modelcontextprotocol/clientInfo": {} }) } },
  ];
  for (const { name, params } of envelopes) {
    it(`refuses a request without ${name} with 400 / -32602`, async () => {
      const answer = await send(gateway.url, { jsonrpc: "2.0", id: 9, method: "tools/list", params }, headers);
      expect([answer.status, answer.body]).toMatchObject([400, { id: 9, error: { code: -32602 } }]);
    });
  }

  it("serves a request that does not say which client it is", async () => {
    const params = { _meta: withoutMeta("clientInfo") };
    const answer = await send(gateway.url, { jsonrpc: "2.0", id: 9, method: "tools/list", params }, headers);
    expect(answer.status).toBe(200);
  });

  for (const version of ["2026-07-29", "v999", "2025-11-25"]) {
    it(`refuses version ${version} with 400 / -32022 and says which it serves (B16)`, async () => {
      const answer = await post(
        "tools/list",
        {},
        {
          meta: { "io.modelcontextprotocol/protocolVersion": version },
          headers: { "mcp-protocol-version": version },
        },
      );
      const data = { supported: ["2026-07-28"], requested: version };
      expect([answer.status, answer.body]).toMatchObject([400, { id: 1, error: { code: -32022, data } }]);
    });
  }

  const mismatches: { name: string; method?: string; params?: object; headers: Record<string, string | undefined> }[] =
    [
      { name: "a version other than that of _meta", headers: { "mcp-protocol-version": "2025-11-25" } },
      { name: "no version", headers: { "mcp-protocol-version": undefined } },
      { name: "a method other than that of the body", headers: { "mcp-method": "tools/call" } },
      { name: "a method in another case", headers: { "mcp-method": "Tools/List" } },
      { name: "no method", headers: { "mcp-method": undefined } },
      { name: "another tool", method: "tools/call", params: { name: "get_widget" }, headers: { "mcp-name": "other" } },
      { name: "no tool", method: "tools/call", params: { name: "get_widget" }, headers: { "mcp-name": undefined } },
      {
        name: "a malformed encoded name",
        method: "tools/call",
        params: { name: "get_widget" },
        headers: { "mcp-name": "=?base64?***?=" },
      },
    ];
  for (const { name, method = "tools/list", params = {}, headers } of mismatches) {
    it(`refuses headers with ${name} with 400 / -32020 (B15)`, async () => {
      const answer = await post(method, params, { headers });
      expect([answer.status, answer.body]).toMatchObject([400, { id: 1, error: { code: -32020 } }]);
    });
  }

  it("reads an encoded Mcp-Name", async () => {
    const encoded = `=?base64?${Buffer.from("get_widget").toString("base64")}?=`;
    const answer = await call("get_widget", { id: "1" }, { headers: { "mcp-name": encoded } });
    expect([answer.status, answer.body]).toMatchObject([200, { result: { structuredContent: { id: "1" } } }]);
  });

  it("refuses an initialize that carries a stateless version with 400 / -32020", async () => {
    const body = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2026-07-28" } };
    const answer = await send(gateway.url, body, headers);
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32020 } }]);
  });

  it("refuses an array with 400 / -32600 (B10)", async () => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: envelope() } };
    const answer = await send(gateway.url, [message], headers);
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32600 } }]);
  });

  it("takes a notification with 202 and an empty body", async () => {
    const body = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    const answer = await send(gateway.url, body, { ...headers, "mcp-method": "notifications/cancelled" });
    expect([answer.status, answer.text]).toEqual([202, ""]);
  });

  it("refuses a notification whose header names another method with 400 / -32020", async () => {
    const answer = await send(gateway.url, { jsonrpc: "2.0", method: "notifications/cancelled" }, headers);
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32020 } }]);
  });

  for (const method of [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "no/such",
  ]) {
    it(`does not know ${method}: 404 / -32601 with the same id (B17)`, async () => {
      const answer = await post(method, {}, { id: "seven" });
      expect([answer.status, answer.body]).toMatchObject([404, { id: "seven", error: { code: -32601 } }]);
    });
  }

  it("answers server/discover with versions, capabilities and cache hints, and says who it is", async () => {
    const answer = await post("server/discover");
    expect(answer.body).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: { listChanged: true }, logging: {} },
        instructions: "Ask before you delete.",
        ttlMs: 0,
        cacheScope: "private",
        resultType: "complete",
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "widgets", version: "1.2.3" } },
      },
    });
  });

  it("lists tools by name with private cache hints, and lets no cache keep them (T10)", async () => {
    const answer = await post("tools/list");
    const { result } = answer.body as { result: Record<string, unknown> & { tools: { name: string }[] } };
    const names = result.tools.map(({ name }) => name);
    expect(names).toEqual(gateway.widgets.tools.map(({ name }) => name).sort());
    expect(result).toMatchObject({ ttlMs: 0, cacheScope: "private", resultType: "complete" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("vary")).toBe("Authorization, x-api-key, Origin");
  });

  it("answers a call with structured content and the same as text", async () => {
    const answer = await call("get_widget", { id: "w1" });
    const { result } = answer.body as { result: { structuredContent: object; content: { text: string }[] } };
    expect(result).toMatchObject({ resultType: "complete", structuredContent: { id: "w1" } });
    expect(JSON.parse(result.content[0]?.text ?? "")).toEqual(result.structuredContent);
  });

  it("finds a tool by its alias", async () => {
    expect((await call("read_widget", { id: "w1" })).body).toMatchObject({
      result: { structuredContent: { id: "w1" } },
    });
  });

  it("answers an unknown tool with 200 / -32602 and what to do", async () => {
    const answer = await call("no_such", {});
    const { error } = answer.body as Message;
    expect([answer.status, error?.code]).toEqual([200, -32602]);
    expect(error?.message).toContain("Tool not available: no_such. There is no such tool, or your key");
  });

  for (const params of [{ name: 7 }, { name: "get_widget", arguments: [] }, {}]) {
    it(`refuses tools/call with ${JSON.stringify(params)} with 200 / -32602`, async () => {
      const answer = await post("tools/call", params);
      expect([answer.status, answer.body]).toMatchObject([200, { error: { code: -32602 } }]);
    });
  }

  for (const cursor of ["", "nonsense", Buffer.from("other:x").toString("base64url"), 5]) {
    it(`refuses the cursor ${JSON.stringify(cursor)} with 200 / -32602`, async () => {
      const answer = await post("tools/list", { cursor });
      expect([answer.status, answer.body]).toMatchObject([200, { error: { code: -32602 } }]);
    });
  }

  it("gives what the upstream refuses as a result with isError and no structured content", async () => {
    const answer = await call("refuse_widget");
    const { result } = answer.body as { result: { content: { text: string }[] } };
    expect(result).toMatchObject({ isError: true, resultType: "complete" });
    expect(result).not.toHaveProperty("structuredContent");
    expect(JSON.parse(result.content[0]?.text ?? "")).toEqual({
      code: "upstream_conflict",
      message: "the widget is in use",
      next: "Stop it first.",
      retryable: false,
    });
  });

  it("gives a call limit as a result with the seconds to wait", async () => {
    const { result } = (await call("limit_widget")).body as { result: { content: { text: string }[] } };
    expect(JSON.parse(result.content[0]?.text ?? "")).toMatchObject({
      code: "rate_limited",
      retryable: true,
      retryAfterSeconds: 7,
    });
  });

  it("hides a fault of ours behind 200 / -32603 with a request id", async () => {
    const answer = await call("crash_widget");
    expect([answer.status, answer.body]).toMatchObject([
      200,
      {
        id: 1,
        error: {
          code: -32603,
          message: "internal error",
          data: { requestId: expect.stringMatching(/^[\da-f-]{36}$/) },
        },
      },
    ]);
    expect(answer.text).not.toMatch(/secret|10\.0\.0\.7|boom|\bat /);
  });

  it("answers with JSON when nothing goes first", async () => {
    const answer = await call("talk_widget");
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  it("does not ask for text/event-stream in Accept", async () => {
    expect((await post("tools/list", {}, { headers: { accept: "application/json" } })).status).toBe(200);
  });

  it("streams progress that rises, when a token was sent", async () => {
    const answer = await call("talk_widget", {}, { meta: { progressToken: "t" } });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    expect(answer.messages.map(({ method, params, id }) => ({ method, params, id }))).toEqual([
      { method: "notifications/progress", params: { progressToken: "t", progress: 1, total: 2 }, id: undefined },
      {
        method: "notifications/progress",
        params: { progressToken: "t", progress: 2, total: 2, message: "done" },
        id: undefined,
      },
      { method: undefined, params: undefined, id: 1 },
    ]);
    expect(answer.text).not.toMatch(/^id:/m);
  });

  it("streams logs from the severity on that the request names", async () => {
    const answer = await call("talk_widget", {}, { meta: { "io.modelcontextprotocol/logLevel": "warning" } });
    expect(answer.messages.map(({ method, params }) => ({ method, params }))).toEqual([
      { method: "notifications/message", params: { level: "warning", logger: "widgets", data: { loud: true } } },
      { method: undefined, params: undefined },
    ]);
  });

  it("aborts the call when the client leaves", async () => {
    const own = await startGateway({ placement });
    const body = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "wait_widget", _meta: envelope({ progressToken: 1 }) },
    };
    const stream = await openStream(own.url, {
      method: "POST",
      body,
      headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "wait_widget" },
    });
    const signal = await own.widgets.waiting;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    stream.leave();
    await aborted;
    await own.close();
  });

  it("keeps nothing: two requests with one id get an answer each", async () => {
    const answers = await Promise.all(["a", "b", "c"].map((id) => call("get_widget", { id })));
    const ids = answers.map(
      ({ body }) => (body as { result: { structuredContent: { id: string } } }).result.structuredContent.id,
    );
    expect(ids).toEqual(["a", "b", "c"]);
  });
});
