import { GatewayError } from "../errors.ts";
import type { Interceptor } from "./call.ts";

/**
 * Refuses a Call with `overloaded` while `mostRunning` others run in this process: whatever the upstreams do, what waits for
 * them stays bounded (reliability.md §5.4).
 */
export function limiting(mostRunning: number): Interceptor {
  let running = 0;
  return (next) => async (call) => {
    if (running >= mostRunning) {
      throw new GatewayError("overloaded", "the gateway is serving as many calls as it can", {
        change: "none",
        retryAfterSeconds: 1,
      });
    }
    running += 1;
    try {
      return await next(call);
    } finally {
      running -= 1;
    }
  };
}
