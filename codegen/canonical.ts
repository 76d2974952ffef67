import type { Json } from "../src/descriptor.ts";

/** JSON with sorted keys and no spaces: the same text for equal values. `undefined` members are left out. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value)) ?? "null";
}

/** The same value with the keys of all its objects in order of UTF-16 code units; `__proto__` stays a key like others. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined });
  const kept = entries.filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
