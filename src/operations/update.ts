import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import { annotationsOf } from "./annotations.ts";
import * as get from "./get.ts";
import { withIdempotencyKey } from "./idempotency.ts";
import { envelopeSchema, idSchemas, idsOf, openItem, withNotes } from "./item.ts";
import { requestFor } from "./request.ts";
import { answerValue, isNothing } from "./results.ts";
import { argumentSchemas, closedObject, offeredParams } from "./schemas.ts";
import type { Arguments, ObjectSchema, Output, StepContext, Steps } from "./steps.ts";
import { changedItem } from "./written.ts";

/**
 * Update (AIP-134): sends what the caller gave and nothing else. `{ item }` as the upstream answers it; where it answers
 * nothing the instance is read back with the noun's Get, and where there is none the result is `{ updated: true, <ids> }`.
 */

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  const offered = origin.spec.operation.method === "PUT" ? properties : withoutDefaults(properties);
  return closedObject(origin.api, withIdempotencyKey(origin.spec, offered), required);
}

/** A partial update leaves what it does not name as it is; a default would tell a model that it is set, or to send it. */
function withoutDefaults(properties: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const { default: _, ...rest } = schema;
      return [name, rest];
    }),
  );
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  return envelopeSchema({ ...idSchemas(origin), item: openItem(origin), updated: { type: "boolean" } }, []);
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `Update ${origin.resource.title}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const value = answerValue(origin, yield requestFor(origin, args));
  if (!isNothing(value)) return changedItem(origin, args, value, context);
  const updated = { updated: true, ...idsOf(origin, args) };
  const reader = readerOf(origin, args);
  if (reader === undefined) return updated;
  return yield* readBack(reader, args, context, updated);
}

/** The noun's Get, where this Call's arguments say which instance to read. */
function readerOf(origin: ToolOrigin, args: Arguments): ToolOrigin | undefined {
  const spec = origin.resource.tools.get;
  if (spec === undefined) return undefined;
  const needed = offeredParams(spec).filter((param) => param.in === "path" || param.required);
  const isKnown = needed.length > 0 && needed.every(({ arg }) => args[arg] !== undefined);
  return isKnown && (spec.body?.required ?? []).length === 0 ? { ...origin, spec } : undefined;
}

/** The change is made: a read that fails afterwards is told, and does not make it a failure. */
function* readBack(
  reader: ToolOrigin,
  args: Arguments,
  context: StepContext,
  updated: Output,
): Generator<UpstreamRequest, Output, UpstreamResponse> {
  const ids = Object.fromEntries(offeredParams(reader.spec).map(({ arg }) => [arg, args[arg]]));
  try {
    return yield* get.steps(reader, ids, context);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    return { ...updated, ...withNotes([`Updated, but reading it back failed: ${thrown.message}.`]) };
  }
}
