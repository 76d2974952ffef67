import type { RedisConnection } from "../redis/connection.ts";
import type { RedisKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";

/** The leases of the streams that calls of this process write. */
export interface Leases {
  /** How long a lease lasts that is not renewed. */
  readonly leaseMs: number;
  /** How long a lease must have been seen to be over before its holder counts as dead. */
  readonly graceMs: number;
  /** Renews the lease of the stream from now on. */
  readonly hold: (id: string, stream: string) => void;
  readonly release: (id: string, stream: string) => void;
}

export interface LeaseOptions {
  readonly redis: RedisConnection;
  readonly keys: RedisKeys;
  /** No lease is renewed after it aborts. */
  readonly closing: AbortSignal;
  /** See {@link Leases}. Default 6,000; it is renewed in a third of it. */
  readonly leaseMs?: number;
}

/** Renewals that failed are tried again after this at the latest. */
const againMs = 1_000;
/** Renewals under way at once. */
const batch = 200;

/** Lives as long as the session: who comes back late still learns what became of the call. */
const renewScript = script(`
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('HSET', KEYS[2], 'until', now + ARGV[1])
redis.call('HDEL', KEYS[2], 'late')
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
return 1`);

/**
 * {@link Leases} in Redis, by its clock. They are short and renewed by one timer for all streams of the process, instead of as
 * long as a call may take (reliability.md §2 has deadline + 30 s): who follows a call whose replica died is told within 15 s,
 * and a call that waits minutes for its user's answer needs no long one. The grace is there because a store that was away
 * comes back with every lease over: their holders are back within 2 s and renew within another.
 */
export function createLeases(options: LeaseOptions): Leases {
  const { redis, keys, closing, leaseMs = 6_000 } = options;
  const { commands } = redis;
  const renewMs = leaseMs / 3;
  const held = new Map<string, readonly [session: string, lease: string]>();
  let timer: NodeJS.Timeout | undefined;

  /** False when the store did not answer. */
  const renew = async (name: string): Promise<boolean> => {
    const own = held.get(name);
    if (own === undefined) return true;
    const kept = await runScript(commands, renewScript, own, [leaseMs]).catch(() => null);
    if (kept === 0) held.delete(name); // the session is over, or the lease had lapsed
    return kept !== null;
  };
  const renewAll = async (): Promise<void> => {
    const names = [...held.keys()];
    let answered = true;
    for (let at = 0; at < names.length && answered; at += batch) {
      answered = (await Promise.all(names.slice(at, at + batch).map(renew))).every(Boolean);
    }
    timer = undefined;
    schedule(answered ? renewMs : Math.min(renewMs, againMs));
  };
  const schedule = (ms: number): void => {
    if (timer !== undefined || held.size === 0 || closing.aborted) return;
    timer = setTimeout(() => void renewAll(), ms);
    timer.unref();
  };
  closing.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return {
    leaseMs,
    graceMs: (leaseMs * 2) / 3,
    hold: (id, stream) => {
      const lease = keys.call(id, stream);
      held.set(lease, [keys.session(id), lease]);
      schedule(renewMs);
    },
    release: (id, stream) => void held.delete(keys.call(id, stream)),
  };
}
