import type { Ajv2020, ValidateFunction } from "ajv/dist/2020.js";
import type { Api, Schema } from "../descriptor.ts";
import { exactAnswer } from "../operations/exact.ts";
import { resolved } from "../operations/schemas.ts";
import { createAjv } from "./ajv.ts";
import { type Difference, differencesOf } from "./differences.ts";
import type { Tool, ToolOrigin } from "./tool.ts";

/**
 * Checks answers of Tools against the Spec. A schema is compiled at its first answer and kept (milliseconds once, microseconds
 * afterwards), once for all Tools that answer the noun; nothing is compiled for what is not used.
 */
export function createAnswerCheck(): (tool: Tool, answer: unknown) => readonly Difference[] {
  let ajv: Ajv2020 | undefined;
  const known = new WeakMap<object, { readonly validate: ValidateFunction | undefined }>();
  const validatorOf = (origin: ToolOrigin): ValidateFunction | undefined => {
    const key = origin.spec.result?.noun ? origin.resource : origin.spec;
    const found = known.get(key);
    if (found !== undefined) return found.validate;
    ajv ??= createAjv({ allErrors: true });
    const validate = compile(ajv, origin);
    known.set(key, { validate });
    return validate;
  };
  return ({ origin }, answer) => {
    const validate = origin === undefined ? undefined : validatorOf(origin);
    if (validate === undefined || validate({ answer })) return [];
    return differencesOf({ answer }, validate.errors ?? []).map((one) => ({ ...one, path: one.path.slice(1) }));
  };
}

/** Undefined as well where a schema cannot be compiled: an answer is never lost over a fault of the Spec. */
function compile(ajv: Ajv2020, origin: ToolOrigin): ValidateFunction | undefined {
  const schema = exactAnswer(origin);
  if (schema === undefined) return undefined;
  const answer = partial(origin.api, schema.properties?.answer ?? {});
  try {
    return ajv.compile(quick({ ...schema, properties: { answer } }) as object); // an object schema stays one
  } catch {
    return undefined;
  }
}

/** Unions within unions, more than anybody writes; a cycle of them ends here. */
const maxNesting = 8;

/** The item's own schema, in each of its forms, without what a selection of fields or a cut for the budget would break. */
function partial(api: Api, schema: Schema, nesting = 0): Schema {
  const { required: _r, minProperties: _p, minItems: _i, ...rest } = resolved(api, schema);
  if (nesting === maxNesting) return {};
  const forms = (["anyOf", "oneOf", "allOf"] as const).flatMap((key) => {
    const members = rest[key];
    return members === undefined ? [] : [[key, members.map((one) => partial(api, one, nesting + 1))] as const];
  });
  return { ...rest, ...Object.fromEntries(forms) };
}

/** Keywords whose value is an instance or names, not a schema. */
const dataKeywords: ReadonlySet<string> = new Set(["enum", "const", "default", "required"]);

/** `schema` without `uniqueItems`: comparing thousands of objects with each other takes seconds, and nobody would act on it. */
function quick(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(quick);
  const kept = Object.entries(schema).filter(([key, value]) => key !== "uniqueItems" || typeof value !== "boolean");
  return Object.fromEntries(kept.map(([key, value]) => [key, dataKeywords.has(key) ? value : quick(value)]));
}
