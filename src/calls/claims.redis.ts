import { GatewayError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { createKeys, hashOf } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import { type Action, type Claim, type Claims, lives } from "./claims.ts";

export interface RedisClaimsOptions {
  readonly redis: RedisConnection;
  /** Begins every key; default `sg:`. */
  readonly prefix?: string;
}

/**
 * KEYS: the action, the result for those who waited. ARGV: digest of the arguments, lease in ms, owner, life of an unknown
 * outcome in ms, 1 when that may be done again. The whole decision is one step: of any number of claims one runs.
 */
const claimScript = script(`
local awaited = redis.call('GET', KEYS[2])
if awaited then return {'done', awaited} end
local found = redis.call('HMGET', KEYS[1], 'state', 'args', 'lease', 'owner', 'result')
local state = found[1]
if state and found[2] ~= ARGV[1] then return {'conflict'} end
if state == 'inflight' and tonumber(found[3]) <= now then
  redis.call('HSET', KEYS[1], 'state', 'unknown')
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  state = 'unknown'
end
if not state or (state == 'unknown' and ARGV[5] == '1') then
  local lease = now + tonumber(ARGV[2])
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'state', 'inflight', 'args', ARGV[1], 'lease', string.format('%.0f', lease), 'owner', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[2]) + tonumber(ARGV[4]))
  return {'run'}
end
return {state, state == 'done' and found[5] or found[4]}`);

/**
 * KEYS: as above. ARGV: owner, new state, result, its life in ms, 1 when the result is only for those who waited. A late owner
 * is heard while it is the owner and nothing is stored yet.
 */
const settleScript = script(`
local found = redis.call('HMGET', KEYS[1], 'owner', 'state')
if found[1] ~= ARGV[1] or found[2] == 'done' then return 0 end
if ARGV[2] == 'unknown' then
  redis.call('HSET', KEYS[1], 'state', 'unknown')
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
elseif ARGV[2] == 'done' and ARGV[5] == '0' then
  redis.call('HSET', KEYS[1], 'state', 'done', 'result', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
else
  redis.call('DEL', KEYS[1])
  if ARGV[2] == 'done' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
end
return 1`);

/** {@link Claims} in Redis, for any number of replicas. Fails with `store_unavailable` within about 500 ms when it is away. */
export function createRedisClaims({ redis, prefix }: RedisClaimsOptions): Claims {
  const keys = createKeys(prefix);
  const keysOf = (action: Action, owner: string): string[] => {
    const key = keys.idempotency(hashOf(action.principalId), action.id);
    return [key, `${key}:${owner}`];
  };
  const lost = createLostOwners();
  const settle: Claims["settle"] = async (action, owner, end) => {
    const { doneMs, unknownMs } = lives[action.mode];
    const lifeMs = end.state === "done" ? doneMs : unknownMs;
    const result = end.state === "done" ? end.result : "";
    const args = [owner, end.state, result, lifeMs, action.mode === "shared" ? 1 : 0];
    await run(runScript(redis.commands, settleScript, keysOf(action, owner), args));
  };
  const claim: Claims["claim"] = async (action, owner, leaseMs, awaited = owner) => {
    const args = [action.args, leaseMs, owner, lives[action.mode].unknownMs, action.isRepeatable ? 1 : 0];
    let reply: readonly [Claim["state"], string?];
    try {
      reply = (await run(runScript(redis.commands, claimScript, keysOf(action, awaited), args))) as typeof reply; // the script is ours
    } catch (thrown) {
      lost.add(owner);
      throw thrown;
    }
    const [state, text = ""] = reply;
    if ((state === "inflight" || state === "unknown") && lost.has(text)) {
      await settle(action, text, { state: "none" });
      return claim(action, owner, leaseMs, awaited);
    }
    if (state === "inflight") return { state, owner: text };
    return state === "done" ? { state, result: text } : { state };
  };
  return { claim, settle };
}

const mostLost = 1_000;

/**
 * Owners whose claim had no answer. A Redis that was frozen may have carried it out after we gave up and sent nothing: such a
 * claim must not stand for its whole lease, and then for an outcome that is not unknown at all.
 */
function createLostOwners(): Pick<Set<string>, "has"> & { readonly add: (owner: string) => void } {
  const owners = new Set<string>();
  return {
    has: (owner) => owners.has(owner),
    add: (owner) => {
      owners.add(owner);
      const [oldest] = owners;
      if (owners.size > mostLost && oldest !== undefined) owners.delete(oldest);
    },
  };
}

/** A store that fails, in the words of a Call. */
async function run(script: Promise<unknown>): Promise<unknown> {
  try {
    return await script;
  } catch (thrown) {
    const { facts } = GatewayError.from(thrown);
    throw new GatewayError("store_unavailable", "the store of idempotency keys does not answer", {
      next: "Nothing was sent. Wait a few seconds, then call again with the same idempotency_key.",
      retryAfterSeconds: 2,
      change: "none",
      cause: facts.cause,
    });
  }
}
