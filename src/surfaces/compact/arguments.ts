import type { Arguments, Call, Outcome } from "../../calls/call.ts";
import { GatewayError } from "../../errors.ts";

/** The arguments for an inner Tool, and whether they had to be read out of a text. */
export interface Given {
  readonly args: Arguments;
  readonly wasText: boolean;
}

/**
 * The `arguments` of a `read`, `write` or `delete`. Some models write the object as JSON text: that is taken, and said.
 * Throws `invalid_arguments` for what is neither.
 */
export function givenArguments({ args, tool }: Call): Given {
  const { arguments: given = {} } = args;
  const value = typeof given === "string" ? parsed(given) : given;
  if (isObject(value)) return { args: value, wasText: typeof given === "string" };
  throw new GatewayError("invalid_arguments", `arguments must be an object, got ${kindOf(given)}`, {
    next: `Call ${tool.name} again with arguments as a JSON object: {"tool": "…", "arguments": {…}}.`,
  });
}

/** `outcome` with a note about what the caller should do otherwise. */
export function noted(outcome: Outcome, note: string): Outcome {
  const { structured } = outcome;
  if (structured === undefined) return outcome;
  const notes = Array.isArray(structured.notes) ? structured.notes : [];
  return { ...outcome, structured: { ...structured, notes: [...notes, note] } };
}

function parsed(text: string): unknown {
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    return undefined; // told as what it is: a text
  }
}

function isObject(value: unknown): value is Arguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "a text that is not JSON of one";
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
