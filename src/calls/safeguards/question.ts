import type { Field } from "../../descriptor.ts";
import { idempotencyArg } from "../../operations/idempotency.ts";
import type { Call, Question } from "../call.ts";
import { dryRunArg, guardsOf, notifyArg, tokenArg } from "./guards.ts";

/** Longest value shown, characters, and how many of them. */
const maxValue = 100;
const maxValues = 12;

/** Control arguments say nothing of what is done; `notify` has a sentence of its own. */
const controls: ReadonlySet<string> = new Set([tokenArg, dryRunArg, idempotencyArg, notifyArg]);

/**
 * What a Call will do, in lines for the user who has to agree: the Tool, the name of the thing where it is known, the
 * arguments, and whether people are alerted. Secrets are not shown, and no value can pass for a line of ours.
 */
export function whatWillHappen(call: Call, label: string | undefined): string {
  const { tool, args } = call;
  const fields = tool.origin?.resource.fields ?? {};
  const given = Object.entries(args).filter(([name]) => !controls.has(name));
  const lines = given.slice(0, maxValues).map(([name, value]) => `${name}: ${shownValue(fields[name], value)}`);
  const more = given.length - lines.length;
  return [
    `${tool.definition.title}${label === undefined ? "" : ` ${quoted(label)}`}`,
    ...lines,
    ...(more > 0 ? [`and ${more} more arguments`] : []),
    ...alertLines(call),
    ...(tool.effect === "destroy" ? ["This cannot be undone by the gateway."] : []),
  ].join("\n");
}

function alertLines({ tool, args }: Call): readonly string[] {
  const notify = guardsOf(tool)?.notify;
  if (notify === undefined || notify.never !== undefined) return [];
  return [args[notifyArg] === true ? `${capital(notify.alerts)} are alerted.` : "Nobody is alerted."];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function shownValue(field: Field | undefined, value: unknown): string {
  if (field?.secret === true || field?.writeOnly === true) return "(not shown)";
  return quoted(value);
}

/** JSON on one line, without the characters that hide or turn text (security.md T27). */
function quoted(value: unknown): string {
  const text = JSON.stringify(value)?.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, "") ?? "";
  return text.length > maxValue ? `${text.slice(0, maxValue - 1)}…` : text;
}

/** The form that asks for a yes. Accepting it with `confirm` unset or false is no yes. */
export function confirmQuestion(what: string): Question {
  const confirm = { type: "boolean", title: "Yes, do it" };
  return {
    key: "confirm",
    method: "elicitation/create",
    params: {
      message: what,
      requestedSchema: { type: "object", properties: { confirm }, required: ["confirm"] },
    },
  };
}
