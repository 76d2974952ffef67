import { GatewayError } from "../errors.ts";
import { createWindows, type WindowsOptions } from "./windows.ts";

/** Refused keys by where they come from, so that keys cannot be guessed nor an upstream be flooded with checks. */
export interface Failures {
  /** Throws `rate_limited` (429) with the seconds to wait when too many keys from there were refused. */
  readonly assertFew: (from: string) => void;
  /** Counts one refused key. */
  readonly add: (from: string) => void;
}

export interface FailuresOptions extends WindowsOptions {
  /** Refused keys per minute and place. */
  readonly perMinute: number;
}

/** {@link Failures} of this process. */
export function createFailures({ perMinute, ...options }: FailuresOptions): Failures {
  const windows = createWindows(options);
  return {
    assertFew: (from) => {
      if (windows.count(from) < perMinute) return;
      const seconds = windows.secondsLeft(from);
      throw new GatewayError(
        "rate_limited",
        `too many keys from this address were refused; wait ${seconds} seconds, and check the key`,
        { retryAfterSeconds: seconds },
      );
    },
    add: (from) => void windows.add(from),
  };
}
