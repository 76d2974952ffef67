import { GatewayError } from "../errors.ts";
import { cancelled } from "./failure.ts";

/** The bulkhead of one upstream: how many requests run at once, and how long one waits for its turn (reliability.md §5.4). */
export interface Lane {
  /**
   * Takes a place for `who`, the caller whose own cap counts. Undefined when there was one: nothing is allocated then. Else a
   * promise that resolves with the place, or rejects with `overloaded` when the line is full or the wait too long, or when
   * `signal` aborts.
   */
  readonly enter: (who: string | undefined, signal?: AbortSignal) => Promise<void> | undefined;
  /** Gives a place back. Once per `enter` that did not reject. */
  readonly leave: (who: string | undefined) => void;
}

export interface LaneLimits {
  /** Requests that run at once. */
  readonly running: number;
  /** Requests that wait. */
  readonly queued: number;
  /** Longest wait, milliseconds. */
  readonly queueMs: number;
  /** Requests of one caller that run at once; its others wait and let those of other callers pass. */
  readonly runningPerPrincipal: number;
}

interface Waiting {
  readonly who: string | undefined;
  readonly admit: () => void;
}

/** A lane of our own: cockatiel's leaves a cancelled call in its line until a place is free (reliability.md §5.4). */
export function createLane(limits: LaneLimits): Lane {
  const { running: most, queued, queueMs, runningPerPrincipal } = limits;
  const own = new Map<string, number>();
  const line = new Set<Waiting>(); // in order of arrival
  let running = 0;
  const hasPlace = (who: string | undefined): boolean =>
    running < most && (who === undefined || (own.get(who) ?? 0) < runningPerPrincipal);
  const take = (who: string | undefined): void => {
    running += 1;
    if (who !== undefined) own.set(who, (own.get(who) ?? 0) + 1);
  };
  const wait = (who: string | undefined, signal: AbortSignal | undefined): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const quit = (reason: GatewayError): void => {
      leaveLine();
      reject(reason);
    };
    const onAbort = (): void => quit(cancelled());
    const timer = setTimeout(() => quit(overloaded()), queueMs);
    const waiting: Waiting = {
      who,
      admit: () => {
        leaveLine();
        take(who);
        resolve();
      },
    };
    const leaveLine = (): void => {
      line.delete(waiting);
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    line.add(waiting);
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  };
  return {
    enter: (who, signal) => {
      if (signal?.aborted) return Promise.reject(cancelled());
      if (hasPlace(who)) {
        take(who);
        return undefined;
      }
      return line.size < queued ? wait(who, signal) : Promise.reject(overloaded());
    },
    leave: (who) => {
      running -= 1;
      if (who !== undefined) {
        const left = (own.get(who) ?? 1) - 1;
        if (left === 0) own.delete(who);
        else own.set(who, left);
      }
      if (line.size === 0) return;
      for (const waiting of line) {
        if (running >= most) return;
        if (hasPlace(waiting.who)) waiting.admit();
      }
    },
  };
}

function overloaded(): GatewayError {
  return new GatewayError("overloaded", "too many calls to this API are running", {
    change: "none",
    retryAfterSeconds: 1,
    next: "Nothing was sent. Wait a few seconds, then call again, with fewer calls at once.",
  });
}
