import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "./unavailable.ts";

/**
 * Does `work` again while another writer holds the lock of SQLite, for `withinMs` at most; then throws what it threw. A
 * statement or transaction that finds the lock taken has done nothing. SQLite can wait by itself, but this process would stand
 * still meanwhile, and with it a writer of its own that is to let go.
 */
export async function whenFree<Result>(work: () => Promise<Result>, withinMs: number): Promise<Result> {
  const end = performance.now() + withinMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await work();
    } catch (thrown) {
      if (reasonOf(thrown) !== "SQLITE_BUSY" || performance.now() + pauseMs > end) throw thrown;
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2));
  }
}

/** A transaction of ours takes a few milliseconds. */
const longestPauseMs = 16;
