import type { Schema } from "../descriptor.ts";

/** Items of an array whose schema names no maximum (security.md T30 and §6). */
const maxItems = 1_000;

/**
 * `schema` as it is compiled, never as it is served: arrays without a maximum get one, and `uniqueItems` over objects is
 * left out, since comparing 5,000 objects with each other takes seconds.
 */
export function hardened(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(hardened);
  const parts = Object.entries(schema as Schema).map(
    ([key, value]) => [key, isData(key) ? value : hardened(value)] as const,
  );
  const hard: Record<string, unknown> = Object.fromEntries(parts);
  if (!isArraySchema(hard)) return hard;
  if (hard.maxItems === undefined) hard.maxItems = maxItems;
  if (hard.uniqueItems === true && !holdsPrimitives(hard.items)) delete hard.uniqueItems;
  return hard;
}

/** Keywords whose value is an instance, not a schema. */
function isData(key: string): boolean {
  return key === "enum" || key === "const" || key === "default" || key === "required";
}

/** A schema of an array; a property that happens to be called `items` is an object without `type`. */
function isArraySchema(schema: Readonly<Record<string, unknown>>): boolean {
  return schema.type === "array" || (schema.type === undefined && typeof schema.uniqueItems === "boolean");
}

function holdsPrimitives(items: unknown): boolean {
  const type = typeof items === "object" && items !== null && "type" in items ? items.type : undefined;
  return typeof type === "string" && type !== "object" && type !== "array";
}
