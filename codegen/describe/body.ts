import { isDeepStrictEqual } from "node:util";
import type { Body, Field, FieldUse, Json, Schema } from "../../src/descriptor.ts";
import { toField } from "../fields/field.ts";
import { merged } from "../fields/merge.ts";
import type { Decision, SpecSchema } from "../model.ts";
import { isObject, likeness, typeOf } from "../schemas.ts";
import { singular, snake, splitWords } from "../words.ts";
import type { ArgNames } from "./args.ts";
import { filePartSchema, partEncoding, type SendableContent, sendable } from "./content.ts";
import type { Context } from "./context.ts";
import { filterSchema, sortSchema } from "./filters.ts";
import { hiddenValue } from "./rules.ts";
import { type Property, type Shape, shapeOf } from "./shape.ts";

/** A request body as the Spec has it. */
export interface BodySpec {
  readonly mediaType: string;
  readonly schema: SpecSchema;
  readonly isRequired: boolean;
  readonly wrap: readonly string[];
  /** How the properties of a form are written, where that is not the default. */
  readonly encoding?: NonNullable<Body["encoding"]>;
  /** The object inside the wrap, where its properties can be offered one by one. */
  readonly shape?: Shape;
  readonly at: string;
}

/** The body of an Operation, nothing when it has none, or why no Tool can send it. */
export function readBody(
  context: Context,
  decision: Decision,
  noun: SpecSchema | undefined,
): BodySpec | { readonly skipped: string } | undefined {
  const { operation } = decision;
  if (operation.body === undefined) return undefined;
  if (operation.method === "GET" || operation.method === "HEAD") {
    context.converter.loosen(
      operation.pointer,
      `the body of a ${operation.method} is not sent: it means nothing in HTTP`,
    );
    return undefined;
  }
  const content = sendable(context.document, operation.body.content);
  if (content === undefined) {
    const types = operation.body.content.map(({ mediaType }) => mediaType.slice(0, 100)).join(", ");
    return { skipped: `its request body is ${types}, which no tool argument can be written as` };
  }
  const { schema, mediaType } = content;
  const at = `${operation.pointer}/requestBody`;
  const isForm = content.format === "form" || content.format === "multipart";
  const wrap = isForm
    ? (context.rules.rule("bodies", decision)?.wrap ?? [])
    : wrapOf(context, decision, schema, noun, at);
  const inner = wrap.reduce<SpecSchema>((outer, key) => propertyOf(context, outer, key, at)?.spec ?? {}, schema);
  const shape = shapeOf(context, inner, at, "write");
  if (isForbidding(context, inner) && (decision.kind === "create" || decision.kind === "update")) {
    return { skipped: "its request body declares no properties and allows no others, so there is nothing to send" };
  }
  const isFlat = shape !== undefined && !shape.isUnion;
  const encoding = isForm ? encodingOf(context, content, shape) : undefined;
  const isRequired = operation.body.required;
  return {
    ...{ mediaType, schema: inner, isRequired, wrap, at },
    ...(encoding !== undefined && { encoding }),
    ...(isFlat && { shape }),
  };
}

/** What the encoding objects of a form say, and which of its properties are files. */
function encodingOf(
  { document, converter }: Context,
  { encoding }: SendableContent,
  shape: Shape | undefined,
): Body["encoding"] | undefined {
  const entries = (shape?.properties ?? []).map((property) => {
    const { [property.name]: stated } = encoding;
    if (isObject(stated) && stated.headers !== undefined)
      converter.loosen(property.at, "the headers of its part are not sent");
    return [property.name, partEncoding(document, property, encoding)] as const;
  });
  const told = entries.filter(([, one]) => Object.keys(one).length > 0);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** An object schema that lists no properties and forbids all others: most often a gap in the document. */
function isForbidding({ document }: Context, spec: SpecSchema): boolean {
  const { type, properties, additionalProperties, oneOf, anyOf } = merged(document, spec);
  const isEmpty = !isObject(properties) || Object.keys(properties).length === 0;
  return type === "object" && isEmpty && additionalProperties === false && !oneOf && !anyOf;
}

/** Keys around the object: by gateway.yaml, else one required property that holds the noun. */
function wrapOf(
  context: Context,
  decision: Decision,
  schema: SpecSchema,
  noun: SpecSchema | undefined,
  at: string,
): readonly string[] {
  const rule = context.rules.rule("bodies", decision);
  if (rule !== undefined) return rule.wrap;
  const outer = shapeOf(context, schema, at, "write");
  const [only] = outer?.properties ?? [];
  if (outer === undefined || outer.properties.length !== 1 || only === undefined || outer.additional === true)
    return [];
  const inner = shapeOf(context, only.spec, only.at, "write");
  if (inner === undefined || (inner.properties.length === 0 && inner.additional !== false)) return [];
  const isEnvelope = ["data", "attributes", "payload", "resource"].includes(only.name);
  const isNamed = snake(singular(splitWords(only.name))) === snake(splitWords(decision.resource));
  const isAlike = noun !== undefined && likeness(context.document, only.spec, noun) >= 0.5;
  return (isEnvelope || isNamed || isAlike) && (outer.required.has(only.name) || isEnvelope || isNamed)
    ? [only.name]
    : [];
}

function propertyOf(context: Context, schema: SpecSchema, name: string, at: string): Property | undefined {
  return shapeOf(context, schema, at, "write")?.properties.find((property) => property.name === name);
}

export interface BodyInput {
  readonly decision: Decision;
  readonly body: BodySpec;
  readonly fields: Readonly<Record<string, Field>>;
  /** Properties that paging and selection fill. */
  readonly isReserved: (place: { readonly name: string; readonly in: "body" }) => boolean;
  readonly args: ArgNames;
}

/** The Body of a Tool: the object's properties as flat arguments, or the whole as one. */
export function describeBody(context: Context, input: BodyInput): Body {
  const { mediaType, wrap, shape, encoding } = input.body;
  const common = {
    mediaType,
    ...(wrap.length > 0 && { wrap }),
    ...(encoding !== undefined && { encoding }),
    ...(!input.body.isRequired && { optional: true }),
  };
  return shape === undefined
    ? { ...common, ...wholeBody(context, input) }
    : { ...common, ...flatBody(context, input, shape) };
}

function wholeBody(context: Context, { body, args }: BodyInput): Partial<Body> {
  const arg = args.take("body");
  const schema = context.converter.convert(body.schema, { at: body.at, direction: "write" });
  return { arg, schema: withoutNull(schema), ...(body.isRequired && { required: [arg] }) };
}

/** A body of null is no body. */
function withoutNull(schema: Schema): Schema {
  const members = schema.anyOf?.filter(({ type }) => type !== "null") ?? [];
  const [only] = members;
  if (schema.anyOf === undefined || members.length === schema.anyOf.length || only === undefined) return schema;
  const { anyOf: _, ...rest } = schema;
  return members.length === 1 ? { ...only, ...rest } : { ...rest, anyOf: members };
}

function flatBody(context: Context, input: BodyInput, shape: Shape): Partial<Body> {
  const { decision, args } = input;
  const fixed: [string, Json][] = [];
  const uses: { use: FieldUse | string; arg: string; isRequired: boolean }[] = [];
  for (const property of shape.properties) {
    const { name } = property;
    if (input.isReserved({ name, in: "body" })) continue;
    const hidden = context.rules.hidden(decision.resource, name, decision.kind, "body");
    if (hidden !== undefined) {
      const value = hiddenValue(hidden, name, shape.required.has(name), decision);
      if (value !== undefined) fixed.push([name, value]);
      continue;
    }
    const arg = args.take(name, typeOf(context.document, property.spec) === "boolean");
    if (arg !== name) context.converter.loosen(property.at, `the argument is named ${arg}`);
    uses.push({ use: useOf(context, input, property, arg), arg, isRequired: shape.required.has(name) });
  }
  const required = uses.filter(({ isRequired }) => isRequired).map(({ arg }) => arg);
  const extra = extraOf(context, shape, uses.length, args);
  return {
    fields: uses.map(({ use }) => use),
    ...(required.length > 0 && { required: required.sort() }),
    ...(fixed.length > 0 && { fixed: Object.fromEntries(fixed) }),
    ...(extra !== undefined && { extra }),
  };
}

/** By the noun's Field where the property is the same there, else with a schema of its own. */
function useOf(context: Context, input: BodyInput, property: Property, arg: string): FieldUse | string {
  const { decision, fields, body } = input;
  const { name } = property;
  const named = arg === name ? {} : { arg };
  if (body.encoding?.[name]?.file === true) {
    const file = filePartSchema(context.document, property.spec);
    return { name, ...named, schema: context.converter.convert(file, { at: property.at, direction: "write" }) };
  }
  const rebuilt = rebuiltSchema(context, decision, name, fields);
  if (rebuilt !== undefined) return { name, ...named, schema: rebuilt };
  if ((decision.kind === "list" || decision.kind === "count") && isForbidding(context, property.spec)) {
    context.converter.loosen(property.at, "declares no properties and allows no others: any are allowed");
    return { name, ...named, schema: { type: "object", additionalProperties: true } };
  }
  const own = bodyField(context, decision, property);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field !== undefined && saysSame(own, field)) return arg === name ? name : { name, arg };
  const { readOnly: _r, writeOnly: _w, secret: _s, heavy: _h, wrapper: _wr, ...schema } = own;
  return { name, ...named, schema };
}

/** A property of a body as a Field, with what gateway.yaml says of it. */
export function bodyField(context: Context, { resource }: Decision, property: Property): Field {
  const { rules, converter } = context;
  return toField(converter, property, "write", {
    wrappers: rules.config.wrappers,
    override: rules.field(resource, property.name),
    values: rules.enumOf(resource, property.name)?.values,
    secret: secretDecision(context, resource, property.name),
  });
}

/** Whether gateway.yaml says that a field is secret, or that it is not. */
export function secretDecision(context: Context, resource: string, field: string): boolean | undefined {
  const decision = context.rules.secret(resource, field);
  return decision === undefined ? undefined : (decision.secret ?? true);
}

/** The same values are allowed, whatever the texts; a default of one kind of body stands in the Field for all. */
function saysSame(own: Field, field: Field): boolean {
  const plain = ({
    description: _d,
    default: _v,
    readOnly: _r,
    writeOnly: _w,
    secret: _s,
    heavy: _h,
    ...rest
  }: Field) => rest;
  return isDeepStrictEqual(plain(own), plain(field));
}

/** Filters and orders by field, where gateway.yaml has them rebuilt. */
function rebuiltSchema(
  context: Context,
  decision: Decision,
  name: string,
  fields: Readonly<Record<string, Field>>,
): Schema | undefined {
  const filters = context.rules.rule("filters", decision);
  if (filters?.slot.in === "body" && filters.slot.name === name) {
    return { ...filterSchema(filters, fields, context.converter), description: "Filters by field." };
  }
  const sort = context.rules.rule("sort", decision);
  if (sort?.slot.in !== "body" || sort.slot.name !== name) return undefined;
  return { ...sortSchema(sort, fields, filters, context.converter), description: "Order by field." };
}

/** Properties beyond the declared ones, where the Spec says that there may be. */
function extraOf(context: Context, shape: Shape, declared: number, args: ArgNames): Body["extra"] {
  const { additional } = shape;
  if (additional === false || (additional === undefined && (declared > 0 || shape.properties.length > 0)))
    return undefined;
  const value =
    typeof additional === "object" ? context.converter.convert(additional, { at: shape.at, direction: "write" }) : true;
  const description = declared > 0 ? "Further properties, by name." : "The properties to send, by name.";
  return { arg: args.take("extra"), schema: { type: "object", additionalProperties: value, description } };
}
