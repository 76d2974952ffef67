import { GatewayError } from "../../errors.ts";
import { isObject } from "../../mcp/params.ts";
import { isStatelessVersion, meta, rpc } from "../../mcp/versions.ts";
import { isEnvelope } from "./envelope.ts";
import { type RpcMessage, type RpcNotification, type RpcRequest, readMessage } from "./message.ts";

/** A request body and the leg that serves it. */
export type Inbound =
  | { readonly era: "stateless"; readonly message: RpcRequest | RpcNotification }
  | { readonly era: "session"; readonly message: RpcMessage }
  | { readonly era: "session"; readonly batch: readonly RpcMessage[] };

/**
 * The era of a POST, by its body first: a request whose `_meta` names a protocol version is of the stateless era, as is one
 * whose header names a version of that era; everything else is of the session era. Agrees with the SDK's `isLegacyRequest`
 * on which is which (a property test holds it to that). Throws `invalid_request` for what belongs to neither.
 *
 * @param version the `MCP-Protocol-Version` header
 */
export function eraOf(body: unknown, version: string | undefined): Inbound {
  if (Array.isArray(body)) return batchOf(body);
  const message = readMessage(body);
  if (message === null) throw notLawful("the body is not a JSON-RPC message");
  if (message.kind === "response") return { era: "session", message };
  return isStateless(message, version) ? { era: "stateless", message } : { era: "session", message };
}

function isStateless(message: RpcRequest | RpcNotification, version: string | undefined): boolean {
  const claim = claims(message.params);
  if (message.kind === "request" && message.method === "initialize") {
    // Only a whole envelope of the stateless era outweighs the method: then it is a method that era does not have.
    const own = message.params._meta;
    if (claim && isEnvelope(own) && isStatelessVersion(own[meta.protocolVersion] as string)) return true;
    return version !== undefined && isStatelessVersion(version);
  }
  return claim || (version !== undefined && isStatelessVersion(version));
}

/** Whether params claim the stateless era: the version entry is there, whatever it holds. */
function claims(params: unknown): boolean {
  return isObject(params) && isObject(params._meta) && meta.protocolVersion in params._meta;
}

function batchOf(body: readonly unknown[]): Inbound {
  if (body.length === 0) throw notLawful("the batch is empty");
  if (body.length > maxBatch) throw notLawful(`the batch has more than ${maxBatch} messages`);
  const batch = body.map((element) => {
    if (isObject(element) && claims(element.params))
      throw notLawful("batches do not exist in protocol version 2026-07-28");
    const message = readMessage(element);
    if (message === null) throw notLawful("the batch holds something that is not a JSON-RPC message");
    return message;
  });
  return { era: "session", batch };
}

/** Messages per batch (security.md §6). */
const maxBatch = 100;

function notLawful(message: string): GatewayError {
  return new GatewayError("invalid_request", message, { status: 400, rpcCode: rpc.invalidRequest });
}
