import { type Direction, isOffered } from "../fields/convert.ts";
import { merged } from "../fields/merge.ts";
import type { Document, SpecSchema } from "../model.ts";
import { isObject, typeOf } from "../schemas.ts";
import type { Context } from "./context.ts";

/** One property of a body or answer, as the Spec has it. */
export interface Property {
  readonly name: string;
  readonly spec: SpecSchema;
  /** JSON pointer. */
  readonly at: string;
}

/** An object of a body or answer laid out flat: references and `allOf` merged. */
export interface Shape {
  readonly properties: readonly Property[];
  readonly required: ReadonlySet<string>;
  /** What other properties may hold: false none, true anything, a schema; undefined where the Spec is silent. */
  readonly additional: boolean | SpecSchema | undefined;
  /** It is a choice between objects; `properties` are those of all. */
  readonly isUnion: boolean;
  readonly at: string;
}

/** Choices within choices; deeper ones lead back to themselves. */
const maxChoiceDepth = 3;

/** The object a schema describes, or undefined when it describes something else or a choice with something else. */
export function shapeOf(
  context: Context,
  spec: unknown,
  at: string,
  direction: Direction,
  depth = 0,
): Shape | undefined {
  const { document } = context;
  if (spec === undefined || typeOf(document, spec) !== "object") return undefined;
  const whole = merged(document, spec);
  const pointer = isObject(spec) && typeof spec.$ref === "string" ? spec.$ref : at;
  const choices = [...choicesOf(document, whole), ...context.converter.childrenOf(spec)];
  const own = [...propertiesIn(whole, pointer), ...(direction === "write" ? undeclaredIn(whole, pointer) : [])];
  if (direction === "write" && depth === 0 && choosesRequired(document, whole)) {
    context.converter.loosen(pointer, "which properties an alternative requires is not told: the API decides");
  }
  const isDeep = depth >= maxChoiceDepth;
  const others = isDeep
    ? []
    : choices.flatMap((choice) => shapeOf(context, choice, pointer, direction, depth + 1)?.properties ?? []);
  const names = new Set<string>();
  const properties = [...own, ...others].filter(({ name, spec: property }) => {
    const isNew = !names.has(name);
    names.add(name);
    return isNew && isOffered(document, property, direction);
  });
  const required = (Array.isArray(whole.required) ? whole.required : []).filter((name) => typeof name === "string");
  return {
    properties,
    required: new Set(required),
    additional: additionalOf(whole),
    isUnion: choices.length > 0,
    at: pointer,
  };
}

function propertiesIn(whole: SpecSchema, at: string): Property[] {
  return Object.entries(isObject(whole.properties) ? whole.properties : {}).map(([name, spec]) => ({
    name,
    spec: isObject(spec) ? spec : {},
    at: `${at}/properties/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
  }));
}

/** Properties that are required and not declared: whatever they hold, a body without them is refused. */
function undeclaredIn(whole: SpecSchema, at: string): Property[] {
  if (whole.additionalProperties === false) return [];
  const declared = isObject(whole.properties) ? whole.properties : {};
  const required = Array.isArray(whole.required) ? whole.required : [];
  return required
    .filter((name): name is string => typeof name === "string" && !Object.hasOwn(declared, name))
    .map((name) => ({ name, spec: {}, at }));
}

/** Whether alternatives say which properties are required, and no more. */
function choosesRequired(document: Document, whole: SpecSchema): boolean {
  const members = ["oneOf", "anyOf"].flatMap((key) => (Array.isArray(whole[key]) ? (whole[key] as unknown[]) : []));
  return members.length > 1 && choicesOf(document, whole).length === 0;
}

/** The alternatives, unless all they say is which properties are required. */
function choicesOf(document: Document, whole: SpecSchema): unknown[] {
  const isMore = (member: unknown) => Object.keys(merged(document, member)).some((key) => key !== "required");
  return ["oneOf", "anyOf"]
    .flatMap((key) => (Array.isArray(whole[key]) ? (whole[key] as unknown[]) : []))
    .filter((member) => isMore(member) && typeOf(document, member) !== "null");
}

function additionalOf(whole: SpecSchema): Shape["additional"] {
  const { additionalProperties, patternProperties } = whole;
  if (isObject(patternProperties)) return true;
  if (isObject(additionalProperties))
    return Object.keys(additionalProperties).length === 0 ? true : additionalProperties;
  return typeof additionalProperties === "boolean" ? additionalProperties : undefined;
}
