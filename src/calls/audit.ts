import { randomUUID } from "node:crypto";
import type { AuditLog } from "../audit/event.ts";
import { GatewayError } from "../errors.ts";
import { type EventParts, endedEvent, failedEvent } from "./auditEvent.ts";
import type { Call, Interceptor } from "./call.ts";
import type { Trail } from "./trail.ts";

export interface AuditingOptions extends EventParts {
  readonly log: Pick<AuditLog, "record">;
  /** Whether Calls of Effect `read` are recorded. */
  readonly reads: boolean;
}

/**
 * Records what each Call came to: the outcome of a change behind its intent (`intent.ts`), and every refusal, whoever refused.
 * The outermost interceptor. Waits for nothing and never fails a Call: what the store does not take is written later.
 */
export function auditing(options: AuditingOptions): Interceptor {
  const { log, reads } = options;
  const isRecorded = thinning();
  return (next) => async (call) => {
    if (call.tool.effect === "read" && !reads) return next(call);
    const trail: Trail = { eventId: randomUUID(), startedAt: performance.now() };
    try {
      const outcome = await next({ ...call, trail });
      log.record(endedEvent(options, call, trail, outcome));
      return outcome;
    } catch (thrown) {
      if (isRecorded(call, thrown)) log.record(failedEvent(options, call, trail, thrown));
      throw thrown;
    }
  };
}

/** Refusals of limits: one of a principal in this time is recorded, the others are in the metrics alone. */
const thinMs = 10_000;
const mostThinned = 10_000;

/** Who sends more than they may must not fill the audit log with it. */
function thinning(): (call: Call, thrown: unknown) => boolean {
  const recorded = new Map<string, number>();
  return ({ principal, tool }, thrown) => {
    const { code } = GatewayError.from(thrown);
    if (code !== "rate_limited" && code !== "overloaded") return true;
    const key = `${code} ${tool.name} ${principal.id}`;
    const now = performance.now();
    if (now - (recorded.get(key) ?? Number.NEGATIVE_INFINITY) < thinMs) return false;
    if (recorded.size >= mostThinned) recorded.clear();
    recorded.set(key, now);
    return true;
  };
}
