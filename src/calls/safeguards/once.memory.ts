import type { Once } from "./once.ts";

/** {@link Once} of one process. @param now milliseconds of a clock that never goes back */
export function createMemoryOnce(now: () => number = () => performance.now()): Once {
  const used = new Map<string, number>(); // token → until when it is kept; only tokens of ours get here, each of a Call
  return {
    use: async (token, keepMs) => {
      for (const [one, until] of used) {
        if (until > now()) break;
        used.delete(one);
      }
      if (used.has(token)) return false;
      used.set(token, now() + keepMs);
      return true;
    },
  };
}
