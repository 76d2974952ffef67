import type { Param, Schema, ToolSpec } from "../descriptor.ts";

/** The control argument by which a caller says that two calls are one intended action. */
export const idempotencyArg = "idempotency_key";

/** "Unique for every request" makes models mint a new key for a retry, which defeats it (reliability.md §6). */
const schema: Schema = {
  type: "string",
  minLength: 1,
  maxLength: 255,
  description: "Same for a retry, new for a new action.",
};

/** `properties` and the control argument, where the Tool changes something. */
export function withIdempotencyKey(
  { effect }: ToolSpec,
  properties: { readonly [name: string]: Schema },
): { readonly [name: string]: Schema } {
  return effect === "read" ? properties : { ...properties, [idempotencyArg]: schema };
}

const headerName = /^(x-)?idempotency-(key|token|id)$/i;

/**
 * The header by which the upstream recognises a repetition, where the Spec declares one for an Operation that changes
 * something. The gateway fills it: callers have `idempotency_key`.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function idempotencyHeader({ effect, params = [] }: ToolSpec): Param | undefined {
  if (effect === "read") return undefined;
  return params.find((param) => param.in === "header" && headerName.test(param.name) && param.value === undefined);
}
