import { unsendable } from "./refuse.ts";

/** A value of a parameter in one of the three shapes that OpenAPI's styles know. */
export type StyledValue =
  | { readonly shape: "primitive"; readonly text: string }
  | { readonly shape: "array"; readonly items: readonly string[] }
  | { readonly shape: "object"; readonly entries: readonly (readonly [name: string, value: string])[] };

/**
 * `value` in its shape. Unset members of objects and arrays are left out. Throws `invalid_arguments` for what no style can
 * say: an object or array inside another one.
 */
export function shapeOf(name: string, value: unknown): StyledValue {
  if (Array.isArray(value)) return { shape: "array", items: value.filter(isSet).map((item) => primitive(name, item)) };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => isSet(inner));
    return { shape: "object", entries: entries.map(([key, inner]) => [primitive(name, key), primitive(name, inner)]) };
  }
  return { shape: "primitive", text: primitive(name, value) };
}

export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The text of a string, number or boolean. */
export function primitive(name: string, value: unknown): string {
  if (typeof value === "string" && value.isWellFormed()) return value;
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  throw unsendable(name, value, "is not a text, a number or a boolean that this place can hold");
}
