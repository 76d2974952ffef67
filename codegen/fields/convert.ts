import type { Schema } from "../../src/descriptor.ts";
import type { Document, SpecSchema } from "../model.ts";
import { atPointer, isObject, resolve } from "../schemas.ts";
import { annotate } from "./annotate.ts";
import { withChoice } from "./choices.ts";
import { type DefNames, nameDefs } from "./defNames.ts";
import { type Discriminators, readDiscriminators } from "./discriminators.ts";
import { isKnownFormat, limitsOf, reportUnsupported, type Type, valuesOf } from "./keywords.ts";
import { clashes, hasOwnConstraints, merged } from "./merge.ts";
import type { TextCleaner } from "./text.ts";
import { isNullable, isOfType, orNull, typesOf } from "./types.ts";

/** `write`: as sent, without what only the server sets. `read`: as answered, without what is never returned. */
export type Direction = "read" | "write";

/** What of the Spec the profile cannot say exactly. */
export interface Loosened {
  readonly at: string;
  readonly what: string;
}

/** Where a schema stands, and for which direction it is converted. */
export interface Place {
  /** JSON pointer, for the manifest. */
  readonly at: string;
  readonly direction: Direction;
  readonly depth?: number;
}

/** Turns the Spec's schemas into the profile of `Schema` (src/descriptor.ts). */
export interface Converter {
  readonly document: Document;
  readonly text: TextCleaner;
  /** The profile's form; `$ref`s lead to {@link Converter.defs}. */
  readonly convert: (spec: unknown, place: Place) => Schema;
  /** The schemas referred to so far, by name. Grows while converting. */
  readonly defs: ReadonlyMap<string, Schema>;
  /** A reference to a schema of our own; the first one given under a name counts. */
  readonly define: (name: string, schema: () => Schema) => Schema;
  /** The schemas that a base stands for by its discriminator, as references. */
  readonly childrenOf: (spec: unknown) => readonly SpecSchema[];
  readonly loosen: (at: string, what: string) => void;
  /** Everything loosened so far, once each. */
  readonly loosened: () => Loosened[];
}

/** Nesting of one schema; deeper, any value is allowed. security.md T30. */
export const maxDepth = 32;

interface State {
  readonly document: Document;
  readonly text: TextCleaner;
  readonly discriminators: Discriminators;
  readonly names: DefNames;
  readonly defs: Map<string, Schema>;
  readonly waiting: { pointer: string; name: string; direction: Direction }[];
  readonly loosened: Map<string, Loosened>;
}

export function createConverter(document: Document, text: TextCleaner): Converter {
  const state: State = {
    document,
    text,
    discriminators: readDiscriminators(document),
    names: nameDefs(document),
    defs: new Map(),
    waiting: [],
    loosened: new Map(),
  };
  return {
    document,
    text,
    defs: state.defs,
    define: (wanted, schema) => {
      const name = state.names.ownName(wanted);
      if (!state.defs.has(name)) state.defs.set(name, schema());
      return { $ref: `#/$defs/${name}` };
    },
    childrenOf: (spec) => {
      const pointers = state.discriminators.children.get(resolve(document, spec)) ?? [];
      return pointers.map((pointer) => ({ $ref: pointer }));
    },
    loosen: (at, what) => loosen(state, at, what),
    loosened: () => [...state.loosened.values()],
    convert: (spec, place) => {
      const schema = convert(state, spec, place);
      convertWaiting(state);
      return schema;
    },
  };
}

function loosen(state: State, at: string, what: string): void {
  state.loosened.set(`${at} ${what}`, { at, what });
}

/** Referred schemas are converted one after another, not one inside another: chains of references cost no stack. */
function convertWaiting(state: State): void {
  for (let next = state.waiting.pop(); next !== undefined; next = state.waiting.pop()) {
    const { pointer, name, direction } = next;
    const found = atPointer(state.document, pointer);
    const target = isObject(found) ? found : {};
    const spec = withDiscriminatorValue(state, pointer, merged(state.document, target));
    state.defs.set(name, convertMerged(state, spec, target, { at: pointer, direction, depth: 0 }));
  }
}

function convert(state: State, spec: unknown, place: Place): Schema {
  if (!isObject(spec)) return spec === false ? { not: {} } : {};
  if ((place.depth ?? 0) > maxDepth) {
    loosen(state, place.at, `nested deeper than ${maxDepth}: any value is allowed`);
    return {};
  }
  const alias = asReference(spec);
  if (alias !== undefined) return reference(state, alias, place);
  return convertMerged(state, merged(state.document, spec), spec, place);
}

/** The schema as a plain reference, where it is one: also `allOf` of one, by which 3.0 adds a description. */
function asReference(spec: SpecSchema): SpecSchema | undefined {
  if (typeof spec.$ref === "string") return hasOwnConstraints(spec) ? undefined : spec;
  const { allOf, ...rest } = spec;
  if (!Array.isArray(allOf) || allOf.length !== 1 || hasOwnConstraints(rest)) return undefined;
  const [only] = allOf as unknown[];
  return isObject(only) && typeof only.$ref === "string" && !hasOwnConstraints(only)
    ? { ...rest, $ref: only.$ref }
    : undefined;
}

function reference(state: State, spec: SpecSchema, place: Place): Schema {
  const target = resolve(state.document, spec);
  if (isPlain(target)) return convertMerged(state, merged(state.document, spec), spec, place);
  const pointer = lastPointer(state.document, spec);
  const name = state.names.nameOf(pointer, place.direction);
  if (!state.defs.has(name)) {
    state.defs.set(name, {});
    state.waiting.push({ pointer, name, direction: place.direction });
  }
  const bare: Schema = { $ref: `#/$defs/${name}` };
  return annotate(state.text, isNullable(spec) ? { anyOf: [bare, { type: "null" }] } : bare, spec, place);
}

/** A scalar without a list of values: shorter said where it is used. */
function isPlain(target: SpecSchema): boolean {
  const structural = ["properties", "items", "prefixItems", "allOf", "oneOf", "anyOf", "enum", "additionalProperties"];
  return !structural.some((key) => key in target) && target.type !== "object" && target.discriminator === undefined;
}

/** Where a chain of plain references ends. */
function lastPointer(document: Document, spec: SpecSchema): string {
  let pointer = spec.$ref as string; // asReference has checked it
  for (let hops = 0; hops < 64; hops++) {
    const target = atPointer(document, pointer);
    if (!isObject(target) || typeof target.$ref !== "string" || hasOwnConstraints(target)) return pointer;
    pointer = target.$ref;
  }
  return pointer;
}

function convertMerged(state: State, spec: SpecSchema, origin: SpecSchema, place: Place): Schema {
  reportUnsupported(spec, (what) => loosen(state, place.at, what));
  if (clashes(state.document, origin))
    loosen(state, place.at, "allOf asks for types that exclude each other: one is taken");
  const children = state.discriminators.children.get(origin);
  if (children !== undefined) {
    const anyOf = children.map((pointer) => reference(state, { $ref: pointer }, place));
    return annotate(state.text, anyOf.length === 1 ? (anyOf[0] as Schema) : { anyOf }, spec, place);
  }
  const types = typesOf(spec);
  const core =
    types.length > 1
      ? { anyOf: types.map((type) => typed(state, spec, type, place)) }
      : withChoices(state, typed(state, spec, types[0], place), spec, place);
  return annotate(state.text, isNullable(spec) ? orNull(core) : core, spec, place);
}

/** What the schema says of one type. */
function typed(state: State, spec: SpecSchema, type: Type | undefined, place: Place): Schema {
  const values = valuesOf(spec);
  const isFixed = values.enum !== undefined || values.const !== undefined;
  const fits =
    !isFixed || [values.const, ...(values.enum ?? [])].every((value) => value === undefined || isOfType(value, type));
  return {
    ...(type !== undefined && fits && { type }),
    ...(typeof spec.format === "string" && !isFixed && isKnownFormat(type, spec.format) && { format: spec.format }),
    ...values,
    ...(!isFixed && limitsOf(spec, type, (what) => loosen(state, place.at, what))),
    ...(type === "object" && objectOf(state, spec, place)),
    ...(type === "array" && arrayOf(state, spec, place)),
    ...(type === undefined && requiredOf(spec)),
  };
}

/** An alternative may say no more than which properties it needs. */
function requiredOf(spec: SpecSchema): Schema {
  const required = listOf(spec.required).filter((name) => typeof name === "string");
  return required.length === 0 ? {} : { required: [...new Set(required)] };
}

function objectOf(state: State, spec: SpecSchema, place: Place): Schema {
  const entries = Object.entries(isObject(spec.properties) ? spec.properties : {})
    .filter(([, property]) => isOffered(state.document, property, place.direction))
    .map(([name, property]): [string, Schema] => [name, convert(state, property, inside(place, "properties", name))]);
  const additional = additionalOf(state, spec, place);
  const names = new Set(entries.map(([name]) => name));
  const hidden = (name: string) => isObject(spec.properties) && Object.hasOwn(spec.properties, name);
  const required = listOf(spec.required).filter(
    (name): name is string => typeof name === "string" && (names.has(name) || (additional !== false && !hidden(name))),
  );
  return {
    ...(entries.length > 0 && { properties: Object.fromEntries(entries) }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
    ...(additional !== undefined && { additionalProperties: additional }),
  };
}

/** Whether a property occurs in this direction. */
export function isOffered(document: Document, property: unknown, direction: Direction): boolean {
  const key = direction === "write" ? "readOnly" : "writeOnly";
  return !(isObject(property) && property[key] === true) && resolve(document, property)[key] !== true;
}

function additionalOf(state: State, spec: SpecSchema, place: Place): Schema["additionalProperties"] {
  const additional = spec.additionalProperties;
  if (isObject(spec.patternProperties) && additional !== true) {
    loosen(state, place.at, "patternProperties: other names are allowed too");
    const values = Object.entries(spec.patternProperties).map(([pattern, value]) =>
      convert(state, value, inside(place, "patternProperties", pattern)),
    );
    return values.length === 1 ? (values[0] as Schema) : true;
  }
  if (
    additional === false ||
    (spec.unevaluatedProperties === false && spec.oneOf === undefined && spec.anyOf === undefined)
  ) {
    return false;
  }
  if (!isObject(additional)) return additional === true ? true : undefined;
  const schema = convert(state, additional, inside(place, "additionalProperties"));
  return Object.keys(schema).length === 0 ? true : schema;
}

function arrayOf(state: State, spec: SpecSchema, place: Place): Schema {
  const tuple = Array.isArray(spec.items) ? spec.items : Array.isArray(spec.prefixItems) ? spec.prefixItems : [];
  const items = isObject(spec.items) ? convert(state, spec.items, inside(place, "items")) : undefined;
  if (spec.uniqueItems === true && !isScalar(items))
    loosen(state, place.at, "uniqueItems dropped: comparing objects takes quadratic time");
  return {
    ...(tuple.length > 0 && {
      prefixItems: tuple.map((item, at) => convert(state, item, inside(place, "items", String(at)))),
    }),
    ...(items !== undefined && Object.keys(items).length > 0 && { items }),
    ...(spec.uniqueItems === true && isScalar(items) && { uniqueItems: true }),
  };
}

function isScalar(schema: Schema | undefined): boolean {
  return schema !== undefined && ["string", "number", "integer", "boolean"].includes(schema.type ?? "");
}

/** Adds `oneOf` and `anyOf`. */
function withChoices(state: State, core: Schema, spec: SpecSchema, place: Place): Schema {
  return (["oneOf", "anyOf"] as const).reduce((whole, key) => {
    const members = listOf(spec[key]);
    const converted = members.map((member, at) => convert(state, member, inside(place, key, String(at))));
    const choice = { key, members, converted, isTold: spec.discriminator !== undefined };
    return withChoice(state.document, whole, choice, (what) => loosen(state, place.at, what));
  }, core);
}

/** In a schema that a discriminator chooses, the property that tells it apart has just its values. */
function withDiscriminatorValue(state: State, pointer: string, spec: SpecSchema): SpecSchema {
  const told = state.discriminators.values.get(pointer);
  if (told === undefined || !isObject(spec.properties)) return spec;
  const property = merged(state.document, spec.properties[told.property]);
  const listed = Array.isArray(property.enum) ? property.enum : undefined;
  if ("const" in property || (listed !== undefined && !told.values.every((value) => listed.includes(value))))
    return spec;
  if (property.type !== undefined && property.type !== "string") return spec;
  const narrowed = { ...property, type: "string", enum: told.values };
  return { ...spec, properties: { ...spec.properties, [told.property]: narrowed } };
}

function inside(place: Place, ...keys: readonly string[]): Place {
  const path = keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return { at: place.at + path, direction: place.direction, depth: (place.depth ?? 0) + 1 };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
