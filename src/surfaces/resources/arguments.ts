import type { Arguments } from "../../calls/call.ts";
import type { ResourceConfig, ResourceValue } from "../../config/config.ts";
import type { Json, Schema } from "../../descriptor.ts";
import type { Tool } from "../surface.ts";
import { badValue } from "./resource.ts";
import type { UriTemplate, Variables } from "./uriTemplate.ts";

/** The arguments that a URI stands for, and what its reader should know of them. */
export interface ResourceArguments {
  readonly args: Arguments;
  readonly notes: readonly string[];
}

/** How the URIs of a template become arguments of a Tool. */
export interface ArgumentMap {
  /** Throws `invalid_arguments` for a value that cannot be one. */
  readonly argumentsOf: (values: Variables, nowMs: number) => ResourceArguments;
  /** Which variable fills each argument by itself; for completing it as the Tool's schema says. */
  readonly variableOf: Readonly<Record<string, string>>;
}

type ArgumentConfig = Pick<ResourceConfig, "arguments" | "parameters" | "bound">;

/** What arguments are mapped between. */
export interface Mapped {
  readonly template: UriTemplate;
  readonly tool: Tool;
  /** Variables that serve another purpose, so that they need no argument. */
  readonly elsewhere: readonly string[];
}

const dayMs = 86_400_000;

/**
 * The map of one configured resource: what `arguments` says, and every other variable to the argument of its name. Faults are told
 * to `fault`, with the part of the resource that they are in; then the map is of no use.
 */
export function mapArguments(
  config: ArgumentConfig,
  { template, tool, elsewhere }: Mapped,
  fault: (part: string, message: string) => void,
): ArgumentMap {
  const properties = tool.definition.inputSchema.properties ?? {};
  const parameters = withStandard(config, template, tool);
  const given = Object.entries(config.arguments);
  const used = new Set(given.flatMap(([, value]) => variablesIn(value)));
  const named = template.variables.filter((name) => !used.has(name) && Object.hasOwn(properties, name));
  const mapped: Readonly<Record<string, ResourceValue>> = {
    ...Object.fromEntries(named.map((name) => [name, `{${name}}`])),
    ...config.arguments,
  };
  for (const [arg, value] of given) {
    if (!Object.hasOwn(properties, arg))
      fault(
        `arguments.${arg}`,
        `${tool.name} has no argument ${arg}; it takes: ${Object.keys(properties).join(", ") || "none"}`,
      );
    for (const name of variablesIn(value))
      if (!template.variables.includes(name)) fault(`arguments.${arg}`, `{${name}} is no variable of ${template.text}`);
  }
  for (const name of template.variables)
    if (!used.has(name) && !named.includes(name) && !elsewhere.includes(name))
      fault(
        "uri",
        `{${name}} is used for nothing: ${tool.name} has no argument of that name, and arguments names none`,
      );
  for (const name of Object.keys(config.parameters))
    if (!template.variables.includes(name))
      fault(
        `parameters.${name}`,
        `${template.text} has no variable ${name}; it has: ${template.variables.join(", ") || "none"}`,
      );
  for (const arg of tool.definition.inputSchema.required ?? []) {
    if (config.bound.includes(arg)) continue;
    const value = mapped[arg];
    if (value === undefined)
      fault("tool", `${tool.name} needs the argument ${arg}: map it in arguments, or put {${arg}} into the URI`);
    else if (variablesIn(value).some((name) => template.optional.includes(name) && parameters[name] === undefined))
      fault(
        "uri",
        `${tool.name} needs the argument ${arg}: put its variable into the path, or give it a default in parameters`,
      );
  }
  for (const arg of config.bound)
    if (!Object.hasOwn(properties, arg)) fault("bound", `${tool.name} has no argument ${arg}`);
  return {
    argumentsOf: (values, nowMs) => argumentsOf({ mapped, parameters, properties, values, nowMs }),
    variableOf: Object.fromEntries(
      Object.entries(mapped).flatMap(([arg, value]) => {
        const name = typeof value === "string" ? /^\{(\w+)\}$/.exec(value)?.[1] : undefined;
        return name === undefined ? [] : [[arg, name] as const];
      }),
    ),
  };
}

/** The `limit` of a list has the standard cap where the file says nothing of it. */
function withStandard(
  { parameters }: ArgumentConfig,
  { variables }: UriTemplate,
  { kind }: Tool,
): ResourceConfig["parameters"] {
  const standard = kind === "list" && variables.includes("limit") ? { limit: { default: 20, min: 1, max: 200 } } : {};
  return { ...standard, ...parameters };
}

interface Mapping {
  readonly mapped: Readonly<Record<string, ResourceValue>>;
  readonly parameters: ResourceConfig["parameters"];
  readonly properties: Readonly<Record<string, Schema>>;
  readonly values: Variables;
  readonly nowMs: number;
}

function argumentsOf({ mapped, parameters, properties, values, nowMs }: Mapping): ResourceArguments {
  const notes: string[] = [];
  const numbers: Record<string, number> = {};
  for (const [name, rule] of Object.entries(parameters)) numbers[name] = numberOf(name, values[name], rule, notes);
  const textOf = (name: string): string | undefined =>
    Object.hasOwn(numbers, name) ? String(numbers[name]) : values[name];
  const args: Record<string, unknown> = {};
  for (const [arg, value] of Object.entries(mapped)) {
    const filled = fill(value, textOf, nowMs);
    if (filled === undefined) continue;
    const schema = properties[arg] ?? {};
    args[arg] = typeof filled === "string" ? typed(arg, filled, schema) : filled;
    if (isSince(value))
      notes.push(
        `Only what is later than ${String(args[arg])} is here: the window is the last ${daysOf(value, textOf)} days.`,
      );
  }
  return { args, notes };
}

/** The number that a parameter stands for: too much is cut down and said, too little is refused. */
function numberOf(
  name: string,
  given: string | undefined,
  { default: standard, min, max }: ResourceConfig["parameters"][string],
  notes: string[],
): number {
  if (given === undefined || given === "") return standard;
  const value = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isNaN(value)) throw badValue(`${name} is "${given.slice(0, 32)}"; it has to be a whole number`);
  if (value < min) throw badValue(`${name} is ${value}; it has to be at least ${min}`);
  if (value <= max) return value;
  notes.push(`${name} ${value} is over the cap: ${max} was used.`);
  return max;
}

/** A value with its variables filled in; undefined where one of them was left away. */
function fill(value: ResourceValue, textOf: (name: string) => string | undefined, nowMs: number): Json | undefined {
  if (isSince(value)) return new Date(nowMs - daysOf(value, textOf) * dayMs).toISOString();
  if (isChoice(value)) return chosen(value, textOf);
  if (typeof value !== "string") return value as Json; // nothing else is an object with daysAgo
  const names = variablesIn(value);
  if (names.some((name) => textOf(name) === undefined)) return undefined;
  return value.replace(/\{(\w+)\}/g, (_, name: string) => textOf(name) ?? "");
}

interface Since {
  readonly daysAgo: number | string;
}

function isSince(value: ResourceValue): value is Since & ResourceValue {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, "daysAgo");
}

function daysOf({ daysAgo }: Since, textOf: (name: string) => string | undefined): number {
  if (typeof daysAgo === "number") return daysAgo;
  const name = /^\{(\w+)\}$/.exec(daysAgo)?.[1] ?? daysAgo;
  return Number(textOf(name) ?? 0);
}

/** Words of a URI that stand for values of the API. */
interface Choice {
  readonly choice: string;
  readonly values: Readonly<Record<string, Json>>;
}

function isChoice(value: ResourceValue): value is Choice & ResourceValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { choice, values } = value as Readonly<Record<string, ResourceValue | undefined>>; // an object that is no list
  return typeof choice === "string" && typeof values === "object" && values !== null;
}

function chosen({ choice, values }: Choice, textOf: (name: string) => string | undefined): Json | undefined {
  const name = bare(choice);
  const word = textOf(name);
  if (word === undefined) return undefined;
  if (Object.hasOwn(values, word)) return values[word];
  throw badValue(`${name} is "${word.slice(0, 32)}"; it has to be one of ${Object.keys(values).join(", ")}`);
}

function bare(variable: string): string {
  return variable.replace(/[{}]/g, "");
}

/** The variables that a configured value names. */
function variablesIn(value: ResourceValue): readonly string[] {
  if (isChoice(value)) return [bare(value.choice)];
  if (isSince(value)) return typeof value.daysAgo === "string" ? [bare(value.daysAgo)] : [];
  return typeof value === "string" ? [...value.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "") : [];
}

/** Text of a URI in the type that the argument has. Whether it is allowed is the Tool's to say. */
function typed(arg: string, text: string, schema: Schema): unknown {
  switch (schema.type) {
    case "integer":
    case "number":
      if (!/^-?\d+(\.\d+)?$/.test(text)) throw badValue(`${arg} is "${text.slice(0, 64)}"; it has to be a number`);
      return Number(text);
    case "boolean":
      if (text !== "true" && text !== "false")
        throw badValue(`${arg} is "${text.slice(0, 64)}"; it has to be true or false`);
      return text === "true";
    case "array":
      return text.split(",").map((one) => typed(arg, one, schema.items ?? {}));
    default:
      return schema.format === "date" ? text.slice(0, 10) : text;
  }
}
