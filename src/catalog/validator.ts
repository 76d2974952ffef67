import type { Ajv2020, ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import { GatewayError } from "../errors.ts";
import { createAjv } from "./ajv.ts";
import { createAnswerCheck } from "./answers.ts";
import type { Difference } from "./differences.ts";
import { explain } from "./explain.ts";
import { hardened } from "./harden.ts";
import type { Tool } from "./tool.ts";

/** Checks arguments against the input schemas of Tools, and answers against what the Spec says of them. */
export interface Validator {
  /**
   * Throws `invalid_arguments` in words for a model when `args` is not what `tool` takes. Changes nothing: no value is
   * coerced, no default filled in.
   */
  readonly check: (tool: Tool, args: Readonly<Record<string, unknown>>) => void;
  /**
   * Where `answer`, one item that `tool` returned, is not what the Spec says. Fields that are not there are not missed: the
   * caller may not have asked for them. Empty where the Spec says nothing of the answer.
   */
  readonly differences: (tool: Tool, answer: unknown) => readonly Difference[];
}

/**
 * A Validator that compiles each Tool's schema on first use and keeps it (2.5 ms once, microseconds afterwards). Patterns run on
 * RE2, in linear time whatever the Spec's author wrote; one that RE2 does not know (look-around, back-references) allows
 * everything, and the upstream decides.
 */
export function createValidator(): Validator {
  const ajv = createAjv({ allErrors: false });
  const compiled = new WeakMap<Tool, ValidateFunction>();
  return {
    check: (tool, args) => {
      const validate = compiled.get(tool) ?? compile(ajv, tool);
      compiled.set(tool, validate);
      if (!validate(args)) throw invalid(tool, validate.errors ?? []);
    },
    differences: createAnswerCheck(),
  };
}

/** Schemas without an `$id` are roots of their own, so `$defs` of one name in two Tools stay apart. */
function compile(ajv: Ajv2020, tool: Tool): ValidateFunction {
  return ajv.compile(hardened(tool.definition.inputSchema) as object); // an object schema stays one
}

function invalid(tool: Tool, errors: readonly ErrorObject[]): GatewayError {
  const { message, next } = explain(tool, errors);
  return new GatewayError("invalid_arguments", message, { next });
}
