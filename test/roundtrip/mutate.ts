import { Ajv2020 } from "ajv/dist/2020.js";
import * as formats from "ajv-formats";
import type { Tool } from "../../src/catalog/tool.ts";
import type { Schema } from "../../src/descriptor.ts";
import { definition, type ServedSchema } from "./points.ts";

/** Arguments that differ from valid ones in one place, and what was done. */
export interface Mutation {
  readonly what: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Arguments that a schema no longer allows, each one mutation away from `args`. Empty where every value is as good as any other. */
export function invalidMutations(tool: Tool, args: Readonly<Record<string, unknown>>): readonly Mutation[] {
  const root = tool.definition.inputSchema as ServedSchema;
  const isValid = compiled(tool);
  const all = [...mutationsOf(root, root, args, [])].map(({ what, value }) => ({
    what,
    args: value as Mutation["args"],
  }));
  return all.filter((mutation) => !isValid(mutation.args));
}

/** Plain ajv: says what the schema says, without what the gateway's own validator adds or leaves out. */
const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false });
(formats.default as unknown as (ajv: Ajv2020) => Ajv2020)(ajv); // CommonJS whose types describe its default export alone

const validators = new WeakMap<Tool, (value: unknown) => boolean>();

function compiled(tool: Tool): (value: unknown) => boolean {
  const known = validators.get(tool);
  if (known !== undefined) return known;
  const validate = ajv.compile(tool.definition.inputSchema as object);
  const check = (value: unknown): boolean => validate(value) === true;
  validators.set(tool, check);
  return check;
}

interface Step {
  readonly what: string;
  readonly value: unknown;
}

const deepest = 4;

/** `value` with one change in it or below it. */
function* mutationsOf(root: ServedSchema, schema: Schema, value: unknown, path: readonly string[]): Generator<Step> {
  const at = path.join(".") || "arguments";
  for (const other of wrongValues(schema, value)) {
    if (path.length > 0)
      yield {
        what: `${at}: ${JSON.stringify(value)?.slice(0, 60)} becomes ${String(JSON.stringify(other)).slice(0, 60)}`,
        value: other,
      };
  }
  const target = schema.$ref === undefined ? schema : definition(root, schema.$ref);
  if (isRecord(value)) {
    yield { what: `${at} gets an unknown property`, value: { ...value, "no such thing": 1 } };
    for (const name of target.required ?? []) {
      const { [name]: _, ...rest } = value;
      yield { what: `${at} loses ${name}`, value: rest };
    }
    for (const [name, inner] of path.length < deepest ? Object.entries(value) : []) {
      const property = target.properties?.[name] ?? {};
      for (const { what, value: changed } of mutationsOf(root, property, inner, [...path, name])) {
        yield { what, value: { ...value, [name]: changed } };
      }
    }
  }
  if (Array.isArray(value) && value.length > 0) {
    for (const { what, value: changed } of mutationsOf(root, target.items ?? {}, value[0], [...path, "0"])) {
      yield { what, value: [changed, ...value.slice(1)] };
    }
  }
}

/** Values of other types, and just beyond each limit. */
function wrongValues(schema: Schema, value: unknown): readonly unknown[] {
  const { minimum, maximum, maxLength, minLength, maxItems, multipleOf } = schema;
  return [
    ...["a text, which \u0000 nothing asks for", 7.5, true, null, [], { "no such thing": 1 }].filter(
      (other) => typeof other !== typeof value,
    ),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(multipleOf === undefined || typeof value !== "number" ? [] : [value + multipleOf / 2]),
    ...(schema.type === "integer" && typeof value === "number" ? [value + 0.5] : []),
    ...(maxLength === undefined || maxLength > 10_000 ? [] : ["x".repeat(maxLength + 1)]),
    ...(minLength === undefined ? [] : ["x".repeat(minLength - 1)]),
    ...(schema.enum === undefined &&
    schema.const === undefined &&
    schema.format === undefined &&
    schema.pattern === undefined
      ? []
      : ["\u0000 none of these"]),
    ...(maxItems === undefined || !Array.isArray(value)
      ? []
      : [Array.from({ length: maxItems + 1 }, () => value[0] ?? "x")]),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
