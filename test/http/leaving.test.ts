import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { get, key, type Opened, openSession, openStream, postSession, type Reading } from "./wire.ts";

/** A second, ten times as long. */
const freedWithin = { timeout: 10_000, interval: 5 };

/** What a client that leaves gives back, and what stays for it to come back to. */
describe("a client that leaves", () => {
  let gateway: Gateway;
  let session: Opened;
  /** Listeners at the store, of streams and of calls. */
  let watching: { streams: number; calls: number };
  /** Responses that are open. */
  let responses: number;
  let now: number;
  beforeEach(async () => {
    now = Date.now();
    const memory = createMemorySessions({ now: () => now });
    watching = { streams: 0, calls: 0 };
    const counted = (what: keyof typeof watching, stop: () => void): (() => void) => {
      watching[what] += 1;
      return () => {
        watching[what] -= 1;
        stop();
      };
    };
    const sessions = {
      ...memory,
      watch: (...given: Parameters<typeof memory.watch>) => counted("streams", memory.watch(...given)),
      watchCalls: (...given: Parameters<typeof memory.watchCalls>) => counted("calls", memory.watchCalls(...given)),
    };
    gateway = await startGateway({ sessions });
    responses = 0;
    gateway.http?.server.on("request", (_req, res) => {
      responses += 1;
      res.once("close", () => {
        responses -= 1;
      });
    });
    session = await openSession(gateway.url);
    return () => gateway.close();
  });

  const open = (headers: Record<string, string | undefined> = {}): Promise<Reading> =>
    openStream(gateway.url, { headers: { ...session.headers, ...headers } });
  const freed = (): Promise<void> =>
    vi.waitFor(() => expect([gateway.mcp.openStreams(), watching]).toEqual([0, { streams: 0, calls: 0 }]), freedWithin);

  it("a GET stream frees it, its place and its wake-ups, and resumes where it was", async () => {
    const stream = await open();
    const first = await stream.next();
    expect([gateway.mcp.openStreams(), watching.streams]).toEqual([1, 1]);
    stream.leave();
    await freed();
    await gateway.mcp.notify({ type: "tools_list_changed" }, randomUUID());
    const resumed = await open({ "last-event-id": first?.id });
    expect(await resumed.message()).toMatchObject({ method: "notifications/tools/list_changed" });
    resumed.leave();
    await freed();
  });

  it("five GET streams has five places again", async () => {
    for (let round = 0; round < 3; round++) {
      const sessions = await Promise.all(Array.from({ length: 5 }, () => openSession(gateway.url)));
      const streams = await Promise.all(sessions.map(({ headers }) => openStream(gateway.url, { headers })));
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      for (const stream of streams) stream.leave();
      await freed();
    }
  });

  it("a POST stream frees the connection at once, the rest when the call ends, and collects its result", async () => {
    const params = { name: "wait_widget", _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id: 7, method: "tools/call", params };
    const stream = await openStream(gateway.url, { method: "POST", headers: session.headers, body });
    const first = await stream.next();
    await gateway.widgets.waiting;
    expect(responses).toBe(1);
    stream.leave();
    await vi.waitFor(() => expect(responses).toBe(0), freedWithin);
    expect(watching).toEqual({ streams: 0, calls: 1 });
    gateway.widgets.release();
    await freed();
    await vi.waitFor(() => expect(gateway.mcp.inFlight()).toBe(0), freedWithin);
    const resumed = await open({ "last-event-id": first?.id });
    await resumed.message();
    expect(await resumed.message()).toMatchObject({ id: 7, result: {} });
    expect(await resumed.next()).toBeNull();
    await freed();
  });

  it("leaves its session: it lives until nobody has used it for 30 minutes, or until DELETE", async () => {
    const other = await openSession(gateway.url);
    for (const { headers } of [session, other]) {
      const stream = await openStream(gateway.url, { headers });
      await stream.next();
      stream.leave();
    }
    await freed();
    now += 29 * 60_000;
    expect((await postSession(gateway.url, "ping", {}, other)).status).toBe(200);
    expect((await get(gateway.url, { ...key, ...other.headers }, "DELETE")).status).toBe(200);
    expect((await postSession(gateway.url, "ping", {}, other)).status).toBe(404);
    now += 2 * 60_000;
    expect((await postSession(gateway.url, "ping", {}, session)).status).toBe(404);
  });
});
