import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { beforeAll, describe, expect, it } from "vitest";
import { type HandGateway, startHandGateway } from "../fakes/handGateways.ts";
import { both, get, key, openStream, postSession, postStateless, type Sending, send, type Wired } from "./wire.ts";

const opening = { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo: { name: "wire" } };

describe("a Surface with sessions: off", () => {
  let gateway: HandGateway;
  beforeAll(async () => {
    gateway = await startHandGateway({ yaml: "surfaces: { default: { sessions: off } }" });
    return () => gateway.close();
  });
  const post = (method: string, params = {}, given: Sending = {}): Promise<Wired> =>
    postSession(gateway.url, method, params, given);
  const call = (name: string, args = {}, more = {}): Promise<Wired> =>
    post("tools/call", { name, arguments: args, ...more });

  it("answers initialize without a session id, and promises nothing that needs one", async () => {
    const answer = await post("initialize", opening);
    expect([answer.status, answer.body]).toMatchObject([200, { result: { protocolVersion: "2025-11-25" } }]);
    expect((answer.body as { result: { capabilities: object } }).result.capabilities).toEqual({ tools: {} });
    expect(answer.headers.has("mcp-session-id")).toBe(false);
    expect(answer.headers.has("x-gateway-degraded")).toBe(false);
  });

  it("initializes again and again, whatever id is sent", async () => {
    for (const id of [undefined, "nope"])
      expect((await post("initialize", opening, { headers: { "mcp-session-id": id } })).status).toBe(200);
  });

  for (const id of [undefined, "nope"]) {
    it(`lists and calls with the session id ${id}`, async () => {
      const headers = { "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" };
      const list = await post("tools/list", {}, { headers });
      expect([list.status, list.headers.has("mcp-session-id")]).toEqual([200, false]);
      const called = await post("tools/call", { name: "get_widget", arguments: { id: "1" } }, { headers });
      expect(called.body).toMatchObject({ result: { structuredContent: { id: "1" } } });
      expect((await post("ping", {}, { headers })).body).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    });
  }

  it("still needs a key, both media types, a version that it knows and a method that there is", async () => {
    const want = [401, 406, 400, 200];
    const answers = [
      await post("ping", {}, { headers: { "x-api-key": undefined } }),
      await post("ping", {}, { headers: { accept: "application/json" } }),
      await post("ping", {}, { headers: { "mcp-protocol-version": "2024-01-01" } }),
      await post("no/such"),
    ];
    expect(answers.map(({ status }) => status)).toEqual(want);
    expect(answers[3]?.body).toMatchObject({ error: { code: -32601 } });
  });

  it("streams progress without event ids, and no logs, for it declares none", async () => {
    const params = { name: "talk_widget", _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const stream = await openStream(gateway.url, { method: "POST", body });
    const events = [await stream.next(), await stream.next(), await stream.next()];
    expect(events.map((event) => event?.id)).toEqual([undefined, undefined, undefined]);
    expect(events.map((event) => (JSON.parse(event?.data ?? "") as { method?: string }).method)).toEqual([
      "notifications/progress",
      "notifications/progress",
      undefined,
    ]);
    expect(await stream.next()).toBeNull();
  });

  it("takes notifications and answers with 202", async () => {
    for (const message of [
      { method: "notifications/initialized" },
      { method: "notifications/cancelled", params: { requestId: 1 } },
      { id: "x", result: {} },
    ]) {
      const answer = await send(gateway.url, { jsonrpc: "2.0", ...message }, { ...key, accept: both });
      expect([answer.status, answer.text]).toEqual([202, ""]);
    }
  });

  it("cannot ask the user, and so does not do what needs a yes", async () => {
    await post("initialize", opening);
    const answer = await call("delete_widget", { id: "w" });
    expect(answer.body).toMatchObject({ result: { isError: true } });
    expect(answer.text).toContain("confirmation_required");
    expect(answer.text).toContain("keeps no sessions");
    expect(gateway.widgets.deleted).toEqual([]);
  });

  it("does not know logging/setLevel: the level would be forgotten", async () => {
    expect((await post("logging/setLevel", { level: "debug" })).body).toMatchObject({ error: { code: -32601 } });
  });

  for (const { method, accept } of [
    { method: "GET", accept: "text/event-stream" },
    { method: "DELETE", accept: "*/*" },
    { method: "PUT", accept: "*/*" },
  ]) {
    it(`answers ${method} with Accept ${accept} by 405 and Allow: POST`, async () => {
      const answer = await get(gateway.url, { ...key, accept, "mcp-session-id": "x" }, method);
      expect([answer.status, answer.headers.get("allow"), answer.body]).toMatchObject([
        405,
        "POST",
        { error: { code: -32000 } },
      ]);
    });
  }

  it("shows a session id in the key check alone, and the page to a browser", async () => {
    const check = await get(gateway.url, { ...key, accept: "*/*" });
    expect([check.status, check.headers.has("mcp-session-id")]).toEqual([200, true]); // for show: people look for it
    expect((await get(gateway.url, { accept: "text/html" })).headers.get("content-type")).toMatch(/^text\/html/);
  });

  it("answers a batch of 2025-03-26, and of no later version", async () => {
    const batch = [
      { jsonrpc: "2.0", id: 1, method: "ping" },
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "get_widget", arguments: { id: "1" } } },
    ];
    const answer = await send(gateway.url, batch, { ...key, accept: both });
    expect(answer.body).toMatchObject([{ id: 1 }, { id: 2, result: { structuredContent: { id: "1" } } }]);
    const later = await send(gateway.url, batch, { ...key, accept: both, "mcp-protocol-version": "2025-06-18" });
    expect([later.status, later.body]).toMatchObject([400, { error: { code: -32600 } }]);
  });

  it("leaves the stateless era as it is, questions and all", async () => {
    const capabilities = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
    const answer = await postStateless(
      gateway.url,
      "tools/call",
      { name: "delete_widget", arguments: { id: "w" } },
      { meta: capabilities },
    );
    expect(answer.body).toMatchObject({ result: { resultType: "input_required" } });
  });

  it("serves the v1 SDK client", async () => {
    const transport = new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers: key } });
    const client = new Client({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
    await client.connect(transport as Parameters<Client["connect"]>[0]); // its sessionId is optional in another way
    expect(transport.sessionId).toBeUndefined();
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("get_widget");
    const called = await client.callTool({ name: "get_widget", arguments: { id: "1" } });
    expect(called.structuredContent).toMatchObject({ id: "1" });
    const values: number[] = [];
    await client.callTool({ name: "talk_widget", arguments: {} }, undefined, {
      onprogress: ({ progress }) => values.push(progress),
    });
    expect(values).toEqual([1, 2]);
    await client.close();
  });
});

describe("a gateway of several Surfaces", () => {
  it("keeps sessions on one and not on the other", async () => {
    const gateway = await startHandGateway({
      yaml: "surfaces: { default: { path: /mcp }, bare: { path: /bare, sessions: off } }",
    });
    const kept = await postSession(gateway.url, "initialize", opening);
    const bare = await postSession(`${gateway.base}/bare`, "initialize", opening);
    expect([kept, bare].map(({ headers }) => headers.has("mcp-session-id"))).toEqual([true, false]);
    await gateway.close();
  });
});
