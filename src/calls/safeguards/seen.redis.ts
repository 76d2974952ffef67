import type { RedisConnection } from "../../redis/connection.ts";
import { createKeys, hashOf } from "../../redis/keys.ts";
import { runScript, script } from "../../redis/script.ts";
import { mostSeen, type Seen, type Shown } from "./seen.ts";

export interface RedisSeenOptions {
  readonly redis: RedisConnection;
  /** Begins every key; default `sg:`. */
  readonly prefix?: string;
}

/** ARGV: how many to keep, for how long in ms, ids. A shorter life never cuts a longer one. */
const recordScript = script(`
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[1]) - 1)
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** ARGV: how long ago at most in ms, ids. */
const unseenScript = script(`
local unseen = {}
for i = 2, #ARGV do
  local shown = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if not shown or tonumber(shown) < now - tonumber(ARGV[1]) then unseen[#unseen + 1] = ARGV[i] end
end
return unseen`);

/** {@link Seen} in Redis, for any number of replicas. */
export function createRedisSeen({ redis, prefix }: RedisSeenOptions): Seen {
  const keys = createKeys(prefix);
  const keysOf = ({ principalId, place }: Shown): string[] => [keys.seen(hashOf(principalId), place)];
  return {
    record: async (shown, ids, keepMs) => {
      const latest = ids.slice(-mostSeen);
      await runScript(redis.commands, recordScript, keysOf(shown), [mostSeen, keepMs, ...latest]);
    },
    unseen: async (shown, ids, withinMs) =>
      (await runScript(redis.commands, unseenScript, keysOf(shown), [withinMs, ...ids])) as readonly string[], // the script is ours
  };
}
