import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
import { type ActionRules, createActionOf } from "./action.ts";
import type { Call, Interceptor, Next, Outcome } from "./call.ts";
import type { Action, Claim, Claims, Settlement } from "./claims.ts";
import { withFallback } from "./claimsFallback.ts";
import type { Earlier } from "./earlier.ts";
import { conflict, endOf, endOfError, inProgress, outcomeUnknown, replay } from "./replay.ts";

export interface IdempotencyOptions extends ActionRules {
  readonly claims: Claims;
  /** What becomes of a call with a key while the store is down: refused, or done with the memory of this process alone. */
  readonly onStoreDown: "reject" | "allow";
  /** The deadline of a Call, milliseconds. */
  readonly totalMs: (call: Call) => number;
  /** What is known of an action of which the store of claims knows nothing. Default: nothing either. */
  readonly earlier?: Earlier;
  /** How long a call with a key waits for the one that is running, milliseconds. Default 5,000. */
  readonly waitMs?: number;
}

/** A lease outlives the deadline of its call by this, so that it ends only where the process did. */
const leaseSlackMs = 30_000;
/** How often a run on another replica is looked at. */
const lookMs = 100;

/** An action that this process does, or waits for. */
interface Running {
  readonly args: string;
  readonly ended: Promise<Settlement>;
}

interface Context {
  readonly options: IdempotencyOptions;
  readonly claims: Readonly<Record<Action["mode"], Claims>>;
  readonly running: Map<string, Running>;
}

/**
 * Does an action once (reliability.md §6): a call with an `idempotency_key` is answered from the first one of that key, an
 * identical create that arrives while the first runs shares its result, and one whose outcome is unknown is never repeated.
 * Throws `idempotency_conflict`, `in_progress`, `outcome_unknown`, and `store_unavailable` for a key while the store is down.
 */
export function idempotent(options: IdempotencyOptions): Interceptor {
  const actionOf = createActionOf(options);
  const lenient = withFallback(options.claims);
  const keyed = options.onStoreDown === "allow" ? lenient : options.claims;
  const context: Context = { options, claims: { keyed, shared: lenient }, running: new Map() };
  return (next) => async (call) => {
    const action = actionOf(call);
    return action === undefined ? next(call) : actOnce(context, action, call, next);
  };
}

/** Follows the run of this process as long as there is one, else leads one. */
async function actOnce(context: Context, action: Action, call: Call, next: Next): Promise<Outcome> {
  const { options, running } = context;
  const waitMs = action.mode === "keyed" ? (options.waitMs ?? 5_000) : options.totalMs(call);
  const until = performance.now() + waitMs;
  const key = `${action.id}\n${action.principalId}`;
  for (;;) {
    const other = running.get(key);
    if (other === undefined) return lead(context, { key, action, call, until }, next);
    if (other.args !== action.args) throw conflict();
    const end = await within(other.ended, until, call.signal);
    if (end === undefined) throw inProgress();
    if (end.state === "unknown") throw outcomeUnknown(call);
    if (end.state === "done") return replay(end.result);
  }
}

interface Leading {
  readonly key: string;
  readonly action: Action;
  readonly call: Call;
  /** When waiting for another replica ends, by `performance.now`. */
  readonly until: number;
}

async function lead(context: Context, leading: Leading, next: Next): Promise<Outcome> {
  const { key, action, call } = leading;
  const { promise: ended, resolve: end } = Promise.withResolvers<Settlement>();
  context.running.set(key, { args: action.args, ended });
  try {
    const owner = randomUUID();
    const claim = await withEarlier(context, leading, owner, await claimed(context, leading, owner));
    switch (claim.state) {
      case "run":
        return await perform(context.claims[action.mode], { action, owner, call, end }, next);
      case "done":
        end(claim);
        return replay(claim.result);
      case "unknown":
        end({ state: "unknown" });
        throw outcomeUnknown(call);
      case "conflict":
        throw conflict();
      case "inflight":
        throw inProgress();
    }
  } finally {
    context.running.delete(key);
    end({ state: "none" }); // unless it was ended otherwise: those who follow try for themselves
  }
}

/**
 * A claim that nothing stands against, checked against what is known beside the claims: they are lost with Redis. What is found
 * is stored as if they had known it.
 */
async function withEarlier(
  { options, claims }: Context,
  { action, call }: Leading,
  owner: string,
  claim: Claim,
): Promise<Claim> {
  if (claim.state !== "run" || options.earlier === undefined) return claim;
  const settle = (end: Settlement): Promise<void> =>
    claims[action.mode].settle(action, owner, end).catch(() => undefined);
  try {
    const earlier = await options.earlier(action, call);
    if (earlier.state === "run") return claim;
    const isEnded = earlier.state === "done" || earlier.state === "unknown";
    await settle(isEnded ? earlier : { state: "none" });
    return earlier;
  } catch (thrown) {
    await settle({ state: "none" });
    throw thrown;
  }
}

/** The claim once it is decided; `inflight` when time is up or the caller left. */
async function claimed({ options, claims }: Context, leading: Leading, owner: string): Promise<Claim> {
  const { action, call, until } = leading;
  const leaseMs = options.totalMs(call) + leaseSlackMs;
  let awaited: string | undefined;
  for (;;) {
    const claim = await claims[action.mode].claim(action, owner, leaseMs, awaited);
    if (claim.state !== "inflight" || call.signal.aborted || performance.now() >= until) return claim;
    awaited = claim.owner;
    await sleep(lookMs, undefined, { signal: call.signal }).catch(() => undefined);
  }
}

interface Performing {
  readonly action: Action;
  readonly owner: string;
  readonly call: Call;
  readonly end: (settlement: Settlement) => void;
}

/** Does it, and keeps what came of it. */
async function perform(claims: Claims, { action, owner, call, end }: Performing, next: Next): Promise<Outcome> {
  const settle = async (settlement: Settlement): Promise<void> => {
    // A store that fails now leaves the claim to its lease, after which the outcome is unknown: true, if less than we know.
    await claims.settle(action, owner, settlement).catch(() => undefined);
    end(settlement);
  };
  try {
    const outcome = await next(call);
    await settle(endOf(outcome));
    return outcome;
  } catch (thrown) {
    const settlement = endOfError(thrown);
    await settle(settlement);
    throw settlement.state === "unknown" && action.isRepeatable ? repeatable(thrown) : thrown;
  }
}

/** The upstream knows the key: repeating it is the best way to learn what happened. */
function repeatable(thrown: unknown): GatewayError {
  const next = "Call again with the same idempotency_key: the API recognises the repetition.";
  return GatewayError.from(thrown).with({ retryable: true, next });
}

/** What `work` comes to; undefined when time is up or the signal aborts first. */
async function within<Value>(work: Promise<Value>, until: number, signal: AbortSignal): Promise<Value | undefined> {
  const done = new AbortController();
  const given = AbortSignal.any([signal, done.signal]);
  const timer = sleep(Math.max(0, until - performance.now()), undefined, { signal: given }).catch(() => undefined);
  try {
    return await Promise.race([work, timer]);
  } finally {
    done.abort();
  }
}
