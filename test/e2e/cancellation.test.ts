import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { widgetSpec } from "../fakes/widgets.ts";
import {
  both,
  envelope,
  key,
  type Message,
  openSession,
  openStream,
  postSession,
  postStateless,
  send,
} from "../http/wire.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";

/** A request of the gateway that the stub keeps waiting. */
interface Held {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The gateway has hung up. */
  readonly isGone: () => boolean;
}

const seconds = 20_000;
let stub: TestServer;
let gateway: TestGateway;
let api: Api;
const held: Held[] = [];

beforeAll(async () => {
  ({ api } = await generateFrom(widgetSpec));
});
beforeEach(async () => {
  held.length = 0;
  stub = await listen((req, res) => {
    let gone = false;
    res.on("close", () => {
      gone = !res.writableFinished;
    });
    held.push({ req, res, isGone: () => gone });
  });
  gateway = await startGateway(api, stub.url);
});
afterEach(async () => {
  await gateway.close();
  await stub.close();
});

const arrived = async (many = 1): Promise<Held> => {
  await vi.waitFor(() => expect(held.length).toBe(many), { timeout: seconds });
  return held[many - 1] as Held; // it has just arrived
};
const gone = (one: Held): Promise<void> =>
  vi.waitFor(() => expect(one.isGone()).toBe(true), { timeout: seconds, interval: 5 });
const answer = ({ res }: Held, status = 200): unknown =>
  res.writeHead(status, { "content-type": "application/json" }).end('{"id":"w1","name":"First"}');
const contentOf = (body: unknown): unknown => (body as Message).result?.structuredContent;

const read = { name: "get_widget", arguments: { id: "w1" } };
const write = { name: "create_widget", arguments: { name: "First", idempotency_key: "k-1" } };
const item = { id: "w1", name: "First" };

/** A stateless call whose client can leave. */
function call(params: Readonly<Record<string, unknown>> & { name: string }): { leave: () => void } {
  const client = new AbortController();
  const headers = { ...key, accept: both, "content-type": "application/json", "mcp-protocol-version": "2026-07-28" };
  void fetch(gateway.url, {
    method: "POST",
    headers: { ...headers, "mcp-method": "tools/call", "mcp-name": params.name },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta: envelope() } }),
    signal: client.signal,
  }).catch(() => undefined);
  return { leave: () => client.abort() };
}

describe("2026-07-28: a client that closes its stream", () => {
  it("ends a read at the upstream at once", async () => {
    const client = call(read);
    const one = await arrived();
    expect(one.isGone()).toBe(false);
    const started = performance.now();
    client.leave();
    await gone(one);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("ends a read that answers already, in mid-body", async () => {
    const client = call(read);
    const one = await arrived();
    one.res.writeHead(200, { "content-type": "application/json" });
    await new Promise((written) => one.res.write('{"id":', written));
    client.leave();
    await gone(one);
  });

  it("does not make the gateway try the read again", async () => {
    const client = call(read);
    const one = await arrived();
    client.leave();
    await gone(one);
    const next = postStateless(gateway.url, "tools/call", read);
    answer(await arrived(2));
    expect(contentOf((await next).body)).toEqual({ item });
    expect(held.length).toBe(2);
  });

  it("does not end a write, whose result is kept for its idempotency_key", async () => {
    const client = call(write);
    const one = await arrived();
    client.leave();
    // The gateway has heard of the leaving when it has served something sent after it.
    await postStateless(gateway.url, "tools/list");
    expect(one.isGone()).toBe(false);
    const again = postStateless(gateway.url, "tools/call", write);
    answer(one, 201);
    expect(contentOf((await again).body)).toEqual({ item, replayed: true });
    expect(held.length).toBe(1);
  });
});

describe("session era: notifications/cancelled", () => {
  const cancel = (id: string, headers: Record<string, string>): Promise<unknown> =>
    send(
      gateway.url,
      { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } },
      { ...key, accept: both, ...headers },
    );

  it("ends a read at the upstream at once", async () => {
    const { headers } = await openSession(gateway.url);
    const calling = postSession(gateway.url, "tools/call", read, { headers, id: "read-1" });
    const one = await arrived();
    const started = performance.now();
    await cancel("read-1", headers);
    await gone(one);
    expect(performance.now() - started).toBeLessThan(2_000);
    await calling;
    expect(held.length).toBe(1);
  });

  it("of another request ends nothing", async () => {
    const { headers } = await openSession(gateway.url);
    const calling = postSession(gateway.url, "tools/call", read, { headers, id: "read-1" });
    const one = await arrived();
    await cancel("read-2", headers);
    answer(one);
    expect(contentOf((await calling).body)).toEqual({ item });
  });

  it("does not end a write, whose result is kept for its idempotency_key", async () => {
    const { headers } = await openSession(gateway.url);
    const calling = postSession(gateway.url, "tools/call", write, { headers, id: "write-1" });
    const one = await arrived();
    await cancel("write-1", headers);
    await postSession(gateway.url, "ping", {}, { headers });
    expect(one.isGone()).toBe(false);
    answer(one, 201);
    await calling;
    const again = await postSession(gateway.url, "tools/call", write, { headers, id: "write-2" });
    expect(contentOf(again.body)).toEqual({ item, replayed: true });
    expect(held.length).toBe(1);
  });

  it("is what the end of the session does too", async () => {
    const { headers } = await openSession(gateway.url);
    const calling = postSession(gateway.url, "tools/call", read, { headers, id: "read-1" });
    const one = await arrived();
    await fetch(gateway.url, { method: "DELETE", headers: { ...key, ...headers } });
    await gone(one);
    await calling;
  });
});

describe("a call of more than 3 s", () => {
  const progressMeta = { progressToken: "p-1" };
  const body = { jsonrpc: "2.0", id: "slow", method: "tools/call" };

  it("2026-07-28: tells its progress to a client that asked, then its result", async () => {
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": read.name };
    const opening = openStream(gateway.url, {
      method: "POST",
      headers,
      body: { ...body, params: { ...read, _meta: envelope(progressMeta) } },
    });
    const one = await arrived();
    const stream = await opening;
    const first = await stream.message();
    const second = await stream.message();
    expect([first.method, first.params]).toEqual([
      "notifications/progress",
      { progressToken: "p-1", progress: 3, message: "get_widget: running for 3 s" },
    ]);
    expect(second.params?.progress).toBe(6);
    answer(one);
    expect(contentOf(await stream.message())).toEqual({ item });
  });

  it("session era: the same, and a client that did not ask gets its result alone", async () => {
    const { headers } = await openSession(gateway.url);
    const silent = postSession(gateway.url, "tools/call", read, { headers, id: "silent" });
    await arrived(1);
    const opening = openStream(gateway.url, {
      method: "POST",
      headers,
      body: { ...body, params: { ...read, _meta: progressMeta } },
    });
    await arrived(2);
    const stream = await opening;
    expect((await stream.message()).params).toMatchObject({ progressToken: "p-1", progress: 3 });
    for (const one of held) answer(one);
    expect(contentOf(await stream.message())).toEqual({ item });
    const { messages, body: result } = await silent;
    expect([messages.length <= 1, contentOf(result)]).toEqual([true, { item }]);
  });
});
