import type { RedisConnection } from "../../redis/connection.ts";
import { createKeys, hashOf } from "../../redis/keys.ts";
import { orUnavailable } from "../../redis/unavailable.ts";
import type { Once } from "./once.ts";

export interface RedisOnceOptions {
  readonly redis: RedisConnection;
  /** Begins every key; default `sg:`. */
  readonly prefix?: string;
}

/** {@link Once} in Redis, for any number of replicas. */
export function createRedisOnce({ redis, prefix }: RedisOnceOptions): Once {
  const keys = createKeys(prefix);
  return {
    use: async (token, keepMs) => {
      const set = redis.commands.set(keys.used(hashOf(token)), "1", "PX", Math.ceil(keepMs), "NX");
      return (await orUnavailable(set)) === "OK";
    },
  };
}
