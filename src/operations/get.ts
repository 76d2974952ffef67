import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { annotationsOf } from "./annotations.ts";
import { fieldsArgument } from "./fields.ts";
import { envelopeSchema, idsOf, itemOutput, openItem } from "./item.ts";
import { requestFor } from "./request.ts";
import { answerValue, isNothing, mostBytes } from "./results.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import { readSelecting, selectionNotes, selectionOf } from "./select.ts";
import type { Arguments, ObjectSchema, StepContext, Steps } from "./steps.ts";

/**
 * Get (AIP-131): one instance, `{ item }`. An answer that says nothing (`{}`, null, an empty body) is `upstream_not_found`:
 * some APIs answer a missing record with 200.
 */

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  const fields: Schema | undefined = fieldsArgument(origin);
  return closedObject(origin.api, { ...properties, ...(fields === undefined ? {} : { fields }) }, required);
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  return envelopeSchema({ item: openItem(origin) }, ["item"]);
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `Get ${origin.resource.title}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const selection = selectionOf(origin, args);
  const response = yield* readSelecting(selection, (slots) => requestFor(origin, args, { slots }));
  const value = answerValue(origin, response);
  if (isNothing(value)) throw notFound(origin, args, response.status);
  return itemOutput(origin, args, value, context, { notes: selectionNotes(selection), bytes: mostBytes(response) });
}

function notFound(origin: ToolOrigin, args: Arguments, upstreamStatus: number): GatewayError {
  const { resource } = origin;
  const ids = Object.entries(idsOf(origin, args)).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const list = resource.tools.list?.name;
  return new GatewayError(
    "upstream_not_found",
    `there is no ${resource.title} with ${ids.join(" and ") || "these arguments"}`,
    {
      upstreamStatus,
      next: list === undefined ? "Check the id." : `Find the id with ${list}.`,
    },
  );
}
