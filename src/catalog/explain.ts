import type { ErrorObject } from "ajv/dist/2020.js";
import { nearest } from "./nearest.ts";
import type { Tool } from "./tool.ts";

/** What was wrong with arguments, and what to do. */
export interface Explanation {
  readonly message: string;
  readonly next: string;
}

/** Names listed in a message at most. */
const maxNames = 30;
/** Characters of a value shown at most. */
const maxValue = 60;

/**
 * ajv's errors in the words of a Tool's caller: which argument, which value, what is allowed, which name was probably
 * meant. The value of a secret field is not repeated.
 */
export function explain(tool: Tool, errors: readonly ErrorObject[]): Explanation {
  const error = mostTelling(errors);
  if (error === undefined) return { message: `the arguments of ${tool.name} are not valid`, next: again(tool) };
  return { message: wordsFor(error, tool), next: adviceFor(error, tool) };
}

/** A branch of `anyOf` reports each of its own; the union's summary comes last. The deepest one is about the branch that was meant. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split("/").length;
  const summary = errors.at(-1);
  if (summary === undefined || !/^(anyOf|oneOf)$/.test(summary.keyword)) return errors[0];
  const inside = errors.filter((one) => depth(one) > depth(summary));
  if (inside.length > 0) return inside.sort((a, b) => depth(b) - depth(a))[0];
  const isNullable = (one: ErrorObject): boolean => one.keyword === "type" && one.params.type === "null";
  const others = errors.slice(0, -1).filter((one) => !isNullable(one));
  return others.length === 1 ? others[0] : summary;
}

function wordsFor(error: ErrorObject, tool: Tool): string {
  const at = argumentPath(error.instancePath);
  const { params } = error;
  switch (error.keyword) {
    case "additionalProperties":
    case "unevaluatedProperties":
      return unknownName(error, tool, at);
    case "required":
      return `missing ${at === "" ? "argument" : `in ${at}:`} "${params.missingProperty}"${at === "" ? ` for ${tool.name}` : ""}`;
    case "type":
      return `${at || "arguments"} must be ${article(String(params.type))}, got ${shown(error, tool)}`;
    case "enum":
      return `${at} must be one of ${listed(params.allowedValues)}, got ${shown(error, tool)}${meant(error)}`;
    case "const":
      return `${at} must be ${JSON.stringify(params.allowedValue)}, got ${shown(error, tool)}`;
    case "format":
      return `${at} must be ${formatWords(String(params.format))}, got ${shown(error, tool)}`;
    case "pattern":
      return `${at} must match ${params.pattern}, got ${shown(error, tool)}`;
    case "anyOf":
    case "oneOf":
      return `${at || "arguments"} has none of the allowed forms${formsOf(error)}; got ${shown(error, tool)}`;
    default:
      return `${at || "arguments"} ${error.message ?? "is not valid"}, got ${shown(error, tool)}`;
  }
}

function unknownName(error: ErrorObject, tool: Tool, at: string): string {
  const name = String(error.params.additionalProperty ?? error.params.unevaluatedProperty);
  const allowed = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  const near = nearest(name, allowed);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  const place = at === "" ? `argument "${shorten(name)}" for ${tool.name}` : `field "${shorten(name)}" in ${at}`;
  return `unknown ${place}.${hint} Allowed: ${names(allowed)}`;
}

function names(allowed: readonly string[]): string {
  if (allowed.length === 0) return "none";
  const more = allowed.length > maxNames ? `, and ${allowed.length - maxNames} more` : "";
  return `${allowed.slice(0, maxNames).join(", ")}${more}`;
}

function listed(values: unknown): string {
  if (!Array.isArray(values)) return "the allowed values";
  const more = values.length > maxNames ? `, … (${values.length} in all)` : "";
  return `${values
    .slice(0, maxNames)
    .map((value) => JSON.stringify(value))
    .join(", ")}${more}`;
}

function meant({ params, data }: ErrorObject): string {
  const texts = Array.isArray(params.allowedValues)
    ? params.allowedValues.filter((one) => typeof one === "string")
    : [];
  const near = typeof data === "string" ? nearest(data, texts) : undefined;
  return near === undefined ? "" : `. Did you mean "${near}"?`;
}

/** The types of a union's branches, where they are that simple. */
function formsOf({ schema }: ErrorObject): string {
  const types = Array.isArray(schema) ? schema.map((one: { type?: unknown }) => one.type) : [];
  return types.length > 0 && types.every((type) => typeof type === "string") ? ` (${types.join(" or ")})` : "";
}

/** `/labels/0/id` → `labels[0].id`. RFC 6901. */
function argumentPath(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`), "");
}

function shown(error: ErrorObject, tool: Tool): string {
  const [argument = ""] = argumentPath(error.instancePath).split(/[.[]/, 1);
  if (isSecret(tool, argument)) return "a value that is not shown";
  return shorten(JSON.stringify(error.data) ?? "nothing");
}

function isSecret(tool: Tool, argument: string): boolean {
  const field = tool.origin?.resource.fields[argument];
  return (
    field?.secret === true || field?.writeOnly === true || /password|secret|token|api_?key|credential/i.test(argument)
  );
}

function shorten(text: string): string {
  return text.length > maxValue ? `${text.slice(0, maxValue - 1)}…` : text;
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : type === "null" ? type : `a ${type}`;
}

const formats: Readonly<Record<string, string>> = {
  uuid: "a UUID such as 3f2c1a9e-0d5b-4c6f-8a77-1f0d2b9c4e11",
  "date-time": "a date and time such as 2026-01-31T09:30:00Z",
  date: "a date such as 2026-01-31",
  email: "an email address",
  uri: "a URL",
};

function formatWords(format: string): string {
  return formats[format] ?? `a valid ${format}`;
}

function adviceFor(error: ErrorObject, tool: Tool): string {
  if (error.keyword === "required") return `Call ${tool.name} again with "${error.params.missingProperty}".`;
  if (error.keyword === "additionalProperties") return `Call ${tool.name} again without it, or with its right name.`;
  return again(tool);
}

function again(tool: Tool): string {
  return `Correct it and call ${tool.name} again.`;
}
