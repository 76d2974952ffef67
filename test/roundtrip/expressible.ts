import { isDeepStrictEqual } from "node:util";
import type { Tool } from "../../src/catalog/tool.ts";
import type { Body, ToolSpec } from "../../src/descriptor.ts";
import { fieldUse, offeredParams, reservedSlots } from "../../src/operations/schemas.ts";
import { type CorpusCaller, callerOn } from "./caller.ts";
import type { Corpus } from "./corpora.ts";
import { drawFor } from "./roundTrip.ts";
import { type UpstreamOperation, upstreamOperations, upstreamSchema, upstreamValue } from "./upstreamDraw.ts";

/** What came of saying upstream's own values with a Tool's arguments. */
export interface Expressible {
  /** Values that were said. */
  readonly said: number;
  /** Values that no arguments say, or that arrived otherwise. */
  readonly lost: readonly string[];
}

/**
 * Draws parameters and bodies from the document's own schemas and says them with the arguments of the Tool: its schema must
 * allow them, and a body must arrive as it was drawn. `isDecided` names body properties that gateway.yaml hides or rewrites.
 */
export async function expressible(
  corpus: Corpus,
  seeds: readonly number[],
  isDecided: (tool: Tool, property: string) => boolean = () => false,
): Promise<Expressible> {
  const caller = callerOn(corpus);
  const operations = await upstreamOperations(corpus.document);
  const found = { said: 0, lost: [] as string[] };
  for (const tool of caller.catalog.tools) {
    const spec = tool.origin?.spec;
    const operation =
      spec === undefined ? undefined : operations.get(`${spec.operation.method} ${spec.operation.path}`);
    if (spec === undefined || operation === undefined || spec.count?.from === "list") continue;
    for (const seed of seeds) await trySeed({ caller, tool, spec, operation, seed, isDecided }, found);
  }
  return found;
}

interface Attempt {
  readonly caller: CorpusCaller;
  readonly tool: Tool;
  readonly spec: ToolSpec;
  readonly operation: UpstreamOperation;
  readonly seed: number;
  readonly isDecided: (tool: Tool, property: string) => boolean;
}

async function trySeed(attempt: Attempt, found: { said: number; lost: string[] }): Promise<void> {
  const { caller, tool, spec } = attempt;
  const params = paramArguments(attempt);
  const body = spec.body === undefined ? undefined : bodyValue(attempt, spec.body);
  if (params === undefined || (spec.body?.required !== undefined && body === undefined)) return; // the document allows nothing
  const saidBody = body === undefined || spec.body === undefined ? {} : bodyArguments(spec.body, body);
  const what = JSON.stringify({ params, body }).slice(0, 400);
  if (saidBody === undefined)
    return void found.lost.push(`${tool.name}: the body has a property without an argument: ${what}`);
  const args = { ...missing(attempt, { ...params, ...saidBody }), ...params, ...saidBody };
  found.said++;
  const { requests, refusal } = await caller.call(tool, args);
  if (refusal !== undefined && isTold(attempt, refusal.message)) return;
  if (!caller.allows(tool, args) || requests.length === 0)
    return void found.lost.push(`${tool.name}: ${refusal?.message}: ${what}`);
  const difference = body === undefined ? undefined : differenceOf(spec, body, requests[0]?.body);
  if (difference !== undefined) found.lost.push(`${tool.name}: ${difference}`);
}

/** Required arguments that say what gateway.yaml has decided: any value of theirs will do. */
function missing({ caller, tool, seed }: Attempt, args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = (tool.definition.inputSchema.required ?? []).filter((name) => args[name] === undefined);
  if (names.length === 0) return {};
  const { value } = drawFor(caller, tool, new Set(), seed);
  return Object.fromEntries(names.map((name) => [name, value[name]]));
}

/** How a JSON body that was sent differs from what was drawn; undefined where it does not, or where the gateway adds to it. */
function differenceOf({ select, paging, body }: ToolSpec, drawn: unknown, sent: unknown): string | undefined {
  if (select !== undefined || paging !== undefined || !/json/.test(body?.mediaType ?? "")) return undefined;
  if (sent === undefined) return isDeepStrictEqual(drawn, {}) ? undefined : "nothing arrived";
  const whole = JSON.parse(String(sent)) as unknown;
  const inner = (body?.wrap ?? []).reduce<unknown>((outer, key) => (isRecord(outer) ? outer[key] : undefined), whole);
  const arrived =
    isRecord(inner) && isRecord(drawn) ? Object.fromEntries(Object.keys(drawn).map((key) => [key, inner[key]])) : inner;
  const wanted = JSON.parse(JSON.stringify(drawn)) as unknown;
  return isDeepStrictEqual(arrived, wanted)
    ? undefined
    : `${JSON.stringify(wanted).slice(0, 300)} arrived as ${String(sent).slice(0, 300)}`;
}

/** A discriminator's property holds the names of its alternatives and nothing else, which a schema alone does not say. */
function isTold({ operation }: Attempt, message: string): boolean {
  const names = [...JSON.stringify(operation).matchAll(/"propertyName":"([^"]+)"/g)].map(([, name]) => name);
  return names.some((name) => message.includes(`.${name} must be one of`));
}

type Place = "path" | "query" | "header" | "cookie";

function paramArguments({ spec, operation, seed }: Attempt): Record<string, unknown> | undefined {
  const { path = [], query = [], headers = [], cookie = [] } = operation.request ?? {};
  const declared: Readonly<Record<Place, readonly { readonly name: string; readonly schema?: object }[]>> = {
    path,
    query,
    header: headers,
    cookie,
  };
  const args: Record<string, unknown> = {};
  for (const param of offeredParams(spec)) {
    const own = declared[param.in].find(({ name }) => name.toLowerCase() === param.name.toLowerCase());
    const value = upstreamValue(
      upstreamSchema(operation, own?.schema ?? { type: "string" }),
      seed,
      param.content === undefined ? param.in : "body",
    );
    if (value === undefined && (param.required || param.in === "path")) return undefined;
    const isSayable = value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
    if (isSayable) args[param.arg] = value;
  }
  return args;
}

/** A body as the document has it, inside its wrap and without what gateway.yaml decides. */
function bodyValue({ tool, spec, operation, seed, isDecided }: Attempt, { mediaType, wrap = [] }: Body): unknown {
  const content = operation.request?.body?.contents?.find((one) => one.mediaType === mediaType);
  if (content?.schema === undefined || !/json|urlencoded/.test(mediaType)) return undefined;
  const whole = upstreamValue(upstreamSchema(operation, content.schema), seed, "body");
  const inner = wrap.reduce<unknown>((outer, key) => (isRecord(outer) ? outer[key] : undefined), whole);
  if (!isRecord(inner)) return inner;
  const isPaging = (name: string): boolean =>
    reservedSlots(spec).some((slot) => slot.in === "body" && slot.name === name); // said by limit and cursor
  return Object.fromEntries(Object.entries(inner).filter(([name]) => !isDecided(tool, name) && !isPaging(name)));
}

/** The arguments that say a body; undefined where a property has none. */
function bodyArguments(
  { arg, fields = [], extra, fixed = {} }: Body,
  value: unknown,
): Record<string, unknown> | undefined {
  if (arg !== undefined) return { [arg]: value };
  if (!isRecord(value)) return undefined;
  const args: Record<string, unknown> = {};
  const beyond: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    const use = fields.map(fieldUse).find((field) => field.name === name);
    if (use !== undefined) args[use.arg] = one;
    else if (extra !== undefined) beyond[name] = one;
    else if (!Object.hasOwn(fixed, name)) return undefined;
  }
  return extra === undefined || Object.keys(beyond).length === 0 ? args : { ...args, [extra.arg]: beyond };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
