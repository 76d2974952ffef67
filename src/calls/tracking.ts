import type { Next } from "./call.ts";

/** A way to run Calls, and to wait for those that run. */
export interface Tracked {
  readonly run: Next;
  /** Resolves when no Call runs, or after `withinMs`. */
  readonly finished: (withinMs: number) => Promise<void>;
}

/**
 * Knows whether Calls run in `next`. A change whose client has gone has no response that a server could wait for before it
 * stops, and what came of it must still be kept.
 */
export function tracking(next: Next): Tracked {
  let running = 0;
  let onIdle: (() => void) | undefined;
  return {
    run: async (call) => {
      running += 1;
      try {
        return await next(call);
      } finally {
        running -= 1;
        if (running === 0) onIdle?.();
      }
    },
    finished: async (withinMs) => {
      if (running === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, withinMs);
      onIdle = resolve;
      await promise;
      clearTimeout(timer);
    },
  };
}
