import { randomUUID } from "node:crypto";
import type { RedisConnection } from "../redis/connection.ts";
import { createKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";

/** Whether this process is the one that does a work of all replicas, for the next `ms`. */
export type Lease = (ms: number) => Promise<boolean>;

/** KEYS: the lease. ARGV: owner, life in ms. */
const takeScript = script(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`);

/**
 * A {@link Lease} in Redis. While Redis is away every process holds it: the work is such that doing it twice is a waste and no
 * fault.
 */
export function createRedisLease(redis: RedisConnection, name: string, prefix?: string): Lease {
  const key = createKeys(prefix).lease(name);
  const owner = randomUUID();
  return async (ms) => {
    try {
      return (await runScript(redis.commands, takeScript, [key], [owner, ms])) === 1;
    } catch {
      return true;
    }
  };
}
