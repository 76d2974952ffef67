import { GatewayError } from "../../errors.ts";
import type { RequestBody } from "../exchange.ts";
import { encodePairs } from "./query.ts";
import { unsendable } from "./refuse.ts";
import { isSet, primitive } from "./values.ts";

/** A body as bytes to send. */
export interface SerializedBody {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/**
 * The body in its media type, made anew from the validated value (security.md F9): JSON, form fields, text, bytes.
 * Throws `invalid_arguments` for a value that the media type cannot hold.
 */
export function serializeBody({ mediaType, wrap = [], value }: RequestBody): SerializedBody {
  const wrapped = wrap.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  const type = mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type.endsWith("+json") || type === "" || type === "*/*") {
    return {
      contentType: type === "" || type === "*/*" ? "application/json" : mediaType,
      content: JSON.stringify(wrapped),
    };
  }
  if (type === "application/x-www-form-urlencoded") {
    return { contentType: mediaType, content: encodePairs(formPairs("", wrapped, 0)) };
  }
  if (type.startsWith("text/") || type.endsWith("xml") || type.endsWith("yaml")) {
    return { contentType: mediaType, content: typeof wrapped === "string" ? wrapped : JSON.stringify(wrapped) };
  }
  if (type === "application/octet-stream" || /^(image|audio|video)\//.test(type))
    return { contentType: type, content: bytesOf(wrapped) };
  throw new GatewayError("invalid_arguments", `this tool needs a body of type ${type}, which the gateway cannot send`, {
    next: "Use another tool.",
  });
}

const maxDepth = 8;

/** Form fields: arrays repeat the name, objects nest in brackets (Stripe's way; OpenAPI's `deepObject`). */
function formPairs(name: string, value: unknown, depth: number): readonly (readonly [string, string])[] {
  if (!isSet(value)) return [];
  if (depth > maxDepth) throw unsendable(name, value, "is nested too deeply for a form");
  if (Array.isArray(value)) {
    const isFlat = value.every((item) => typeof item !== "object");
    return value.flatMap((item, index) => formPairs(isFlat ? name : `${name}[${index}]`, item, depth + 1));
  }
  if (typeof value !== "object" || value === null) return [[name, primitive(name, value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    formPairs(name === "" ? key : `${name}[${key}]`, inner, depth + 1),
  );
}

/** Bytes travel as base64 in JSON arguments. RFC 4648 §4. */
function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
    throw unsendable("body", value, "is not base64");
  return Buffer.from(value, "base64");
}
