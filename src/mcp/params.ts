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
