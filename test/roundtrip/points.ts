import type { Schema } from "../../src/descriptor.ts";

/** A Tool's input schema as it is served. */
export type ServedSchema = Schema & { readonly $defs?: Readonly<Record<string, Schema>> };

/**
 * What a set of draws has to reach in a served schema: every property, every value of an enum and every branch of a choice, each as
 * the place where it stands. A definition counts once, wherever it is referred to. `flat` are the arguments whose place in the
 * request holds a list or an object of single values and nothing deeper, as OpenAPI's styles say: what is below is not counted.
 */
export function pointsOf(root: ServedSchema, flat: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  const points = new Set<string>();
  const seen = new Set<string>();
  const visit = (schema: Schema, at: string, level: number): void => {
    if (level > 1 && !isScalar(root, schema)) return;
    if (schema.$ref !== undefined) {
      if (!seen.has(schema.$ref)) {
        seen.add(schema.$ref);
        visit(definition(root, schema.$ref), schema.$ref, level);
      }
    }
    for (const point of ownPoints(schema, at)) points.add(point);
    for (const [inner, place] of children(schema, at)) {
      const isFlat = at === "#" && flat.has(place.replace("#/properties/", ""));
      visit(inner, place, isFlat ? 1 : level === 0 ? 0 : level + Number(isNested(place)));
    }
  };
  visit(root, "#", 0);
  return points;
}

/** The schema that `#/$defs/<name>` leads to. Throws when the schema is not closed. */
export function definition(root: ServedSchema, ref: string): Schema {
  const found = root.$defs?.[ref.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`${ref} leads nowhere`);
  return found;
}

function isNested(place: string): boolean {
  return /\/(properties\/[^/]*|items|prefixItems\/\d+|additionalProperties)$/.test(place);
}

/** Whether a schema is of a single value, or may be. */
export function isScalar(root: ServedSchema, schema: Schema): boolean {
  const { type } = schema.$ref === undefined ? schema : definition(root, schema.$ref);
  return type !== "object" && type !== "array";
}

/** The points of the schema itself. */
function ownPoints(schema: Schema, at: string): readonly string[] {
  return [
    ...Object.keys(schema.properties ?? {}).map((name) => `${at}/properties/${name}`),
    ...(schema.enum ?? []).map((_value, index) => `${at}/enum/${index}`),
    ...(schema.anyOf ?? []).map((_branch, index) => `${at}/anyOf/${index}`),
    ...(schema.oneOf ?? []).map((_branch, index) => `${at}/oneOf/${index}`),
  ];
}

/** Schemas directly inside `schema`, with their places. What a `not` forbids is never drawn. */
export function children(schema: Schema, at: string): readonly (readonly [Schema, string])[] {
  const lists = (["anyOf", "oneOf", "allOf", "prefixItems"] as const).flatMap((key) =>
    (schema[key] ?? []).map((one, index) => [one, `${at}/${key}/${index}`] as const),
  );
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => [one, `${at}/properties/${name}`] as const,
  );
  const { items, additionalProperties } = schema;
  return [
    ...properties,
    ...lists,
    ...(items === undefined ? [] : [[items, `${at}/items`] as const]),
    ...(typeof additionalProperties === "object"
      ? [[additionalProperties, `${at}/additionalProperties`] as const]
      : []),
  ];
}
