import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { hashOf, type RedisKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import { orUnavailable, reasonOf } from "../redis/unavailable.ts";
import type { Leases } from "./leases.redis.ts";
import type { EventPage, Sessions } from "./port.ts";

export interface StreamOptions {
  readonly redis: RedisConnection;
  readonly keys: RedisKeys;
  readonly leases: Leases;
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
/** A replica that is not done with a batch within this has died; another finishes the broadcast. */
const makingMs = 5_000;
const lookAgainMs = 250;

/**
 * Where a stream stands is one field of the session's HASH of streams: `base count bytes ended at once`. An event's `seq` is
 * its id in the Redis stream, `<base>-<number>`: the base is the time of the stream's first event and the number counts
 * without gaps, so that a position tells whether anything between it and now was trimmed, and a position in a stream of
 * the same name that has been forgotten since is never taken for one in this. The field outlives the events: a reader of a
 * stream that was quiet for an hour is still at its end. `once` names the last event: a broadcast, or with a `.` before it
 * a message that may be sent twice. A stream that has ended takes nothing more. Of too
 * many streams those that are over go first, then those quiet longest, and one that broadcasts go to last.
 */
const appendScript = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return { '0' } end
local stream, data, ended, life, once = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local lease, farewell = ARGV[11], ARGV[12]
local maxEvents, maxBytes, maxStreams = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local meta = redis.call('HGET', KEYS[2], stream)
local base, count, bytes, before = string.format('%.0f', now), 0, 0, '-'
if meta then
  local over
  base, count, bytes, over, before = string.match(meta, '^(%d+) (%d+) (%d+) (%d) %d+ (%S+)$')
  if over == '1' or once ~= '-' and once == before then return { base .. '-' .. count } end
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
local left = redis.call('PTTL', KEYS[1])
redis.call('PEXPIRE', KEYS[2], left)
if ended == '1' then
  redis.call('DEL', KEYS[4])
elseif farewell ~= '' then
  redis.call('HSET', KEYS[4], 'until', now + lease, 'farewell', farewell)
  redis.call('PEXPIRE', KEYS[4], left)
end
redis.call('PUBLISH', ARGV[9], ARGV[10])

local reply = { seq }
local beyond = redis.call('HLEN', KEYS[2]) - maxStreams
if meta or beyond <= 0 then return reply end
local others = {}
for i, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  if name ~= stream then
    local over, at, shared = string.match(redis.call('HGET', KEYS[2], name), '^%d+ %d+ %d+ (%d) (%d+) (%S+)$')
    if not string.match(shared, '^[-.]') then over = '-' end
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

/**
 * `ended`, then the events. Where there are none, and the lease of the stream's writer has been over for the grace that it has
 * to renew it (the store may have been away meanwhile), `lapsed` and its farewell.
 */
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
if from == count then
  if ended == '1' then return page end
  local lease = redis.call('HMGET', KEYS[4], 'until', 'late', 'farewell')
  if lease[1] and tonumber(lease[1]) < now then
    if not lease[2] then
      redis.call('HSET', KEYS[4], 'late', now)
    elseif now - lease[2] >= tonumber(ARGV[3]) then
      return { 'lapsed', lease[3] }
    end
  end
  return page
end
for i, event in ipairs(redis.call('XRANGE', KEYS[3], string.format('%s-%.0f', base, from + 1), '+')) do
  page[#page + 1] = event[1]
  page[#page + 1] = event[2][2]
end
return page`);

/** The event streams of the sessions: bounded in events, bytes, age and number (reliability.md §2). */
export function createRedisStreams(
  options: StreamOptions,
): Pick<Sessions, "begin" | "append" | "abandon" | "broadcast" | "read" | "tail"> {
  const { redis, keys, leases, eventLifeMs, broadcastLifeMs } = options;
  const { commands, channels } = redis;
  const keysOf = (id: string, stream: string): string[] => [
    keys.session(id),
    keys.streams(id),
    keys.events(id, stream),
    keys.call(id, stream),
  ];

  const append = async (id: string, event: NewEvent): Promise<string> => {
    const { stream, data, last, once, farewell } = event;
    assertFits(data);
    const limits = [maxEvents, maxBytes, maxStreams];
    const signal = JSON.stringify({ type: "event", stream });
    const lease = [leases.leaseMs, farewell ?? ""];
    const args = [stream, data, last ? 1 : 0, eventLifeMs, once ?? "-", ...limits, keys.wake(id), signal, ...lease];
    const reply = await runScript(commands, appendScript, keysOf(id, stream), args);
    const [seq, ...forgotten] = reply as [string, ...string[]]; // the script's reply
    if (forgotten.length > 0) {
      const gone = forgotten.flatMap((name) => [keys.events(id, name), keys.call(id, name)]);
      await commands.unlink(...gone).catch(reasonOf); // the event is stored; these expire
    }
    return seq;
  };
  const appendToAll = async (event: NewEvent, keep: () => Promise<unknown>): Promise<void> => {
    let cursor = "0";
    do {
      const [next, found] = await orUnavailable(commands.zscan(keys.sessions, cursor, "COUNT", broadcastBatch));
      const ids = found.filter((_, index) => index % 2 === 0);
      await Promise.all(ids.map((id) => append(id, event)));
      await keep();
      cursor = next;
    } while (cursor !== "0");
  };
  const read = async (id: string, stream: string, after: string): Promise<EventPage | null> => {
    const reply = await runScript(commands, readScript, keysOf(id, stream), [stream, after, leases.graceMs]);
    if (reply === null) return null;
    const [ended, ...rest] = reply as [string, ...string[]]; // the script's reply
    if (ended !== "lapsed") return pageOf(ended, rest);
    // Of several readers one appends it: the stream has ended then.
    await append(id, { stream, data: rest[0] ?? "", last: true });
    return read(id, stream, after);
  };
  return {
    begin: async (id, stream, farewell) => {
      const seq = await append(id, { stream, data: "", last: false, farewell });
      if (seq !== "0") leases.hold(id, stream);
      return seq;
    },
    append: async (id, stream, data, last = false, name = undefined) => {
      const seq = await append(id, { stream, data, last, ...(name !== undefined && { once: `.${name}` }) });
      if (last) leases.release(id, stream);
      return seq;
    },
    abandon: leases.release,
    broadcast: async (stream, data, eventId) => {
      const claim = keys.once(eventId);
      while ((await orUnavailable(commands.set(claim, "making", "PX", makingMs, "NX"))) === null) {
        if ((await orUnavailable(commands.get(claim))) === "made") return;
        await sleep(lookAgainMs); // whoever makes it may die of it: then it is ours to finish
      }
      try {
        const keep = (): Promise<unknown> => orUnavailable(commands.pexpire(claim, makingMs));
        await appendToAll({ stream, data, last: false, once: hashOf(eventId) }, keep);
        await orUnavailable(commands.set(claim, "made", "PX", broadcastLifeMs));
      } catch (thrown) {
        // Whoever tries again finishes it: a session that has the event already does not get it twice.
        await commands.unlink(claim).catch(() => undefined);
        throw thrown;
      }
    },
    read: async (id, stream, after) => {
      // What is appended after this read must ring: wait for a subscription that is under way.
      await channels.listening(keys.wake(id));
      return read(id, stream, after);
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
  /** Stands for the broadcast that this is, or with a `.` names the message. */
  readonly once?: string;
  /** Begins a lease. */
  readonly farewell?: string;
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

/** @param flat `seq` and `data` in turn */
function pageOf(ended: string, flat: readonly string[]): EventPage {
  const events = [];
  for (let at = 0; at + 1 < flat.length; at += 2) events.push({ seq: flat[at] ?? "", data: flat[at + 1] ?? "" });
  return { events, ended: ended === "1" };
}
