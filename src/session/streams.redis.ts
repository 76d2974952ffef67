import { GatewayError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { hashOf, type RedisKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import { orUnavailable } from "../redis/unavailable.ts";
import type { EventPage, Sessions } from "./port.ts";

export interface StreamOptions {
  readonly redis: RedisConnection;
  readonly keys: RedisKeys;
  /** How long the events of a stream are kept after its last one. */
  readonly eventLifeMs: number;
  /** How long a broadcast is known to have been made. */
  readonly broadcastLifeMs: number;
}

/** Events kept per stream: enough for a client that lost its connection to come back. */
const maxEvents = 256;
const maxBytes = 2_097_152;
const maxEventBytes = 262_144;
/** Streams known per session: its own and those of its latest POSTs. */
const maxStreams = 64;
/** Sessions that a broadcast reaches at a time. */
const broadcastBatch = 200;

/**
 * Where a stream stands is one field of the session's HASH of streams: `base count bytes ended at once`. An event's `seq` is
 * its id in the Redis stream, `<base>-<number>`: the base is the time of the stream's first event and the number counts
 * without gaps, so that a position tells whether anything between it and now was trimmed, and a position in a stream of
 * the same name that has been forgotten since is never taken for one in this. The field outlives the events: a reader of a
 * stream that was quiet for an hour is still at its end. `once` is the last broadcast that was appended. Of too
 * many streams those that are over go first, then those quiet longest, and one that broadcasts go to last.
 */
const appendScript = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return { '0' } end
local stream, data, ended, life, once = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local maxEvents, maxBytes, maxStreams = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local meta = redis.call('HGET', KEYS[2], stream)
local base, count, bytes, before = string.format('%.0f', now), 0, 0, '-'
if meta then
  base, count, bytes, before = string.match(meta, '^(%d+) (%d+) (%d+) %d %d+ (%S+)$')
  if once ~= '-' and once == before then return { base .. '-' .. count } end
else
  redis.call('DEL', KEYS[3])
end
local length = redis.call('XLEN', KEYS[3])
if length == 0 then bytes = 0 end
count, bytes, length = count + 1, bytes + #data, length + 1
local seq = string.format('%s-%.0f', base, count)
redis.call('XADD', KEYS[3], seq, 'd', data)
while length > 1 and (length > maxEvents or bytes > maxBytes) do
  local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
  length, bytes = length - 1, bytes - #first[2][2]
  redis.call('XTRIM', KEYS[3], 'MAXLEN', length)
end
redis.call('PEXPIRE', KEYS[3], life)
if once == '-' then once = before end
redis.call('HSET', KEYS[2], stream, string.format('%s %.0f %.0f %s %.0f %s', base, count, bytes, ended, micros, once))
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
redis.call('PUBLISH', ARGV[9], ARGV[10])

local reply = { seq }
local beyond = redis.call('HLEN', KEYS[2]) - maxStreams
if meta or beyond <= 0 then return reply end
local others = {}
for i, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  if name ~= stream then
    local over, at, shared = string.match(redis.call('HGET', KEYS[2], name), '^%d+ %d+ %d+ (%d) (%d+) (%S+)$')
    if shared ~= '-' then over = '-' end
    others[#others + 1] = { name, over, tonumber(at) }
  end
end
table.sort(others, function(a, b)
  if a[2] ~= b[2] then return a[2] > b[2] end
  return a[3] < b[3]
end)
for i = 1, beyond do
  redis.call('HDEL', KEYS[2], others[i][1])
  reply[#reply + 1] = others[i][1]
end
return reply`);

const readScript = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local meta = redis.call('HGET', KEYS[2], ARGV[1])
local after, from = ARGV[2], 0
if not meta then
  if after == '0' then return { '0' } end
  return false
end
local base, count, ended = string.match(meta, '^(%d+) (%d+) %d+ (%d)')
count = tonumber(count)
if after ~= '0' then
  local number = string.match(after, '^%d+%-([1-9]%d*)$')
  if not number or after ~= base .. '-' .. number then return false end
  from = tonumber(number)
end
if from > count or from < count - redis.call('XLEN', KEYS[3]) then return false end
local page = { ended }
if from == count then return page end
for i, event in ipairs(redis.call('XRANGE', KEYS[3], string.format('%s-%.0f', base, from + 1), '+')) do
  page[#page + 1] = event[1]
  page[#page + 1] = event[2][2]
end
return page`);

/** The event streams of the sessions: bounded in events, bytes, age and number (reliability.md §2). */
export function createRedisStreams(options: StreamOptions): Pick<Sessions, "append" | "broadcast" | "read" | "tail"> {
  const { redis, keys, eventLifeMs, broadcastLifeMs } = options;
  const { commands, channels } = redis;
  const keysOf = (id: string, stream: string): string[] => [
    keys.session(id),
    keys.streams(id),
    keys.events(id, stream),
  ];

  const append = async (id: string, event: NewEvent): Promise<string> => {
    const { stream, data, last, once } = event;
    assertFits(data);
    const limits = [maxEvents, maxBytes, maxStreams];
    const signal = JSON.stringify({ type: "event", stream });
    const args = [stream, data, last ? 1 : 0, eventLifeMs, once ?? "-", ...limits, keys.wake(id), signal];
    const reply = await runScript(commands, appendScript, keysOf(id, stream), args);
    const [seq, ...forgotten] = reply as [string, ...string[]]; // the script's reply
    if (forgotten.length > 0) {
      await orUnavailable(commands.unlink(...forgotten.map((name) => keys.events(id, name))));
    }
    return seq;
  };
  const appendToAll = async (event: NewEvent): Promise<void> => {
    let cursor = "0";
    do {
      const [next, found] = await orUnavailable(commands.zscan(keys.sessions, cursor, "COUNT", broadcastBatch));
      const ids = found.filter((_, index) => index % 2 === 0);
      await Promise.all(ids.map((id) => append(id, event)));
      cursor = next;
    } while (cursor !== "0");
  };
  return {
    append: (id, stream, data, last = false) => append(id, { stream, data, last }),
    broadcast: async (stream, data, eventId) => {
      const claim = keys.once(eventId);
      if ((await orUnavailable(commands.set(claim, "1", "PX", broadcastLifeMs, "NX"))) === null) return;
      try {
        await appendToAll({ stream, data, last: false, once: hashOf(eventId) });
      } catch (thrown) {
        // Whoever tries again finishes it: a session that has the event already does not get it twice.
        await commands.unlink(claim).catch(() => undefined);
        throw thrown;
      }
    },
    read: async (id, stream, after) => {
      // What is appended after this read must ring: wait for a subscription that is under way.
      await channels.listening(keys.wake(id));
      const page = await runScript(commands, readScript, keysOf(id, stream), [stream, after]);
      return page === null ? null : pageOf(page as [string, ...string[]]); // the script's reply
    },
    tail: async (id, stream) => {
      const meta = await orUnavailable(commands.hget(keys.streams(id), stream));
      const [base, count] = meta?.split(" ") ?? [];
      return base === undefined || count === undefined ? "0" : `${base}-${count}`;
    },
  };
}

interface NewEvent {
  readonly stream: string;
  readonly data: string;
  readonly last: boolean;
  /** Stands for the broadcast that this is. */
  readonly once?: string;
}

function assertFits(data: string): void {
  const bytes = Buffer.byteLength(data);
  if (bytes <= maxEventBytes) return;
  throw new GatewayError(
    "response_too_large",
    `the message has ${bytes} bytes, and the stream of a session takes at most ${maxEventBytes} in one`,
    { next: "Ask for fewer items or fewer fields." },
  );
}

/** `ended`, then `seq` and `data` in turn. */
function pageOf([ended, ...flat]: readonly [string, ...string[]]): EventPage {
  const events = [];
  for (let at = 0; at + 1 < flat.length; at += 2) events.push({ seq: flat[at] ?? "", data: flat[at + 1] ?? "" });
  return { events, ended: ended === "1" };
}
