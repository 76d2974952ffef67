import { beforeEach, describe, expect, it, vi } from "vitest";
import { type HandGateway, startHandGateway, unlessBusy } from "../fakes/handGateways.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import {
  both,
  get,
  key,
  type Message,
  type Opened,
  openSession,
  openStream,
  postSession,
  postStateless,
  type Reading,
  type Sending,
  type StreamEvent,
  send,
  type Wired,
} from "../http/wire.ts";

/** Bounds of reliability.md §4, ten times as long: they catch hangs. */
const answersWithinMs = 6_000;
const backWithinMs = 20_000;
const opening = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "wire", version: "1" } };

const outages = [
  {
    name: "killed",
    take: (redis: RedisServer) => redis.kill(),
    giveBack: (redis: RedisServer) => redis.start(),
    forgets: true,
  },
  {
    name: "frozen",
    take: async (redis: RedisServer) => redis.freeze(),
    giveBack: async (redis: RedisServer) => redis.thaw(),
    forgets: false,
  },
] as const;

/** The rows of reliability.md §4 that sessions have, at the wire of two replicas. */
describe.skipIf(withoutRedis).each(outages)("while Redis is $name", ({ take, giveBack, forgets }) => {
  let redis: RedisServer;
  let a: HandGateway;
  let b: HandGateway;
  let session: Opened;
  beforeEach(async () => {
    redis = await startRedis();
    [a, b] = (await Promise.all([1, 2].map(() => startHandGateway({ redisUrl: redis.url })))) as [
      HandGateway,
      HandGateway,
    ];
    session = await openSession(a.url, { capabilities: { elicitation: {} } });
    return async () => {
      await giveBack(redis).catch(() => undefined);
      await Promise.all([a.close(), b.close()]);
      await redis.close();
    };
  });

  /** What `work` resolves to, if that takes no longer than it may. */
  const soon = async <Value>(work: Promise<Value>): Promise<Value> => {
    const start = performance.now();
    const value = await work;
    expect(performance.now() - start).toBeLessThan(answersWithinMs);
    return value;
  };
  const post = (gateway: HandGateway, method: string, params = {}, given: Sending = {}): Promise<Wired> =>
    unlessBusy(() =>
      soon(postSession(gateway.url, method, params, { ...given, headers: { ...session.headers, ...given.headers } })),
    );
  const call = (gateway: HandGateway, name: string, args = {}): Promise<Wired> =>
    post(gateway, "tools/call", { name, arguments: args });
  const tell = (gateway: HandGateway, message: object): Promise<Wired> =>
    soon(send(gateway.url, { jsonrpc: "2.0", ...message }, { ...key, accept: both, ...session.headers }));
  const ask = (gateway: HandGateway, method: string, headers: Record<string, string> = {}): Promise<Wired> =>
    soon(get(gateway.url, { ...key, accept: "text/event-stream", ...session.headers, ...headers }, method));
  const mark = ({ headers }: Wired): string | null => headers.get("x-gateway-degraded");
  /** Status, JSON-RPC code and Retry-After of what the store would be needed for. */
  const refusal = (answer: Wired): unknown => [
    answer.status,
    (answer.body as Message | undefined)?.error?.code,
    answer.headers.get("retry-after"),
  ];
  const refused = [503, -32000, "2"];
  const isBack = (gateway: HandGateway): Promise<void> =>
    vi.waitFor(async () => expect((await get(`${gateway.base}/readyz`)).body).toEqual({ status: "ready" }), {
      timeout: backWithinMs,
      interval: 20,
    });

  it("lists and calls go on where the session id is good, on each replica, and say so", async () => {
    await take(redis);
    for (const gateway of [a, b]) {
      const list = await post(gateway, "tools/list");
      expect([list.status, mark(list)]).toEqual([200, "session-store"]);
      const called = await call(gateway, "get_widget", { id: "1" });
      expect([called.status, mark(called), called.body]).toMatchObject([
        200,
        "session-store",
        { result: { structuredContent: { id: "1" } } },
      ]);
      expect(await post(gateway, "ping")).toMatchObject({ status: 200 });
    }
  });

  it("the time of many requests does not add up", async () => {
    await take(redis);
    const start = performance.now();
    const answers = [];
    for (let i = 0; i < 40; i++) answers.push(await call(a, i % 4 === 0 ? "talk_widget" : "get_widget", { id: "1" }));
    expect(answers.map(mark)).toEqual(Array(40).fill("session-store"));
    expect(performance.now() - start).toBeLessThan(40 * 150); // 500 ms each would be 20 s
  });

  it("streams of POSTs flow, and have no event ids", async () => {
    await take(redis);
    const params = { name: "talk_widget", _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const stream = await unlessBusy(() => openStream(a.url, { method: "POST", headers: session.headers, body }));
    expect(stream.headers.get("x-gateway-degraded")).toBe("session-store");
    const events = await rest(stream);
    expect(events.map(({ id }) => id)).toEqual([undefined, undefined, undefined, undefined]);
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({
      id: 1,
      result: { structuredContent: { said: true } },
    });
  });

  it("nobody is asked, and nothing is done that needs a yes", async () => {
    await take(redis);
    const answer = await call(a, "delete_widget", { id: "w" });
    const { result } = answer.body as { result: { isError: boolean; content: [{ text: string }] } };
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ code: "store_unavailable", retryable: true });
    expect(a.widgets.deleted).toEqual([]);
  });

  it("an id that is missing, forged or another's is refused as ever", async () => {
    const other = await openSession(a.url, { headers: { "x-api-key": "key-two" } });
    await take(redis);
    const forged = `${session.sessionId.slice(0, -1)}${session.sessionId.endsWith("A") ? "B" : "A"}`;
    const statuses = [];
    for (const id of [undefined, forged, other.sessionId, "nope"])
      statuses.push((await post(b, "tools/list", {}, { headers: { "mcp-session-id": id } })).status);
    expect(statuses).toEqual([400, 404, 404, 404]);
  });

  it("initialize gives an id that nobody stored: good while Redis is away, unknown once it is back", async () => {
    await take(redis);
    const answer = await soon(
      postSession(a.url, "initialize", opening, { headers: { "mcp-session-id": session.sessionId } }),
    );
    expect([answer.status, mark(answer)]).toEqual([200, "session-store"]);
    const headers = {
      "mcp-session-id": answer.headers.get("mcp-session-id") ?? "",
      "mcp-protocol-version": "2025-11-25",
    };
    expect(await soon(postSession(b.url, "tools/list", {}, { headers }))).toMatchObject({ status: 200 });
    await giveBack(redis);
    await Promise.all([isBack(a), isBack(b)]);
    const after = await postSession(b.url, "tools/list", {}, { headers });
    expect([after.status, after.body]).toMatchObject([404, { error: { code: -32001 } }]);
    expect(mark(await postSession(b.url, "initialize", opening))).toBeNull();
  });

  it("a batch of 2025-03-26 is answered", async () => {
    const old = await openSession(a.url, { version: "2025-03-26" });
    await take(redis);
    const batch = [1, 2].map((id) => ({ jsonrpc: "2.0", id, method: "ping" }));
    const answer = await soon(send(b.url, batch, { ...key, accept: both, ...old.headers }));
    expect([answer.status, mark(answer), answer.body]).toMatchObject([200, "session-store", [{ id: 1 }, { id: 2 }]]);
  });

  it("a notification is taken where nothing is lost by it, and an answer is not", async () => {
    await take(redis);
    const initialized = await tell(a, { method: "notifications/initialized" });
    expect([initialized.status, mark(initialized)]).toEqual([202, "session-store"]);
    expect(refusal(await tell(a, { id: "0b4c", result: {} }))).toEqual([503, -32000, "2"]);
  });

  it("a call is cancelled by the replica that runs it; another says that it cannot", async () => {
    const params = { name: "wait_widget", _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id: "call", method: "tools/call", params };
    const stream = await unlessBusy(() => openStream(a.url, { method: "POST", headers: session.headers, body }));
    const signal = await a.widgets.waiting;
    await take(redis);
    const cancel = { method: "notifications/cancelled", params: { requestId: "call" } };
    expect(refusal(await tell(b, cancel))).toEqual(refused);
    expect(signal.aborted).toBe(false);
    expect(await tell(a, cancel)).toMatchObject({ status: 202 });
    expect(signal.aborted).toBe(true);
    stream.leave();
  });

  it("what needs the store is 503 with Retry-After: GET, resume, DELETE, a log level", async () => {
    await take(redis);
    for (const gateway of [a, b]) {
      expect(refusal(await ask(gateway, "GET"))).toEqual(refused);
      expect(refusal(await ask(gateway, "GET", { "last-event-id": "session/1" }))).toEqual(refused);
      expect(refusal(await ask(gateway, "DELETE"))).toEqual(refused);
    }
    expect(refusal(await post(a, "logging/setLevel", { level: "debug" }))).toEqual(refused);
  });

  it("the stateless era notices nothing", async () => {
    await take(redis);
    const params = { name: "get_widget", arguments: { id: "1" } };
    const answer = await unlessBusy(() => soon(postStateless(a.url, "tools/call", params)));
    expect([answer.status, mark(answer)]).toEqual([200, null]);
  });

  it("health says degraded, readiness too, and 503 only where that is asked for; liveness is untouched", async () => {
    const strict = await startHandGateway({ redisUrl: redis.url, yaml: "readiness: { strict: true }" });
    await take(redis);
    for (const [gateway, status] of [
      [a, 200],
      [strict, 503],
    ] as const) {
      const ready = await soon(get(`${gateway.base}/readyz`));
      expect([ready.status, ready.body]).toEqual([status, { status: "degraded" }]);
      const health = await soon(get(`${gateway.url}/health`));
      expect([health.status, health.body]).toMatchObject([200, { status: "degraded", store: "down", sessions: 0 }]);
      expect((await soon(get(`${gateway.base}/healthz`))).status).toBe(200);
    }
    await giveBack(redis);
    await isBack(strict);
    expect((await get(`${strict.url}/health`)).body).toMatchObject({ status: "ok", store: "ok" });
    await strict.close();
  });

  it("and back again, everything is as before", async () => {
    await take(redis);
    await call(a, "get_widget", { id: "1" });
    await giveBack(redis);
    const start = performance.now();
    await Promise.all([isBack(a), isBack(b)]);
    expect(performance.now() - start).toBeLessThan(backWithinMs);
    const known = await post(b, "tools/list");
    expect([known.status, mark(known)]).toEqual([forgets ? 404 : 200, null]);
    const { headers } = forgets ? await openSession(b.url, { capabilities: { elicitation: {} } }) : session;
    const params = { name: "delete_widget", arguments: { id: "w" } };
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
    const stream = await unlessBusy(() => openStream(a.url, { method: "POST", headers, body }));
    const { id } = await stream.message();
    const no = { jsonrpc: "2.0", id, result: { action: "decline" } };
    expect((await send(b.url, no, { ...key, accept: both, ...headers })).status).toBe(202);
    expect(await stream.message()).toMatchObject({ id: 1, result: { structuredContent: { deleted: false } } });
  });

  it("an open GET stream is held, and carries on after a short outage", async () => {
    const stream = await openStream(a.url, { headers: session.headers });
    await stream.next();
    await take(redis);
    await call(a, "get_widget", { id: "1" });
    await giveBack(redis);
    await Promise.all([isBack(a), isBack(b)]);
    if (forgets) {
      expect(await stream.next()).toBeNull(); // the session is gone: the client asks again and is told
      expect((await ask(a, "GET")).status).toBe(404);
    } else {
      await b.notify({ type: "tools_list_changed" }, "after");
      expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
      stream.leave();
    }
  });

  it("an open GET stream ends when Redis stays away", async () => {
    const stream = await openStream(a.url, { headers: session.headers });
    await stream.next();
    const start = performance.now();
    await take(redis);
    expect(await stream.next()).toBeNull();
    expect(performance.now() - start).toBeGreaterThan(14_000);
  });
});

describe.skipIf(withoutRedis)("a POST whose stream meets a frozen Redis", () => {
  it("reaches its client, and is stored whole when Redis is back", async () => {
    const redis = await startRedis();
    const [a, b] = await Promise.all([1, 2].map(() => startHandGateway({ redisUrl: redis.url })));
    const { headers } = await openSession(a?.url ?? "");
    const params = { name: "wait_widget", _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id: 7, method: "tools/call", params };
    const stream = await openStream(a?.url ?? "", { method: "POST", headers, body });
    const first = await stream.next();
    await stream.message();
    redis.freeze();
    a?.widgets.release();
    const last = await stream.next();
    expect(last?.id).toBeUndefined();
    expect(JSON.parse(last?.data ?? "")).toMatchObject({ id: 7, result: {} });
    redis.thaw();
    const resumed = await vi.waitFor(
      async () => {
        const reading = await openStream(b?.url ?? "", { headers: { ...headers, "last-event-id": first?.id } });
        expect(reading.status).toBe(200);
        return reading;
      },
      { timeout: backWithinMs, interval: 50 },
    );
    expect((await rest(resumed)).map(({ data }) => JSON.parse(data))).toMatchObject([
      { method: "notifications/progress" },
      { id: 7, result: { structuredContent: { aborted: false } } },
    ]);
    await Promise.all([a?.close(), b?.close()]);
    await redis.close();
  });
});

/** Every event until the stream ends. */
async function rest(stream: Reading): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for (let event = await stream.next(); event !== null; event = await stream.next()) events.push(event);
  return events;
}
