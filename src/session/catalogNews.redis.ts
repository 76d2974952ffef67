import type { RedisConnection } from "../redis/connection.ts";
import { createKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import { type CatalogNews, changedLists, type TellCatalog } from "./catalogNews.ts";

export interface RedisCatalogNewsOptions {
  readonly redis: RedisConnection;
  /** Of this process; unique among the replicas that live. */
  readonly replicaId: string;
  readonly tell: TellCatalog;
  /** Begins every key. Default `sg:`. */
  readonly prefix?: string;
  /** Time between two looks. Default 2,000: what is missed costs this much. */
  readonly lookMs?: number;
}

/** Looks that a replica may miss before the others no longer wait for it. */
const missedLooks = 5;
/** What was told last is known for this long after the last replica has gone: a pause in which every session ends. */
const rememberMs = 86_400_000;

/**
 * Notes what this replica serves, forgets those that have gone, and answers what was told last and, where all that live serve
 * one Catalog that nobody was told of, that Catalog. The first Catalog of all is no news. `told` is `<number> <hash>`: the
 * number, which begins with the time so that none is used twice, makes a Catalog that comes back after another a new event.
 */
const lookScript = script(`
local id, hash, life, remember = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
redis.call('HSET', KEYS[1], id, string.format('%.0f', now + life) .. ' ' .. hash)
redis.call('PEXPIRE', KEYS[1], life)
local one = hash
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local till, served = string.match(all[i + 1], '^(%d+) (%S+)$')
  if tonumber(till) <= now then redis.call('HDEL', KEYS[1], all[i])
  elseif served ~= one then one = '' end
end
local told = redis.call('GET', KEYS[2])
if not told and one ~= '' then
  told = string.format('%.0f', now) .. ' ' .. one
  redis.call('SET', KEYS[2], told)
end
if told then redis.call('PEXPIRE', KEYS[2], remember) end
return { told or '', one }`);

/** Notes that the Catalog was told; of several replicas that told it one counts. */
const toldScript = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[2])
return 1`);

const leaveScript = script(`return redis.call('HDEL', KEYS[1], ARGV[1])`);

/**
 * {@link CatalogNews} among replicas that share a Redis. Each writes down every 2 s what it serves; the first that sees all of
 * them agree on a Catalog that nobody was told of tells it, and the others tell their own streams when they hear or see that.
 * A replica that dies in between is stood in for: the event has the same id whoever tells it.
 */
export function createRedisCatalogNews(options: RedisCatalogNewsOptions): CatalogNews {
  const { redis, replicaId, tell, prefix, lookMs = 2_000 } = options;
  const keys = createKeys(prefix);
  let hash: (() => string) | undefined;
  /** What this replica told its own streams last; undefined before the first look. */
  let known: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const hear = async (told: string): Promise<void> => {
    const before = known;
    // A message may be older than what this replica has seen since.
    if (told === "" || (before !== undefined && numberIn(told) <= numberIn(before))) return;
    known = told;
    if (before !== undefined && hashIn(before) !== hashIn(told)) await tell(eventIdOf(told), changed(before, told));
  };
  const look = async (): Promise<void> => {
    if (hash === undefined) return;
    const args = [replicaId, hash(), lookMs * missedLooks, rememberMs];
    const reply = await runScript(redis.commands, lookScript, [keys.replicas, keys.told], args);
    const [told, agreed] = reply as [string, string]; // the script's reply
    await hear(told);
    if (told === "" || agreed === "" || hashIn(told) === agreed) return;
    const next = `${numberIn(told) + 1} ${agreed}`;
    await tell(eventIdOf(next), changed(told, next)); // before it is noted: a replica that dies here is stood in for
    known = next;
    await runScript(redis.commands, toldScript, [keys.told], [told, next, rememberMs, keys.catalog]);
  };
  /** One after the other; what fails is made up for by the next. */
  const lookNow = (): Promise<void> => {
    looking = looking.then(look).catch(() => undefined);
    return looking;
  };
  const stop = redis.channels.listen(keys.catalog, (told) => {
    looking = looking.then(() => hear(told)).catch(() => undefined);
  });
  return {
    serve: async (next) => {
      timer ??= setInterval(lookNow, lookMs).unref();
      if (hash === undefined) {
        hash = next; // at a start other things come first: the timer looks, or a second call
        return;
      }
      if (known === undefined) await lookNow(); // else what was served till now would never have been seen
      hash = next;
      await lookNow();
    },
    leave: async () => {
      clearInterval(timer);
      if (known === undefined) await lookNow();
      stop();
      hash = undefined;
      await looking;
      await runScript(redis.commands, leaveScript, [keys.replicas], [replicaId]).catch(() => undefined);
    },
  };
}

function eventIdOf(told: string): string {
  return `catalog:${hashIn(told)}:${numberIn(told)}`;
}

function changed(before: string, told: string): ReturnType<typeof changedLists> {
  return changedLists(hashIn(before), hashIn(told));
}

function hashIn(told: string): string {
  return told.slice(told.indexOf(" ") + 1);
}

function numberIn(told: string): number {
  return Number(told.slice(0, told.indexOf(" ")));
}
