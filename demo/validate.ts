import type { Schema } from "./model/fields.ts";

/** One fault of an input: where it is, and what is wrong with it. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/**
 * Every fault of `value` under `schema`, as far as the model's schemas go: type, enum, bounds, formats, lists, nested objects
 * without unknown properties. An empty list: it is valid.
 */
export function faultsOf(schema: Schema, value: unknown, path = ""): readonly Fault[] {
  const types = typesOf(schema);
  if (value === null)
    return types.length === 0 || types.includes("null") ? [] : [{ path, message: "must not be null" }];
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) {
    return [{ path, message: `must be ${types.join(" or ")}` }];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    return [{ path, message: `must be one of ${schema.enum.filter((known) => known !== null).join(", ")}` }];
  }
  if (typeof value === "string") return textFaults(schema, value, path);
  if (typeof value === "number") return numberFaults(schema, value, path);
  if (Array.isArray(value)) return listFaults(schema, value, path);
  return typeof value === "object" ? objectFaults(schema, value as Readonly<Record<string, unknown>>, path) : [];
}

function typesOf(schema: Schema): readonly string[] {
  if (schema.type === undefined) return [];
  return typeof schema.type === "string" ? [schema.type] : schema.type;
}

function isOfType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  email: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
};

function textFaults(schema: Schema, value: string, path: string): readonly Fault[] {
  const length = [...value].length;
  if (length < (schema.minLength ?? 0)) return [{ path, message: `must have at least ${schema.minLength} characters` }];
  if (length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    return [{ path, message: `must have at most ${schema.maxLength} characters` }];
  }
  const matches = schema.format === undefined ? undefined : formats[schema.format];
  return matches === undefined || matches(value) ? [] : [{ path, message: `must be a ${schema.format}` }];
}

function numberFaults(schema: Schema, value: number, path: string): readonly Fault[] {
  if (value < (schema.minimum ?? Number.NEGATIVE_INFINITY))
    return [{ path, message: `must be at least ${schema.minimum}` }];
  if (value > (schema.maximum ?? Number.POSITIVE_INFINITY))
    return [{ path, message: `must be at most ${schema.maximum}` }];
  return [];
}

function listFaults(schema: Schema, value: readonly unknown[], path: string): readonly Fault[] {
  if (value.length < (schema.minItems ?? 0)) return [{ path, message: `must have at least ${schema.minItems} items` }];
  if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) {
    return [{ path, message: `must have at most ${schema.maxItems} items` }];
  }
  if (schema.uniqueItems === true && new Set(value).size < value.length)
    return [{ path, message: "must not repeat items" }];
  const { items } = schema;
  return items === undefined ? [] : value.flatMap((item, index) => faultsOf(items, item, `${path}/${index}`));
}

function objectFaults(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): readonly Fault[] {
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const faults = missing.map((name) => ({ path: `${path}/${name}`, message: "is required" }));
  const known = schema.properties ?? {};
  for (const [name, item] of Object.entries(value)) {
    if (Object.hasOwn(known, name)) faults.push(...faultsOf(known[name] ?? {}, item, `${path}/${name}`));
    else if (schema.additionalProperties === false)
      faults.push({ path: `${path}/${name}`, message: unknownName(name, known) });
  }
  return faults;
}

function unknownName(name: string, known: Readonly<Record<string, Schema>>): string {
  return `is unknown; "${name}" is none of ${Object.keys(known).join(", ") || "the fields (there are none)"}`;
}
