import { GatewayError } from "../errors.ts";
import { rpc } from "./versions.ts";

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for `params` that break the schema of their method: -32602, answered in band. */
export function invalidParams(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message, { rpcCode: rpc.invalidParams });
}

/** Text from outside, fit to stand in a message: bounded, no control or invisible characters. */
export function shown(text: string, max = 128): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return plain.length > max ? `${plain.slice(0, max)}…` : plain;
}

/** The cursor of a list request. Throws -32602 when it is no text. */
export function cursorOf(cursor: unknown): string | undefined {
  if (cursor !== undefined && typeof cursor !== "string") throw invalidParams("cursor must be a string");
  return cursor;
}

/** The error for a method that this Surface does not have: -32601, whatever its parameters. */
export function notFound(method: string): GatewayError {
  return new GatewayError("invalid_request", `Method not found: ${method}`, { rpcCode: rpc.methodNotFound });
}
