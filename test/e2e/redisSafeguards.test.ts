import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRedisOnce } from "../../src/calls/safeguards/once.redis.ts";
import { createRedisSeen } from "../../src/calls/safeguards/seen.redis.ts";
import { type Stores, storesContract } from "../calls/safeguards/contract.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { openReplica, type Replica } from "../fakes/replicas.ts";
import { errorOf } from "../upstream/fixture.ts";

describe.skipIf(withoutRedis)("the stores of safeguards in Redis", () => {
  let redis: RedisServer;
  let replicas: readonly Replica[];
  let stores: Stores;
  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    replicas = [await openReplica(redis.url), await openReplica(redis.url)];
    await replicas[0]?.redis.commands.flushall();
    stores = {
      seen: replicas.map((one) => createRedisSeen({ redis: one.redis })),
      once: replicas.map((one) => createRedisOnce({ redis: one.redis })),
    };
  });
  afterEach(() => Promise.all(replicas.map((one) => one.close())));
  afterAll(() => redis.close());
  storesContract(() => stores);

  const ann = { principalId: "ann", place: "prod:Page" };
  const life = async (pattern: string): Promise<readonly [string, number]> => {
    const commands = replicas[0]?.redis.commands;
    const [key = ""] = (await commands?.keys(pattern)) ?? [];
    return [key, (await commands?.pttl(key)) ?? 0];
  };

  it("keep what was shown for the longest time that a rule asks for, under a name without the principal", async () => {
    const [seen] = stores.seen;
    await seen?.record(ann, ["a"], 1_800_000);
    await seen?.record(ann, ["b"], 60_000);
    const [key, left] = await life("sg:seen:*");
    expect(key).toMatch(/^sg:seen:[0-9a-f]{32}:prod:Page$/);
    expect(left).toBeGreaterThan(1_700_000);
    expect(await seen?.unseen(ann, ["a", "b"], -1)).toHaveLength(2);
  });

  it("keep a used token for as long as it could be used, under its hash", async () => {
    await stores.once[0]?.use("secret-token", 600_000);
    const [key, left] = await life("sg:once:*");
    expect(key).toMatch(/^sg:once:[0-9a-f]{32}$/);
    expect(left).toBeGreaterThan(590_000);
    expect(left).toBeLessThanOrEqual(600_000);
  });

  it("fail with store_unavailable when Redis is gone", async () => {
    await redis.kill();
    const errors = [
      await errorOf(() => stores.seen[0]?.record(ann, ["a"], 60_000)),
      await errorOf(() => stores.seen[0]?.unseen(ann, ["a"], 60_000)),
      await errorOf(() => stores.once[0]?.use("t", 60_000)),
    ];
    await redis.start();
    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill("store_unavailable"));
  });
});
