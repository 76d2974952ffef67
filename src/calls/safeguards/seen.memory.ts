import { mostSeen, type Seen, type Shown } from "./seen.ts";

export interface MemorySeenOptions {
  /** Milliseconds of a clock that never goes back; default `performance.now`. */
  readonly now?: () => number;
  /** Principals and places remembered; default 5,000, the latest. */
  readonly mostPlaces?: number;
}

interface Ids {
  /** id → when it was shown, oldest first. */
  readonly times: Map<string, number>;
  expiresAt: number;
}

/** {@link Seen} of one process. */
export function createMemorySeen(options: MemorySeenOptions = {}): Seen {
  const { now = () => performance.now(), mostPlaces = 5_000 } = options;
  const places = new Map<string, Ids>(); // least recently recorded first
  const makeRoom = (): void => {
    for (const [key, { expiresAt }] of places) {
      if (expiresAt > now() && places.size <= mostPlaces) return;
      places.delete(key);
    }
  };
  return {
    record: async (shown, ids, keepMs) => {
      const key = keyOf(shown);
      const { times, expiresAt } = places.get(key) ?? { times: new Map<string, number>(), expiresAt: 0 };
      for (const id of ids) {
        times.delete(id);
        times.set(id, now());
      }
      dropOldest(times);
      places.delete(key);
      places.set(key, { times, expiresAt: Math.max(expiresAt, now() + keepMs) });
      makeRoom();
    },
    unseen: async (shown, ids, withinMs) => {
      const times = places.get(keyOf(shown))?.times;
      return ids.filter((id) => (times?.get(id) ?? Number.NEGATIVE_INFINITY) < now() - withinMs);
    },
  };
}

function keyOf({ principalId, place }: Shown): string {
  return `${place}\n${principalId}`;
}

function dropOldest(times: Map<string, number>): void {
  for (const id of times.keys()) {
    if (times.size <= mostSeen) return;
    times.delete(id);
  }
}
