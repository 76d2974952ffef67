import type { Document, SpecSchema } from "../model.ts";
import { isObject, pointerOf } from "../schemas.ts";

/** What discriminators say of the component schemas, by pointer. OpenAPI 3.1 §4.8.25. */
export interface Discriminators {
  /** The values by which a schema is told from its siblings, and the property that holds them. */
  readonly values: ReadonlyMap<string, { readonly property: string; readonly values: readonly string[] }>;
  /** The schemas that a base stands for without naming them in `oneOf`. */
  readonly children: ReadonlyMap<SpecSchema, readonly string[]>;
}

/** Reads every discriminator of the Document once. */
export function readDiscriminators(document: Document): Discriminators {
  const values = new Map<string, { property: string; values: string[] }>();
  const mixed = new Set<string>();
  const children = new Map<SpecSchema, string[]>();
  const schemas = componentSchemas(document);
  for (const spec of withDiscriminator(document)) {
    const property = propertyOf(spec);
    if (property === undefined) continue;
    const targets = targetsOf(spec, schemas);
    const isBase = !Array.isArray(spec.oneOf) && !Array.isArray(spec.anyOf);
    for (const [pointer, names] of targets) {
      const known = values.get(pointer);
      if (known === undefined) values.set(pointer, { property, values: names });
      else if (known.property === property) known.values = [...new Set([...known.values, ...names])].sort();
      else mixed.add(pointer);
    }
    if (isBase && targets.size > 0) children.set(spec, [...targets.keys()].sort());
  }
  for (const pointer of mixed) values.delete(pointer); // told by another property elsewhere: none has just its values
  return { values, children };
}

function componentSchemas(document: Document): ReadonlyMap<string, SpecSchema> {
  const entries = Object.entries(document.components?.schemas ?? {}).filter(([, schema]) => isObject(schema));
  return new Map(entries.map(([name, schema]) => [pointerOf(["components", "schemas", name]), schema as SpecSchema]));
}

function propertyOf(spec: SpecSchema): string | undefined {
  const { discriminator } = spec;
  if (!isObject(discriminator) || typeof discriminator.propertyName !== "string") return undefined;
  return discriminator.propertyName;
}

/** The schemas a discriminator chooses from: those of its mapping, of its union, and those that extend it. */
function targetsOf(spec: SpecSchema, schemas: ReadonlyMap<string, SpecSchema>): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  const mapping = (spec.discriminator as Record<string, unknown>).mapping; // checked by propertyOf
  for (const [value, target] of Object.entries(isObject(mapping) ? mapping : {})) {
    if (typeof target !== "string") continue;
    const pointer = target.startsWith("#") ? target : pointerOf(["components", "schemas", target]);
    if (schemas.has(pointer)) targets.set(pointer, [...(targets.get(pointer) ?? []), value].sort());
  }
  const members = [...listOf(spec.oneOf), ...listOf(spec.anyOf)].map(refOf);
  const extending = [...schemas].filter(([, child]) =>
    listOf(child.allOf).some((base) => schemas.get(refOf(base) ?? "") === spec),
  );
  for (const pointer of [...members, ...extending.map(([at]) => at)]) {
    if (pointer === undefined || targets.has(pointer) || !schemas.has(pointer)) continue;
    targets.set(pointer, [pointer.split("/").at(-1) ?? pointer]); // the schema's own name is its value
  }
  return targets;
}

function refOf(spec: unknown): string | undefined {
  return isObject(spec) && typeof spec.$ref === "string" ? spec.$ref : undefined;
}

/** Every schema of the Document that has a discriminator, wherever it stands. */
function withDiscriminator(document: Document): SpecSchema[] {
  const found: SpecSchema[] = [];
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (!Array.isArray(value) && propertyOf(value as SpecSchema) !== undefined) found.push(value as SpecSchema);
    for (const member of Object.values(value)) visit(member);
  };
  visit(document.components);
  visit(document.paths);
  return found;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
