import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import { annotationsOf } from "./annotations.ts";
import { withIdempotencyKey } from "./idempotency.ts";
import { envelopeSchema, openItem, withNotes } from "./item.ts";
import { requestFor } from "./request.ts";
import { answerValue, isNothing } from "./results.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import type { Arguments, ObjectSchema, StepContext, Steps } from "./steps.ts";
import { changedItem } from "./written.ts";

/** Create (AIP-133): a new instance from flat fields, `{ item }` as the upstream answers it, `{ created: true }` where it answers nothing. */

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  return closedObject(origin.api, withIdempotencyKey(origin.spec, properties), required);
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  return envelopeSchema({ item: openItem(origin), created: { type: "boolean" } }, []);
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `Create ${origin.resource.title}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const value = answerValue(origin, yield requestFor(origin, args));
  if (!isNothing(value)) return changedItem(origin, args, value, context);
  return { created: true, ...withNotes(["The API answered without the new instance."]) };
}
