import type { AuditEvent, AuditLog } from "../audit/event.ts";
import type { Keys } from "../auth/keys.ts";
import { type ErrorCode, GatewayError } from "../errors.ts";
import { isSameAction } from "./auditEvent.ts";
import type { Call } from "./call.ts";
import { type Action, type Claim, lives } from "./claims.ts";
import { keyHash } from "./intent.ts";
import { endOf, endOfError } from "./replay.ts";

export interface EarlierOptions {
  readonly log: Pick<AuditLog, "byIdempotencyKey">;
  /** Keys of the purpose `audit`. */
  readonly keys: Keys;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What the audit log knows of an action whose claim knows nothing: `run` where that is nothing, too. */
export type Earlier = (action: Action, call: Call) => Promise<Claim>;

/**
 * Looks an explicit key up in the audit log, which outlives a loss of Redis: what was done within a day is not done again. Its
 * result is not kept there, so the answer says that it was done, or how the API refused it. Notes in the trail of the Call whose
 * place its intent takes: of two that looked before either wrote one, one takes it. Throws `audit_unavailable` where the
 * log cannot be read: then nobody could say.
 */
export function createEarlier({ log, keys, now }: EarlierOptions): Earlier {
  return async (action, call) => {
    if (action.mode !== "keyed") return { state: "run" };
    const events = await log.byIdempotencyKey(keyHash(action)).catch(unreadable);
    const intent = events.find(({ kind }) => kind === "intent");
    if (intent !== undefined && call.trail !== undefined) call.trail.follows = intent.event_id;
    if (intent === undefined || Date.parse(intent.at) < now() - lives.keyed.doneMs) return { state: "run" };
    const outcome = events.find(({ kind }) => kind === "outcome");
    const claim = outcome === undefined ? unended(intent, now()) : claimAfter(outcome);
    if (claim.state === "run" || (claim.state === "unknown" && action.isRepeatable)) return { state: "run" };
    return isSameAction(keys, intent, call) ? claim : { state: "conflict" };
  };
}

function unended({ deadline = "", event_id: owner }: AuditEvent, now: number): Claim {
  return Date.parse(deadline) > now ? { state: "inflight", owner } : { state: "unknown" };
}

function claimAfter(outcome: AuditEvent): Claim {
  if (outcome.change === "none") return { state: "run" };
  if (outcome.change === "unknown") return { state: "unknown" };
  const end = outcome.change === undefined ? endOf(doneBefore(outcome)) : endOfError(refusedBefore(outcome));
  return end.state === "done" ? end : { state: "unknown" };
}

function doneBefore({ resource, resource_id: id }: AuditEvent): Parameters<typeof endOf>[0] {
  const what = id === null ? "it" : `${resource} ${id}`;
  return {
    structured: {
      notes: [
        `It was done by an earlier call with this idempotency_key; its result is not kept. Read ${what} with a get tool.`,
      ],
    },
  };
}

function refusedBefore({ code = "upstream_rejected", upstream_status: status }: AuditEvent): GatewayError {
  const how = status === undefined ? "" : ` with HTTP ${status}`;
  return new GatewayError(
    code satisfies ErrorCode,
    `an earlier call with this idempotency_key was refused by the API${how}; its answer is not kept`,
    {
      change: "answered",
      retryable: false,
      next: "Correct what was wrong, then call again with a new idempotency_key.",
      ...(status !== undefined && { upstreamStatus: status }),
    },
  );
}

function unreadable(thrown: unknown): never {
  throw new GatewayError("audit_unavailable", "the audit log cannot be asked whether this was done before", {
    next: "Nothing was sent. Wait a few seconds, then call again with the same idempotency_key.",
    retryAfterSeconds: 2,
    change: "none",
    cause: GatewayError.from(thrown).facts.cause,
  });
}
