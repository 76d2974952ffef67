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
}

/** The reason an exchange ended before its answer: the deadline, or the caller. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly why: "deadline" | "caller";

  constructor(why: "deadline" | "caller") {
    super(why);
    this.why = why;
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
    headersTimeout: limits.headersMs,
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

/**
 * One exchange. Rejects with {@link Interrupted} at the deadline or when the caller aborts, with `response_too_large` once the
 * body is over its cap (what has not come yet is not read), else with undici's own error.
 *
 * The body is gathered in the dispatch handler itself rather than through a stream: one answer costs half as much.
 */
export function exchange(dispatcher: Dispatcher, request: WireRequest, limits: DispatchLimits): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, maxBytes } = limits;
    if (signal?.aborted) return reject(new Interrupted("caller"));
    let controller: Dispatcher.DispatchController | undefined;
    let stopped: Error | undefined;
    const stop = (reason: Error): void => {
      stopped ??= reason;
      controller?.abort(reason);
      settle(() => reject(reason));
    };
    const onAbort = (): void => stop(new Interrupted("caller"));
    const deadline = setTimeout(() => stop(new Interrupted("deadline")), Math.max(0, timeoutMs));
    const settle = (finish: () => void): void => {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    let status = 0;
    let headers: Readonly<Record<string, string>> = {};
    let size = 0;
    const chunks: Buffer[] = [];
    dispatcher.dispatch(optionsOf(request), {
      onRequestStart(started) {
        controller = started;
        if (stopped !== undefined) started.abort(stopped); // it was stopped while it waited for a socket
      },
      onResponseStart(_controller, code, received) {
        status = code;
        headers = joinedHeaders(received);
        if (Number(headers["content-length"] ?? 0) > maxBytes) stop(tooLarge(maxBytes));
      },
      onResponseData(_controller, chunk) {
        size += chunk.length;
        if (size > maxBytes) stop(tooLarge(maxBytes));
        else chunks.push(chunk);
      },
      onResponseEnd() {
        const [first = Buffer.alloc(0), ...rest] = chunks;
        settle(() => resolve({ status, headers, content: rest.length === 0 ? first : Buffer.concat(chunks) }));
      },
      onResponseError(_controller, error) {
        settle(() => reject(stopped ?? error));
      },
    });
  });
}

function optionsOf({ origin, path, method, headers, body }: WireRequest): Dispatcher.DispatchOptions {
  return { origin, path, method: method as Dispatcher.HttpMethod, headers, body: body ?? null };
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
