import { GatewayError } from "../errors.ts";
import { Interrupted } from "./dispatch.ts";
import type { UpstreamRequest } from "./exchange.ts";

/**
 * The error for an exchange that brought no answer. Where nothing was sent, any request may be repeated; where it was, only
 * one that may happen twice: for the rest the advice is to look first. Never names the upstream's address.
 */
export function exchangeError(thrown: unknown, request: UpstreamRequest): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  const code = codeOf(thrown);
  if (thrown instanceof Interrupted) return interrupted(thrown, request);
  if (code === "") return GatewayError.from(thrown); // no fault of the network: a bug of ours
  if (/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code)) {
    return lost("upstream_timeout", "the API did not answer in time", request, thrown);
  }
  if (/^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RES_CONTENT_LENGTH_MISMATCH|RESPONSE))/.test(code)) {
    return new GatewayError("upstream_invalid_response", "the API's answer is not valid HTTP", {
      cause: thrown,
      ...advice(request),
    });
  }
  if (neverSent.test(code)) {
    return new GatewayError("upstream_unavailable", unreachable(code), {
      retryable: true,
      next: "Nothing was sent. Call again in a minute; tell the user if it stays.",
      cause: thrown,
    });
  }
  return lost("upstream_unavailable", "the connection to the API broke", request, thrown);
}

const neverSent =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_PRX_TLS|ERR_TLS_.*|CERT_.*|.*_CERT.*|.*SIGNATURE.*|EPROTO)$/;
const tlsFault = /^(ERR_TLS_|CERT_|.*_CERT|.*SIGNATURE|EPROTO|UND_ERR_PRX_TLS)/;

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

function interrupted(thrown: Interrupted, request: UpstreamRequest): GatewayError {
  const what =
    thrown.why === "deadline" ? "the API did not answer within the time for one call" : "the call was cancelled";
  return lost("upstream_timeout", what, request, thrown);
}

function lost(
  code: "upstream_timeout" | "upstream_unavailable",
  what: string,
  request: UpstreamRequest,
  cause: unknown,
): GatewayError {
  return new GatewayError(code, what, { cause, ...advice(request) });
}

function advice({ idempotent }: UpstreamRequest): { readonly next: string; readonly retryable?: boolean } {
  if (idempotent) return { next: "Call again later." };
  return {
    next: "It may have been done all the same: look with a get or list tool before you repeat it.",
    retryable: false,
  };
}
