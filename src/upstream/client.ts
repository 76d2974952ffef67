import type { Dispatcher } from "undici";
import type { UpstreamConfig } from "../config/config.ts";
import type { Change, GatewayError } from "../errors.ts";
import { attemptOnce, type Sending, type Target } from "./attempt.ts";
import { createBreaker } from "./breaker.ts";
import { type Caller, keyHeaders } from "./credentials.ts";
import { acceptedEncodings } from "./decode.ts";
import { createConnections } from "./dispatch.ts";
import type { UpstreamRequest, UpstreamResponse } from "./exchange.ts";
import { createLane } from "./lane.ts";
import { createRetryBudget, isRepeatable, maxAttempts, pause, pauseMs, type RetryBudget } from "./retry.ts";
import { serialize, type WireRequest, type WireTarget } from "./serialize.ts";

/** One instance of the API behind the gateway. */
export interface Upstream {
  /** Default deadline of a Call, milliseconds. */
  readonly totalMs: number;
  /**
   * Sends `request` as `principal`; resolves with a 2xx answer, else throws a GatewayError whose `change` says what became of
   * it. A read whose caller leaves is ended; anything else is finished once it may have been sent.
   */
  readonly send: (request: UpstreamRequest, options: SendOptions) => Promise<UpstreamResponse>;
  /**
   * `request` as `send` would put it onto the wire for `principal`, but for the credentials. Throws what `send` throws before it
   * sends.
   */
  readonly preview: (request: UpstreamRequest, principal: Caller, headers?: SendOptions["headers"]) => WireRequest;
  /** Closes the connections, letting requests in flight finish. */
  readonly close: () => Promise<void>;
}

export interface SendOptions {
  readonly principal: Caller;
  /** Aborts when the caller is gone. */
  readonly signal?: AbortSignal;
  /** What is left of the Call's deadline, milliseconds; default: the Upstream's total. */
  readonly timeoutMs?: number;
  /**
   * Wait for the head of the answer, milliseconds; default: the Upstream's. An Operation with a deadline of its own is slow to
   * begin, not to end.
   */
  readonly headersMs?: number;
  /** `principal` stands for many callers, so that the cap on one caller's requests does not apply. Default false. */
  readonly isShared?: boolean;
  /** Sent with the request, in lower case, unless the configuration or a credential sets one. No argument may set it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Hears of every answer, good or bad, when its head and body have come. */
  readonly onAnswer?: (answer: Pick<UpstreamResponse, "status" | "headers">) => void;
}

/** What an Upstream can be given instead of its own. */
export interface UpstreamParts {
  /** Default: connections by the configuration. */
  readonly dispatcher?: Dispatcher;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** From 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Waits between two attempts. Default: a timer. */
  readonly pause?: typeof pause;
}

/**
 * The Upstream at `config.url`. Each request carries the credential of the caller it is sent for and of no other: nothing of
 * a caller is kept. Outermost first a request goes through lane, retry, breaker, deadline (reliability.md §5).
 */
export function createUpstream(config: UpstreamConfig, parts: UpstreamParts = {}): Upstream {
  const { now = () => performance.now(), random = Math.random } = parts;
  const target: Repeating = {
    base: new URL(config.url),
    config,
    dispatcher: parts.dispatcher ?? createConnections(config),
    breaker: createBreaker(now),
    budget: createRetryBudget(),
    pause: parts.pause ?? pause,
    now,
    random,
  };
  const lane = createLane(config.limits);
  return {
    totalMs: config.limits.totalMs,
    send: async (request, options) => {
      const {
        principal,
        signal,
        timeoutMs = config.limits.totalMs,
        isShared = false,
        headers = {},
        onAnswer,
      } = options;
      const { headersMs = config.limits.headersMs } = options;
      const until = now() + timeoutMs;
      const wire = wireOf(request, { base: target.base, config, caller: principal, headers });
      const who = isShared ? undefined : principal.id;
      const turn = lane.enter(who, signal);
      if (turn !== undefined) await turn;
      try {
        return await sendAgain(target, { request, wire, principal, signal, until, headersMs, onAnswer });
      } finally {
        lane.leave(who);
      }
    },
    preview: (request, principal, headers = {}) =>
      previewOf(request, { base: target.base, config, caller: principal, headers }),
    close: () => target.dispatcher.close(),
  };
}

/** A Target and what it needs to repeat requests. */
interface Repeating extends Target {
  readonly budget: RetryBudget;
  readonly pause: typeof pause;
  readonly random: () => number;
}

/** The answer to a request, after as many attempts as it may have. */
async function sendAgain(target: Repeating, sending: Sending): Promise<UpstreamResponse> {
  const { request, signal, until } = sending;
  const most = isRepeatable(request) ? maxAttempts : 1;
  let change: Change = "none";
  target.budget.earn();
  for (let made = 1; ; made++) {
    const attempt = await attemptOnce(target, sending);
    if (attempt.response !== undefined) return attempt.response;
    const { error, isPassing } = attempt;
    change = worse(change, error.facts.change ?? "unknown");
    const wait = made < most && isPassing ? pauseMs(made, error.facts, target.random) : undefined;
    const isInTime = wait !== undefined && target.now() + wait < until;
    if (!isInTime || !target.budget.spend()) throw afterAll(error, change);
    await target.pause(wait, signal);
  }
}

/** An earlier attempt may have made the change that a later one did not. */
function worse(before: Change, now: Change): Change {
  return before === "unknown" ? "unknown" : now;
}

/** The last attempt's error, without what would be wrong of an earlier one. */
function afterAll(error: GatewayError, change: Change): GatewayError {
  if (change === error.facts.change) return error;
  const next = "It may have been done all the same: look with a get or list tool before you repeat it.";
  return error.with({ change, retryable: false, next });
}

function wireOf(request: UpstreamRequest, target: WireTarget): WireRequest {
  const wire = serialize(request, target);
  return { ...wire, headers: { "user-agent": "specgate", "accept-encoding": acceptedEncodings, ...wire.headers } };
}

/** The wire request of a caller and a gateway that have no key. A configured header that stands where a key goes is one too. */
function previewOf(request: UpstreamRequest, target: WireTarget): WireRequest {
  wireOf(request, target); // refuses what sending would
  const { apiKey: _own, ...config } = target.config;
  const { credential: _theirs, ...caller } = target.caller;
  const wire = wireOf(request, { ...target, config, caller });
  const keyed = new Set(keyHeaders(request.security, config));
  return { ...wire, headers: Object.fromEntries(Object.entries(wire.headers).filter(([name]) => !keyed.has(name))) };
}
