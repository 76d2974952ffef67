import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../../src/auth/authenticate.ts";
import { GatewayError } from "../../src/errors.ts";
import { createStreamLimits } from "../../src/http/mcp/streamLimits.ts";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { envelope, get, key, openSession, openStream, postSession, type Reading } from "./wire.ts";

const changed = { type: "tools_list_changed" } as const;

describe("the GET stream of a session", () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await startGateway();
  });
  afterEach(() => gateway.close());
  const open = (headers: Record<string, string | undefined>): Promise<Reading> => openStream(gateway.url, { headers });

  it("starts with an empty event and a retry time, for clients of 2025-11-25", async () => {
    const stream = await open((await openSession(gateway.url)).headers);
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(stream.headers.get("x-accel-buffering")).toBe("no");
    expect(await stream.next()).toEqual({ id: "session/0", data: "", retry: "1000" });
  });

  it("carries list_changed once to each session, and not to one that has no stream", async () => {
    const [one, two] = [await openSession(gateway.url), await openSession(gateway.url, { version: "2025-06-18" })];
    const streams = [await open(one.headers), await open(two.headers)];
    await gateway.mcp.notify(changed, randomUUID());
    for (const stream of streams)
      expect(await stream.message()).toEqual({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    await gateway.mcp.notify({ type: "resource_updated", uri: "test://x" }, randomUUID());
    for (const stream of streams) {
      expect(await stream.message()).toMatchObject({
        method: "notifications/resources/updated",
        params: { uri: "test://x" },
      });
    }
  });

  it("carries an event once, whichever replicas tell of it", async () => {
    const other = await startGateway({ sessions: gateway.sessions });
    const stream = await open((await openSession(gateway.url)).headers);
    for (const { mcp } of [gateway, other, gateway]) await mcp.notify(changed, "catalog 1");
    await other.mcp.notify({ type: "prompts_list_changed" }, "prompts 1");
    expect([await stream.message(), await stream.message()]).toMatchObject([
      { method: "notifications/tools/list_changed" },
      { method: "notifications/prompts/list_changed" },
    ]);
    await other.close();
  });

  it("resumes after Last-Event-ID without a gap or a repeat", async () => {
    const { headers } = await openSession(gateway.url);
    const first = await open(headers);
    await first.next();
    await gateway.mcp.notify(changed, randomUUID());
    const { id } = (await first.next()) ?? {};
    first.leave();
    await gateway.mcp.notify({ type: "prompts_list_changed" }, randomUUID());
    await gateway.mcp.notify({ type: "resources_list_changed" }, randomUUID());
    const second = await open({ ...headers, "last-event-id": id });
    expect([await second.message(), await second.message()]).toMatchObject([
      { method: "notifications/prompts/list_changed" },
      { method: "notifications/resources/list_changed" },
    ]);
    await gateway.mcp.notify(changed, randomUUID());
    expect(await second.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  });

  it("is ended by a newer one", async () => {
    const { headers } = await openSession(gateway.url);
    const older = await open(headers);
    await older.next();
    const newer = await open(headers);
    await newer.next();
    expect(await older.next()).toBeNull();
    await gateway.mcp.notify(changed, randomUUID());
    expect(await newer.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  });

  it("ends with the session", async () => {
    const { headers } = await openSession(gateway.url);
    const stream = await open(headers);
    await stream.next();
    await get(gateway.url, { ...key, ...headers }, "DELETE");
    expect(await stream.next()).toBeNull();
  });

  for (const id of ["x", "a/b/c", "session/", "/1", "a b/1"]) {
    it(`refuses the Last-Event-ID ${JSON.stringify(id)} with 400`, async () => {
      const { headers } = await openSession(gateway.url);
      const answer = await get(gateway.url, { ...key, accept: "text/event-stream", ...headers, "last-event-id": id });
      expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32000 } }]);
    });
  }

  for (const id of ["session/99", "nosuchstream/1"]) {
    it(`answers the Last-Event-ID ${id}, which no history reaches, with 404 / -32001`, async () => {
      const { headers } = await openSession(gateway.url);
      const answer = await get(gateway.url, { ...key, accept: "text/event-stream", ...headers, "last-event-id": id });
      expect([answer.status, answer.body]).toMatchObject([404, { error: { code: -32001 } }]);
    });
  }

  it("never shows another session's events, even of the same principal", async () => {
    const [one, two] = [await openSession(gateway.url), await openSession(gateway.url)];
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "talk_widget" } };
    const stream = await openStream(gateway.url, { method: "POST", headers: one.headers, body });
    const { id } = (await stream.next()) ?? {};
    const answer = await get(gateway.url, { ...key, accept: "text/event-stream", ...two.headers, "last-event-id": id });
    expect(answer.status).toBe(404);
  });

  it("is refused with 429 / -32000 where the principal has five already (B33)", async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => openSession(gateway.url)));
    const open5 = await Promise.all(sessions.slice(0, 5).map(({ headers }) => open(headers)));
    const refused = await get(gateway.url, { ...key, accept: "text/event-stream", ...sessions[5]?.headers });
    expect([refused.status, refused.body]).toMatchObject([429, { error: { code: -32000 } }]);
    expect(refused.headers.get("retry-after")).toBe("10");
    const other = await openSession(gateway.url, { headers: { "x-api-key": "key-two" } });
    expect((await open(other.headers)).status).toBe(200);
    for (const stream of open5) expect(stream.status).toBe(200);
  });
});

describe("the stream of a POST", () => {
  const body = {
    jsonrpc: "2.0",
    id: 7,
    method: "tools/call",
    params: { name: "wait_widget", _meta: { progressToken: 1 } },
  };

  it("that breaks goes on, and its result is collected by Last-Event-ID", async () => {
    const gateway = await startGateway();
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { method: "POST", headers, body });
    const first = await stream.next();
    expect(first).toMatchObject({ data: "", retry: "1000" });
    await stream.message();
    stream.leave();
    const resumed = await openStream(gateway.url, { headers: { ...headers, "last-event-id": first?.id } });
    expect(await resumed.message()).toMatchObject({ method: "notifications/progress" });
    gateway.widgets.release();
    expect(await resumed.message()).toMatchObject({ id: 7, result: { structuredContent: { aborted: false } } });
    expect(await resumed.next()).toBeNull();
    await gateway.close();
  });

  it("has no empty first event for clients of older versions, and can be resumed all the same", async () => {
    const gateway = await startGateway();
    const { headers } = await openSession(gateway.url, { version: "2025-06-18" });
    const stream = await openStream(gateway.url, { method: "POST", headers, body });
    const first = await stream.next();
    expect(JSON.parse(first?.data ?? "")).toMatchObject({ method: "notifications/progress" });
    stream.leave();
    gateway.widgets.release();
    const resumed = await openStream(gateway.url, { headers: { ...headers, "last-event-id": first?.id } });
    expect(await resumed.message()).toMatchObject({ id: 7 });
    await gateway.close();
  });

  it("carries what the store refuses all the same, without an id to resume from", async () => {
    const memory = createMemorySessions();
    const away = async (): Promise<string> => {
      throw new GatewayError("store_unavailable", "away");
    };
    const gateway = await startGateway({ sessions: { ...memory, begin: away, append: away } });
    gateway.widgets.release();
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { method: "POST", headers, body });
    const events = [await stream.next(), await stream.next()];
    expect(events.map((event) => event?.id)).toEqual([undefined, undefined]);
    expect(JSON.parse(events[1]?.data ?? "")).toMatchObject({
      id: 7,
      result: { structuredContent: { aborted: false } },
    });
    expect(await stream.next()).toBeNull();
    await gateway.close();
  });

  it("is told by 404 when its history is gone, never by a gap", async () => {
    let now = Date.now();
    const gateway = await startGateway({ sessions: createMemorySessions({ now: () => now }) });
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { headers });
    const { id } = (await stream.next()) ?? {};
    stream.leave();
    for (let i = 0; i < 300; i++) await gateway.mcp.notify({ type: "tools_list_changed" }, randomUUID());
    const answer = await get(gateway.url, { ...key, accept: "text/event-stream", ...headers, "last-event-id": id });
    expect([answer.status, answer.body]).toMatchObject([404, { error: { code: -32001 } }]);
    now += 1;
    await gateway.close();
  });
});

describe("a client that leaves while its key is looked at", () => {
  for (const era of ["session", "stateless"] as const) {
    it(`keeps no stream open and no request in flight (${era} era)`, async () => {
      const [asked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let slow = false;
      const check = async (): Promise<Identity> => {
        if (slow) {
          asked.resolve();
          await release.promise;
        }
        return { user: null, organisation: null, scopes: null };
      };
      const memory = createMemorySessions();
      const read = Promise.withResolvers<void>();
      const sessions: typeof memory = {
        ...memory,
        read: (...given) => {
          read.resolve();
          return memory.read(...given);
        },
      };
      const gateway = await startGateway({ sessions, auth: { check, cacheSeconds: 0 } });
      const { headers } = await openSession(gateway.url);
      slow = true;
      expect(gateway.mcp.inFlight()).toBe(0);
      const closed = new Promise<void>((resolve) =>
        gateway.http?.server.once("request", (_req, res) => res.once("close", resolve)),
      );
      const leave = new AbortController();
      const name = "wait_widget";
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, _meta: envelope() } });
      const stateless = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name };
      const init =
        era === "session"
          ? { headers: { ...key, ...headers, accept: "text/event-stream" } }
          : { method: "POST", body, headers: { ...key, ...stateless, "content-type": "application/json" } };
      const sent = fetch(gateway.url, { ...init, signal: leave.signal }).catch(() => "gone");
      await asked.promise;
      leave.abort();
      await Promise.all([sent, closed]);
      release.resolve();
      if (era === "session") await read.promise;
      await expect.poll(gateway.mcp.inFlight).toBe(0);
      expect(gateway.mcp.openStreams()).toBe(0);
      await gateway.close();
    });
  }
});

describe("a stream that is held open", () => {
  it("ends when its key is no longer good, not when nobody can say, and when it was quiet too long", async () => {
    const cases = [
      { name: "revoked", now: "revoked", idleMs: 60_000, ends: true },
      { name: "unknown", now: "down", idleMs: 60_000, ends: false },
      { name: "quiet", now: "good", idleMs: 50, ends: true },
    ];
    for (const { name, now, idleMs, ends } of cases) {
      let state = "good";
      let asked = 0;
      const check = async (): Promise<Identity | null> => {
        asked += 1;
        if (state === "down") throw new GatewayError("upstream_unavailable", "away");
        return state === "good" ? { user: null, organisation: null, scopes: null } : null;
      };
      const gateway = await startGateway({ auth: { check, cacheSeconds: 0 }, streams: { recheckMs: 10, idleMs } });
      const { headers } = await openSession(gateway.url);
      const stream = await openStream(gateway.url, { headers });
      await stream.next();
      [state, asked] = [now, 0];
      if (ends) expect([name, await stream.next()]).toEqual([name, null]);
      else {
        await expect.poll(() => asked).toBeGreaterThan(2);
        await gateway.mcp.notify(changed, randomUUID());
        expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
      }
      await gateway.close();
    }
  });
});

describe("the places for streams", () => {
  it("are counted by principal, by public address and in all, and come back once", () => {
    const limits = createStreamLimits({ perPrincipal: 2, perAddress: 3, total: 5 });
    const open = (principal: string, address: string): (() => void) | number => {
      try {
        return limits.take(principal, address);
      } catch (thrown) {
        return (thrown as GatewayError).facts.status ?? 0;
      }
    };
    const first = open("a", "203.0.113.1") as () => void;
    open("a", "203.0.113.1");
    expect(open("a", "203.0.113.2")).toBe(429);
    open("b", "203.0.113.1");
    expect(open("c", "203.0.113.1")).toBe(429);
    first();
    first();
    expect(open("c", "203.0.113.1")).toBeTypeOf("function");
    expect(open("d", "203.0.113.1")).toBe(429);
    open("e", "203.0.113.2");
    open("f", "203.0.113.2");
    expect(open("g", "203.0.113.3")).toBe(429);
  });

  it("are not counted by an address that a proxy may have", () => {
    for (const address of ["127.0.0.1", "::1", "::ffff:10.1.2.3", "172.20.0.2", "192.168.1.1", "fd00::1"]) {
      const limits = createStreamLimits({ perAddress: 1 });
      limits.take("a", address);
      expect(() => limits.take("b", address)).not.toThrow();
    }
    const limits = createStreamLimits({ perAddress: 1 });
    limits.take("a", "2001:db8::1");
    expect(() => limits.take("b", "2001:db8::2")).toThrow("too many open streams");
  });
});

describe("subscriptions/listen", () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await startGateway();
  });
  afterEach(() => gateway.close());
  const listen = (notifications: unknown, id: number | string = "sub"): Promise<Reading> =>
    openStream(gateway.url, {
      method: "POST",
      headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
      body: { jsonrpc: "2.0", id, method: "subscriptions/listen", params: { notifications, _meta: envelope() } },
    });
  const _meta = { "io.modelcontextprotocol/subscriptionId": "sub" };

  it("acknowledges what it honours first, then sends only that, marked with its id", async () => {
    const stream = await listen({
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ["test://x"],
    });
    expect(await stream.message()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: { toolsListChanged: true }, _meta },
    });
    await gateway.mcp.notify({ type: "prompts_list_changed" }, randomUUID());
    await gateway.mcp.notify({ type: "resource_updated", uri: "test://x" }, randomUUID());
    await gateway.mcp.notify(changed, randomUUID());
    expect(await stream.message()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/tools/list_changed",
      params: { _meta },
    });
  });

  it("carries an event once, however often it is told", async () => {
    const stream = await listen({ toolsListChanged: true });
    await stream.message();
    for (const id of ["catalog 1", "catalog 1", "catalog 2"]) await gateway.mcp.notify(changed, id);
    await gateway.mcp.drain();
    const methods: unknown[] = [];
    for (let event = await stream.next(); event !== null; event = await stream.next()) {
      methods.push((JSON.parse(event.data) as { method?: string }).method);
    }
    expect(methods).toEqual([
      "notifications/tools/list_changed",
      "notifications/tools/list_changed",
      undefined, // the result
    ]);
  });

  it("ends in good order when the gateway drains", async () => {
    const stream = await listen({ toolsListChanged: true });
    await stream.message();
    const drained = gateway.mcp.drain();
    expect(await stream.message()).toMatchObject({ id: "sub", result: { resultType: "complete", _meta } });
    expect(await stream.next()).toBeNull();
    await drained;
  });

  it("ends at once when nothing of it can be honoured", async () => {
    const stream = await listen({ promptsListChanged: true });
    expect(await stream.message()).toMatchObject({ params: { notifications: {} } });
    expect(await stream.message()).toMatchObject({ id: "sub", result: {} });
  });

  for (const notifications of [undefined, [], { toolsListChanged: 1 }, { resourceSubscriptions: [1] }]) {
    it(`refuses the filter ${JSON.stringify(notifications)} with -32602`, async () => {
      const stream = await openStream(gateway.url, {
        method: "POST",
        headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
        body: { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params: { notifications, _meta: envelope() } },
      });
      expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "application/json"]);
    });
  }

  it("is refused with 429 where the principal has five streams", async () => {
    const streams = await Promise.all([1, 2, 3, 4, 5].map((id) => listen({ toolsListChanged: true }, id)));
    for (const stream of streams) await stream.message();
    expect((await listen({ toolsListChanged: true }, 6)).status).toBe(429);
    streams[0]?.leave();
    await expect.poll(async () => (await listen({ toolsListChanged: true }, 7)).status).toBe(200);
  });

  it("holds no place among the requests in flight", async () => {
    const stream = await listen({ toolsListChanged: true });
    await stream.message();
    expect(gateway.mcp.inFlight()).toBe(0);
    const session = await openSession(gateway.url);
    expect((await postSession(gateway.url, "ping", {}, session)).status).toBe(200);
  });
});
