import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import { annotationsOf, sentenceCase } from "./annotations.ts";
import { countThatFit, envelopeBytes, jsonBytes, kilobytes, tooLarge, trimItem } from "./budget.ts";
import { withIdempotencyKey } from "./idempotency.ts";
import { envelopeSchema, idSchemas, idsOf, openItem, withNotes } from "./item.ts";
import { requestFor } from "./request.ts";
import { answerValue, isNothing, isRecord } from "./results.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import { readSelecting, selectionNotes, selectionOf } from "./select.ts";
import type { Arguments, ObjectSchema, Output, StepContext, Steps } from "./steps.ts";
import { changedItem } from "./written.ts";

/**
 * Action (AIP-136): a custom method. `{ item }` where it answers the noun, `{ result }` where it answers anything else,
 * `{ done: true, <ids> }` where it answers nothing.
 */

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  return closedObject(origin.api, withIdempotencyKey(origin.spec, properties), required);
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  const answer = origin.spec.result?.noun ? { item: openItem(origin) } : { result: openItem(origin) };
  return envelopeSchema({ ...idSchemas(origin), ...answer, done: { type: "boolean" } }, []);
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, sentenceCase(origin.spec.name));
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const selection = selectionOf(origin, args);
  const response = yield* readSelecting(selection, (slots) => requestFor(origin, args, { slots }));
  const value = answerValue(origin, response);
  if (isNothing(value)) return { done: true, ...idsOf(origin, args) };
  if (origin.spec.result?.noun) return changedItem(origin, args, value, context);
  return fitted(origin, value, context, selectionNotes(selection));
}

/** `{ result }` within the budget: fewer whole items of a list, an object without its heaviest fields. */
function fitted(origin: ToolOrigin, value: unknown, context: StepContext, notes: readonly string[]): Output {
  const bytes = context.resultBytes - envelopeBytes;
  const size = jsonBytes(value);
  if (size <= bytes) return { result: value, ...withNotes(notes) };
  if (Array.isArray(value)) {
    const fit = countThatFit(value, bytes);
    const cut = `The first ${fit} of ${value.length} items: the rest is over the size limit of one answer.`;
    return { result: value.slice(0, fit), ...withNotes([...notes, cut]) };
  }
  if (isRecord(value)) {
    const trimmed = trimItem(value, bytes);
    return { result: trimmed.item, ...withNotes([...notes, ...trimmed.notes]) };
  }
  if (origin.spec.effect === "read") throw tooLarge(size, bytes);
  return {
    done: true,
    ...withNotes([...notes, `The API's answer of ${kilobytes(size)} is left out: it is too large.`]),
  };
}
