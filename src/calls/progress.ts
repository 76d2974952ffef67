import type { Interceptor } from "./call.ts";

/** Calls that take no longer need no word on the way; many clients give up after 60 s of silence. */
const everyMs = 3_000;

/**
 * Tells the client every 3 s that its Call is still running: `progress` is the seconds it has taken so far; how long it will
 * take nobody knows, so there is no total. The framing drops it where the client did not ask. Tools written by hand tell
 * their own progress.
 * https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/progress
 */
export function reporting(): Interceptor {
  return (next) => (call) => {
    if (call.tool.origin === undefined || call.wantsProgress === false) return next(call);
    let periods = 0;
    const timer = setInterval(() => {
      if (call.signal.aborted) return clearInterval(timer);
      periods += 1;
      const seconds = (periods * everyMs) / 1000;
      call.notify({ type: "progress", progress: seconds, message: `${call.tool.name}: running for ${seconds} s` });
    }, everyMs);
    return next(call).finally(() => clearInterval(timer));
  };
}
