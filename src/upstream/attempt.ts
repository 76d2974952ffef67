import type { Dispatcher } from "undici";
import type { UpstreamConfig } from "../config/config.ts";
import { type Change, GatewayError } from "../errors.ts";
import type { Breaker, Sign } from "./breaker.ts";
import type { Caller } from "./credentials.ts";
import { decoded, parseBody } from "./decode.ts";
import { Broken, exchange, type WireResponse } from "./dispatch.ts";
import type { UpstreamRequest, UpstreamResponse } from "./exchange.ts";
import { exchangeError, isPassing } from "./failure.ts";
import { upstreamMessage } from "./message.ts";
import { isPassingStatus } from "./retry.ts";
import type { WireRequest } from "./serialize.ts";
import { statusError } from "./status.ts";

/** Where requests go. */
export interface Target {
  readonly base: URL;
  readonly config: UpstreamConfig;
  readonly dispatcher: Dispatcher;
  readonly breaker: Breaker;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A request under way. */
export interface Sending {
  readonly request: UpstreamRequest;
  readonly wire: WireRequest;
  readonly principal: Caller;
  readonly signal: AbortSignal | undefined;
  /** When the deadline is, by the clock of the Target. */
  readonly until: number;
  /** Wait for the head of the answer, milliseconds. */
  readonly headersMs: number;
  /** Hears of each answer. */
  readonly onAnswer: ((answer: Pick<UpstreamResponse, "status" | "headers">) => void) | undefined;
}

/** What one attempt came to. */
export type Attempt =
  | { readonly response: UpstreamResponse }
  | {
      readonly response?: undefined;
      readonly error: GatewayError;
      /** The same request may work a moment later. */
      readonly isPassing: boolean;
    };

/** One attempt, of which the breaker hears. */
export async function attemptOnce(target: Target, sending: Sending): Promise<Attempt> {
  const { breaker } = target;
  let pass: number;
  try {
    pass = breaker.admit();
  } catch (thrown) {
    return { error: GatewayError.from(thrown), isPassing: false };
  }
  let answer: WireResponse;
  try {
    answer = await exchangeOnce(target, sending);
  } catch (thrown) {
    breaker.record(pass, signOf(thrown));
    return { error: exchangeError(thrown, sending.request), isPassing: isPassing(thrown) };
  }
  breaker.record(pass, answer.status >= 500 ? "fails" : "works");
  sending.onAnswer?.(answer);
  try {
    return { response: await responseOf(target, sending, answer) };
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    return { error, isPassing: isPassingStatus(error.facts.upstreamStatus) };
  }
}

function exchangeOnce(target: Target, { request, wire, signal, until, headersMs }: Sending): Promise<WireResponse> {
  const { responseBytes, idleMs } = target.config.limits;
  return exchange(target.dispatcher, wire, {
    signal,
    timeoutMs: until - target.now(),
    maxBytes: responseBytes,
    isFinished: request.effect !== "read",
    headersMs,
    idleMs,
  });
}

/** An answer that is too large shows that the upstream works; a caller who leaves shows nothing. */
function signOf(thrown: unknown): Sign {
  if (!(thrown instanceof Broken)) return "works";
  return thrown.why === "caller" ? "nothing" : "fails";
}

/** The answer as a value; throws what a refusal means, and for an answer that cannot be read. */
async function responseOf(target: Target, sending: Sending, answer: WireResponse): Promise<UpstreamResponse> {
  const { request, wire } = sending;
  const { status, headers } = answer;
  const isGood = status >= 200 && status < 300;
  try {
    const content = await decoded(answer, target.config.limits.responseBytes);
    if (!isGood) throw refusalOf(target, sending, answer, content);
    const mediaType = mediaTypeOf(headers);
    const body = parseBody(content, headers["content-type"] ?? "");
    return { status, headers, body, bytes: content.length, mediaType, url: `${wire.origin}${wire.path}` };
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (error.facts.change !== undefined) throw error;
    throw error.with(request.effect === "read" ? { change: "none" } : unreadable(isGood));
  }
}

/** What is said of a change whose answer cannot be read. */
function unreadable(isGood: boolean): { readonly change: Change; readonly retryable: false; readonly next: string } {
  const what = isGood ? "The API accepted the change, but its answer cannot be read" : "It may have been done";
  return {
    change: isGood ? "answered" : "unknown",
    retryable: false,
    next: `${what}: look with a get or list tool; do not repeat it before.`,
  };
}

function refusalOf({ base, config }: Target, sending: Sending, answer: WireResponse, content: Buffer): Error {
  const { request, principal } = sending;
  const { status, headers } = answer;
  const mediaType = mediaTypeOf(headers);
  const message = upstreamMessage(readable(content, headers["content-type"] ?? ""), mediaType, {
    secrets: [principal.credential?.reveal() ?? "", config.apiKey?.reveal() ?? ""],
    addresses: [base.origin, base.host],
  });
  const { effect, idempotent } = request;
  return statusError({ status, headers, message, effect, isRepeatable: idempotent }, config.errors);
}

/** The body of a refusal as far as it can be read: a fault in it must not hide the refusal. */
function readable(content: Buffer, contentType: string): unknown {
  try {
    return parseBody(content, contentType);
  } catch {
    return undefined;
  }
}

function mediaTypeOf(headers: WireResponse["headers"]): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
