import type { IncomingMessage, ServerResponse } from "node:http";
import { pino } from "pino";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { connectRedis } from "../../src/redis/connection.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type Called, type Caller, callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { widgetSpec } from "../fakes/widgets.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";

/** Bounds of reliability.md §4, ten times as long. */
const failsWithinMs = 10_000;
const waitMs = 20_000;

describe.skipIf(withoutRedis)("replicas that share a Redis", () => {
  let api: Api;
  let redis: RedisServer;
  let stub: TestServer;
  const gateways: TestGateway[] = [];
  const held: { readonly req: IncomingMessage; readonly res: ServerResponse }[] = [];
  let isHolding = false;

  beforeAll(async () => {
    ({ api } = await generateFrom(widgetSpec));
  });
  beforeEach(async () => {
    isHolding = false;
    held.length = 0;
    redis = await startRedis();
    stub = await listen((req, res) => {
      if (isHolding) held.push({ req, res });
      else answer(res);
    });
  });
  afterEach(async () => {
    for (const one of gateways.splice(0)) await one.close();
    await stub.close();
    await redis.close();
  });

  const answer = (res: ServerResponse): unknown =>
    res.writeHead(200, { "content-type": "application/json" }).end('{"id":"w1","name":"First"}');
  const replica = async (yaml = ""): Promise<Caller & { readonly gateway: TestGateway }> => {
    const variables = { REDIS_URL: redis.url, SPECGATE_SECRET: "a secret of at least 32 characters" };
    const gateway = await startGateway(api, stub.url, `api: test\n${yaml}`, variables);
    gateways.push(gateway);
    return { ...callerOf(gateway.url, "key-one"), gateway };
  };
  const arrived = (many: number): Promise<void> =>
    vi.waitFor(() => expect(held.length).toBe(many), { timeout: waitMs, interval: 5 });
  const create = (caller: Caller, idempotencyKey?: string): Promise<Called> =>
    caller.call("create_widget", {
      name: "First",
      ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
    });
  const item = { id: "w1", name: "First" };

  it("do what has an idempotency_key once, whichever is asked, at once or later", async () => {
    const [a, b] = [await replica(), await replica()];
    isHolding = true;
    const all = [a, b, a, b, b].map((caller) => create(caller, "k-1"));
    await arrived(1);
    for (const { res } of held) answer(res);
    const found = await Promise.all(all);
    expect(found.map(({ structured }) => structured.item)).toEqual(Array(5).fill(item));
    expect(found.filter(({ structured }) => structured.replayed === true).length).toBe(4);
    expect((await create(b, "k-1")).structured).toEqual({ item, replayed: true });
    expect((await b.call("create_widget", { name: "Second", idempotency_key: "k-1" })).error.code).toBe(
      "idempotency_conflict",
    );
    expect(stub.seen.length).toBe(1);
  });

  it("share an identical create while it runs, and not after it", async () => {
    const [a, b] = [await replica(), await replica()];
    isHolding = true;
    const first = create(a);
    await arrived(1);
    const second = create(b);
    // The second one waits on its replica: its claim has met the first one's.
    await vi.waitFor(async () => expect(await claimsSeen(redis)).toBeGreaterThan(1), { timeout: waitMs });
    for (const { res } of held) answer(res);
    expect((await first).structured).toEqual({ item });
    expect((await second).structured).toEqual({ item, replayed: true });
    isHolding = false;
    expect((await create(b)).structured).toEqual({ item });
    expect(stub.seen.length).toBe(2);
  });

  it("keep what came of a change whose client left, also while the replica stops", async () => {
    const [a, b] = [await replica(), await replica()];
    isHolding = true;
    const client = new AbortController();
    const leaving = callThatLeaves(a.gateway.url, client.signal);
    await arrived(1);
    client.abort();
    await leaving;
    const closed = a.gateway.close();
    for (const { res } of held) answer(res);
    await closed;
    expect((await create(b, "k-left")).structured).toEqual({ item, replayed: true });
    expect(stub.seen.length).toBe(1);
  });

  for (const [how, stop] of [
    ["killed", () => redis.kill()],
    ["frozen", async () => redis.freeze()],
  ] as const) {
    it(`refuse a key while Redis is ${how}, in time and with nothing sent, and serve everything else`, async () => {
      const caller = await replica();
      await stop();
      const started = performance.now();
      const refused = await create(caller, "k-1");
      expect([refused.error.code, refused.error.retryable]).toEqual(["store_unavailable", true]);
      expect(refused.error.next).toMatch(/^Nothing was sent/);
      expect(refused.text).not.toContain(String(redis.port));
      expect(stub.seen.length).toBe(0);
      expect((await create(caller)).structured).toEqual({ item });
      expect((await caller.call("get_widget", { id: "w1" })).structured).toEqual({ item });
      expect((await caller.call("update_widget", { id: "w1", name: "First" })).structured).toEqual({ item });
      expect(performance.now() - started).toBeLessThan(failsWithinMs);
      redis.thaw();
      if (how === "killed") await redis.start();
      await vi.waitFor(async () => expect((await create(caller, "k-1")).structured.item).toEqual(item), {
        timeout: waitMs,
      });
      expect(stub.seen.filter(({ method }) => method === "POST").length).toBe(2);
    });
  }

  it("allow a key while Redis is away where the configuration says so, once per process", async () => {
    const caller = await replica("idempotency: { onStoreDown: allow }\n");
    await redis.kill();
    expect((await create(caller, "k-1")).structured).toEqual({ item });
    expect((await create(caller, "k-1")).structured).toEqual({ item, replayed: true });
    expect(stub.seen.length).toBe(1);
  });
});

/** How many times a claim was run, by Redis's own count. */
async function claimsSeen(server: RedisServer): Promise<number> {
  const redis = connectRedis(new Secret(server.url), { logger: pino({ level: "silent" }) });
  try {
    await redis.ready();
    const stats = String(await redis.commands.info("commandstats"));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  } finally {
    await redis.close();
  }
}

/** A create with the key `k-left` whose client goes when the signal aborts. */
async function callThatLeaves(url: string, signal: AbortSignal): Promise<void> {
  const version = "2026-07-28";
  const meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "create_widget", arguments: { name: "First", idempotency_key: "k-left" }, _meta: meta };
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": version,
    "mcp-method": "tools/call",
    "mcp-name": "create_widget",
    "x-api-key": "key-one",
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  await fetch(url, { method: "POST", headers, body, signal }).catch(() => undefined);
}
