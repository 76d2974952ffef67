import type { Answer, Question } from "../calls/call.ts";
import { canElicit } from "../calls/elicitation.ts";
import { GatewayError } from "../errors.ts";
import type { Era } from "./context.ts";
import { isObject } from "./params.ts";
import { rpc } from "./versions.ts";

export type { Answer, Question } from "../calls/call.ts";

/** Rounds of questions that one request may take. */
export const maxRounds = 8;

const needs: Readonly<Record<Question["method"], { readonly name: string; readonly value: object }>> = {
  "elicitation/create": { name: "elicitation", value: { form: {} } },
  "sampling/createMessage": { name: "sampling", value: {} },
  "roots/list": { name: "roots", value: {} },
};

/**
 * Throws `confirmation_required` when the client cannot answer one of the questions: it did not declare the capability. In
 * the stateless era that is HTTP 400 / -32021, in the session era a tool result (protocol.md §4).
 */
export function assertCanAnswer(
  questions: readonly Question[],
  capabilities: Readonly<Record<string, unknown>>,
  era: Era,
): void {
  const missing = questions.map(({ method }) => needs[method]).filter(({ name }) => !declares(capabilities, name));
  if (missing.length === 0) return;
  const requiredCapabilities = Object.fromEntries(missing.map(({ name, value }) => [name, value]));
  const names = Object.keys(requiredCapabilities).join(", ");
  throw new GatewayError(
    "confirmation_required",
    `this needs an answer from the user, and the client did not declare the capability: ${names}`,
    era === "stateless" ? { rpcCode: rpc.missingCapability, data: { requiredCapabilities } } : {},
  );
}

function declares(capabilities: Readonly<Record<string, unknown>>, name: string): boolean {
  return name === "elicitation" ? canElicit(capabilities) : isObject(capabilities[name]);
}

/** Whether `answer` has the form of an answer to the question. What it says is for the asker to judge. */
export function answers({ method, params }: Question, answer: unknown): answer is Answer {
  if (!isObject(answer)) return false;
  switch (method) {
    case "elicitation/create":
      return answersElicitation(params, answer);
    case "sampling/createMessage":
      return typeof answer.role === "string" && typeof answer.model === "string" && answer.content !== undefined;
    case "roots/list":
      return Array.isArray(answer.roots);
    default:
      return method satisfies never;
  }
}

/** A decline needs no content; an accepted form has every required field, of the asked type. */
function answersElicitation(params: Question["params"], answer: Answer): boolean {
  const { action, content } = answer;
  if (action === "decline" || action === "cancel") return true;
  const schema = params.requestedSchema;
  if (action !== "accept" || (content !== undefined && !isObject(content))) return false;
  if (!isObject(schema)) return true;
  const given = content ?? {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  if (required.some((name) => given[String(name)] === undefined)) return false;
  const fields = isObject(schema.properties) ? schema.properties : {};
  return Object.entries(given).every(([name, value]) => !Object.hasOwn(fields, name) || hasType(value, fields[name]));
}

function hasType(value: unknown, schema: unknown): boolean {
  switch (isObject(schema) ? schema.type : undefined) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return Array.isArray(value);
    default:
      return true;
  }
}
