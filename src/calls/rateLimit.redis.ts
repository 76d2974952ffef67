import { RateLimiterRedis } from "rate-limiter-flexible";
import type { RedisConnection } from "../redis/connection.ts";
import { createKeys, hashOf } from "../redis/keys.ts";
import { createMemoryRateLimit, waitOf } from "./rateLimit.memory.ts";
import { type RateLimit, windowSeconds } from "./rateLimit.ts";

export interface RedisRateLimitOptions {
  readonly redis: RedisConnection;
  /** What is counted, in the names of the keys: `read`. */
  readonly name: string;
  readonly perMinute: number;
  /** Replicas that share Redis: while it is away each of them allows its part. */
  readonly instances: number;
  /** Begins every key; default `sg:`. */
  readonly prefix?: string;
}

/**
 * How long one count may take. Less than a command's own bound: a request asks Redis for its session as well, and both
 * together must stay within 600 ms when it hangs (reliability.md §4).
 */
const answersWithinMs = 100;
/** After a count that failed Redis is not asked for this long, so that one request in many waits, not each. */
const restMs = 1_000;

/**
 * {@link RateLimit} in Redis, exact over any number of replicas: one round trip per count, none for somebody who is over the
 * limit already. While Redis is away or slow this process counts alone, against the limit divided by `instances`.
 */
export function createRedisRateLimit(options: RedisRateLimitOptions): RateLimit {
  const { redis, name, perMinute, instances } = options;
  const keys = createKeys(options.prefix);
  const shared = new RateLimiterRedis({
    storeClient: redis.commands,
    keyPrefix: "",
    points: perMinute,
    duration: windowSeconds,
    inMemoryBlockOnConsumed: perMinute,
  });
  const insurance = createMemoryRateLimit(Math.ceil(perMinute / instances));
  let restsUntil = 0;
  return {
    perMinute,
    take: async (who, points) => {
      if (!redis.isUp() || performance.now() < restsUntil) return insurance.take(who, points);
      try {
        return await inTime(waitOf(shared.consume(keys.rate(name, hashOf(who)), points)));
      } catch {
        restsUntil = performance.now() + restMs;
        return insurance.take(who, points);
      }
    },
  };
}

/** What `work` resolves to. Rejects when it takes too long; what comes of it then is let go by. */
async function inTime(work: Promise<number>): Promise<number> {
  const { promise, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new Error("redis: too slow")), answersWithinMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
