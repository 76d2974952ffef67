import type { Field, Json, Row } from "../model/fields.ts";
import { nouns } from "../model/index.ts";
import { kebab, type Noun } from "../model/noun.ts";
import type { SeedRow, World } from "./world.ts";

/** Fields whose value has a form the schema does not tell. */
const usual: Readonly<Record<string, Json>> = {
  color: "#2563eb",
  colour: "#2563eb",
  cidr: "203.0.113.0/24",
  country: "DE",
  currency: "EUR",
  match: "service=payments",
  from: "2026-01-01",
  to: "2026-01-31",
  action: "notify",
  address: "198.51.100.7",
  agent: "Firefox",
};

/** Rows for the nouns the seed does not spell out: one per sample name in the model, every field filled sensibly. */
export function sampleRows(world: World, known: readonly SeedRow[]): readonly SeedRow[] {
  const ids = new Map<string, string[]>();
  for (const [noun, row] of known) ids.set(noun, [...(ids.get(noun) ?? []), String(row.id)]);
  const rows: SeedRow[] = [];
  for (const noun of orderedByRelations(nouns.filter((candidate) => !ids.has(candidate.name)))) {
    noun.samples.forEach((sample, index) => {
      const row = sampleRow(world, noun, sample, index, ids);
      ids.set(noun.name, [...(ids.get(noun.name) ?? []), String(row.id)]);
      rows.push([noun.name, row]);
    });
  }
  return rows;
}

/** Nouns after those they need. */
function orderedByRelations(pending: readonly Noun[]): readonly Noun[] {
  const ordered: Noun[] = [];
  const visit = (noun: Noun): void => {
    if (ordered.includes(noun)) return;
    for (const field of Object.values(noun.fields)) {
      const needed =
        field.required && field.ref !== noun.name ? pending.find((other) => other.name === field.ref) : undefined;
      if (needed !== undefined) visit(needed);
    }
    ordered.push(noun);
  };
  pending.forEach(visit);
  return ordered;
}

function sampleRow(
  world: World,
  noun: Noun,
  sample: string,
  index: number,
  ids: ReadonlyMap<string, readonly string[]>,
): Row {
  const row: Record<string, Json> = {
    id: world.id(noun.prefix, index + 1),
    createdAt: world.ago(30 * 24 * 60 - index * 60),
  };
  for (const [name, field] of Object.entries(noun.fields)) {
    const value = name in row ? undefined : sampleValue(world, name, field, sample, index, ids);
    if (value !== undefined) row[name] = value;
  }
  return row;
}

function sampleValue(
  world: World,
  name: string,
  field: Field,
  sample: string,
  index: number,
  ids: ReadonlyMap<string, readonly string[]>,
): Json | undefined {
  const { schema } = field;
  const isNullable = Array.isArray(schema.type);
  if (field.ref !== undefined) {
    const candidates = ids.get(field.ref) ?? [];
    const id = candidates[index % candidates.length];
    return schema.type === "array" ? candidates.slice(0, 2) : field.required || !isNullable ? id : undefined;
  }
  if (name === "organisationId" || name === "updatedAt" || name === "rev" || isNullable) return undefined;
  if (name === "name" || name === "title") return sample;
  if (schema.enum !== undefined) return schema.enum[index % schema.enum.length] ?? undefined;
  if (name in usual) return usual[name];
  return byType(world, name, field, sample);
}

function byType(world: World, name: string, { schema, required }: Field, sample: string): Json | undefined {
  const slug = kebab(sample)
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  if (schema.format === "date-time") return world.ago(/end|until|expires/i.test(name) ? -7 * 24 * 60 : 24 * 60);
  if (schema.format === "email") return `${slug}@${world.domain}`;
  if (schema.format === "uri") return `https://${world.domain}/${slug}`;
  if (schema.format === "date") return "2026-01-01";
  if (schema.type === "integer" || schema.type === "number")
    return Math.max(schema.minimum ?? 0, Math.min(schema.maximum ?? 10, 10));
  if (schema.type === "string") return name === "slug" || name === "key" ? slug : sample;
  if (schema.type === "object" && required) return sampleObject(world, schema.properties ?? {}, sample);
  return undefined;
}

function sampleObject(world: World, properties: NonNullable<Field["schema"]["properties"]>, sample: string): Row {
  const values = Object.entries(properties).flatMap(([name, schema]) => {
    if (Array.isArray(schema.type)) return [];
    const value = schema.enum?.[0] ?? byType(world, name, { schema } as Field, sample);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values);
}
