import { GatewayError } from "../errors.ts";

/** Refused keys by where they come from, so that keys cannot be guessed nor an upstream be flooded with checks. */
export interface Failures {
  /** Throws `rate_limited` (429) with the seconds to wait when too many keys from there were refused. */
  readonly assertFew: (from: string) => void;
  /** Counts one refused key. */
  readonly add: (from: string) => void;
}

export interface FailuresOptions {
  /** Refused keys per minute and place. */
  readonly perMinute: number;
  /** Places known; the oldest goes first. */
  readonly size: number;
  readonly now: () => number;
}

const minuteMs = 60_000;

/** {@link Failures} of this process, in windows of a minute that begin with the first failure. */
export function createFailures({ perMinute, size, now }: FailuresOptions): Failures {
  const windows = new Map<string, { count: number; readonly until: number }>();
  const windowOf = (from: string): { count: number; readonly until: number } | undefined => {
    const window = windows.get(from);
    if (window === undefined || window.until > now()) return window;
    windows.delete(from);
    return undefined;
  };
  return {
    assertFew: (from) => {
      const window = windowOf(from);
      if (window === undefined || window.count < perMinute) return;
      const seconds = Math.ceil((window.until - now()) / 1_000);
      throw new GatewayError(
        "rate_limited",
        `too many keys from this address were refused; wait ${seconds} seconds, and check the key`,
        { retryAfterSeconds: seconds },
      );
    },
    add: (from) => {
      const window = windowOf(from);
      if (window !== undefined) {
        window.count += 1;
        return;
      }
      windows.set(from, { count: 1, until: now() + minuteMs });
      const oldest = windows.keys().next();
      if (windows.size > size && oldest.done !== true) windows.delete(oldest.value);
    },
  };
}
