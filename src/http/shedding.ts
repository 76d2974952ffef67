import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { GatewayError } from "../errors.ts";

/** Work that a process under strain refuses, the first first. Health is never among it. */
export type Sheddable = "call" | "list";

/** Refuses new work while the process cannot keep up with what it has (reliability.md §5.4). */
export interface Shedding {
  /** Throws `overloaded` (503) when one more of this kind is not taken. */
  readonly assertTakes: (kind: Sheddable) => void;
  /** Stops watching. */
  readonly close: () => void;
}

/** How the process has been since the last look. */
export interface Strain {
  /** Delay of the event loop, 99th percentile. */
  readonly delayMs: number;
  /** Part of the heap that is used, of what V8 may take. */
  readonly heapShare: number;
}

/** Which part of the work is refused, from 0 to 1. */
export interface Shares {
  readonly call: number;
  readonly list: number;
}

/** From here on a client waits for the process and not for the API. */
const mostDelayMs = 200;
/** Beyond this V8 spends its time collecting, and a burst of answers ends the process. */
const mostHeapShare = 0.85;

/**
 * What to refuse from now on: half of the calls, then all, then lists too. Once the strain is over lists are taken at once, and
 * calls a quarter more at each look, so that those who were refused do not all come back together.
 */
export function nextShares({ call, list }: Shares, { delayMs, heapShare }: Strain): Shares {
  if (delayMs > mostDelayMs || heapShare > mostHeapShare)
    return { call: Math.min(call + 0.5, 1), list: call === 1 ? 1 : list };
  return { call: Math.max(call - 0.25, 0), list: 0 };
}

export interface SheddingOptions {
  /** Time between two looks. Default 2,000: long enough that one pause of the garbage collector is not a strain. */
  readonly everyMs?: number;
}

/** {@link Shedding} by the delay of this process's event loop and by its heap. Keeps no process alive. */
export function createShedding({ everyMs = 2_000 }: SheddingOptions = {}): Shedding {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let shares: Shares = { call: 0, list: 0 };
  const timer = setInterval(() => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    shares = nextShares(shares, { delayMs: delay.percentile(99) / 1e6, heapShare: used / limit });
    delay.reset();
  }, everyMs).unref();
  const owed = { call: 0, list: 0 };
  return {
    assertTakes: (kind) => {
      // Spread evenly: of a share of a half every second one is refused.
      owed[kind] = shares[kind] === 0 ? 0 : owed[kind] + shares[kind];
      if (owed[kind] < 1) return;
      owed[kind] -= 1;
      throw new GatewayError("overloaded", "the server is busy; try again shortly", {
        change: "none",
        retryAfterSeconds: Math.ceil(everyMs / 1_000),
      });
    },
    close: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
