import { visibleText } from "../fields/text.ts";
import type { Document } from "../model.ts";
import { isObject } from "../schemas.ts";

/** A text said of this many differently named properties says nothing of any of them. */
const manyNames = 12;

/** Descriptions that a generator of documents put wherever it knew only the type ("A date time object."). */
export function findBoilerplate(document: Document): string[] {
  const names = new Map<string, Set<string>>();
  for (const schema of Object.values(document.components?.schemas ?? {})) {
    for (const [name, property] of Object.entries(
      isObject(schema) && isObject(schema.properties) ? schema.properties : {},
    )) {
      if (!isObject(property) || typeof property.description !== "string") continue;
      const known = names.get(property.description) ?? new Set<string>();
      names.set(property.description, known.add(name));
    }
  }
  return [...names].filter(([, used]) => used.size >= manyNames).map(([text]) => visibleText(text));
}
