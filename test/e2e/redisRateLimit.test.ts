import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createRedisRateLimit } from "../../src/calls/rateLimit.redis.ts";
import type { RateLimit } from "../../src/calls/rateLimit.ts";
import { connectRedis, type RedisConnection } from "../../src/redis/connection.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { rateLimitContract } from "../calls/rateLimitContract.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { startCluster } from "../fakes/redisTopologies.ts";

const silent = pino({ level: "silent" });
const open: RedisConnection[] = [];

async function connect({ url }: { readonly url: string }): Promise<RedisConnection> {
  const redis = connectRedis(new Secret(url), { logger: silent });
  open.push(redis);
  await redis.ready();
  return redis;
}

/** How many of `count` calls, one after the other, find room. */
async function passing(limit: RateLimit, count: number): Promise<number> {
  let passed = 0;
  for (let index = 0; index < count; index++) if ((await limit.take("ann")) === 0) passed += 1;
  return passed;
}

describe.skipIf(withoutRedis)("rate limits in Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => server.close());

  rateLimitContract({
    name: "Redis",
    make: async (name, perMinute) =>
      createRedisRateLimit({ redis: await connect(server), name, perMinute, instances: 3 }),
  });

  it("are one allowance for all replicas", async () => {
    const name = randomUUID();
    const replicas = await Promise.all(
      [1, 2, 3].map(async () =>
        createRedisRateLimit({ redis: await connect(server), name, perMinute: 30, instances: 3 }),
      ),
    );
    const waits = await Promise.all(
      Array.from({ length: 90 }, (_one, index) => (replicas[index % 3] as RateLimit).take("ann")),
    );
    expect(waits.filter((waitMs) => waitMs === 0).length).toBe(30);
  });

  it("leave one key for each that is counted, which goes with its window and tells nobody's id", async () => {
    const redis = await connect(server);
    await redis.commands.flushall();
    await createRedisRateLimit({ redis, name: "read", perMinute: 3, instances: 1 }).take("ann {x}");
    const [key = "", ...others] = await redis.commands.keys("*");
    expect([key, others]).toEqual([expect.stringMatching(/^sg:rl:read:[0-9a-f]{32}$/), []]);
    expect(await redis.commands.pttl(key)).toBeGreaterThan(50_000);
  });

  it("ask Redis nothing for somebody who is over the limit", async () => {
    const redis = await connect(server);
    const limit = createRedisRateLimit({ redis, name: randomUUID(), perMinute: 2, instances: 1 });
    await passing(limit, 2);
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.commands.info("stats"))?.[1]);
    const before = await commands();
    expect(await passing(limit, 50)).toBe(0);
    expect(await commands()).toBeLessThan(before + 5);
  });

  for (const [fault, hurt] of [
    ["killed", (own: RedisServer) => own.kill()],
    ["frozen", async (own: RedisServer) => own.freeze()],
  ] as const) {
    it(`are a replica's own part of the limit while Redis is ${fault}, and whole again after its return`, async () => {
      const own = await startRedis();
      onTestFinished(() => own.close());
      const redis = await connect(own);
      const limit = createRedisRateLimit({ redis, name: "read", perMinute: 30, instances: 3 });
      expect(await passing(limit, 5)).toBe(5);
      await hurt(own);
      const started = performance.now();
      expect(await passing(limit, 50)).toBe(10);
      // Fifty waits for a hanging Redis would be 25 s at its own bound; the first alone waits, for 100 ms.
      expect(performance.now() - started).toBeLessThan(3_000);
      if (fault === "killed") await own.start();
      else own.thaw();
      await vi.waitFor(async () => expect(await limit.take("bob")).toBe(0), { timeout: 20_000 });
      await vi.waitFor(
        async () => {
          await limit.take("carol");
          expect((await redis.commands.keys("sg:rl:*")).length).toBeGreaterThan(0);
        },
        { timeout: 20_000, interval: 100 },
      );
    });
  }

  it("work in a cluster", async () => {
    const cluster = await startCluster();
    onTestFinished(() => cluster.close());
    const limit = createRedisRateLimit({ redis: await connect(cluster), name: "read", perMinute: 3, instances: 100 });
    expect(await passing(limit, 5)).toBe(3);
  });
});
