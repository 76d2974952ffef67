import type { Field, Schema } from "../../src/descriptor.ts";
import { defName } from "../fields/graph.ts";
import { propertyName, stringLiteral } from "./literal.ts";

/** Longer unions read no better than their base type. */
const maxValues = 40;

/** One property of a generated interface. */
export interface InterfaceProperty {
  readonly name: string;
  readonly type: string;
  readonly isReadonly: boolean;
  readonly isOptional: boolean;
}

/** The TypeScript name of a shared schema. */
export type NameOf = (def: string) => string;

/**
 * The properties of a ResourceType's interface. Only the ids are always there: any other field may be left out of an
 * answer by selection.
 */
export function interfaceOf(
  fields: Readonly<Record<string, Field>>,
  ids: readonly string[],
  nameOf: NameOf,
): InterfaceProperty[] {
  return Object.entries(fields)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => ({
      name: /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? name : stringLiteral(name),
      type: typeOf(field, nameOf),
      isReadonly: field.readOnly === true,
      isOptional: !ids.includes(name),
    }));
}

/** A schema as a TypeScript type without names of the global scope, so that no noun can hide one. */
export function typeOf(schema: Schema, nameOf: NameOf): string {
  const choices = schema.anyOf ?? schema.oneOf;
  const own = ownType(schema, nameOf);
  const chosen = choices === undefined ? undefined : union(choices.map((member) => typeOf(member, nameOf)));
  const parts = [own, chosen, ...(schema.allOf ?? []).map((member) => typeOf(member, nameOf))].filter(
    (part) => part !== undefined && part !== "unknown",
  );
  if (parts.length === 0) return "unknown";
  return parts.length === 1 ? (parts[0] ?? "unknown") : parts.map((part) => `(${part})`).join(" & ");
}

function ownType(schema: Schema, nameOf: NameOf): string | undefined {
  if (schema.$ref !== undefined) return nameOf(defName(schema.$ref));
  if (schema.const !== undefined) return valueType(schema.const);
  if (schema.enum !== undefined && schema.enum.length <= maxValues) return union(schema.enum.map(valueType));
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return arrayType(schema, nameOf);
    case "object":
      return objectType(schema, nameOf);
    case undefined:
      return undefined;
    default:
      return schema.type satisfies never;
  }
}

function valueType(value: unknown): string {
  if (typeof value === "string") return stringLiteral(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "unknown";
}

function union(types: readonly string[]): string {
  if (types.includes("unknown")) return "unknown";
  return [...new Set(types)].join(" | ");
}

function arrayType({ items, prefixItems }: Schema, nameOf: NameOf): string {
  if (items === undefined || prefixItems !== undefined) return "unknown[]";
  const item = typeOf(items, nameOf);
  return /[|&]/.test(item) ? `(${item})[]` : `${item}[]`;
}

function objectType(schema: Schema, nameOf: NameOf): string {
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) {
    const { additionalProperties: more } = schema;
    return `{ [name: string]: ${typeof more === "object" ? typeOf(more, nameOf) : "unknown"} }`;
  }
  const parts = entries.map(([name, value]) => {
    const key = name === "__proto__" ? '"__proto__"' : propertyName(name);
    return `${key}${required.has(name) ? "" : "?"}: ${typeOf(value, nameOf)}`;
  });
  return `{ ${parts.join("; ")} }`;
}
