import { createHash } from "node:crypto";
import type { RedisClient } from "./connection.ts";
import { orUnavailable } from "./unavailable.ts";

/** A Lua script: several commands in one step and one round trip. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** `now` (ms) and `micros` by the clock of Redis: leases and expiry are measured by one clock, whichever replica asks. */
const clock = `local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)
`;

/** A script in which `now` and `micros` are set. */
export function script(source: string): Script {
  const whole = clock + source;
  return { source: whole, sha: createHash("sha1").update(whole).digest("hex") };
}

/** Runs a script by its hash; sends its text where Redis does not know it yet. All keys must share one hash tag. */
export function runScript(
  redis: RedisClient,
  { source, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const rest = [...keys, ...args];
  const run = async (): Promise<unknown> => {
    try {
      return await redis.evalsha(sha, keys.length, ...rest);
    } catch (thrown) {
      if (!(thrown instanceof Error && thrown.message.startsWith("NOSCRIPT"))) throw thrown;
      return redis.eval(source, keys.length, ...rest);
    }
  };
  return orUnavailable(run());
}
