import fc from "fast-check";
import type { Json, Schema } from "../../src/descriptor.ts";
import { numbers, type Place, texts } from "./leaves.ts";
import { children, definition, isScalar, type ServedSchema } from "./points.ts";

/** An instance of a schema, and which of the schema's points it reaches. */
export interface Drawn {
  readonly value: Readonly<Record<string, unknown>>;
  readonly points: ReadonlySet<string>;
}

/** What steers a draw. */
export interface Steering {
  /** Points that no draw has reached yet; what leads to them is chosen first. Default none. */
  readonly wanted?: ReadonlySet<string>;
  /** Where each argument goes; default: the body. */
  readonly places?: ReadonlyMap<string, Place>;
  /** Arguments that are not drawn, because chance cannot make them (a cursor). */
  readonly without?: ReadonlySet<string>;
}

/**
 * Instances of an object schema. A custom Arbitrary rather than one put together from others: the schemas are recursive and
 * many, and a draw has to know what earlier draws have left out.
 */
export function drawArguments(root: ServedSchema, steering: Steering = {}): fc.Arbitrary<Drawn> {
  return new SchemaArbitrary(root, steering);
}

class SchemaArbitrary extends fc.Arbitrary<Drawn> {
  readonly root: ServedSchema;
  readonly steering: Steering;

  constructor(root: ServedSchema, steering: Steering) {
    super();
    this.root = root;
    this.steering = steering;
  }

  override generate(random: fc.Random): fc.Value<Drawn> {
    const { wanted = new Set(), places = new Map(), without = new Set() } = this.steering;
    const points = new Set<string>();
    const state: State = { root: this.root, random, wanted, points, place: "body", reaching: new Map() };
    const value = topLevel(state, this.root, places, without);
    return new fc.Value({ value, points }, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Drawn {
    return value === undefined; // a draw that fails is told as it is
  }

  override shrink(): fc.Stream<fc.Value<Drawn>> {
    return fc.Stream.nil();
  }
}

interface State {
  readonly root: ServedSchema;
  readonly random: fc.Random;
  readonly wanted: ReadonlySet<string>;
  readonly points: Set<string>;
  readonly place: Place;
  /** Whether a wanted point stands below a place; an answer holds for one draw. */
  readonly reaching: Map<string, boolean>;
}

/** From here down only what is required is drawn, so that recursive schemas end. */
const deepest = 5;
/** Wanted points are followed this far. */
const deepestWanted = 14;

function topLevel(
  state: State,
  root: ServedSchema,
  places: ReadonlyMap<string, Place>,
  without: ReadonlySet<string>,
): Record<string, unknown> {
  const entries = Object.entries(root.properties ?? {}).flatMap(([name, schema]): [string, unknown][] => {
    const at = `#/properties/${name}`;
    if (without.has(name) || !isIncluded(state, schema, at, root.required?.includes(name) === true, 0)) return [];
    state.points.add(at);
    const place = places.get(name) ?? "body";
    return [[name, draw({ ...state, place }, schema, at, 1)]];
  });
  return Object.fromEntries(entries);
}

function isIncluded(state: State, schema: Schema, at: string, isRequired: boolean, depth: number): boolean {
  if (isRequired) return true;
  if (depth > 0 && isTooDeep(state, schema)) return false;
  if (depth < deepestWanted && (state.wanted.has(at) || leadsToWanted(state, schema, at))) return true;
  return depth < deepest && chance(state, 3);
}

/** Outside a body there is one level below an argument; more has no spelling. */
function isTooDeep({ place, root }: State, schema: Schema): boolean {
  return place !== "body" && !isScalar(root, schema);
}

/** True once in `of` times. */
function chance({ random }: State, of: number): boolean {
  return random.nextInt(1, of) === 1;
}

/** A schema that needs itself has no instance; where that shows, anything is drawn. */
const endless = 40;

function draw(state: State, schema: Schema, at: string, depth: number): unknown {
  if (depth > endless) return "endless";
  if (schema.$ref !== undefined) return draw(state, definition(state.root, schema.$ref), schema.$ref, depth);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return drawEnum(state, schema.enum, at);
  const choices = (["anyOf", "oneOf"] as const).flatMap((key) =>
    schema[key] === undefined
      ? []
      : [
          drawChoice(
            state,
            schema[key].map((branch) => withDeclared(branch, schema)),
            `${at}/${key}`,
            depth,
          ),
        ],
  );
  const whole = (schema.allOf ?? []).map((one, index) => draw(state, one, `${at}/allOf/${index}`, depth));
  const parts = [...choices, ...whole];
  if (parts.length === 0) return drawTyped(state, schema, at, depth);
  if (!parts.every(isRecord)) return parts[0];
  const own = isOfObjects(schema) ? drawObject(state, schema, at, depth) : {};
  return parts.reduce(merged, own);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A branch that requires a property which the schema around it describes. */
function withDeclared(branch: Schema, { properties = {} }: Schema): Schema {
  const names = (branch.required ?? []).filter(
    (name) => branch.properties?.[name] === undefined && properties[name] !== undefined,
  );
  if (names.length === 0) return branch;
  const described = Object.fromEntries(names.map((name) => [name, properties[name] ?? {}]));
  return { ...branch, properties: { ...branch.properties, ...described } };
}

/** Both sides' properties; where both have one that is an object, those too. */
function merged(left: Record<string, unknown>, right: Record<string, unknown>): Record<string, unknown> {
  const inner = Object.entries(right).map(([name, value]): [string, unknown] => {
    const other = left[name];
    return [name, isRecord(other) && isRecord(value) ? merged(other, value) : value];
  });
  return { ...left, ...Object.fromEntries(inner) };
}

function drawEnum(state: State, values: readonly Json[], at: string): Json {
  const open = values
    .map((_value, index) => index)
    .filter((index) => state.wanted.has(`${at}/enum/${index}`) && !state.points.has(`${at}/enum/${index}`));
  const index = open[0] ?? state.random.nextInt(0, values.length - 1);
  state.points.add(`${at}/enum/${index}`);
  return values[index] ?? null;
}

function drawChoice(state: State, branches: readonly Schema[], at: string, depth: number): unknown {
  const isOpen = (index: number): boolean => state.wanted.has(`${at}/${index}`) && !state.points.has(`${at}/${index}`);
  const indexes = branches.map((_branch, index) => index);
  const open = depth > deepestWanted ? [] : indexes.filter((index) => isOpen(index));
  const leading =
    depth > deepestWanted
      ? []
      : indexes.filter((index) => leadsToWanted(state, branches[index] ?? {}, `${at}/${index}`));
  const simple = depth > deepest ? indexes.filter((index) => isLeaf(branches[index] ?? {})) : [];
  const [list = indexes] = [open, leading, simple].filter(({ length }) => length > 0);
  const index = list[state.random.nextInt(0, list.length - 1)] ?? 0;
  state.points.add(`${at}/${index}`);
  return draw(state, branches[index] ?? {}, `${at}/${index}`, depth);
}

function isLeaf({ type, $ref }: Schema): boolean {
  return $ref === undefined && type !== undefined && type !== "object" && type !== "array";
}

function drawTyped(state: State, schema: Schema, at: string, depth: number): unknown {
  switch (schema.type) {
    case "string":
      return leaf(state, texts(schema, state.place, depth > 1));
    case "number":
    case "integer":
      return leaf(state, numbers(schema));
    case "boolean":
      return state.random.nextInt(0, 1) === 1;
    case "null":
      return null;
    case "array":
      return drawArray(state, schema, at, depth);
    case "object":
      return drawObject(state, schema, at, depth);
    case undefined:
      return isOfObjects(schema) ? drawObject(state, schema, at, depth) : anything(state, depth);
    default: // a list of types, which documents may have and served schemas do not
      return drawTyped(state, { ...schema, type: oneOfList(state, schema.type satisfies never) }, at, depth);
  }
}

function oneOfList({ random }: State, list: readonly NonNullable<Schema["type"]>[]): NonNullable<Schema["type"]> {
  return list[random.nextInt(0, list.length - 1)] ?? "null";
}

function isOfObjects({ type, properties, required }: Schema): boolean {
  return type === "object" || (type === undefined && (properties !== undefined || required !== undefined));
}

function leaf<T>(state: State, arbitrary: fc.Arbitrary<T>): T {
  return arbitrary.generate(state.random, undefined).value;
}

/** A schema that says nothing takes any value; only a body can hold more than a single one. */
function anything(state: State, depth: number): unknown {
  const kinds = state.place === "body" && depth < deepest ? 5 : 3;
  const values = ["text", 7, true, { name: "text" }, [1, "two"]];
  return values[state.random.nextInt(0, kinds - 1)];
}

function drawArray(state: State, schema: Schema, at: string, depth: number): unknown[] {
  if (schema.items !== undefined && isTooDeep(state, schema.items)) return [];
  const { prefixItems = [], items, minItems = state.place === "body" ? 0 : 1, maxItems = 1_000 } = schema;
  const values = prefixItems.map((one, index) => draw(state, one, `${at}/prefixItems/${index}`, depth + 1));
  const isWanted = items !== undefined && depth < deepestWanted && leadsToWanted(state, items, `${at}/items`);
  const usual = depth < deepest ? minItems + state.random.nextInt(0, 2) : minItems;
  const count = Math.min(maxItems, Math.max(usual, isWanted ? Math.max(1, Math.min(100, enumSize(state, items))) : 0));
  for (let tries = 0; values.length < count && tries < count + 30; tries++) {
    const value = draw(state, items ?? {}, `${at}/items`, depth + 1);
    if (schema.uniqueItems !== true || !values.includes(value)) values.push(value);
  }
  return values;
}

function enumSize(state: State, schema: Schema): number {
  return (schema.$ref === undefined ? schema : definition(state.root, schema.$ref)).enum?.length ?? 0;
}

function drawObject(state: State, schema: Schema, at: string, depth: number): Record<string, unknown> {
  const { properties = {}, required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const value: Record<string, unknown> = {};
  const least = Math.max(minProperties, state.place === "body" ? 0 : 1); // an object of nothing has no spelling elsewhere
  const names = Object.keys(properties);
  const ordered = [
    ...names.filter((name) => required.includes(name)),
    ...names.filter((name) => !required.includes(name)),
  ];
  for (const name of ordered) {
    const place = `${at}/properties/${name}`;
    const isNeeded = required.includes(name) || Object.keys(value).length < least;
    if (Object.keys(value).length >= maxProperties && !required.includes(name)) continue;
    if (!isIncluded(state, properties[name] ?? {}, place, isNeeded, depth)) continue;
    state.points.add(place);
    value[name] = draw(state, properties[name] ?? {}, place, depth + 1);
  }
  const missing = required.filter((name) => properties[name] === undefined);
  const further = Math.max(
    minProperties - Object.keys(value).length - missing.length,
    isOpenTo(state, schema, at, depth) ? 1 : 0,
  );
  const more = [...missing, ...Array.from({ length: further }, (_none, index) => `further${index}`)];
  for (const name of more.slice(0, Math.max(missing.length, maxProperties - Object.keys(value).length))) {
    const additional = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
    value[name] = draw(state, additional, `${at}/additionalProperties`, depth + 1);
  }
  return value;
}

/** Whether a further property is drawn: names beyond the declared ones are said to be allowed. */
function isOpenTo(state: State, schema: Schema, at: string, depth: number): boolean {
  const { additionalProperties } = schema;
  if (additionalProperties === undefined || additionalProperties === false) return false;
  if (
    typeof additionalProperties === "object" &&
    depth < deepestWanted &&
    leadsToWanted(state, additionalProperties, `${at}/additionalProperties`)
  )
    return true;
  return depth < deepest && chance(state, 2);
}

/** Whether a point that is still wanted stands in or below a schema, references followed. */
function leadsToWanted(state: State, schema: Schema, at: string): boolean {
  if (state.wanted.size === 0) return false;
  const place = schema.$ref ?? at;
  const known = state.reaching.get(place);
  if (known !== undefined) return known;
  state.reaching.set(place, false); // a way back to where the search began leads nowhere new
  const target = schema.$ref === undefined ? schema : definition(state.root, schema.$ref);
  const isWanted = (point: string): boolean => state.wanted.has(point) && !state.points.has(point);
  const own = (target.enum ?? []).some((_value, index) => isWanted(`${place}/enum/${index}`));
  const found =
    own || children(target, place).some(([inner, below]) => isWanted(below) || leadsToWanted(state, inner, below));
  state.reaching.set(place, found);
  return found;
}
