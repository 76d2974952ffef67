import type { Schema } from "../descriptor.ts";
import type { Tool } from "./tool.ts";

/** Optional arguments that are shown; the rest are counted. */
const mostOptional = 8;

const made = new WeakMap<Tool, string>();

/**
 * A Tool in one line: `update_monitor(id: uuid, name?: string, … +12)`. Required arguments first and all of them, then the first
 * optional ones. Made on first use and kept.
 */
export function signatureOf(tool: Tool): string {
  const known = made.get(tool);
  if (known !== undefined) return known;
  const { properties = {}, required = [] } = tool.definition.inputSchema;
  const needed = required.map((name) => `${name}: ${typeOf(properties[name] ?? {})}`);
  const others = Object.entries(properties).filter(([name]) => !required.includes(name));
  const shown = others.slice(0, mostOptional).map(([name, schema]) => `${name}?: ${typeOf(schema)}`);
  const more = others.length > shown.length ? [`… +${others.length - shown.length}`] : [];
  const text = `${tool.name}(${[...needed, ...shown, ...more].join(", ")})`;
  made.set(tool, text);
  return text;
}

function typeOf({ type, format, enum: values, const: constant, items, anyOf, oneOf, $ref }: Schema): string {
  if (constant !== undefined) return JSON.stringify(constant);
  if (values !== undefined) {
    const texts = values.map((value) => JSON.stringify(value)).join("|");
    return texts.length <= 60 ? texts : (type ?? "enum");
  }
  if (type === "array") return `${typeOf(items ?? {})}[]`;
  if (type === "string") return format === "uuid" || format === "date-time" || format === "date" ? format : "string";
  if (type !== undefined) return type;
  const forms = [...new Set((anyOf ?? oneOf ?? []).map(typeOf))];
  if (forms.length > 0 && forms.length <= 3) return forms.join("|");
  return $ref === undefined ? "any" : "object";
}
