import type { Call, Next, Outcome } from "./call.ts";
import { cutShort, stoppedWith, stopping } from "./stopped.ts";

/** A way to run Calls, to wait for those that run, and to end them. */
export interface Tracked {
  readonly run: Next;
  /** Resolves when no Call runs, or after `withinMs`. */
  readonly finished: (withinMs: number) => Promise<void>;
  /**
   * Ends the Calls that run, because the process stops: their signals abort, and a Call that does not heed it for half a second
   * fails without. None begins any more. Whoever holds connections for them ends those too, since a change that was sent heeds
   * no signal.
   */
  readonly stop: () => void;
}

interface Running {
  readonly call: Call;
  readonly abort: () => void;
  /** Has it fail now. */
  readonly cut: (error: unknown) => void;
}

const heedMs = 500;

/**
 * Knows which Calls run in `next`. A change whose client has gone has no response that a server could wait for before it
 * stops, and what came of it must still be kept.
 */
export function tracking(next: Next): Tracked {
  const running = new Set<Running>();
  let isStopped = false;
  let onIdle: (() => void) | undefined;
  const start = (call: Call, { abort, cut }: Omit<Running, "call">, signal: AbortSignal): Promise<Outcome> => {
    const one: Running = { call, abort, cut };
    running.add(one);
    return next({ ...call, signal }).finally(() => {
      running.delete(one);
      call.signal.removeEventListener("abort", abort);
      if (running.size === 0) onIdle?.();
    });
  };
  return {
    run: async (call) => {
      if (isStopped) throw stopping();
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      if (call.signal.aborted) abort();
      else call.signal.addEventListener("abort", abort, { once: true });
      const { promise: failed, reject: cut } = Promise.withResolvers<never>();
      try {
        return await Promise.race([start(call, { abort, cut }, controller.signal), failed]);
      } catch (thrown) {
        throw isStopped ? stoppedWith(call, thrown) : thrown;
      }
    },
    finished: async (withinMs) => {
      if (running.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, withinMs);
      onIdle = resolve;
      await promise;
      clearTimeout(timer);
    },
    stop: () => {
      isStopped = true;
      for (const { abort } of [...running]) abort();
      setTimeout(() => {
        for (const { call, cut } of running) cut(call.tool.effect === "read" ? stopping() : cutShort(call));
      }, heedMs).unref();
    },
  };
}
