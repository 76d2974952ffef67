/**
 * A JSON value in a form that is the same text for equal values, whatever the order of their keys, and never the same for
 * different ones: objects and arrays are marked, so that `{"a":1}` is not taken for `[["a",1]]`. For signatures and digests.
 */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return ["[", ...value.map(canonical)];
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return ["{", ...entries.flatMap(([key, member]) => [key, canonical(member)])];
}
