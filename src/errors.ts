/** Every reason for which a request can fail. Closed: a new one is added here and in each table, and the compiler finds the tables. */
export type ErrorCode =
  | "invalid_arguments"
  | "not_permitted"
  | "lookup_required"
  | "confirmation_required"
  | "in_progress"
  | "idempotency_conflict"
  | "outcome_unknown"
  | "rate_limited"
  | "overloaded"
  | "store_unavailable"
  | "audit_unavailable"
  | "upstream_timeout"
  | "upstream_unavailable"
  | "upstream_redirect"
  | "upstream_rejected"
  | "upstream_unauthorized"
  | "upstream_not_found"
  | "upstream_conflict"
  | "upstream_rate_limited"
  | "upstream_failed"
  | "upstream_invalid_response"
  | "response_too_large"
  | "unknown_tool"
  | "unknown_resource"
  | "unauthenticated"
  | "insufficient_scope"
  | "invalid_request"
  | "internal";

/** See {@link ErrorFacts.change}. */
export type Change = "none" | "answered" | "unknown";

/** What an error carries beside its code and message. */
export interface ErrorFacts {
  /** What the reader, a model or a person, should do next. One sentence. */
  readonly next?: string;
  /** The same request may succeed later. Default: by code, see {@link retryable}. */
  readonly retryable?: boolean;
  /** Seconds to wait before that. */
  readonly retryAfterSeconds?: number;
  /** HTTP status that the upstream answered. */
  readonly upstreamStatus?: number;
  /**
   * What became of the change that the Call asked the upstream for. `none`: not made, and the same request may be sent again;
   * `answered`: the upstream decided, and would decide the same again; `unknown`: it may have been made.
   */
  readonly change?: Change;
  /** `data` of the tool result or JSON-RPC error. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** JSON-RPC code, where the protocol names one that the code alone does not tell. */
  readonly rpcCode?: number;
  /** HTTP status, where the protocol names one that the code alone does not tell. */
  readonly status?: number;
  readonly cause?: unknown;
}

/**
 * The one error of Specgate. Thrown where the fact is known, converted once at the border ({@link GatewayError.from}).
 * The message says what was wrong and with which value; it never holds a secret, a stack or an address of the operator's.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.facts = facts;
  }

  get retryable(): boolean {
    return this.facts.retryable ?? retryable[this.code];
  }

  /** The same error with these facts beside, or instead of, its own. */
  with(facts: ErrorFacts): GatewayError {
    const error = new GatewayError(this.code, this.message, { ...this.facts, ...facts });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }

  /** A GatewayError as it is; anything else is `internal` with a fixed text, the thrown value kept as `cause` for the log. */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    return new GatewayError("internal", "internal error", { cause: thrown });
  }
}

/** HTTP status of an error that is answered as HTTP (REST routes and the edge), by code. */
export const httpStatus: Readonly<Record<ErrorCode, number>> = {
  invalid_arguments: 400,
  not_permitted: 403,
  lookup_required: 409,
  confirmation_required: 409,
  in_progress: 409,
  idempotency_conflict: 409,
  outcome_unknown: 409,
  rate_limited: 429,
  overloaded: 503,
  store_unavailable: 503,
  audit_unavailable: 503,
  upstream_timeout: 504,
  upstream_unavailable: 503,
  upstream_redirect: 502,
  upstream_rejected: 422,
  upstream_unauthorized: 401,
  upstream_not_found: 404,
  upstream_conflict: 409,
  upstream_rate_limited: 429,
  upstream_failed: 502,
  upstream_invalid_response: 502,
  response_too_large: 502,
  unknown_tool: 404,
  unknown_resource: 404,
  unauthenticated: 401,
  insufficient_scope: 403,
  invalid_request: 400,
  internal: 500,
};

/** Whether the same request may succeed later, by code. */
export const retryable: Readonly<Record<ErrorCode, boolean>> = {
  invalid_arguments: false,
  not_permitted: false,
  lookup_required: true,
  confirmation_required: true,
  in_progress: true,
  idempotency_conflict: false,
  outcome_unknown: false,
  rate_limited: true,
  overloaded: true,
  store_unavailable: true,
  audit_unavailable: true,
  upstream_timeout: true,
  upstream_unavailable: true,
  upstream_redirect: false,
  upstream_rejected: false,
  upstream_unauthorized: false,
  upstream_not_found: false,
  upstream_conflict: false,
  upstream_rate_limited: true,
  upstream_failed: true,
  upstream_invalid_response: false,
  response_too_large: false,
  unknown_tool: false,
  unknown_resource: false,
  unauthenticated: false,
  insufficient_scope: false,
  invalid_request: false,
  internal: false,
};

/** Codes that are JSON-RPC errors rather than tool results when a tools/call meets them (MCP 2026-07-28, Tools, Error handling). */
export const isProtocolError: Readonly<Partial<Record<ErrorCode, true>>> = {
  unknown_tool: true,
  unknown_resource: true,
  unauthenticated: true,
  insufficient_scope: true,
  invalid_request: true,
  internal: true,
};
