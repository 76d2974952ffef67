import type { Schema } from "../../src/descriptor.ts";

/** The name a `$ref` of the profile leads to. */
export function defName(ref: string): string {
  return ref.slice("#/$defs/".length);
}

/** A copy with every direct subschema replaced. */
export function mapChildren(schema: Schema, change: (child: Schema) => Schema): Schema {
  const { items, prefixItems, properties, additionalProperties, anyOf, oneOf, allOf, not } = schema;
  return {
    ...schema,
    ...(items !== undefined && { items: change(items) }),
    ...(prefixItems !== undefined && { prefixItems: prefixItems.map(change) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, change(value)])),
    }),
    ...(typeof additionalProperties === "object" && { additionalProperties: change(additionalProperties) }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(change) }),
    ...(oneOf !== undefined && { oneOf: oneOf.map(change) }),
    ...(allOf !== undefined && { allOf: allOf.map(change) }),
    ...(not !== undefined && { not: change(not) }),
  };
}

/** The direct subschemas. */
export function childrenOf(schema: Schema): Schema[] {
  const { items, prefixItems, properties, additionalProperties, anyOf, oneOf, allOf, not } = schema;
  return [
    ...(items === undefined ? [] : [items]),
    ...(prefixItems ?? []),
    ...Object.values(properties ?? {}),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
    ...(anyOf ?? []),
    ...(oneOf ?? []),
    ...(allOf ?? []),
    ...(not === undefined ? [] : [not]),
  ];
}

/** The names a schema refers to, once per occurrence. */
export function refsOf(schema: Schema): string[] {
  const found: string[] = [];
  visit(schema, ({ $ref }) => {
    if ($ref !== undefined) found.push(defName($ref));
  });
  return found;
}

/** How many schemas a schema consists of, itself included, references not followed. */
export function sizeOf(schema: Schema): number {
  let size = 0;
  visit(schema, () => size++);
  return size;
}

/** How deep a schema nests, references not followed; a scalar has depth 0. */
export function depthOf(schema: Schema): number {
  return Math.max(-1, ...childrenOf(schema).map(depthOf)) + 1;
}

function visit(schema: Schema, on: (schema: Schema) => void): void {
  on(schema);
  for (const child of childrenOf(schema)) visit(child, on);
}

/** Names reachable from the given ones, themselves included. Stops early once `stop` says so. */
export function reachable(
  names: Iterable<string>,
  refs: ReadonlyMap<string, readonly string[]>,
  stop: (seen: ReadonlySet<string>) => boolean = () => false,
): Set<string> {
  const seen = new Set<string>(names);
  const waiting = [...seen];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const ref of refs.get(name) ?? []) {
      if (seen.has(ref)) continue;
      seen.add(ref);
      waiting.push(ref);
    }
    if (stop(seen)) break;
  }
  return seen;
}
