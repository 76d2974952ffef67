import type { RedisConnection } from "../redis/connection.ts";
import { createKeys } from "../redis/keys.ts";
import { createLocalRevocations, type Revocations } from "./revocations.ts";

export interface RedisRevocationsOptions {
  readonly redis: RedisConnection;
  /** Begins the name of the channel. Default `sg:`. */
  readonly prefix?: string;
}

/** {@link Revocations} among replicas that share a Redis. One that misses a message stops believing the key by itself. */
export function createRedisRevocations({ redis, prefix }: RedisRevocationsOptions): Revocations {
  const { revoke } = createKeys(prefix);
  const local = createLocalRevocations();
  redis.channels.listen(revoke, local.tell);
  return {
    ...local,
    publish: async (principalId) => {
      local.tell(principalId);
      await redis.commands.publish(revoke, principalId).catch(() => undefined);
    },
  };
}
