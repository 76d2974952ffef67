import type { Next } from "../calls/call.ts";
import type { CompleteConfig } from "../config/config.ts";
import type { Schema } from "../descriptor.ts";
import type { Complete, Completing, Completion } from "./resources/resource.ts";
import type { Principal, Tool } from "./surface.ts";

/** What completions are made with. */
export interface CompletionParts {
  readonly find: (name: string) => Tool | undefined;
  readonly permits: (principal: Principal, tool: Tool) => boolean;
  readonly run: Next;
}

/** What of a template or a prompt is completed. */
export interface Completed {
  readonly names: readonly string[];
  readonly declared: Readonly<Record<string, CompleteConfig>>;
  /** What is known of the values, by name: an enum is offered without being declared. */
  readonly schemas?: Readonly<Record<string, Schema>>;
  readonly fault: (name: string, message: string) => void;
}

/** Values of one answer; the protocol's limit. */
const most = 100;
/** Items looked at for one answer. */
const looked = 200;
/** People type on: what is later than this is of no use to them. */
const patienceMs = 2_000;

/** Completes what is declared and what is an enum; undefined where nothing is. */
export function completesFor(
  { names, declared, schemas = {}, fault }: Completed,
  parts: CompletionParts,
): Readonly<Record<string, Complete>> | undefined {
  const found: Record<string, Complete> = {};
  for (const name of names) {
    const values = enumOf(schemas[name]);
    if (values.length > 0) found[name] = completeFrom(values);
  }
  for (const [name, config] of Object.entries(declared)) {
    if (!names.includes(name)) fault(name, `there is no ${name} to complete; there are: ${names.join(", ") || "none"}`);
    else if ("values" in config) found[name] = completeFrom(config.values);
    else {
      const tool = parts.find(config.tool);
      if (tool === undefined) fault(name, `there is no tool ${config.tool} to complete ${name} with`);
      else if (tool.kind !== "list") fault(name, `${tool.name} is no list tool, so it cannot complete ${name}`);
      else found[name] = completeThrough(tool, config, parts);
    }
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function enumOf(schema: Schema | undefined): readonly string[] {
  const values = schema?.enum ?? schema?.items?.enum ?? [];
  return values.flatMap((value) => (value === null ? [] : [String(value)]));
}

function completeFrom(values: readonly string[]): Complete {
  return async ({ value }) => bounded(values.filter((one) => startsLike(one, value)));
}

type Through = Extract<CompleteConfig, { readonly tool: string }>;

/**
 * Completes an id by a list tool: ids that begin with what was typed, and those of items whose name has it in it. Only for whoever
 * may use the tool. Slow, refused or failing is empty.
 */
function completeThrough(tool: Tool, config: Through, { permits, run }: CompletionParts): Complete {
  return async (completing) => {
    const { reading } = completing;
    const args = argumentsFor(tool, config, completing);
    if (args === undefined || !permits(reading.principal, tool)) return nothing;
    const late = AbortSignal.timeout(patienceMs);
    const signal = AbortSignal.any([reading.signal, late]);
    const given = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    const listing = run({ ...reading, tool, args, signal, wantsProgress: false, notify: () => undefined });
    const outcome = await Promise.race([listing.catch(() => undefined), given]);
    return completionOf(outcome?.structured ?? {}, config, completing.value);
  };
}

const nothing: Completion = { values: [], hasMore: false };

/** Undefined where another variable is needed first. */
function argumentsFor(
  tool: Tool,
  config: Through,
  { value, others }: Completing,
): Readonly<Record<string, unknown>> | undefined {
  const properties = tool.definition.inputSchema.properties ?? {};
  const args: Record<string, unknown> = {};
  for (const [arg, given] of Object.entries(config.arguments)) {
    const name = typeof given === "string" ? /^\{(\w+)\}$/.exec(given)?.[1] : undefined;
    const own = name === undefined ? given : others[name];
    if (own === undefined || own === "") return undefined;
    args[arg] = own;
  }
  if (config.search !== undefined && value !== "") args[config.search] = value;
  const max = properties.limit?.maximum;
  return { ...args, ...(properties.limit !== undefined && { limit: Math.min(looked, max ?? looked) }) };
}

function completionOf(structured: Readonly<Record<string, unknown>>, config: Through, value: string): Completion {
  const items = Array.isArray(structured.items) ? structured.items : [];
  const fitting = items.flatMap((item: unknown) => {
    const id = textOf(item, config.value);
    if (id === undefined) return [];
    const labels = config.labels.flatMap((name) => textOf(item, name) ?? []);
    const fits = startsLike(id, value) || labels.some((label) => label.toLowerCase().includes(value.toLowerCase()));
    return fits ? [id] : [];
  });
  const completion = bounded(fitting);
  return { ...completion, hasMore: completion.hasMore || structured.hasMore === true };
}

function textOf(item: unknown, name: string): string | undefined {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, name)) return undefined;
  const value = (item as Readonly<Record<string, unknown>>)[name]; // an object, as just checked
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function startsLike(text: string, typed: string): boolean {
  return text.toLowerCase().startsWith(typed.toLowerCase());
}

function bounded(values: readonly string[]): Completion {
  const unique = [...new Set(values)];
  return { values: unique.slice(0, most), hasMore: unique.length > most };
}
