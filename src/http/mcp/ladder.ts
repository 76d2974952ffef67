import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../errors.ts";
import { isObject, shown } from "../../mcp/params.ts";
import { isStatelessVersion, meta, rpc, supportedVersions } from "../../mcp/versions.ts";
import { type Envelope, envelopeFault, readEnvelope } from "./envelope.ts";
import { header } from "./exchange.ts";
import type { RpcNotification, RpcRequest } from "./message.ts";

/**
 * The envelope of a stateless request, after the checks of protocol.md §2.2 in their order: envelope (-32602), headers that
 * disagree with it (-32020), version (-32022), headers that are missing (-32020). All are HTTP 400.
 */
export function checkRequest(req: IncomingMessage, { method, params }: RpcRequest): Envelope {
  const version = header(req, "mcp-protocol-version")?.trim();
  const named = header(req, "mcp-method")?.trim();
  const own = params._meta;
  const claimed = isObject(own) ? own[meta.protocolVersion] : undefined;
  if (method === "initialize" && (envelopeFault(own) !== null || !isStatelessVersion(String(claimed)))) {
    throw mismatch("initialize belongs to the session era and must not carry MCP-Protocol-Version of a later one");
  }
  const fault = envelopeFault(own);
  if (fault !== null) throw refuse(rpc.invalidParams, `invalid _meta: ${fault}`);
  const envelope = readEnvelope(own as Readonly<Record<string, unknown>>);
  if (version !== undefined && version !== envelope.version)
    throw mismatch(`MCP-Protocol-Version is ${shown(version)}, _meta says ${shown(envelope.version)}`);
  if (named !== undefined && named !== method)
    throw mismatch(`Mcp-Method is ${shown(named)}, the body says ${shown(method)}`);
  assertServed(envelope.version);
  if (version === undefined) throw mismatch("the header MCP-Protocol-Version is missing");
  if (named === undefined) throw mismatch("the header Mcp-Method is missing");
  checkName(header(req, "mcp-name"), method, params);
  return envelope;
}

/** A notification needs no envelope and no headers; what it carries must be of one mind. */
export function checkNotification(req: IncomingMessage, { method, params }: RpcNotification): void {
  const version = header(req, "mcp-protocol-version")?.trim();
  const named = header(req, "mcp-method")?.trim();
  const own = params._meta;
  const claimed = isObject(own) ? own[meta.protocolVersion] : undefined;
  if (claimed !== undefined && typeof claimed !== "string")
    throw refuse(rpc.invalidParams, `invalid _meta: ${meta.protocolVersion} must be a string`);
  if (claimed !== undefined && version !== undefined && claimed !== version)
    throw mismatch(`MCP-Protocol-Version is ${shown(version)}, _meta says ${shown(claimed)}`);
  if (named !== undefined && named !== method)
    throw mismatch(`Mcp-Method is ${shown(named)}, the body says ${shown(method)}`);
  assertServed(claimed ?? version ?? "");
}

/** Which member of `params` the header `Mcp-Name` repeats. */
const nameSource: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
]);

function checkName(given: string | undefined, method: string, params: Readonly<Record<string, unknown>>): void {
  const source = nameSource.get(method);
  if (source === undefined) return;
  const value = params[source];
  if (given === undefined) {
    if (typeof value === "string") throw mismatch("the header Mcp-Name is missing");
    return;
  }
  const decoded = decodeName(given.trim());
  if (decoded === null) throw mismatch("Mcp-Name is not valid base64");
  if (typeof value === "string" && decoded !== value)
    throw mismatch(`Mcp-Name is ${shown(decoded)}, the body says ${shown(value)}`);
}

/** The name in a header: as it is, or in `=?base64?…?=` where it has characters that no header may hold. Null when that is malformed. */
function decodeName(text: string): string | null {
  const encoded = /^=\?base64\?(.*)\?=$/i.exec(text)?.[1];
  if (encoded === undefined) return text;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "") ? bytes.toString() : null;
}

function assertServed(version: string): void {
  if (supportedVersions.includes(version)) return;
  throw refuse(rpc.unsupportedVersion, `Unsupported protocol version: ${shown(version)}`, {
    supported: supportedVersions,
    requested: shown(version),
  });
}

function mismatch(message: string): GatewayError {
  return refuse(rpc.headerMismatch, `Header mismatch: ${message}`);
}

function refuse(rpcCode: number, message: string, data?: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError("invalid_request", message, {
    status: 400,
    rpcCode,
    ...(data === undefined ? {} : { data }),
  });
}
