import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import * as formats from "ajv-formats";
import { RE2JS } from "re2js";
import { GatewayError } from "../errors.ts";
import { explain } from "./explain.ts";
import { hardened } from "./harden.ts";
import type { Tool } from "./tool.ts";

/** Checks arguments against the input schemas of Tools. */
export interface Validator {
  /**
   * Throws `invalid_arguments` in words for a model when `args` is not what `tool` takes. Changes nothing: no value is
   * coerced, no default filled in.
   */
  readonly check: (tool: Tool, args: Readonly<Record<string, unknown>>) => void;
}

/**
 * A Validator that compiles each Tool's schema on first use and keeps it (2.5 ms once, microseconds afterwards). Patterns run on
 * RE2, in linear time whatever the Spec's author wrote; one that RE2 does not know (look-around, back-references) allows
 * everything, and the upstream decides.
 */
export function createValidator(): Validator {
  const ajv = createAjv();
  const compiled = new WeakMap<Tool, ValidateFunction>();
  return {
    check: (tool, args) => {
      const validate = compiled.get(tool) ?? compile(ajv, tool);
      compiled.set(tool, validate);
      if (!validate(args)) throw invalid(tool, validate.errors ?? []);
    },
  };
}

/** Schemas without an `$id` are roots of their own, so `$defs` of one name in two Tools stay apart. */
function compile(ajv: Ajv2020, tool: Tool): ValidateFunction {
  return ajv.compile(hardened(tool.definition.inputSchema) as object); // an object schema stays one
}

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    logger: false,
    verbose: true,
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: linearRegExp },
  });
  addFormats(ajv);
  return ajv;
}

/** The package is CommonJS, and its types describe only its default export. */
const addFormats = formats.default as unknown as (ajv: Ajv2020) => Ajv2020;

/** A pattern as ajv uses it. ajv keeps patterns by their text, so two must never print alike. */
interface Pattern {
  readonly test: (text: string) => boolean;
  readonly toString: () => string;
}

/** ajv's hook for the regular expression engine; `code` would only be used in standalone code. */
const linearRegExp = Object.assign(
  (pattern: string): Pattern => ({ test: matcherOf(pattern), toString: () => pattern }),
  { code: "linearRegExp" },
);

function matcherOf(pattern: string): Pattern["test"] {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return (text) => compiled.matcher(text).find();
  } catch {
    return () => true;
  }
}

function invalid(tool: Tool, errors: readonly ErrorObject[]): GatewayError {
  const { message, next } = explain(tool, errors);
  return new GatewayError("invalid_arguments", message, { next });
}
