import { type Change, type ErrorCode, type ErrorFacts, GatewayError } from "../errors.ts";
import type { Call, Outcome } from "./call.ts";
import type { Settlement } from "./claims.ts";

/** Largest result that is kept for a repetition. */
const maxResultBytes = 65_536;

/** What is kept of an action that was done: what it came to, or the upstream's refusal. */
type Kept =
  | { readonly outcome: Outcome }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts } };

/** The end of an action that came to `outcome`. */
export function endOf(outcome: Outcome): Settlement {
  const result = JSON.stringify({ outcome } satisfies Kept);
  if (Buffer.byteLength(result) <= maxResultBytes) return { state: "done", result };
  const notes = ["It was done by the earlier call; its result was too large to be kept. Read it with a get tool."];
  return { state: "done", result: JSON.stringify({ outcome: { structured: { notes } } } satisfies Kept) };
}

/** The end of an action that failed: kept where the upstream decided it, else by what became of the change. */
export function endOfError(thrown: unknown): Settlement {
  const change = changeOf(thrown);
  if (change !== "answered") return { state: change };
  const { code, message, facts } = GatewayError.from(thrown);
  const { next, retryable, upstreamStatus } = facts;
  const kept: ErrorFacts = {
    change,
    ...(next === undefined ? {} : { next }),
    ...(retryable === undefined ? {} : { retryable }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
  };
  return { state: "done", result: JSON.stringify({ error: { code, message, facts: kept } } satisfies Kept) };
}

/** Codes of refusals that stand between the claim and the first request. */
const beforeSending: ReadonlySet<ErrorCode> = new Set(["audit_unavailable", "store_unavailable", "invalid_arguments"]);

/** What became of the change; `unknown` where nothing says. */
export function changeOf(thrown: unknown): Change {
  if (!(thrown instanceof GatewayError)) return "unknown";
  return thrown.facts.change ?? (beforeSending.has(thrown.code) ? "none" : "unknown");
}

/** The Outcome of an action that was done before, marked `replayed`; throws the refusal where it was refused. */
export function replay(result: string): Outcome {
  const kept = JSON.parse(result) as Kept; // written by the functions above
  if ("error" in kept) throw new GatewayError(kept.error.code, kept.error.message, kept.error.facts);
  const { structured, ...rest } = kept.outcome;
  return { ...rest, structured: { ...structured, replayed: true } };
}

/** Its key was used for something else. */
export function conflict(): GatewayError {
  return new GatewayError(
    "idempotency_conflict",
    "this idempotency_key was used before with another tool or other arguments",
    { change: "none" },
  );
}

/** The same action runs elsewhere and takes its time. */
export function inProgress(): GatewayError {
  return new GatewayError("in_progress", "the same action is still running", {
    change: "none",
    retryAfterSeconds: 5,
    next: "Wait a few seconds, then call again with the same arguments: it will not be done twice.",
  });
}

/** Nobody knows whether an earlier run did it. Names the tools to look with. */
export function outcomeUnknown({ tool }: Call): GatewayError {
  const { get, list } = tool.origin?.resource.tools ?? {};
  const looks = tool.kind === "create" ? [list, get] : [get, list];
  const names = looks.flatMap((spec) => (spec === undefined ? [] : [spec.name]));
  const how = names.length === 0 ? "Read the object" : `Look with ${names.join(" or ")}`;
  return new GatewayError(
    "outcome_unknown",
    "an earlier call of this action ended without an answer: it may have been done",
    { change: "none", next: `Do not repeat it. ${how} to see whether it took effect.` },
  );
}
