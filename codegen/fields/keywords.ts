import type { Json, Schema } from "../../src/descriptor.ts";
import type { SpecSchema } from "../model.ts";
import { isSafePattern } from "./pattern.ts";

/** A JSON type of the profile. */
export type Type = NonNullable<Schema["type"]>;

/** Formats that validators agree on, by type. Any other is told in the description instead. */
const formats: Readonly<Partial<Record<Type, ReadonlySet<string>>>> = {
  string: new Set([
    ...["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference"],
    ...["uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex", "byte", "binary", "password"],
  ]),
  number: new Set(["float", "double"]),
  integer: new Set(["int32", "int64"]),
};

/** Whether a format stays in a schema of this type. */
export function isKnownFormat(type: Type | undefined, format: string): boolean {
  return type !== undefined && formats[type]?.has(format) === true;
}

/** Says what of a schema could not be kept. */
export type Loosen = (what: string) => void;

/** Keywords that limit a string, number or array, in the 2020-12 form whichever dialect they are written in. */
export function limitsOf(spec: SpecSchema, type: Type | undefined, loosen: Loosen): Schema {
  switch (type) {
    case "string":
      return { ...counts(spec, ["minLength", "maxLength"]), ...patternOf(spec, loosen) };
    case "number":
    case "integer":
      return bounds(spec);
    case "array":
      return counts(spec, ["minItems", "maxItems"]);
    case "object":
      return counts(spec, ["minProperties", "maxProperties"]);
    default:
      return {};
  }
}

type CountKey = "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties";

function counts(spec: SpecSchema, keys: readonly CountKey[]): Schema {
  const entries = keys
    .map((key): [CountKey, unknown] => [key, spec[key]])
    .filter(([key, value]) => Number.isInteger(value) && (value as number) >= (key.startsWith("min") ? 1 : 0));
  return Object.fromEntries(entries);
}

/** OpenAPI 3.0 (draft 5) has `exclusiveMinimum: true` beside `minimum`; 2020-12 has the number itself. */
function bounds(spec: SpecSchema): Schema {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = spec;
  return {
    ...(isNumber(minimum) && (exclusiveMinimum === true ? { exclusiveMinimum: minimum } : { minimum })),
    ...(isNumber(maximum) && (exclusiveMaximum === true ? { exclusiveMaximum: maximum } : { maximum })),
    ...(isNumber(exclusiveMinimum) && { exclusiveMinimum }),
    ...(isNumber(exclusiveMaximum) && { exclusiveMaximum }),
    ...(isNumber(multipleOf) && multipleOf > 0 && { multipleOf }),
  };
}

function patternOf(spec: SpecSchema, loosen: Loosen): Schema {
  if (typeof spec.pattern !== "string") return {};
  if (isSafePattern(spec.pattern)) return { pattern: spec.pattern };
  loosen("pattern dropped: not every validator can run it in linear time");
  return {};
}

/** `enum` without null (which becomes an alternative), and `const`. */
export function valuesOf(spec: SpecSchema): Schema {
  const values = Array.isArray(spec.enum) ? unique(spec.enum as Json[]).filter((value) => value !== null) : [];
  return {
    ...(values.length > 0 && { enum: values }),
    ...("const" in spec && spec.const !== null && { const: spec.const as Json }),
  };
}

/** The values without repetitions, compared as JSON. */
function unique(values: readonly Json[]): Json[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Keywords of JSON Schema that the profile has no place for. */
const unsupported: readonly string[] = [
  ...["if", "then", "else", "contains", "minContains", "maxContains", "propertyNames", "dependentRequired"],
  ...["dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties", "contentSchema"],
  ...["$dynamicRef", "$recursiveRef"],
];

/** Reports the keywords of `spec` that the profile has no place for. */
export function reportUnsupported(spec: SpecSchema, loosen: Loosen): void {
  for (const key of unsupported) if (key in spec) loosen(`${key} dropped`);
}
