import type { Schema } from "../../src/descriptor.ts";

type Root = Schema & { readonly $defs?: Readonly<Record<string, Schema>> };

/** Keywords under which names, not keywords, stand. */
const named = new Set(["properties", "$defs"]);
/** Keywords whose values are data. */
const data = new Set(["enum", "const", "default", "required"]);

/**
 * What of a schema a validator heeds, references to other than recursive definitions written out: two schemas with the same
 * one accept the same values.
 */
export function validationOf(root: Root): unknown {
  const { $defs = {} } = root;
  const strip = (schema: unknown, open: readonly string[]): unknown => {
    if (Array.isArray(schema)) return schema.map((one) => strip(one, open));
    if (typeof schema !== "object" || schema === null) return schema;
    const { $ref, ...rest } = schema as Schema; // an object inside a schema is one
    const name = $ref?.replace("#/$defs/", "");
    if (name !== undefined && open.includes(name)) return { $ref };
    const target = name === undefined ? {} : (strip($defs[name], [...open, name]) as object);
    return { ...target, ...Object.fromEntries(Object.entries(rest).flatMap((one) => heeded(one, open))) };
  };
  const heeded = (
    [key, value]: [string, unknown],
    open: readonly string[],
  ): readonly (readonly [string, unknown])[] => {
    if (["description", "title", "$defs"].includes(key) || (key === "additionalProperties" && value === true))
      return [];
    if (data.has(key)) return [[key, value]];
    if (!named.has(key)) return [[key, strip(value, open)]];
    const entries = Object.entries(value as object).map(([name, one]) => [name, strip(one, open)] as const);
    return [[key, Object.fromEntries(entries)]];
  };
  return strip(root, []);
}
