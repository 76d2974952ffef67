import type { Effect } from "../descriptor.ts";
import type { KeyStore, KeyUsage } from "../storage/port.ts";

export interface KeyUseOptions {
  readonly store: Pick<KeyStore, "touchUsed" | "addUsage" | "deleteUsage">;
  /** How often it is written down, milliseconds. Default 5,000: a crash loses as much. */
  readonly flushMs?: number;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** What was done with keys, gathered in the process and written down every few seconds: a request costs no write. */
export interface KeyUse {
  /** A request came with the key. */
  readonly used: (keyId: string) => void;
  /** A Call of the key was let through. */
  readonly called: (keyId: string, effect: Effect) => void;
  /** Writes down what was gathered. Never fails: what could not be written waits for the next time. */
  readonly flush: () => Promise<void>;
  /** Ends the timer and writes down the rest. */
  readonly close: () => Promise<void>;
}

const hourMs = 3_600_000;
/** Counts are shown for 30 days. */
const keptMs = 31 * 24 * hourMs;
/** Keys and hours gathered at most, against a database that stays away; beyond it counts are lost. */
const mostGathered = 50_000;

/** {@link KeyUse} of this process. */
export function createKeyUse({ store, flushMs = 5_000, now = Date.now }: KeyUseOptions): KeyUse {
  let seen = new Map<string, number>();
  let calls = new Map<string, KeyUsage>();
  let cleanedAt = Number.NEGATIVE_INFINITY;
  const add = (usage: KeyUsage): void => {
    const name = `${usage.keyId} ${usage.hour} ${usage.effect}`;
    const known = calls.get(name);
    if (known === undefined && calls.size >= mostGathered) return;
    calls.set(name, { ...usage, calls: (known?.calls ?? 0) + usage.calls });
  };
  const flushSeen = async (): Promise<void> => {
    if (seen.size === 0) return;
    const batch = seen;
    seen = new Map();
    const rows = [...batch].map(([id, at]) => ({ id, at: new Date(at).toISOString() }));
    await store.touchUsed(rows).catch(() => {
      seen = new Map([...batch, ...seen]); // the later moments win
    });
  };
  const flushCalls = async (): Promise<void> => {
    if (calls.size === 0) return;
    const batch = calls;
    calls = new Map();
    await store.addUsage([...batch.values()]).catch(() => {
      for (const usage of batch.values()) add(usage);
    });
  };
  const clean = async (): Promise<void> => {
    if (now() - cleanedAt < hourMs) return;
    cleanedAt = now();
    await store.deleteUsage(new Date(now() - keptMs).toISOString()).catch(() => undefined);
  };
  let flushing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    flushing = flushing.then(async () => {
      await Promise.all([flushSeen(), flushCalls()]);
    });
    return flushing;
  };
  const timer = setInterval(() => void flush().then(clean), flushMs);
  timer.unref();
  return {
    used: (keyId) => {
      if (seen.has(keyId) || seen.size < mostGathered) seen.set(keyId, now());
    },
    called: (keyId, effect) =>
      add({ keyId, hour: new Date(Math.floor(now() / hourMs) * hourMs).toISOString(), effect, calls: 1 }),
    flush,
    close: () => {
      clearInterval(timer);
      return flush();
    },
  };
}
