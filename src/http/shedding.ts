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

/** What is refused, and what it follows from. */
export interface Shed {
  /** Part of the calls that is refused, from 0 to 1. */
  readonly call: number;
  /** Part of the lists that are made for one request. */
  readonly list: number;
  /** The last look found strain. */
  readonly wasStrained: boolean;
}

export const nothingShed: Shed = { call: 0, list: 0, wasStrained: false };

/**
 * What to refuse after one more look. Strain that lasts is answered by refusing half of the calls, then all, then lists too:
 * once is a pause of the garbage collector, or a start. When it is over lists are taken at once, and calls a quarter more at
 * each look, so that those who were refused do not all come back together.
 */
export function nextShed({ call, list, wasStrained }: Shed, isStrained: boolean): Shed {
  if (!isStrained) return { call: Math.max(call - 0.25, 0), list: 0, wasStrained: false };
  if (!wasStrained) return { call, list, wasStrained: true };
  return { call: Math.min(call + 0.5, 1), list: call === 1 ? 1 : list, wasStrained: true };
}

export interface SheddingOptions {
  /** Delay of the event loop, 99th percentile, from which on a client waits for the process and not for the API. Default 200. */
  readonly mostDelayMs?: number;
  /** Used part of the heap that V8 may take, from which on a burst of answers may end the process. Default 0.85. */
  readonly mostHeapShare?: number;
  /** Time between two looks. Default 2,000. */
  readonly everyMs?: number;
}

/** {@link Shedding} by the delay of this process's event loop and by its heap. Keeps no process alive. */
export function createShedding(options: SheddingOptions = {}): Shedding {
  const { mostDelayMs = 200, mostHeapShare = 0.85, everyMs = 2_000 } = options;
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let shed = nothingShed;
  const timer = setInterval(() => {
    shed = nextShed(shed, delay.percentile(99) / 1e6 > mostDelayMs || heapShare() > mostHeapShare);
    delay.reset();
  }, everyMs).unref();
  const owed = { call: 0, list: 0 };
  return {
    assertTakes: (kind) => {
      // Spread evenly: of a share of a half every second one is refused.
      owed[kind] = shed[kind] === 0 ? 0 : owed[kind] + shed[kind];
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

function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
