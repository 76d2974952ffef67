import { GatewayError } from "../../errors.ts";

/** The requests being served in this process. */
export interface Work {
  /** Counts one more. Throws `overloaded` when there are as many as the process serves at once. */
  readonly enter: () => void;
  readonly leave: () => void;
  /** Waits without counting: for what takes as long as people or a stream take. */
  readonly aside: <Value>(waiting: Promise<Value>) => Promise<Value>;
  readonly count: () => number;
  /** Resolves when there are none. */
  readonly idle: () => Promise<void>;
}

/** @param max requests at once */
export function createWork(max: number): Work {
  let count = 0;
  let waiting: (() => void)[] = [];
  const leave = (): void => {
    count -= 1;
    if (count > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return {
    enter: () => {
      if (count >= max) throw new GatewayError("overloaded", "the server is busy; try again shortly");
      count += 1;
    },
    leave,
    aside: async (promise) => {
      leave();
      try {
        return await promise;
      } finally {
        // What was begun is finished, also beyond the limit.
        count += 1;
      }
    },
    count: () => count,
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
