import { hash } from "node:crypto";
import type { AuditLog } from "../audit/event.ts";
import { begunEvent, type EventParts } from "./auditEvent.ts";
import type { Call, Interceptor } from "./call.ts";
import type { Action } from "./claims.ts";

export interface IntendingOptions extends EventParts {
  readonly log: Pick<AuditLog, "intend">;
  /** The Action of a Call, see `action.ts`. */
  readonly actionOf: (call: Call) => Action | undefined;
  /** The deadline of a Call, milliseconds. */
  readonly totalMs: (call: Call) => number;
}

/** An outcome is overdue this long after the deadline of its Call. As long as a lease outlives it, see `idempotency.ts`. */
const slackMs = 30_000;

/**
 * Commits the intent of a change, last thing before it is done, by the API or by an `instead` hook. Throws `audit_unavailable`
 * where that cannot be; then nothing is done. Reads pass.
 */
export function intending(options: IntendingOptions): Interceptor {
  const { log, actionOf, totalMs, now } = options;
  return (next) => async (call) => {
    const { trail } = call;
    if (call.tool.effect === "read") return next(call);
    if (trail === undefined) throw new Error(`a call of ${call.tool.name} that nobody audits`);
    const action = actionOf(call);
    const intent = {
      ...begunEvent(options, call, trail),
      kind: "intent",
      deadline: new Date(now() + totalMs(call) + slackMs).toISOString(),
      ...(action?.mode === "keyed" && { idempotency_key: keyHash(action) }),
    } as const;
    await log.intend(intent, trail.follows);
    trail.intent = intent;
    return next(call);
  };
}

/** What an explicit idempotency key is found by in the audit log: of two principals never the same. */
export function keyHash({ principalId, id }: Action): string {
  return hash("sha256", `${principalId}\n${id}`);
}
