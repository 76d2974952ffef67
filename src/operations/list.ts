import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { Paging, Schema } from "../descriptor.ts";
import { annotationsOf, spaced } from "./annotations.ts";
import { openCursor, type Place } from "./cursor.ts";
import { fieldsArgument } from "./fields.ts";
import { Gathering } from "./gathering.ts";
import { envelopeSchema, openItem } from "./item.ts";
import { firstPlace, pagingOf, readPage, takesAnySize } from "./paging/readPage.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import { selectionNotes, selectionOf } from "./select.ts";
import type { Arguments, ObjectSchema, StepContext, Steps } from "./steps.ts";
import { emptyNote } from "./window.ts";

/**
 * List (AIP-132): some of the items that match, in the upstream's order, and a cursor to the rest. One paging vocabulary
 * whatever the upstream's is: `limit` and an opaque `cursor` in, `{ items, returnedCount, totalCount?, hasMore, nextCursor? }` out.
 */

/** A page that a model can read; more costs context, less costs calls. */
const defaultLimit = 50;
/** Where the upstream names no maximum of its own. */
const defaultMaxLimit = 200;
/** Upstream pages read for one List: enough to fill it where the upstream caps silently, or returns empty pages on the way. */
const maxReads = 10;
/** A next link may be long. */
const cursorLength = 8192;

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(origin);
  return closedObject(
    origin.api,
    { ...properties, ...pagingArguments(pagingOf(origin)), ...fieldsProperty(origin) },
    required,
  );
}

function pagingArguments(paging: Paging): Readonly<Record<string, Schema>> {
  const maximum = maxLimit(paging);
  return {
    limit: {
      type: "integer",
      minimum: 1,
      maximum,
      default: Math.min(defaultLimit, maximum),
    },
    cursor: {
      type: "string",
      minLength: 1,
      maxLength: cursorLength,
      description: "nextCursor of the last answer.", // that the other arguments stay is told to those who change them
    },
  };
}

function fieldsProperty(origin: ToolOrigin): { readonly fields?: Schema } {
  const fields = fieldsArgument(origin);
  return fields === undefined ? {} : { fields };
}

function maxLimit(paging: Paging): number {
  return paging.maxLimit ?? defaultMaxLimit;
}

export function outputSchema(origin: ToolOrigin): ObjectSchema {
  return envelopeSchema(
    {
      items: { type: "array", items: openItem(origin) },
      returnedCount: { type: "integer", description: "Items in this answer." },
      totalCount: { type: "integer", description: "Items that match in all, where the API says it." },
      hasMore: { type: "boolean" },
      nextCursor: { type: "string", description: "Give it as cursor for the following items." },
    },
    ["items", "returnedCount", "hasMore"],
  );
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `List ${spaced(origin.resource.plural)}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const paging = pagingOf(origin);
  const limit = typeof args.limit === "number" ? args.limit : Math.min(defaultLimit, maxLimit(paging));
  const selection = selectionOf(origin, args);
  const gathered = new Gathering(origin, args, context, limit);
  const emptyNotes = (): readonly string[] =>
    gathered.isEmpty && args.cursor === undefined ? [emptyNote(origin, args, context.now())] : [];
  let place = startPlace(origin, args, context, limit);
  for (let reads = 0; ; reads++) {
    const page = yield* readPage(origin, args, place, selection);
    const next = gathered.add(page, place.skip, reads + 1 < maxReads);
    if (next === undefined) return gathered.output([...selectionNotes(selection), ...emptyNotes()]);
    place = takesAnySize(paging) ? { ...next, size: Math.max(1, limit - gathered.items.length) } : next;
  }
}

function startPlace(origin: ToolOrigin, args: Arguments, context: StepContext, limit: number): Place {
  const paging = pagingOf(origin);
  if (typeof args.cursor !== "string") return firstPlace(paging, limit);
  const place = openCursor(args.cursor, origin.spec.name, args, context);
  return takesAnySize(paging) ? { ...place, size: limit } : place;
}
