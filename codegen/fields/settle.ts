import type { Body, FieldUse, Param, ResourceType, Schema, ToolSpec } from "../../src/descriptor.ts";
import { maxDepth } from "./convert.ts";
import { defName, depthOf, mapChildren, reachable, refsOf, sizeOf } from "./graph.ts";

/** Schemas of one Tool, references followed. security.md T30. */
const maxSubschemas = 2_000;

export interface SettleOptions {
  readonly depth?: number;
  readonly subschemas?: number;
  readonly loosen: (at: string, what: string) => void;
}

export interface Settled {
  readonly resources: readonly ResourceType[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

/**
 * Decides where each referred schema is stated: in `schemas` when two ResourceTypes use it, when it contains itself, or
 * when one uses it twice and it is not small; else in place. Cuts what no validator could follow or afford.
 */
export function settle(
  resources: readonly ResourceType[],
  defs: ReadonlyMap<string, Schema>,
  options: SettleOptions,
): Settled {
  const depth = Math.min(options.depth ?? maxDepth, maxDepth);
  const limit = Math.min(options.subschemas ?? maxSubschemas, maxSubschemas);
  const sound = withinLimit(withoutLoops(new Map([...defs].sort(byName)), options.loosen), limit, options.loosen);
  const refs = new Map([...sound].map(([name, schema]) => [name, refsOf(schema)]));
  const fitted = resources.map((resource) => fitTools(resource, sound, refs, limit, options.loosen));
  const kept = keptNames(fitted, sound, refs);
  const inline = (at: string) => (schema: Schema) => prune(inlined(schema, sound, kept), depth, at, options.loosen);
  const settled = fitted.map((resource) => mapSchemas(resource, inline(resource.name)));
  const schemas = [...kept].sort().map((name): [string, Schema] => [name, inline(name)(sound.get(name) ?? {})]);
  return { resources: settled, schemas: Object.fromEntries(schemas) };
}

/** A copy of the ResourceType with each of its schemas replaced. */
export function mapSchemas(resource: ResourceType, change: (schema: Schema) => Schema): ResourceType {
  const tool = (spec: ToolSpec): ToolSpec => mapToolSchemas(spec, change);
  return {
    ...resource,
    fields: mapValues(resource.fields, change),
    tools: mapValues(resource.tools as Readonly<Record<string, ToolSpec>>, tool),
    actions: mapValues(resource.actions, tool),
  };
}

function mapToolSchemas(spec: ToolSpec, change: (schema: Schema) => Schema): ToolSpec {
  const param = (one: Param): Param => (one.schema === undefined ? one : { ...one, schema: change(one.schema) });
  return {
    ...spec,
    ...(spec.params !== undefined && { params: spec.params.map(param) }),
    ...(spec.body !== undefined && { body: mapBodySchemas(spec.body, change) }),
    ...(spec.result?.item !== undefined && { result: { ...spec.result, item: change(spec.result.item) } }),
  };
}

function mapBodySchemas(body: Body, change: (schema: Schema) => Schema): Body {
  const use = (one: FieldUse | string): FieldUse | string =>
    typeof one === "string" || one.schema === undefined ? one : { ...one, schema: change(one.schema) };
  return {
    ...body,
    ...(body.fields !== undefined && { fields: body.fields.map(use) }),
    ...(body.schema !== undefined && { schema: change(body.schema) }),
    ...(body.extra !== undefined && { extra: { ...body.extra, schema: change(body.extra.schema) } }),
  };
}

function mapValues<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** Every schema that stands in the ResourceType, or in one of its Tools. */
function schemasOf(resource: ResourceType): Schema[] {
  const found: Schema[] = [];
  mapSchemas(resource, (schema) => {
    found.push(schema);
    return schema;
  });
  return found;
}

/** Drops alternatives by which a schema would have to be checked against itself, at the same place, for ever. */
function withoutLoops(defs: Map<string, Schema>, loosen: SettleOptions["loosen"]): Map<string, Schema> {
  const done = new Map<string, Schema>();
  const settleOne = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    const clean = (schema: Schema): Schema | undefined => {
      if (schema.$ref !== undefined) {
        const target = defName(schema.$ref);
        if (path.includes(target) || target === name) {
          loosen(`#/$defs/${name}`, `alternative ${target} dropped: it leads back here`);
          return undefined;
        }
        settleOne(target, [...path, name]);
        return schema;
      }
      return withCleanChoices(schema, clean);
    };
    done.set(name, clean(defs.get(name) ?? {}) ?? {});
  };
  for (const name of defs.keys()) settleOne(name, []);
  return new Map([...done].sort(byName));
}

function withCleanChoices(schema: Schema, clean: (schema: Schema) => Schema | undefined): Schema {
  const choices = (["anyOf", "oneOf", "allOf"] as const).filter((key) => schema[key] !== undefined);
  if (choices.length === 0) return schema;
  const entries = choices.map((key): [string, Schema[]] => [
    key,
    (schema[key] ?? []).map(clean).filter((member): member is Schema => member !== undefined),
  ]);
  const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, ...rest } = schema;
  return { ...rest, ...Object.fromEntries(entries.filter(([, members]) => members.length > 0)) };
}

type Refs = ReadonlyMap<string, readonly string[]>;

/** Cuts references out of schemas that lead to more than `limit` schemas, the largest first. */
function withinLimit(defs: Map<string, Schema>, limit: number, loosen: SettleOptions["loosen"]): Map<string, Schema> {
  const refs = new Map([...defs].map(([name, schema]): [string, string[]] => [name, refsOf(schema)]));
  const sizes = new Map([...defs].map(([name, schema]) => [name, sizeOf(schema)]));
  const fitted = new Map(defs);
  const roomFor = (limit * 3) / 4; // the rest is for the Tool's own
  for (const name of defs.keys()) {
    while (weight([name], refs, sizes, roomFor) > roomFor) {
      const heaviest = heaviestRef(refs.get(name) ?? [], refs, sizes, limit);
      if (heaviest === undefined) break;
      loosen(`#/$defs/${name}`, `${heaviest} is too large to be described here: any object is allowed`);
      const cutOne = cut(fitted.get(name) ?? {}, heaviest, defs);
      fitted.set(name, cutOne);
      refs.set(name, refsOf(cutOne));
    }
  }
  return fitted;
}

function weight(names: readonly string[], refs: Refs, sizes: ReadonlyMap<string, number>, limit: number): number {
  const total = (seen: ReadonlySet<string>) => [...seen].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  return total(reachable(names, refs, (seen) => seen.size > limit));
}

function heaviestRef(
  names: readonly string[],
  refs: Refs,
  sizes: ReadonlyMap<string, number>,
  limit: number,
): string | undefined {
  const weighed = [...new Set(names)]
    .sort()
    .map((name): [string, number] => [name, weight([name], refs, sizes, limit)]);
  return weighed.toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** The schema with references to one name replaced by what little can be said without it. */
function cut(schema: Schema, name: string, defs: ReadonlyMap<string, Schema>): Schema {
  if (schema.$ref === undefined || defName(schema.$ref) !== name)
    return mapChildren(schema, (child) => cut(child, name, defs));
  const { $ref: _, ...rest } = schema;
  const type = defs.get(name)?.type;
  return { ...rest, ...(type !== undefined && { type }) };
}

/** The same for a Tool whose own schemas and what they refer to are too many together. */
function fitTools(
  resource: ResourceType,
  defs: ReadonlyMap<string, Schema>,
  refs: Refs,
  limit: number,
  loosen: SettleOptions["loosen"],
): ResourceType {
  const sizes = new Map([...defs].map(([name, schema]) => [name, sizeOf(schema)]));
  const own = schemasOf(resource);
  const names = new Set(own.flatMap(refsOf));
  const size = own.reduce((sum, schema) => sum + sizeOf(schema), 0);
  // All Tools of the type together within one Tool's limit is the common case, and cheap to see.
  if (size + weight([...names], refs, sizes, limit) <= limit) return resource;
  const fitTool = (spec: ToolSpec): ToolSpec => {
    let fitted = spec;
    for (;;) {
      const used = toolSchemas(fitted, resource);
      const usedNames = [...new Set(used.flatMap(refsOf))];
      const total = used.reduce((sum, schema) => sum + sizeOf(schema), 0) + weight(usedNames, refs, sizes, limit);
      const heaviest = heaviestRef(toolSchemas(fitted).flatMap(refsOf), refs, sizes, limit);
      if (total <= limit || heaviest === undefined) return fitted;
      loosen(spec.name, `${heaviest} is too large to be described here: any object is allowed`);
      fitted = mapToolSchemas(fitted, (schema) => cut(schema, heaviest, defs));
    }
  };
  return {
    ...resource,
    tools: mapValues(resource.tools as Readonly<Record<string, ToolSpec>>, fitTool),
    actions: mapValues(resource.actions, fitTool),
  };
}

/** The schemas a Tool's input is made of: its own, and the Fields it uses where the ResourceType is given. */
function toolSchemas(spec: ToolSpec, resource?: ResourceType): Schema[] {
  const found: Schema[] = [];
  mapToolSchemas(spec, (schema) => {
    found.push(schema);
    return schema;
  });
  if (resource === undefined) return found;
  const uses = (spec.body?.fields ?? []).filter((use) => typeof use === "string" || use.schema === undefined);
  const names = uses.map((use) => (typeof use === "string" ? use : (use.field ?? use.name)));
  return [...found, ...names.map((name) => resource.fields[name] ?? {})];
}

function keptNames(resources: readonly ResourceType[], defs: ReadonlyMap<string, Schema>, refs: Refs): Set<string> {
  const users = new Map<string, Set<string>>();
  const places = new Map<string, number>();
  const addPlaces = (names: readonly string[]) => {
    for (const name of names) places.set(name, (places.get(name) ?? 0) + 1);
  };
  for (const resource of resources) {
    const direct = schemasOf(resource).flatMap(refsOf);
    addPlaces(direct);
    for (const name of reachable(direct, refs)) users.set(name, (users.get(name) ?? new Set()).add(resource.name));
  }
  for (const name of users.keys()) addPlaces(refs.get(name) ?? []);
  const isCyclic = (name: string) => reachable(refs.get(name) ?? [], refs, (seen) => seen.has(name)).has(name);
  const isShared = (name: string) => (users.get(name)?.size ?? 0) > 1;
  const isRepeated = (name: string) => (places.get(name) ?? 0) > 1 && sizeOf(defs.get(name) ?? {}) > 5;
  return new Set([...users.keys()].filter((name) => isShared(name) || isCyclic(name) || isRepeated(name)));
}

function inlined(schema: Schema, defs: ReadonlyMap<string, Schema>, kept: ReadonlySet<string>): Schema {
  const name = schema.$ref === undefined ? undefined : defName(schema.$ref);
  if (name === undefined) return mapChildren(schema, (child) => inlined(child, defs, kept));
  if (kept.has(name)) return schema;
  const { $ref: _, ...beside } = schema;
  return inlined({ ...(defs.get(name) ?? {}), ...beside }, defs, kept);
}

function prune(schema: Schema, depth: number, at: string, loosen: SettleOptions["loosen"]): Schema {
  if (depthOf(schema) <= depth) return schema;
  const pruned = (one: Schema, left: number): Schema => {
    if (left > 0 || Object.keys(one).length === 0) return mapChildren(one, (child) => pruned(child, left - 1));
    return one.type === undefined ? {} : { type: one.type };
  };
  loosen(at, `nested deeper than ${depth}: any value is allowed there`);
  return pruned(schema, depth);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
