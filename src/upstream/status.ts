import type { UpstreamConfig } from "../config/config.ts";
import type { Effect } from "../descriptor.ts";
import { type Change, type ErrorCode, type ErrorFacts, GatewayError } from "../errors.ts";

/** What a status means, by status; a hundred stands for all of its class that have no entry of their own. */
const meaning: Readonly<Record<number, ErrorCode>> = {
  300: "upstream_redirect",
  304: "upstream_invalid_response",
  400: "upstream_rejected",
  401: "upstream_unauthorized",
  403: "not_permitted",
  404: "upstream_not_found",
  408: "upstream_timeout",
  409: "upstream_conflict",
  410: "upstream_not_found",
  412: "upstream_conflict",
  423: "upstream_conflict",
  425: "upstream_unavailable",
  429: "upstream_rate_limited",
  500: "upstream_failed",
  502: "upstream_unavailable",
  503: "upstream_unavailable",
  504: "upstream_timeout",
};

/** What the caller can do about it, by code. Codes that the API's own words explain best refer to them. */
const advice: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_arguments: "Correct the arguments by what the API says and call again.",
  upstream_rejected: "Correct the arguments by what the API says and call again.",
  upstream_unauthorized: "The API does not accept this key. Ask the user for a valid one; calling again does not help.",
  not_permitted: "This key may not do that. Ask the user, or use a tool that it may use.",
  upstream_not_found: "Check the ids: find them with a list tool.",
  upstream_conflict: "Read the current state, then decide whether the change is still wanted.",
  upstream_rate_limited: "Wait, then call again.",
  upstream_timeout: "Call again later, or ask for less.",
  upstream_unavailable: "Call again in a minute.",
  upstream_failed: "This is a fault of the API. Call again once; tell the user if it stays.",
  upstream_redirect: "This is a fault of the API's address or of its description: tell the operator of this gateway.",
  upstream_invalid_response: "This is a fault of the API: tell the operator of this gateway.",
};

/** A request that failed, as far as the error depends on it. */
export interface Failed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the upstream says, already fit to be shown. */
  readonly message: string | undefined;
  readonly effect: Effect;
  /** Whether the same request may simply be sent again. */
  readonly isRepeatable: boolean;
}

/**
 * The error for an answer that is not 2xx: by the first configured rule that fits status and message, else by the standard
 * meaning of the status. Carries the upstream's words, `upstreamStatus`, advice, and `retryAfterSeconds` where it names a time.
 */
export function statusError(
  { status, headers, message, effect, isRepeatable }: Failed,
  rules: UpstreamConfig["errors"],
): GatewayError {
  const rule = rules.find(
    (one) => one.status === status && (message ?? "").toLowerCase().includes((one.message ?? "").toLowerCase()),
  );
  const code = rule?.code ?? standardMeaning(status);
  const change = effect === "read" ? "none" : changeAfter(status);
  const next = rule?.next ?? advice[code];
  const seconds = retryAfter(headers["retry-after"]);
  const facts: ErrorFacts = {
    upstreamStatus: status,
    change,
    ...(next === undefined
      ? {}
      : { next: seconds === undefined ? next : `${next} The API asks to wait ${seconds} seconds.` }),
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
    ...(change === "unknown" && !isRepeatable ? unsafeToRepeat : {}),
  };
  const said = message === undefined || code === "upstream_redirect" ? "" : `: ${message}`;
  return new GatewayError(code, `the API answered ${status}${said}`, facts);
}

function standardMeaning(status: number): ErrorCode {
  const own = meaning[status] ?? meaning[Math.floor(status / 100) * 100];
  return own ?? "upstream_invalid_response";
}

/**
 * What became of a change that was refused (reliability.md §6). A 4xx decides it; 425 and 429 come before any work. A server
 * error, a timeout and a redirect (a 303 follows a change that was made) say nothing.
 */
function changeAfter(status: number): Change {
  if (status === 425 || status === 429) return "none";
  return status >= 400 && status < 500 && status !== 408 ? "answered" : "unknown";
}

const unsafeToRepeat: ErrorFacts = {
  retryable: false,
  next: "It may have been done all the same: look with a get or list tool before you repeat it.",
};

const longestWaitSeconds = 24 * 60 * 60;

/** Seconds or a date. RFC 9110 §10.2.3. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, longestWaitSeconds) : undefined;
}
