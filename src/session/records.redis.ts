import type { RedisConnection } from "../redis/connection.ts";
import type { RedisKeys } from "../redis/keys.ts";
import { runScript, type Script, script } from "../redis/script.ts";
import { orUnavailable } from "../redis/unavailable.ts";
import { stopText } from "./calls.redis.ts";
import type { SessionPatch, SessionState, Sessions } from "./port.ts";

export interface RecordOptions {
  readonly redis: RedisConnection;
  readonly keys: RedisKeys;
  readonly perPrincipal: number;
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** Time between two writes of a session's last use: a request within it only reads. */
  readonly refreshMs: number;
  /** Milliseconds since the epoch instead of the clock of Redis; for tests. */
  readonly now?: () => number;
}

/** A script whose first argument is the time, or empty for the clock of Redis, which rules all lives. */
const timedScript = (source: string): Script =>
  script(`
if ARGV[1] ~= '' then
  now = tonumber(ARGV[1])
  micros = now * 1000
end
${source}`);

/** The key of a record goes at the end of either of its lives. */
const createScript = timedScript(`
local life = math.min(tonumber(ARGV[2]), tonumber(ARGV[3]))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'end', now + ARGV[3], 'at', now, unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], life)`);

/** Notes a session among all, by when it ends, for those who tell every one of them something. */
const indexScript = timedScript(`
redis.call('ZADD', KEYS[1], now + math.min(tonumber(ARGV[3]), tonumber(ARGV[4])), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])`);

const touchScript = timedScript(`
local found = redis.call('HMGET', KEYS[1], 'ph', 'end', 'at', 'ver', 'client', 'caps', 'init', 'log', 'subs')
if not found[1] then return 0 end
if found[1] ~= ARGV[2] then return -1 end
local left = found[2] - now
if left <= 0 or now - found[3] >= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 0
end
local state = { false, false, unpack(found, 4) }
if now - found[3] >= tonumber(ARGV[4]) then
  local life = math.min(tonumber(ARGV[3]), left)
  redis.call('HSET', KEYS[1], 'at', now)
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
  state[1] = string.format('%.0f', micros)
  state[2] = string.format('%.0f', now + life)
end
return state`);

const rememberScript = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], unpack(ARGV)) end`);

/** Subscriptions are one JSON list, so that a request reads them with the rest; what was told is a field for each. */
const subscriptionsIn = `
local text = redis.call('HGET', KEYS[1], 'subs')
local all = text and cjson.decode(text) or {}
local at = 0
for index, uri in ipairs(all) do if uri == ARGV[1] then at = index end end`;

const subscribeScript = script(`${subscriptionsIn}
if not text or at > 0 then return 1 end
if #all >= tonumber(ARGV[2]) then return 0 end
table.insert(all, ARGV[1])
redis.call('HSET', KEYS[1], 'subs', cjson.encode(all))
return 1`);

const unsubscribeScript = script(`${subscriptionsIn}
if at == 0 then return end
table.remove(all, at)
redis.call('HSET', KEYS[1], 'subs', #all == 0 and '[]' or cjson.encode(all))
redis.call('HDEL', KEYS[1], 'told:' .. ARGV[1])`);

const toldScript = script(`${subscriptionsIn}
if at == 0 then return false end
local before = redis.call('HGET', KEYS[1], 'told:' .. ARGV[1])
redis.call('HSET', KEYS[1], 'told:' .. ARGV[1], ARGV[2])
return before or ''`);

const endScript = script(`
local principal = redis.call('HGET', KEYS[1], 'ph')
if not principal then return false end
local streams = redis.call('HKEYS', KEYS[2])
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return { principal, unpack(streams) }`);

/** Notes the use of a session; what is beyond the cap is told, the least recently used first. */
const rankScript = timedScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', micros - ARGV[3] * 1000)
redis.call('ZADD', KEYS[1], micros, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local beyond = redis.call('ZCARD', KEYS[1]) - ARGV[5]
if beyond <= 0 then return {} end
return redis.call('ZRANGE', KEYS[1], 0, beyond - 1)`);

const countScript = timedScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZCARD', KEYS[1])`);

/** The records of the sessions: who, until when, and what is remembered. */
export function createRecords(
  options: RecordOptions,
): Pick<Sessions, "create" | "touch" | "remember" | "subscribe" | "unsubscribe" | "told" | "end" | "count"> {
  const { redis, keys, perPrincipal, idleMs, absoluteMs, refreshMs } = options;
  const { commands } = redis;
  const time = (): number | string => options.now?.() ?? "";

  const end = async (id: string): Promise<boolean> => {
    const own = [keys.session(id), keys.streams(id)];
    const told = [keys.wake(id), JSON.stringify({ type: "close" }), keys.stop, stopText(id, { type: "close" })];
    const found = await runScript(commands, endScript, own, told);
    if (found === null) return false;
    const [principalHash, ...streams] = found as [string, ...string[]]; // the script's reply
    // The session is over already. What cannot be swept up now is beyond reach and expires.
    await Promise.allSettled([
      streams.length === 0
        ? undefined
        : commands.unlink(...streams.flatMap((stream) => [keys.events(id, stream), keys.call(id, stream)])),
      commands.zrem(keys.principal(principalHash), id),
      commands.zrem(keys.sessions, id),
    ]);
    return true;
  };
  return {
    create: async (id, principalHash, state, cap = perPrincipal) => {
      const fields = ["ph", principalHash, ...fieldsOf(state), "ver", state.version];
      fields.push("client", JSON.stringify(state.client), "caps", JSON.stringify(state.capabilities));
      // The record comes last: where the store goes away in between, a record that nobody finds would live and hear of nothing.
      const [beyond] = await Promise.all([
        runScript(commands, rankScript, [keys.principal(principalHash)], [time(), id, idleMs, absoluteMs, cap]),
        runScript(commands, indexScript, [keys.sessions], [time(), id, idleMs, absoluteMs]),
      ]);
      await runScript(commands, createScript, [keys.session(id)], [time(), idleMs, absoluteMs, ...fields]);
      const endRanked = async (one: string): Promise<void> => {
        if (!(await end(one))) await orUnavailable(commands.zrem(keys.principal(principalHash), one));
      };
      await Promise.all((beyond as string[]).map(endRanked)); // the script's reply
    },
    touch: async (id, principalHash) => {
      const own = [keys.session(id), keys.streams(id)];
      const found = await runScript(commands, touchScript, own, [time(), principalHash, idleMs, refreshMs]);
      if (typeof found === "number") return null;
      const [usedAt, expiry, ...state] = found as TouchReply; // the script's reply
      if (usedAt !== null && expiry !== null) {
        await Promise.all([
          orUnavailable(commands.zadd(keys.principal(principalHash), "XX", usedAt, id)),
          orUnavailable(commands.zadd(keys.sessions, "XX", expiry, id)),
        ]);
      }
      return stateOf(state);
    },
    remember: async (id, patch) => {
      const fields = fieldsOf(patch);
      if (fields.length > 0) await runScript(commands, rememberScript, [keys.session(id)], fields);
    },
    subscribe: async (id, uri, max) =>
      (await runScript(commands, subscribeScript, [keys.session(id)], [uri, max])) === 1,
    unsubscribe: async (id, uri) => {
      await runScript(commands, unsubscribeScript, [keys.session(id)], [uri]);
    },
    told: async (id, uri, digest) => {
      const before = await runScript(commands, toldScript, [keys.session(id)], [uri, digest]);
      return typeof before === "string" ? before : null;
    },
    end,
    count: async () => Number(await runScript(commands, countScript, [keys.sessions], [time()])),
  };
}

/** Last use in µs and expiry in ms where they changed, then `ver`, `client`, `caps`, `init`, `log`, `subs`. */
type TouchReply = readonly [string | null, string | null, ...StateReply];
type StateReply = readonly [string, string, string, string, string, string];

/** One field for each thing that may change, so that two changes at once do not undo each other. */
function fieldsOf({ initialized, logLevel, subscriptions }: SessionPatch): string[] {
  const fields: string[] = [];
  if (initialized !== undefined) fields.push("init", initialized ? "1" : "0");
  if (logLevel !== undefined) fields.push("log", logLevel ?? "");
  if (subscriptions !== undefined) fields.push("subs", JSON.stringify(subscriptions));
  return fields;
}

function stateOf([version, client, capabilities, initialized, logLevel, subscriptions]: StateReply): SessionState {
  return {
    version,
    client: JSON.parse(client) as SessionState["client"], // written by `create` from the same type
    capabilities: JSON.parse(capabilities) as SessionState["capabilities"],
    initialized: initialized === "1",
    logLevel: logLevel === "" ? null : (logLevel as SessionState["logLevel"]),
    subscriptions: JSON.parse(subscriptions) as SessionState["subscriptions"],
  };
}
