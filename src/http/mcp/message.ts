import { isObject } from "../../mcp/params.ts";

/** A JSON-RPC request. */
export interface RpcRequest {
  readonly kind: "request";
  readonly id: string | number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A JSON-RPC notification. */
export interface RpcNotification {
  readonly kind: "notification";
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The client's answer to a request of ours. */
export interface RpcResponse {
  readonly kind: "response";
  /** Absent in an error answer to something the client could not read. */
  readonly id?: string | number;
  readonly message: Readonly<Record<string, unknown>>;
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

const noParams: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * The message that a JSON value is, null when it is none: an unlawful id, a member that JSON-RPC does not have, params that
 * are no object. As strict as the SDK, so that nobody reads another message out of it than we do.
 * https://www.jsonrpc.org/specification
 */
export function readMessage(value: unknown): RpcMessage | null {
  if (!isObject(value) || value.jsonrpc !== "2.0") return null;
  const names = Object.keys(value);
  if ("method" in value) return readCall(value, names);
  if ("result" in value) return readResult(value, names);
  return readError(value, names);
}

function readCall(value: Readonly<Record<string, unknown>>, names: readonly string[]): RpcMessage | null {
  const { id, method, params } = value;
  if (typeof method !== "string" || !names.every((name) => callMembers.has(name))) return null;
  if (params !== undefined && !isParams(params)) return null;
  const given = params ?? noParams;
  if (!("id" in value)) return { kind: "notification", method, params: given };
  return isId(id) ? { kind: "request", id, method, params: given } : null;
}

function readResult(value: Readonly<Record<string, unknown>>, names: readonly string[]): RpcMessage | null {
  const { id, result } = value;
  if (names.length !== 3 || !isId(id) || !isObject(result)) return null;
  if (result._meta !== undefined && !isObject(result._meta)) return null;
  return { kind: "response", id, message: value };
}

function readError(value: Readonly<Record<string, unknown>>, names: readonly string[]): RpcMessage | null {
  const { id, error } = value;
  if (!isObject(error) || !names.every((name) => errorMembers.has(name))) return null;
  if (!Number.isSafeInteger(error.code) || typeof error.message !== "string") return null;
  if (id === undefined) return { kind: "response", message: value };
  return isId(id) ? { kind: "response", id, message: value } : null;
}

const callMembers: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params"]);
const errorMembers: ReadonlySet<string> = new Set(["jsonrpc", "id", "error"]);

/** A number beyond 2^53 would come back as another one, so it is refused. */
function isId(id: unknown): id is string | number {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function isParams(params: unknown): params is Readonly<Record<string, unknown>> {
  if (!isObject(params)) return false;
  const { _meta: own } = params;
  if (own === undefined) return true;
  if (!isObject(own)) return false;
  const { progressToken, "io.modelcontextprotocol/related-task": task } = own;
  if (task !== undefined && !(isObject(task) && typeof task.taskId === "string")) return false;
  return progressToken === undefined || isId(progressToken);
}

/** The id to answer a body with that is refused as a whole: its own where it has a lawful one, else null. */
export function echoedId(body: unknown): string | number | null {
  return isObject(body) && isId(body.id) && "method" in body ? body.id : null;
}
