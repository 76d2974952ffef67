import { RateLimiterRedis } from "rate-limiter-flexible";
import type { RedisConnection } from "../redis/connection.ts";
import { createKeys, hashOf } from "../redis/keys.ts";
import { createMemoryOAuthLimits, type OAuthLimits, oauthLimits, waitMs } from "./limits.ts";

export interface RedisOAuthLimitsOptions {
  readonly redis: RedisConnection;
  /** Begins every key; default `sg:`. */
  readonly prefix?: string;
}

/** {@link OAuthLimits} of all replicas together. While Redis is away each counts alone. */
export function createRedisOAuthLimits({ redis, prefix }: RedisOAuthLimitsOptions): OAuthLimits {
  const keys = createKeys(prefix);
  const alone = createMemoryOAuthLimits();
  const limiters = Object.fromEntries(
    Object.entries(oauthLimits).map(([kind, { seconds: duration }]) => [
      kind,
      new RateLimiterRedis({ storeClient: redis.commands, keyPrefix: "", points: Number.MAX_SAFE_INTEGER, duration }),
    ]),
  ) as Readonly<Record<keyof typeof oauthLimits, RateLimiterRedis>>; // the same keys
  return {
    take: async (kind, who, allowance = 1) => {
      if (!redis.isUp()) return alone.take(kind, who, allowance);
      const counted = limiters[kind].consume(keys.rate(`oauth-${kind}`, hashOf(who)));
      return waitMs(counted, oauthLimits[kind].points * allowance).catch(() => alone.take(kind, who, allowance));
    },
  };
}
