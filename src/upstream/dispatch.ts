import { readFileSync } from "node:fs";
import { type Dispatcher, Pool, ProxyAgent } from "undici";
import type { UpstreamConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { WireRequest } from "./serialize.ts";

/** An answer as it came off the wire, whatever its status. */
export interface WireResponse {
  readonly status: number;
  /** Lower case; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Not yet decoded. */
  readonly content: Buffer;
}

export interface DispatchLimits {
  /** Aborts when the caller is gone. */
  readonly signal?: AbortSignal | undefined;
  /** Deadline of the whole exchange, milliseconds. */
  readonly timeoutMs: number;
  /** Bytes of body, as sent. */
  readonly maxBytes: number;
  /** Once any of it may have been sent, `signal` no longer ends the exchange. For changes: a half-sent one is of no use to anybody. */
  readonly isFinished?: boolean;
  /** Wait for the head of the answer, milliseconds. */
  readonly headersMs: number;
  /** Silence within the body, milliseconds; only a bound under 2 s is kept here, the others by the connections. */
  readonly idleMs?: number;
}

/** How far an exchange had come: nothing sent, something may have been, the answer's head had come. */
export type Phase = "unsent" | "sent" | "answering";

/** An exchange that brought no whole answer: by the deadline, by the caller, or by a fault of the connection (`cause`). */
export class Broken extends Error {
  override readonly name = "Broken";
  readonly why: "deadline" | "caller" | "fault";
  readonly phase: Phase;

  constructor(why: Broken["why"], phase: Phase, cause?: unknown) {
    super(why, cause === undefined ? undefined : { cause });
    this.why = why;
    this.phase = phase;
  }
}

/** Sockets to one upstream; more calls wait for one within their deadline. */
const connections = 128;

/**
 * The connections to one upstream. HTTP/1.1 only: undici 8 offers HTTP/2 by default, which changes pooling and cancellation
 * (security.md F13). Redirects are not followed, retries are not made.
 */
export function createConnections({ limits, tls, proxy, url }: UpstreamConfig): Dispatcher {
  const ca = tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) };
  const common = {
    allowH2: false,
    connections,
    bodyTimeout: limits.idleMs,
  };
  if (proxy === undefined)
    return new Pool(new URL(url).origin, { ...common, connect: { ...ca, timeout: limits.connectMs } });
  return new ProxyAgent({
    ...common,
    uri: proxy,
    requestTls: { ...ca, timeout: limits.connectMs },
    proxyTls: { ...ca, timeout: limits.connectMs },
    connect: { timeout: limits.connectMs },
  });
}

/** undici's own timers tick about once a second, so bounds below this are kept by ours. */
const coarseMs = 2_000;

/**
 * One exchange. Rejects with {@link Broken}, or with `response_too_large` once the body is over its cap (what has not come yet
 * is not read).
 *
 * The body is gathered in the dispatch handler itself rather than through a stream: one answer costs half as much.
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, limits: DispatchLimits): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, maxBytes, isFinished = false } = limits;
    if (signal?.aborted) return reject(new Broken("caller", "unsent"));
    let controller: Dispatcher.DispatchController | undefined;
    let stopped: Error | undefined;
    let status = 0;
    const phase = (): Phase => (controller === undefined ? "unsent" : status === 0 ? "sent" : "answering");
    const stop = (reason: Error): void => {
      if (stopped !== undefined) return;
      stopped = reason;
      controller?.abort(reason);
      settle(() => reject(reason));
    };
    const onAbort = (): void => {
      if (!isFinished || controller === undefined) stop(new Broken("caller", phase()));
    };
    // Whole milliseconds: Node keeps a list per distinct duration until it has passed, so fractions pile up by the thousand.
    const deadline = setTimeout(() => stop(new Broken("deadline", phase())), Math.max(0, Math.ceil(timeoutMs)));
    const silence = silenceTimer(limits, () => stop(new Broken("deadline", phase())));
    const settle = (finish: () => void): void => {
      clearTimeout(deadline);
      silence?.stop();
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    let headers: Readonly<Record<string, string>> = {};
    let size = 0;
    const chunks: Buffer[] = [];
    dispatcher.dispatch(optionsOf(request, limits), {
      onRequestStart(started) {
        if (stopped !== undefined) return started.abort(stopped); // it was stopped while it waited for a socket
        controller = started;
        silence?.head();
      },
      onResponseStart(_controller, code, received) {
        status = code;
        silence?.body();
        headers = joinedHeaders(received);
        if (Number(headers["content-length"] ?? 0) > maxBytes) stop(tooLarge(maxBytes));
      },
      onResponseData(_controller, chunk) {
        silence?.body();
        size += chunk.length;
        if (size > maxBytes) stop(tooLarge(maxBytes));
        else chunks.push(chunk);
      },
      onResponseEnd() {
        const [first = Buffer.alloc(0), ...rest] = chunks;
        settle(() => resolve({ status, headers, content: rest.length === 0 ? first : Buffer.concat(chunks) }));
      },
      onResponseError(_controller, error) {
        settle(() => reject(stopped ?? new Broken("fault", phase(), error)));
      },
    });
  });
}

/** Ends the exchange when the upstream says nothing for too long; undefined where the connections see to it. */
function silenceTimer(
  { headersMs, idleMs = coarseMs }: DispatchLimits,
  onSilence: () => void,
): { readonly head: () => void; readonly body: () => void; readonly stop: () => void } | undefined {
  if (headersMs >= coarseMs && idleMs >= coarseMs) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number): void => {
    clearTimeout(timer);
    if (ms < coarseMs) timer = setTimeout(onSilence, ms);
  };
  return { head: () => wait(headersMs), body: () => wait(idleMs), stop: () => clearTimeout(timer) };
}

function optionsOf(
  { origin, path, method, headers, body }: WireRequest,
  { headersMs }: DispatchLimits,
): Dispatcher.DispatchOptions {
  return {
    origin,
    path,
    method: method as Dispatcher.HttpMethod,
    headers,
    body: body ?? null,
    headersTimeout: headersMs,
  };
}

type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

function joinedHeaders(received: ReceivedHeaders): Readonly<Record<string, string>> {
  const joined: Record<string, string> = Object.create(null);
  for (const name of Object.keys(received)) {
    const value = received[name];
    if (value !== undefined) joined[name.toLowerCase()] = typeof value === "string" ? value : value.join(", ");
  }
  return joined;
}

/** The refusal of an answer over the cap. */
export function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("response_too_large", `the API's answer is larger than ${Math.round(maxBytes / 1024)} KB`, {
    next: "Ask for less: a smaller limit, a narrower query, or fewer fields.",
  });
}
