import type { FieldOverride, WrappersConfig } from "../../src/config/codegen.ts";
import type { Field, Schema } from "../../src/descriptor.ts";
import type { SpecSchema } from "../model.ts";
import { isObject } from "../schemas.ts";
import { splitWords } from "../words.ts";
import type { Converter, Direction } from "./convert.ts";
import { merged } from "./merge.ts";

/** What gateway.yaml says of one field. */
export interface FieldDecisions {
  readonly wrappers?: WrappersConfig | undefined;
  readonly override?: FieldOverride | undefined;
  readonly values?: Schema["enum"] | undefined;
  readonly secret?: boolean | undefined;
}

/** A property as the noun's Field: its schema, what it is wrapped in, and whether it is secret or heavy. */
export function toField(
  converter: Converter,
  property: { readonly name: string; readonly spec: SpecSchema; readonly at: string },
  direction: Direction,
  decisions: FieldDecisions,
): Field {
  const { name, spec, at } = property;
  const { override } = decisions;
  const wrapper = override?.wrapper ?? wrapperOf(converter, spec, decisions.wrappers);
  const schema = valueSchema(converter, { spec, at }, direction, wrapper, decisions);
  const marks = merged(converter.document, spec);
  const isSecret = decisions.secret ?? (marks.format === "password" || isSecretName(name, schema));
  const isHeavy = override?.heavy ?? isHeavyField(name, schema);
  return {
    ...schema,
    ...((override?.readOnly ?? marks.readOnly === true) && { readOnly: true }),
    ...((override?.writeOnly ?? marks.writeOnly === true) && { writeOnly: true }),
    ...(isSecret && { secret: true }),
    ...(isHeavy && { heavy: true }),
    ...(wrapper !== undefined && { wrapper }),
  };
}

function valueSchema(
  converter: Converter,
  { spec, at }: { readonly spec: SpecSchema; readonly at: string },
  direction: Direction,
  wrapper: string | undefined,
  { override, values, wrappers }: FieldDecisions,
): Schema {
  const own = converter.convert(spec, { at, direction });
  const plain = wrapper === undefined ? undefined : wrappers?.names[wrapper];
  const answer = direction === "read" ? override?.answer : undefined;
  const stated = answer === undefined ? override?.schema : withDescription(answer, own.description);
  const base = stated ?? (plain === undefined ? own : withDescription(plain, own.description));
  return {
    ...(values === undefined ? base : withValues(base, values)),
    ...(override?.description !== undefined && { description: override.description }),
    ...(override?.format !== undefined && { format: override.format }),
  };
}

/**
 * `schema` of these values: those of the one form beside null, those of a list's items. A reference is replaced, since the values
 * of the Spec's own enum would still hold behind it.
 */
function withValues(schema: Schema, values: NonNullable<Schema["enum"]>): Schema {
  const forms = schema.anyOf?.filter(({ type }) => type !== "null") ?? [];
  if (schema.anyOf !== undefined && forms.length === 1)
    return { ...schema, anyOf: schema.anyOf.map((form) => (form.type === "null" ? form : withValues(form, values))) };
  if (schema.type === "array" && !values.some(Array.isArray))
    return { ...schema, items: withValues(schema.items ?? {}, values) };
  const { $ref, ...rest } = schema;
  return {
    ...($ref !== undefined && values.every((value) => typeof value === "string") && stringType),
    ...rest,
    enum: values,
  };
}

const stringType: Schema = { type: "string" };

function withDescription(schema: Schema, description: string | undefined): Schema {
  return description === undefined ? schema : { ...schema, description };
}

/** The wrapper a property travels in, told by its example: `{"_type":"DateTime","value":"…"}`. */
function wrapperOf(converter: Converter, spec: SpecSchema, wrappers: WrappersConfig | undefined): string | undefined {
  if (wrappers === undefined) return undefined;
  const { example, examples } = merged(converter.document, spec);
  const shown = example ?? (Array.isArray(examples) ? examples[0] : undefined);
  if (!isObject(shown) || !(wrappers.value in shown)) return undefined;
  const name = shown[wrappers.type];
  return typeof name === "string" && Object.hasOwn(wrappers.names, name) ? name : undefined;
}

/** Words that make a name a credential wherever they stand in it. */
const secretWords: ReadonlySet<string> = new Set(
  "password passwords passwd passphrase passcode secret secrets credential credentials".split(" "),
);
/** Ends of names that are credentials. */
const secretEnds =
  /(^| )(pwd|(access|auth|bearer|refresh|api|id|service|bot|session|invite|reset|verification|registration|device|telemetry service|ingestion)? ?tokens?|(api|private|access|secret|signing|encryption|shared|master|license|account|webhook|ingestion|ssh|service|integration|routing) keys?|apikey|(backup|recovery) codes?|otp|totp|pin code|cvv|cvc|pem|pkcs12|private pem)$/;
/** Ends of names that tell something of a credential, or of a page. */
const aboutSecret =
  /(^| )(id|ids|at|on|date|time|name|type|url|uri|count|length|hint|prefix|suffix|expiry|expires|expiration|policy|strength|status|version|format|label|description|enabled|required|set|algorithm|ttl|limit|usage|kind|method|mode|level|scope|scopes|last four|last4|fingerprint|public key|(page|next|previous|prev|sync|continuation|start|end|delta|cursor|paging|pagination) tokens?|(max|min|total|input|output|prompt|completion|used|num|number of) tokens?)$/;

/** Whether a field holds a credential, by its name: the documents that need it most mark nothing. */
export function isSecretName(name: string, schema: Schema): boolean {
  if (!canHoldSecret(schema)) return false;
  const words = splitWords(name);
  const text = words.join(" ");
  if (aboutSecret.test(text)) return false;
  return words.some((word) => secretWords.has(word)) || secretEnds.test(text);
}

function canHoldSecret(schema: Schema): boolean {
  if (schema.enum !== undefined || schema.const !== undefined) return false;
  if (schema.format !== undefined && ["date-time", "date", "uri", "email"].includes(schema.format)) return false;
  const { type, items, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.some((member) => member.type !== "null" && canHoldSecret(member));
  if (type === "array") return items === undefined || canHoldSecret(items);
  return type === "string" || (type === undefined && schema.$ref === undefined);
}

/** Text longer than this is a document, not a value: a page of 50 would fill a result. */
const heavyChars = 4_096;
/** Names of long or opaque content. */
const heavyNames =
  /(^| )(html|markdown|css|javascript|script|stack trace|stacktrace|base64|blob|raw|raw (body|payload|data|log)|dump|source code|file (content|contents)|binary|thumbnail data)$/;
/** Free-form objects that are small by custom. */
const lightObjects =
  /(^| )(metadata|labels?|tags?|attributes|annotations|properties|links|settings|permissions|location|address|coordinates)$/;

/** Whether a field is too large to come along unasked. */
export function isHeavyField(name: string, schema: Schema): boolean {
  const text = splitWords(name).join(" ");
  const { type, format, maxLength, items, anyOf } = schema;
  if (anyOf !== undefined) return anyOf.some((member) => isHeavyField(name, member));
  if (type === "string") {
    if (schema.enum !== undefined) return false;
    return format === "binary" || format === "byte" || (maxLength ?? 0) > heavyChars || heavyNames.test(text);
  }
  if (type === "array") return items !== undefined && items.type === "object" && isHeavyField(name, items);
  return type === "object" && isFreeForm(schema) && !lightObjects.test(text);
}

function isFreeForm({ properties, additionalProperties, oneOf, allOf }: Schema): boolean {
  const isMap = typeof additionalProperties === "object" && additionalProperties.type !== "object";
  return (
    properties === undefined && oneOf === undefined && allOf === undefined && !isMap && additionalProperties !== false
  );
}
