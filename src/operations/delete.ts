import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import { annotationsOf } from "./annotations.ts";
import { envelopeBytes, jsonBytes } from "./budget.ts";
import { withIdempotencyKey } from "./idempotency.ts";
import { envelopeSchema, idSchemas, idsOf, withNotes } from "./item.ts";
import { requestFor } from "./request.ts";
import { answerValue, isNothing, isRecord } from "./results.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import type { Arguments, ObjectSchema, StepContext, Steps } from "./steps.ts";

/** Delete (AIP-135): `{ deleted: true, <ids> }`, and under `result` whatever the upstream answered beside that. */

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  return closedObject(origin.api, withIdempotencyKey(origin.spec, properties), required);
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  return envelopeSchema(
    {
      ...idSchemas(origin),
      deleted: { type: "boolean" },
      result: { description: "What the API answered." },
    },
    [],
  );
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `Delete ${origin.resource.title}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const value = answerValue(origin, yield requestFor(origin, args));
  const ids = idsOf(origin, args);
  if (isNothing(value)) return { deleted: true, ...ids };
  const deleted = !(isRecord(value) && value.deleted === false);
  if (jsonBytes(value) > context.resultBytes - envelopeBytes) {
    return { deleted, ...ids, ...withNotes(["The API's answer is left out: it is too large."]) };
  }
  return { deleted, ...ids, result: value };
}
