import type { Dispatcher } from "undici";
import type { UpstreamConfig } from "../config/config.ts";
import type { Caller } from "./credentials.ts";
import { acceptedEncodings, decoded, parseBody } from "./decode.ts";
import { createConnections, exchange, type WireResponse } from "./dispatch.ts";
import type { UpstreamRequest, UpstreamResponse } from "./exchange.ts";
import { exchangeError } from "./failure.ts";
import { upstreamMessage } from "./message.ts";
import { serialize, type WireRequest } from "./serialize.ts";
import { statusError } from "./status.ts";

/** One instance of the API behind the gateway. */
export interface Upstream {
  /** Default deadline of a Call, milliseconds. */
  readonly totalMs: number;
  /** Sends `request` as `principal`; resolves with a 2xx answer, else throws a GatewayError. */
  readonly send: (request: UpstreamRequest, options: SendOptions) => Promise<UpstreamResponse>;
  /** Closes the connections, letting requests in flight finish. */
  readonly close: () => Promise<void>;
}

export interface SendOptions {
  readonly principal: Caller;
  /** Aborts when the caller is gone. */
  readonly signal?: AbortSignal;
  /** What is left of the Call's deadline, milliseconds; default: the Upstream's total. */
  readonly timeoutMs?: number;
}

/** What an Upstream can be given instead of its own. */
export interface UpstreamParts {
  /** Default: connections by the configuration. */
  readonly dispatcher?: Dispatcher;
}

/**
 * The Upstream at `config.url`. Each request carries the credential of the caller it is sent for and of no other: nothing of
 * a caller is kept. One attempt per request; bulkhead, retry and breaker go around `attempt` (reliability.md §5).
 */
export function createUpstream(config: UpstreamConfig, parts: UpstreamParts = {}): Upstream {
  const base = new URL(config.url);
  const dispatcher = parts.dispatcher ?? createConnections(config);
  const attempt = (request: UpstreamRequest, options: SendOptions): Promise<UpstreamResponse> =>
    sendOnce({ base, config, dispatcher }, request, options);
  return { totalMs: config.limits.totalMs, send: attempt, close: () => dispatcher.close() };
}

interface Target {
  readonly base: URL;
  readonly config: UpstreamConfig;
  readonly dispatcher: Dispatcher;
}

async function sendOnce(target: Target, request: UpstreamRequest, options: SendOptions): Promise<UpstreamResponse> {
  const { base, config, dispatcher } = target;
  const { principal, signal, timeoutMs = config.limits.totalMs } = options;
  const wire = serialize(request, { base, config, caller: principal });
  try {
    const answer = await exchange(dispatcher, withOurHeaders(wire), {
      signal,
      timeoutMs,
      maxBytes: config.limits.responseBytes,
    });
    const content = await decoded(answer, config.limits.responseBytes);
    const isGood = answer.status >= 200 && answer.status < 300;
    if (!isGood) throw refusalOf(target, request, principal, answer, content);
    return responseOf(wire, answer, content);
  } catch (thrown) {
    throw exchangeError(thrown, request);
  }
}

function withOurHeaders(wire: WireRequest): WireRequest {
  return { ...wire, headers: { "user-agent": "specgate", "accept-encoding": acceptedEncodings, ...wire.headers } };
}

function responseOf(wire: WireRequest, { status, headers }: WireResponse, content: Buffer): UpstreamResponse {
  const mediaType = mediaTypeOf(headers);
  return {
    status,
    headers,
    body: parseBody(content, mediaType),
    bytes: content.length,
    mediaType,
    url: `${wire.origin}${wire.path}`,
  };
}

function refusalOf(
  { base, config }: Target,
  request: UpstreamRequest,
  principal: Caller,
  { status, headers }: WireResponse,
  content: Buffer,
): Error {
  const mediaType = mediaTypeOf(headers);
  const message = upstreamMessage(readable(content, mediaType), mediaType, {
    secrets: [principal.credential?.reveal() ?? "", config.apiKey?.reveal() ?? ""],
    addresses: [base.origin, base.host],
  });
  return statusError({ status, headers, message, isRepeatable: request.idempotent }, config.errors);
}

/** The body of a refusal as far as it can be read: a fault in it must not hide the refusal. */
function readable(content: Buffer, mediaType: string): unknown {
  try {
    return parseBody(content, mediaType);
  } catch {
    return undefined;
  }
}

function mediaTypeOf(headers: WireResponse["headers"]): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
