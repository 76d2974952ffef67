import type { Result } from "../../src/descriptor.ts";
import type { Decision, Document, OperationResponse, SpecSchema } from "../model.ts";
import { answerSchema, isJson, jsonOf, type Located, likeness, listIn, successOf, thingIn } from "../schemas.ts";
import { isFile, isText } from "./content.ts";
import type { Context } from "./context.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** What an Operation answers on success. */
export interface Answer {
  /** The whole JSON body. */
  readonly schema?: SpecSchema;
  /** The value in it: the thing, or one item of a List. */
  readonly located?: Located;
  /** The value as an object, where it is one. */
  readonly shape?: Shape;
  /** Of an answer that is not JSON. */
  readonly mediaType?: string;
  /** It is a file: bytes that no text can hold. */
  readonly isBinary?: boolean;
  readonly isEmpty: boolean;
}

/** Reads the answer; gateway.yaml may say where the value is. */
export function readAnswer(context: Context, decision: Decision): Answer {
  const { document } = context;
  const rule = context.rules.rule("results", decision);
  const response = successOf(decision.operation);
  if (rule?.empty === true || response === undefined || response.content.length === 0) return { isEmpty: true };
  const schema = answerSchema(decision.operation);
  const [first] = response.content;
  if (first !== undefined && isFileAnswer(document, response.content)) {
    return { isEmpty: false, mediaType: first.mediaType, isBinary: true };
  }
  if (jsonOf(response.content) === undefined) return { isEmpty: false, mediaType: first?.mediaType ?? "" };
  const located =
    rule?.unwrap === undefined ? locate(document, decision, schema) : follow(context, decision, schema, rule.unwrap);
  const at = `${decision.operation.pointer}/responses/${response.status}`;
  const shape = located === undefined ? undefined : shapeOf(context, located.schema, at, "read");
  return {
    isEmpty: false,
    ...(schema !== undefined && { schema }),
    ...(located !== undefined && { located }),
    ...(shape !== undefined && { shape }),
    ...nonJson(response),
  };
}

/** No JSON and no text; also anything at all whose schema says that it is bytes. */
function isFileAnswer(document: Document, content: OperationResponse["content"]): boolean {
  const json = jsonOf(content);
  if (json === undefined) return content.every(({ mediaType }) => !isText(mediaType));
  return /^(\*\/\*|application\/\*)/.test(json.mediaType) && isFile(document, json.schema);
}

/** `*\/*` and the like are asked for as JSON; a vendor's `+json` by its own name. */
function nonJson(response: OperationResponse): { readonly mediaType?: string } {
  const mediaType = jsonOf(response.content)?.mediaType;
  const isUsual = mediaType === undefined || /^(application\/json|\*\/\*|application\/\*)\b/i.test(mediaType);
  return isUsual || !isJson(mediaType) ? {} : { mediaType };
}

function locate(document: Document, { kind }: Decision, schema: SpecSchema | undefined): Located | undefined {
  if (schema === undefined) return undefined;
  const list = kind === "list" ? listIn(document, schema) : undefined;
  return list ?? (kind === "count" ? { path: [], schema } : thingIn(document, schema));
}

/** Down the given path, as far as the Spec knows it; for a List, to its items. */
function follow(
  context: Context,
  { kind }: Decision,
  schema: SpecSchema | undefined,
  path: readonly string[],
): Located | undefined {
  if (schema === undefined) return undefined;
  let at: SpecSchema = schema;
  for (const key of path) {
    const inner = shapeOf(context, at, "", "read")?.properties.find(({ name }) => name === key);
    at = inner?.spec ?? {};
  }
  const items = kind === "list" ? listIn(context.document, at) : undefined;
  return items === undefined || items.path.length > 0 ? { path, schema: at } : { path, schema: items.schema };
}

/** How alike an answer must be to the noun to count as one: a shape with half its properties elsewhere is another thing. */
const alike = 0.5;

/** Whether the answer is the noun itself. */
export function isNoun(context: Context, decision: Decision, answer: Answer, noun: SpecSchema | undefined): boolean {
  const stated = context.rules.rule("results", decision)?.noun;
  if (stated !== undefined) return stated;
  if (noun === undefined || answer.shape === undefined || answer.located === undefined) return false;
  if (answer.located.schema === noun) return true;
  return likeness(context.document, answer.located.schema, noun) >= alike || isPartOf(context, answer.shape, noun);
}

/** A summary has fewer properties than the noun, and no others. */
function isPartOf(context: Context, shape: Shape, noun: SpecSchema): boolean {
  const names = new Set(shapeOf(context, noun, "", "read")?.properties.map(({ name }) => name));
  const own = shape.properties.map(({ name }) => name);
  return own.length > 1 && own.every((name) => names.has(name));
}

/** The Result of a Tool. The envelope of an action stays on, unless the noun is in it. */
export function describeResult(context: Context, decision: Decision, answer: Answer, isNounAnswer: boolean): Result {
  if (answer.isEmpty) return { empty: true };
  const mediaType = {
    ...(answer.mediaType !== undefined && { mediaType: answer.mediaType }),
    ...(answer.isBinary === true && { binary: true }),
  };
  const { located, schema } = answer;
  if (located === undefined || decision.kind === "count") return mediaType;
  const keepsEnvelope =
    decision.kind === "action" && !isNounAnswer && context.rules.rule("results", decision) === undefined;
  const value = keepsEnvelope ? schema : located.schema;
  const at = `${decision.operation.pointer}/responses`;
  const item = isNounAnswer || value === undefined ? {} : context.converter.convert(value, { at, direction: "read" });
  return {
    ...mediaType,
    ...(!keepsEnvelope && located.path.length > 0 && { unwrap: located.path }),
    ...(isNounAnswer && { noun: true }),
    ...(Object.keys(item).length > 0 && { item }),
  };
}
