import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createRedisClaims } from "../../src/calls/claims.redis.ts";
import type { Action } from "../../src/calls/claims.ts";
import { connectRedis, type RedisConnection } from "../../src/redis/connection.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { claimsContract } from "../calls/claimsContract.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { errorOf } from "../upstream/fixture.ts";

const silent = pino({ level: "silent" });
const open: RedisConnection[] = [];

async function connect(server: RedisServer): Promise<RedisConnection> {
  const redis = connectRedis(new Secret(server.url), { logger: silent });
  open.push(redis);
  await redis.ready();
  return redis;
}

describe.skipIf(withoutRedis)("claims in Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => server.close());

  claimsContract({
    name: "Redis",
    shared: true,
    make: async () => createRedisClaims({ redis: await connect(server) }),
    pass: async (ms) => age(await connect(server), ms),
  });

  const action: Action = { mode: "keyed", principalId: "ann@{x}", id: "a", args: "1", isRepeatable: false };

  it("keep everything of one action in one slot, and none of it for ever", async () => {
    const redis = await connect(server);
    await redis.commands.flushall();
    const claims = createRedisClaims({ redis, prefix: "own:" });
    const shared: Action = { ...action, mode: "shared", id: "b" };
    for (const one of [action, shared]) await claims.claim(one, "owner", 60_000);
    await claims.settle(shared, "owner", { state: "done", result: "{}" });
    const keys = await redis.commands.keys("*");
    expect(keys.length).toBe(2);
    for (const key of keys) {
      expect(key).toMatch(/^own:idem:\{[0-9a-f]{32}\}:[ab](:owner)?$/);
      expect(await redis.commands.pttl(key)).toBeGreaterThan(0);
    }
  });

  it("fail within their bound while Redis is away, and say that nothing was sent", async () => {
    const own = await startRedis();
    const claims = createRedisClaims({ redis: await connect(own) });
    await own.kill();
    const started = performance.now();
    const error = await errorOf(() => claims.claim(action, "owner", 60_000));
    expect([error.code, error.retryable, error.facts.change]).toEqual(["store_unavailable", true, "none"]);
    expect(error.facts.next).toMatch(/same idempotency_key/);
    expect(performance.now() - started).toBeLessThan(5_000);
    await own.close();
  });

  it("do not stand for a claim that a frozen Redis carried out after we had given up", async () => {
    const own = await startRedis();
    const redis = await connect(own);
    const claims = createRedisClaims({ redis });
    await claims.claim({ ...action, id: "warm" }, "owner", 60_000);
    own.freeze();
    await errorOf(() => claims.claim(action, "lost", 60_000));
    own.thaw();
    await vi.waitFor(async () => expect(await (await connect(own)).commands.exists(...(await keysOf(own)))).toBe(1), {
      timeout: 20_000,
    });
    await vi.waitFor(() => redis.commands.ping(), { timeout: 20_000 });
    expect(await claims.claim(action, "next", 60_000)).toEqual({ state: "run" });
    await own.close();
  });
});

/** The key of the lost claim. */
async function keysOf(server: RedisServer): Promise<string[]> {
  const redis = await connect(server);
  const keys = (await redis.commands.keys("*")).filter((key) => key.endsWith(":a"));
  return keys.length === 0 ? ["none"] : keys;
}

/** Lets `ms` go by for everything in Redis: it has no clock to be set, so lives and leases are shortened instead. */
async function age(redis: RedisConnection, ms: number): Promise<void> {
  for (const key of await redis.commands.keys("sg:*")) {
    const left = (await redis.commands.pttl(key)) - ms;
    if (left <= 0) await redis.commands.del(key);
    else await redis.commands.pexpire(key, left);
    if ((await redis.commands.type(key)) !== "hash") continue;
    const lease = await redis.commands.hget(key, "lease");
    if (lease !== null) await redis.commands.hset(key, "lease", String(Number(lease) - ms));
  }
}
