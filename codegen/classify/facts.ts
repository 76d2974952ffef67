import type { Document, Operation, SpecSchema } from "../model.ts";
import {
  answerSchema,
  bodySchema,
  itemsOf,
  type Located,
  likeness,
  listIn,
  nounOf,
  propertiesOf,
  refName,
  requiredOf,
  successOf,
  thingIn,
  typeOf,
} from "../schemas.ts";
import { isPlural, splitWords } from "../words.ts";
import { type IdentifierReading, readIdentifier } from "./identifier.ts";
import { itemsBelow, type PathIndex, siblingsOf } from "./pathIndex.ts";
import { type Place, placeOf } from "./place.ts";

/** What the success answer is. */
export interface AnswerFacts {
  readonly schema?: SpecSchema;
  /** Where the list is, when it holds one. */
  readonly list?: Located;
  /** The one thing it holds, when it is an object without a list. */
  readonly thing?: Located;
  /** An object schema that names its properties, or an array. */
  readonly isTelling: boolean;
  /** A number, or an object whose one payload is a number. */
  readonly isNumber: boolean;
  readonly status?: string;
}

/** What the request body is. */
export interface BodyFacts {
  readonly schema?: SpecSchema;
  /** Property names, `data` and the like unwrapped. */
  readonly names: readonly string[];
  readonly isArray: boolean;
  readonly hasRequired: boolean;
}

/** All that the rules may look at for one Operation. */
export interface Facts {
  readonly operation: Operation;
  readonly document: Document;
  readonly place: Place;
  readonly identifier?: IdentifierReading;
  readonly answer: AnswerFacts;
  readonly body: BodyFacts;
  /** Operations at the same path, this one included. */
  readonly siblings: readonly Operation[];
  /** Operations one parameter below. */
  readonly items: readonly Operation[];
  /** The noun's schema as its GET shows it: the item of the list at this path, or what the path below answers. */
  readonly nounSchema?: SpecSchema;
  /** The path ends in the noun's own ids. */
  readonly isItem: boolean;
  /** The path ends in a noun that holds several: it has items below, a list at it, a create beside it, or is a plural. */
  readonly isCollection: boolean;
}

/** The Facts of one Operation. */
export function factsOf(operation: Operation, index: PathIndex): Facts {
  const { document } = index;
  const place = placeOf(operation, index);
  const identifier = readIdentifier(operation);
  const siblings = siblingsOf(index, operation.path);
  const items = itemsBelow(index, operation.path);
  const nounSchema = nounSchemaOf(document, siblings, items);
  const isItem = place.ids.length > 0 && place.verb === undefined;
  return {
    operation,
    document,
    place,
    ...(identifier !== undefined && { identifier }),
    answer: answerFacts(document, operation),
    body: bodyFacts(document, operation),
    siblings,
    items,
    ...(nounSchema !== undefined && { nounSchema }),
    isItem,
    isCollection: !isItem && holdsSeveral(document, place, siblings, items),
  };
}

function answerFacts(document: Document, operation: Operation): AnswerFacts {
  const schema = answerSchema(operation);
  const status = successOf(operation)?.status;
  const list = schema === undefined ? undefined : listIn(document, schema);
  const thing = schema === undefined || list !== undefined ? undefined : thingIn(document, schema);
  const hasProperties = thing !== undefined && Object.keys(propertiesOf(document, thing.schema)).length > 0;
  return {
    ...(schema !== undefined && { schema }),
    ...(list !== undefined && { list }),
    ...(thing !== undefined && { thing }),
    isTelling: list !== undefined || hasProperties,
    isNumber: isNumber(document, schema),
    ...(status !== undefined && { status }),
  };
}

function isNumber(document: Document, schema: SpecSchema | undefined): boolean {
  const type = typeOf(document, schema);
  if (type === "integer" || type === "number") return true;
  const properties = Object.values(propertiesOf(document, schema));
  if (type !== "object" || properties.length !== 1) return false;
  const only = typeOf(document, properties[0]);
  return only === "integer" || only === "number" || (only === "object" && isNumber(document, properties[0]));
}

function bodyFacts(document: Document, operation: Operation): BodyFacts {
  const schema = bodySchema(operation);
  const { schema: inner } = thingIn(document, schema);
  return {
    ...(schema !== undefined && { schema }),
    names: Object.keys(propertiesOf(document, inner)),
    isArray: schema !== undefined && itemsOf(document, schema) !== undefined,
    hasRequired: requiredOf(document, inner).length > 0 || requiredOf(document, schema).length > 0,
  };
}

function nounSchemaOf(
  document: Document,
  siblings: readonly Operation[],
  items: readonly Operation[],
): SpecSchema | undefined {
  const reads = [...siblings, ...items].filter(({ method }) => method === "GET");
  return reads.map((read) => nounOf(document, read)).find((schema) => isTelling(document, schema));
}

function isTelling(document: Document, schema: SpecSchema | undefined): boolean {
  return (
    schema !== undefined && (refName(schema) !== undefined || Object.keys(propertiesOf(document, schema)).length > 0)
  );
}

function holdsSeveral(
  document: Document,
  place: Place,
  siblings: readonly Operation[],
  items: readonly Operation[],
): boolean {
  if (items.some(({ method }) => method !== "POST")) return true;
  const read = siblings.find(({ method }) => method === "GET");
  if (read !== undefined && answerSchema(read) !== undefined) {
    const schema = answerSchema(read);
    if (listIn(document, schema) !== undefined) return true;
    if (isTelling(document, thingIn(document, schema).schema)) return false;
  }
  return isPlural(splitWords(place.nouns.at(-1) ?? ""));
}

/** How alike the body (or, without one, the answer) is to the noun; 0 when either is unknown. */
export function likenessToNoun({ document, body, answer, nounSchema }: Facts): number {
  if (nounSchema === undefined) return 0;
  const inner = thingIn(document, body.schema).schema;
  const shown = answer.thing?.schema;
  return Math.max(
    likeness(document, inner, nounSchema),
    shown === undefined ? 0 : likeness(document, shown, nounSchema),
  );
}
