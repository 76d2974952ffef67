import type { Operation } from "../model.ts";
import { answerSchema, listIn, propertiesOf, successOf } from "../schemas.ts";
import { isPlural } from "../words.ts";
import { itemsBelow, type PathIndex, shapeOf, siblingsOf } from "./pathIndex.ts";
import type { Segment } from "./segments.ts";
import type { Verb } from "./verbs.ts";

/** Words that qualify the noun before them rather than name one. */
const qualifiers: ReadonlySet<string> = new Set(
  (
    "current latest active inactive recent mine own all open closed pending default popular trending featured archived " +
    "deleted upcoming past expired completed available assigned unassigned unread overdue scheduled ongoing last first next previous newest today random"
  ).split(" "),
);

/** `open` of `/incidents/open`. */
export function isQualifier(text: string): boolean {
  return qualifiers.has(text.toLowerCase());
}

/** A segment that begins with a verb, and where it stands. */
export interface VerbSegment {
  readonly operation: Operation;
  readonly segment: Segment;
  readonly verb: Verb;
  /** The words after the verb. */
  readonly rest: readonly string[];
  /** Some noun stands before it. */
  readonly hasNounBefore: boolean;
  /** The segment before it is a parameter. */
  readonly isBelowId: boolean;
}

/**
 * Whether a segment that begins with a verb is a noun all the same, by its neighbours: `/orders/{id}` below it, a read and a
 * write with content at the same path, or a plural compound such as `/load-balancers`.
 */
export function isNounHere(index: PathIndex, found: VerbSegment): boolean {
  const { operation, segment, verb, rest } = found;
  const here = siblingsOf(index, segment.until);
  const below = itemsBelow(index, segment.until);
  if (below.some(({ method }) => method !== "POST") && (here.length > 0 || below.length > 1)) return true;
  if (rest.length > 0 && verb.alsoNoun === true && index.stems.has(shapeOf(segment.until))) return true;
  const isCompound = rest.length > 0 && isPlural(rest) && /[-_]/.test(segment.text);
  if (isCompound && (verb.alsoNoun === true || here.length > 1)) return true;
  if (isCompound && verb.kind === undefined && operation.method === "GET" && hasContent(index, operation)) return true;
  if (verb.kind !== undefined && verb.alsoNoun !== true && !isCompound) return false;
  if (operation.method === "GET" && !found.isBelowId && isQualifier(segment.text) && hasContent(index, operation))
    return true;
  if (verb.effect === "read" && verb.alsoNoun !== true) return false;
  return isThing(verb, found.isBelowId) ? isThingHere(index, found) : hasOwnState(index, here);
}

/** `lock` may be the lock of a thing; `/doors/{id}/open` is no thing, though `/open` and `/stops` may be. */
function isThing({ alsoNoun, seldomNoun }: Verb, isBelowId: boolean): boolean {
  return alsoNoun === true && !(seldomNoun === true && isBelowId);
}

/**
 * A GET with content beside the PUT, PATCH or DELETE of what it shows, or a GET of a list beside the POST that adds to it. Any
 * other POST might be the GET's twin.
 */
function hasOwnState(index: PathIndex, here: readonly Operation[]): boolean {
  const reads = here.find(({ method }) => method === "GET");
  if (reads === undefined || !hasContent(index, reads)) return false;
  const isList = listIn(index.document, answerSchema(reads)) !== undefined;
  return here.some(({ method, body }) => {
    if (method === "PUT" || method === "PATCH") return body !== undefined;
    return method === "DELETE" || (method === "POST" && isList && body !== undefined);
  });
}

function isThingHere(index: PathIndex, { operation, segment, verb, rest, hasNounBefore }: VerbSegment): boolean {
  const here = siblingsOf(index, segment.until);
  const reads = here.find(({ method }) => method === "GET");
  const writes = here.some(({ method, body }) => /^(POST|PUT|PATCH)$/.test(method) && body !== undefined);
  if (reads !== undefined && writes && answerSchema(reads) !== undefined) return true;
  if (operation.method === "GET") return hasContent(index, operation) || (verb.effect !== "read" && hasText(operation));
  const isCreate = operation.method === "POST" && itemsBelow(index, segment.until).length > 0;
  return isCreate && !hasNounBefore && rest.length === 0;
}

/** It answers something that is not JSON: the log itself, not the logging. */
function hasText(operation: Operation): boolean {
  return (successOf(operation)?.content ?? []).length > 0;
}

/** A GET that answers structured content is about that content, whatever its path is called. */
function hasContent(index: PathIndex, operation: Operation): boolean {
  const schema = answerSchema(operation);
  if (schema === undefined) return false;
  return listIn(index.document, schema) !== undefined || Object.keys(propertiesOf(index.document, schema)).length > 0;
}
