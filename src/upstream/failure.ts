import { type Change, type ErrorCode, type ErrorFacts, GatewayError } from "../errors.ts";
import { Broken } from "./dispatch.ts";
import type { UpstreamRequest } from "./exchange.ts";

/**
 * The error for an exchange that brought no answer. Where nothing was sent, any request may be repeated; where it was, only
 * one that may happen twice: for the rest the advice is to look first. Never names the upstream's address.
 */
export function exchangeError(thrown: unknown, request: UpstreamRequest): GatewayError {
  if (!(thrown instanceof Broken)) return GatewayError.from(thrown);
  const { why, phase, cause } = thrown;
  const change: Change = phase === "unsent" || request.effect === "read" ? "none" : "unknown";
  const failed = (code: ErrorCode, message: string, facts: ErrorFacts = advice(request)): GatewayError =>
    new GatewayError(code, message, { cause: thrown, change, ...facts });
  if (why === "caller") return failed("upstream_timeout", "the call was cancelled");
  if (why === "deadline") {
    return phase === "unsent"
      ? failed("upstream_timeout", "the API could not be reached within the time for one call", unsent)
      : failed("upstream_timeout", "the API did not answer within the time for one call");
  }
  const code = codeOf(cause);
  if (code === "" && phase === "unsent") return GatewayError.from(cause); // no fault of the network: a bug of ours
  if (timeout.test(code)) return failed("upstream_timeout", "the API did not answer in time");
  if (notHttp.test(code)) return failed("upstream_invalid_response", "the API's answer is not valid HTTP");
  if (phase === "unsent") return failed("upstream_unavailable", unreachable(code), unsent);
  return failed("upstream_unavailable", "the connection to the API broke");
}

/** What is thrown where the caller left before anything of its request was sent. */
export function cancelled(): GatewayError {
  return new GatewayError("upstream_timeout", "the call was cancelled", { change: "none", next: "Call again later." });
}

/** Whether the same request may work a moment later: the connection failed before the first byte of an answer. */
export function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof Broken) || thrown.why !== "fault" || thrown.phase === "answering") return false;
  const code = codeOf(thrown.cause);
  return code !== "" && !timeout.test(code) && !notHttp.test(code) && !tlsFault.test(code);
}

const unsent: ErrorFacts = {
  retryable: true,
  next: "Nothing was sent. Call again in a minute; tell the user if it stays.",
};

const timeout = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/;
const notHttp = /^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RES_CONTENT_LENGTH_MISMATCH|RESPONSE))/;
const tlsFault = /^(ERR_TLS_|CERT_|.*_CERT|.*SIGNATURE|EPROTO|UND_ERR_PRX_TLS|UNABLE_TO_)/;

function unreachable(code: string): string {
  return tlsFault.test(code) ? "the API's certificate or TLS is not accepted" : "the API cannot be reached";
}

/** The code of an error or of what caused it; an AggregateError of several addresses has it on its parts. */
function codeOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  const { code, name, cause, errors } = thrown as Readonly<Record<string, unknown>>; // any error's, each checked below
  if (typeof code === "string") return code;
  if (name === "HTTPParserError") return "HPE_"; // undici's, not every one of which has a code
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : codeOf(cause);
}

function advice({ idempotent }: UpstreamRequest): ErrorFacts {
  if (idempotent) return { next: "Call again later." };
  return {
    next: "It may have been done all the same: look with a get or list tool before you repeat it.",
    retryable: false,
  };
}
