import { type ErrorCode, GatewayError } from "../errors.ts";
import type { Call } from "./call.ts";
import { outcomeUnknown } from "./replay.ts";

/** Refuses a Call of which nothing was done because the process stops. Another replica, or the next process, serves it. */
export function stopping(): GatewayError {
  return new GatewayError("overloaded", "the gateway is restarting and did not finish this call", {
    change: "none",
    retryAfterSeconds: 1,
    next: "Nothing was changed. Call again in a second.",
  });
}

/** What errors that come of ending a Call are: anything else it would have failed with all the same. */
const causedByStop: ReadonlySet<ErrorCode> = new Set([
  "upstream_timeout",
  "upstream_unavailable",
  "overloaded",
  "internal",
]);

/**
 * What the caller of a Call is told that failed with `thrown` when the process stopped: a change that may have been made is
 * `outcome_unknown`, unless the API recognises its repetition. Errors that the stop has not caused stay as they are.
 */
export function stoppedWith(call: Call, thrown: unknown): unknown {
  const { code, facts, retryable } = GatewayError.from(thrown);
  if (!causedByStop.has(code)) return thrown;
  const change = facts.change ?? (call.tool.effect === "read" ? "none" : "unknown");
  if (change === "none") return stopping();
  return change === "unknown" && !retryable ? cutShort(call) : thrown;
}

/** The change was asked for, and the process stopped before it was known to be made. */
export function cutShort(call: Call): GatewayError {
  const { next } = outcomeUnknown(call).facts;
  return new GatewayError("outcome_unknown", "the gateway had to stop before the API answered: it may have been done", {
    change: "unknown",
    ...(next !== undefined && { next }),
  });
}
