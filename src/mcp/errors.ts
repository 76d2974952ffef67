import type { ErrorCode, GatewayError } from "../errors.ts";
import type { Era } from "./context.ts";
import { rpc } from "./versions.ts";

/** The `error` member of a JSON-RPC answer. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * JSON-RPC code of an error that ends a request, by code. The upstream's faults reach JSON-RPC only outside tools/call, where
 * they are results; -32603 then, since codes in -32000…-32019 must not be invented (protocol.md §3).
 */
export const rpcCode: Readonly<Record<ErrorCode, number>> = {
  invalid_arguments: rpc.invalidParams,
  not_permitted: rpc.refused,
  lookup_required: rpc.internal,
  confirmation_required: rpc.internal,
  in_progress: rpc.internal,
  idempotency_conflict: rpc.internal,
  outcome_unknown: rpc.internal,
  rate_limited: rpc.refused,
  overloaded: rpc.refused,
  store_unavailable: rpc.refused,
  audit_unavailable: rpc.refused,
  upstream_timeout: rpc.internal,
  upstream_unavailable: rpc.internal,
  upstream_redirect: rpc.internal,
  upstream_rejected: rpc.internal,
  upstream_unauthorized: rpc.internal,
  upstream_not_found: rpc.internal,
  upstream_conflict: rpc.internal,
  upstream_rate_limited: rpc.internal,
  upstream_failed: rpc.internal,
  upstream_invalid_response: rpc.internal,
  response_too_large: rpc.internal,
  unknown_tool: rpc.invalidParams,
  unknown_resource: rpc.invalidParams,
  unauthenticated: rpc.refused,
  insufficient_scope: rpc.refused,
  invalid_request: rpc.invalidRequest,
  internal: rpc.internal,
};

/** The JSON-RPC error of a GatewayError. An internal fault shows its request id and nothing else. */
export function rpcErrorOf(error: GatewayError, requestId?: string): RpcError {
  const code = error.facts.rpcCode ?? rpcCode[error.code];
  if (error.code === "internal") {
    return { code, message: "internal error", ...(requestId === undefined ? {} : { data: { requestId } }) };
  }
  const { data } = error.facts;
  return { code, message: messageOf(error), ...(data === undefined ? {} : { data }) };
}

/** HTTP statuses that the stateless era gives to JSON-RPC codes; every other error of a method is 200. */
const statelessStatus: Readonly<Record<number, number>> = {
  [rpc.methodNotFound]: 404,
  [rpc.headerMismatch]: 400,
  [rpc.missingCapability]: 400,
  [rpc.unsupportedVersion]: 400,
};

/** HTTP status of a JSON-RPC error answer (protocol.md §3). */
export function statusOfRpcError(error: GatewayError, era: Era): number {
  if (error.facts.status !== undefined) return error.facts.status;
  if (error.code === "overloaded" || error.code === "store_unavailable" || error.code === "audit_unavailable")
    return 503;
  return (era === "stateless" ? statelessStatus[error.facts.rpcCode ?? rpcCode[error.code]] : undefined) ?? 200;
}

function messageOf({ message, facts }: GatewayError): string {
  return facts.next === undefined ? message : `${message} ${facts.next}`;
}
