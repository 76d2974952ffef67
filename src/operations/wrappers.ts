import type { Wrappers } from "../descriptor.ts";

/**
 * `value` with every typed value wrapper replaced by what it holds, at any depth. Only objects of exactly the two keys and
 * of a known type are wrappers: query operators look alike and stay as they are.
 */
export function unwrapValues(wrappers: Wrappers | undefined, value: unknown): unknown {
  return wrappers === undefined ? value : unwrap(wrappers, new Set(wrappers.names), value);
}

function unwrap(wrappers: Wrappers, names: ReadonlySet<string>, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => unwrap(wrappers, names, one));
  const entries = Object.entries(value);
  const held = heldValue(wrappers, names, entries);
  if (held !== undefined) return unwrap(wrappers, names, held.value);
  return Object.fromEntries(entries.map(([key, inner]) => [key, unwrap(wrappers, names, inner)]));
}

function heldValue(
  wrappers: Wrappers,
  names: ReadonlySet<string>,
  entries: readonly (readonly [string, unknown])[],
): { readonly value: unknown } | undefined {
  if (entries.length !== 2) return undefined;
  const type = entries.find(([key]) => key === wrappers.type)?.[1];
  const value = entries.find(([key]) => key === wrappers.value);
  return typeof type === "string" && names.has(type) && value !== undefined ? { value: value[1] } : undefined;
}

/** `value` inside its wrapper. Null, undefined and what is already wrapped stay as they are. */
export function wrapValue(wrappers: Wrappers | undefined, name: string | undefined, value: unknown): unknown {
  if (wrappers === undefined || name === undefined || value === null || value === undefined) return value;
  if (typeof value === "object" && wrappers.type in value && wrappers.value in value) return value;
  return { [wrappers.type]: name, [wrappers.value]: value };
}
