import { anonymous } from "../auth/authenticate.ts";
import { lastingId } from "../auth/principal.ts";
import { GatewayError } from "../errors.ts";
import type { Call, Interceptor } from "./call.ts";
import type { CallRates } from "./rateLimit.ts";

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

/**
 * Refuses a Call with `rate_limited` and the seconds to wait when its principal has made too many in a minute, whatever came
 * of them (security.md §6). Every Call counts, those of one batch too. Callers without a key are one principal but many people:
 * they are counted by network, and not at all where a proxy of ours hides it.
 */
export function rateLimiting(rates: (call: Call) => CallRates): Interceptor {
  return (next) => async (call) => {
    const { reads, writes } = rates(call);
    const isRead = call.tool.effect === "read";
    const rate = isRead ? reads : writes;
    const who = countedAs(call);
    if (rate === undefined || who === undefined) return next(call);
    const waitMs = await rate.take(who);
    if (waitMs === 0) return next(call);
    const seconds = Math.ceil(waitMs / 1_000);
    const what = isRead ? "calls that read" : "calls that change something";
    throw new GatewayError("rate_limited", `more than ${rate.perMinute} ${what} in a minute; nothing was done`, {
      change: "none",
      retryAfterSeconds: seconds,
      next: `Wait ${seconds} ${seconds === 1 ? "second" : "seconds"}, then call again.`,
    });
  };
}

/** By the id that outlives a rotation of secrets: nobody gets a second allowance from it. */
function countedAs({ principal, network }: Call): string | undefined {
  if (principal.id !== anonymous.id) return lastingId(principal);
  return network === undefined ? undefined : `network ${network}`;
}
