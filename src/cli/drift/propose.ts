import type { CodegenConfig, EnumOverride, FieldOverride } from "../../config/codegen.ts";
import type { Api, Field, Json, ResourceType, Schema } from "../../descriptor.ts";
import { fieldSchema, resolved } from "../../operations/schemas.ts";
import type { Finding } from "./findings.ts";

/** The parts of `codegen` that correct what a Spec says of values. */
export interface Correction {
  readonly enums?: Readonly<Record<string, EnumOverride>>;
  readonly fields?: Readonly<Record<string, FieldOverride>>;
}

/**
 * What to write into gateway.yaml so that the Spec says what the API answers: values of an enum go into `enums`, and so for
 * arguments too; everything else changes the field's schema in answers alone. What gateway.yaml says of the field already is kept.
 * Nothing for an answer that is not the noun: no decision reaches it.
 */
export function correctionOf(api: Api, config: CodegenConfig, findings: readonly Finding[]): Correction {
  const enums: Record<string, EnumOverride> = {};
  const fields: Record<string, FieldOverride> = {};
  for (const [key, ofField] of byField(findings)) {
    const [{ resource, path }] = ofField;
    const field = api.resources.find(({ name }) => name === resource)?.fields[path[0] ?? ""];
    if (field === undefined) continue;
    const values = ofField.some(changesForm) ? undefined : ofField.find(isOfWholeField);
    if (values !== undefined) enums[key] = enumOf(api, field, values);
    const others = ofField.filter((one) => one !== values);
    if (others.length > 0) fields[key] = fieldOf(api, field, others, knownOf(config, resource, path[0] ?? ""));
  }
  return {
    ...(Object.keys(enums).length > 0 && { enums }),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

function byField(findings: readonly Finding[]): ReadonlyMap<string, readonly [Finding, ...Finding[]]> {
  const found = new Map<string, readonly [Finding, ...Finding[]]>();
  for (const one of findings) {
    if (!one.isNoun || one.path.length === 0) continue;
    const key = `${one.resource}.${one.path[0]}`;
    const [first, ...rest] = found.get(key) ?? [one];
    found.set(key, first === one ? [one] : [first, ...rest, one]);
  }
  return found;
}

/** A value outside the enum of the field itself, or of its list's items. */
function isOfWholeField({ drift, path }: Finding): boolean {
  return drift === "enum" && (path.length === 1 || (path.length === 2 && path[1] === "*"));
}

/** The value is of another sort altogether, so that values of an enum alone would not do. */
function changesForm({ drift }: Finding): boolean {
  return drift === "type" || drift === "shape";
}

function enumOf(api: Api, field: Field, finding: Finding): EnumOverride {
  const values = [...new Set([...declaredValues(api, field), ...finding.seen])].filter((value) => value !== null);
  const news = finding.seen.map((value) => JSON.stringify(value)).join(", ");
  return { values, why: `The API answers ${news}, which the document does not name.` };
}

function declaredValues(api: Api, schema: Schema): readonly Json[] {
  const plain = resolved(api, schema);
  if (plain.enum !== undefined) return plain.enum;
  if (plain.const !== undefined) return [plain.const];
  return [...(plain.anyOf ?? []), ...(plain.items === undefined ? [] : [plain.items])].flatMap((inner) =>
    declaredValues(api, inner),
  );
}

/** The override of the field that applies now: a new one of its own must not drop what it says. */
function knownOf(
  { fields = {} }: CodegenConfig,
  resource: ResourceType["name"],
  field: string,
): Partial<FieldOverride> {
  const key = [`${resource}.${field}`, `*.${field}`, `${resource}.*`].find((name) => Object.hasOwn(fields, name));
  return key === undefined ? {} : (fields[key] ?? {});
}

function fieldOf(api: Api, field: Field, findings: readonly Finding[], known: Partial<FieldOverride>): FieldOverride {
  const { description: _d, default: _v, ...schema } = fieldSchema(field);
  let answer = inlined(api, schema, 0);
  for (const finding of findings.toSorted((a, b) => Number(changesForm(a)) - Number(changesForm(b))))
    answer = corrected(answer, finding);
  const why = findings.map(({ text }) => text).join("; ");
  const before = known.why === undefined ? "" : `${known.why.replace(/[.\s]+$/, "")}. `;
  return { ...known, answer, why: `${before}In answers ${why}.` };
}

/** Levels of references that are written out; what lies deeper is left open. */
const maxLevels = 4;

/** `schema` without references: gateway.yaml has nowhere to lead them. */
function inlined(api: Api, schema: Schema, level: number): Schema {
  if (schema.$ref !== undefined && level === maxLevels) return {};
  const { description: _d, ...target } = resolved(api, schema);
  const below = schema.$ref === undefined ? level : level + 1;
  const each = (inner: Schema): Schema => inlined(api, inner, below);
  const { properties, items, anyOf, oneOf, allOf, additionalProperties: more } = target;
  return {
    ...target,
    ...(properties !== undefined && { properties: mapped(properties, each) }),
    ...(items !== undefined && { items: each(items) }),
    ...(typeof more === "object" && { additionalProperties: each(more) }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(each) }),
    ...(oneOf !== undefined && { oneOf: oneOf.map(each) }),
    ...(allOf !== undefined && { allOf: allOf.map(each) }),
  };
}

function mapped(
  properties: NonNullable<Schema["properties"]>,
  each: (schema: Schema) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, each(schema)]));
}

/** `schema` of a field such that it allows what was found. */
function corrected(schema: Schema, { path, drift, seen }: Finding): Schema {
  const inner = path.slice(1);
  const last = inner.at(-1) ?? "";
  switch (drift) {
    case "missing":
      return changedAt(schema, inner.slice(0, -1), ({ required = [], ...rest }) => ({
        ...rest,
        ...(required.length > 1 && { required: required.filter((name) => name !== last) }),
      }));
    case "extra":
      return changedAt(schema, inner.slice(0, -1), (closed) => ({ ...closed, additionalProperties: true }));
    case "enum":
      return changedAt(schema, inner, (one) => ({ ...one, enum: [...(one.enum ?? []), ...seen] }));
    case "null":
      return changedAt(schema, inner, (one) => orElse(one, { type: "null" }));
    case "type":
      return changedAt(schema, inner, (one) =>
        seen.reduce((all: Schema, type) => orElse(all, { type: type as SchemaType }), one),
      );
    case "format":
      return changedAt(schema, inner, ({ format: _, ...rest }) => rest);
    case "limit":
      return changedAt(schema, inner, unlimited);
    case "shape":
      return changedAt(schema, inner, () => ({}));
    default:
      return drift satisfies never;
  }
}

type SchemaType = NonNullable<Schema["type"]>;

/** The schema, or `other`; a wider type takes the place of the narrower. */
function orElse(schema: Schema, other: Schema): Schema {
  if (schema.type === "integer" && other.type === "number") return { ...schema, type: "number" };
  return schema.anyOf !== undefined && Object.keys(schema).length === 1
    ? { anyOf: [...schema.anyOf, other] }
    : { anyOf: [schema, other] };
}

function unlimited(schema: Schema): Schema {
  const limits =
    /^(min|max)(Length|imum|Items|Properties)$|^exclusive(Min|Max)imum$|^(multipleOf|pattern|uniqueItems)$/;
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !limits.test(keyword)));
}

/** `schema` with what stands at `path` changed, in every form that has the place. */
function changedAt(schema: Schema, path: readonly string[], change: (schema: Schema) => Schema): Schema {
  const forms = (["anyOf", "oneOf", "allOf"] as const).filter((key) => schema[key] !== undefined);
  if (forms.length > 0 && (path.length > 0 || isNullable(schema)))
    return {
      ...schema,
      ...Object.fromEntries(forms.map((key) => [key, schema[key]?.map((form) => changedForm(form, path, change))])),
    };
  const [key, ...rest] = path;
  if (key === undefined) return change(schema);
  const deeper = (inner: Schema): Schema => changedAt(inner, rest, change);
  if (key === "*" && schema.items !== undefined) return { ...schema, items: deeper(schema.items) };
  const { properties = {}, additionalProperties: more } = schema;
  const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (property !== undefined) return { ...schema, properties: { ...properties, [key]: deeper(property) } };
  return typeof more === "object" ? { ...schema, additionalProperties: deeper(more) } : schema;
}

function changedForm(form: Schema, path: readonly string[], change: (schema: Schema) => Schema): Schema {
  return form.type === "null" ? form : changedAt(form, path, change);
}

/** One form beside null: what is said of the whole is said of that form. */
function isNullable({ anyOf }: Schema): boolean {
  return anyOf !== undefined && anyOf.length === 2 && anyOf.some(({ type }) => type === "null");
}
