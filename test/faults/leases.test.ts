import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { SessionEvent } from "../../src/session/port.ts";
import { projectRoot, serveNode } from "../e2e/process.ts";
import { type HandGateway, startHandGateway } from "../fakes/handGateways.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { freshState, openReplica, type Replica } from "../fakes/replicas.ts";
import { openSession, openStream, type Reading, type StreamEvent } from "../http/wire.ts";

/** 15 s as promised, ten times as long. */
const toldWithinMs = 150_000;

describe.skipIf(withoutRedis)("the lease of a call's stream", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    return () => redis.close();
  });

  /** Replicas of a key space of their own, and a session in it. */
  const replicas = async (
    leaseMs: number,
  ): Promise<{ readonly id: string; readonly all: readonly [Replica, Replica, Replica] }> => {
    const options = { prefix: `${randomUUID()}:`, leaseMs };
    const open = (): Promise<Replica> => openReplica(redis.url, options);
    const all = [await open(), await open(), await open()] as const;
    onTestFinished(async () => {
      await Promise.all(all.map(({ close }) => close()));
    });
    const id = `v1.${randomUUID()}`;
    await all[0].sessions.create(id, "ph", freshState);
    return { id, all };
  };
  const datas = (events: readonly SessionEvent[]): readonly string[] => events.map(({ data }) => data);
  /** What a follower reads until the stream has ended. */
  const follow = async ({ sessions }: Replica, id: string, from: string): Promise<readonly SessionEvent[]> => {
    const events: SessionEvent[] = [];
    const read = async (): Promise<void> => {
      const page = await sessions.read(id, "s", events.at(-1)?.seq ?? from);
      events.push(...(page?.events ?? []));
      expect(page?.ended).toBe(true);
    };
    await vi.waitFor(read, { timeout: toldWithinMs, interval: 20 });
    return events;
  };

  it("holds while its replica lives, however long the call takes", async () => {
    const { id, all } = await replicas(300);
    const [a, b] = all;
    const first = await a.sessions.begin(id, "s", "farewell");
    const start = performance.now();
    while (performance.now() - start < 2_000) {
      expect(await b.sessions.read(id, "s", first)).toEqual({ events: [], ended: false });
      await wait(20);
    }
    await a.sessions.append(id, "s", "result", true);
    expect(datas(await follow(b, id, first))).toEqual(["result"]);
    expect(await b.redis.commands.keys(`*call:{${id}}*`)).toEqual([]);
  });

  it("lapses when its replica dies: all who follow read the farewell, once, and the stream is over", async () => {
    const { id, all } = await replicas(300);
    const [a, b, c] = all;
    const first = await a.sessions.begin(id, "s", "farewell");
    await a.sessions.append(id, "s", "progress");
    await a.close();
    const pages = await Promise.all([b, c, b, c].map((replica) => follow(replica, id, first)));
    expect(pages.map(datas)).toEqual(Array(4).fill(["progress", "farewell"]));
    expect(await b.sessions.append(id, "s", "too late", true)).toBe(pages[0]?.at(-1)?.seq);
    expect(datas(await follow(c, id, first))).toEqual(["progress", "farewell"]);
    expect(await b.redis.commands.keys(`*call:{${id}}*`)).toEqual([]);
  });

  it("lapses where what came of the call cannot be stored", async () => {
    const { id, all } = await replicas(300);
    const [a, b] = all;
    const first = await a.sessions.begin(id, "s", "farewell");
    a.sessions.abandon(id, "s");
    expect(datas(await follow(b, id, first))).toEqual(["farewell"]);
  });

  it("ends with the session", async () => {
    const { id, all } = await replicas(300);
    const [a, b] = all;
    await a.sessions.begin(id, "s", "farewell");
    await b.sessions.end(id);
    await vi.waitFor(async () => expect(await b.redis.commands.keys(`*${id}*`)).toEqual([]));
    await wait(300);
    expect(await b.redis.commands.keys(`*${id}*`)).toEqual([]);
  });

  it("outlives an outage of Redis that is longer than itself", async () => {
    const { id, all } = await replicas(6_000);
    const [a, b] = all;
    const first = await a.sessions.begin(id, "s", "farewell");
    redis.freeze();
    await wait(8_000);
    redis.thaw();
    await vi.waitFor(() => b.sessions.count(), { timeout: 20_000, interval: 10 });
    const start = performance.now();
    while (performance.now() - start < 7_000) {
      expect((await b.sessions.read(id, "s", first).catch(() => null))?.ended ?? false).toBe(false);
      await wait(50);
    }
    await a.sessions.append(id, "s", "result", true);
    expect(datas(await follow(b, id, first))).toEqual(["result"]);
  });
});

describe.skipIf(withoutRedis)("a replica that is killed in the middle of a call", () => {
  let redis: RedisServer;
  let survivor: HandGateway;
  beforeAll(async () => {
    redis = await startRedis();
    survivor = await startHandGateway({ redisUrl: redis.url });
  });
  afterAll(async () => {
    await survivor.close();
    await redis.close();
  });

  const cases = [
    { tool: "write_widget", id: 7, want: /look before you send it again.*outcome_unknown/s, retryable: false },
    { tool: "wait_widget", id: "call-1", want: /It only reads: send it again.*outcome_unknown/s, retryable: true },
  ] as const;
  it.each(cases)("leaves a stream that says so to who resumes it: $tool", async ({ tool, id, want, retryable }) => {
    const killed = await serveNode([join(projectRoot, "test/fakes/handGatewayProcess.ts"), redis.url], (line) =>
      line.startsWith("http") ? line : undefined,
    );
    const { headers } = await openSession(killed.url);
    const params = { name: tool, _meta: { progressToken: 1 } };
    const body = { jsonrpc: "2.0", id, method: "tools/call", params };
    const stream = await openStream(killed.url, { method: "POST", headers, body });
    const first = await stream.next();
    expect(await stream.message()).toMatchObject({ method: "notifications/progress" });
    killed.child.kill("SIGKILL");
    const start = performance.now();
    const resumed = await openStream(survivor.url, { headers: { ...headers, "last-event-id": first?.id } });
    const [progress, farewell, ...more] = await rest(resumed);
    expect(performance.now() - start).toBeLessThan(toldWithinMs);
    expect(JSON.parse(progress?.data ?? "")).toMatchObject({ method: "notifications/progress" });
    expect(JSON.parse(farewell?.data ?? "")).toMatchObject({ id, error: { code: -32603, data: { retryable } } });
    expect(farewell?.data.replaceAll("\\n", "\n")).toMatch(want);
    expect(more).toEqual([]);
    const again = await openStream(survivor.url, { headers: { ...headers, "last-event-id": progress?.id } });
    expect((await rest(again)).map(({ data }) => data)).toEqual([farewell?.data]);
  });
});

/** Every event with data until the stream ends. */
async function rest(stream: Reading): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for (let event = await stream.next(); event !== null; event = await stream.next())
    if (event.data !== "") events.push(event);
  return events;
}
