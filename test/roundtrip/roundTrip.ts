import fc from "fast-check";
import type { Tool } from "../../src/catalog/tool.ts";
import type { ToolSpec } from "../../src/descriptor.ts";
import { offeredParams } from "../../src/operations/schemas.ts";
import { type Acceptor, createAcceptor } from "./acceptor.ts";
import { pageAnswer } from "./answers.ts";
import { type Called, type CorpusCaller, callerOn } from "./caller.ts";
import type { Corpus } from "./corpora.ts";
import { type Drawn, drawArguments } from "./draw.ts";
import type { Place } from "./leaves.ts";
import { pointsOf } from "./points.ts";
import type { Tamper } from "./recorder.ts";

/** What a round trip over one corpus found. */
export interface Report {
  readonly tools: number;
  readonly draws: number;
  /** Tool, arguments and complaint of each draw that went wrong. */
  readonly failures: readonly string[];
  /** Properties, enum values and branches that no draw reached, as `tool place`. */
  readonly unreached: readonly string[];
  /** Tools that a request was accepted for. */
  readonly accepted: ReadonlySet<string>;
}

/** How thorough a round trip is. */
export interface RoundTripOptions {
  /** Draws of each Tool at least; more follow until every point of its schema has been reached. */
  readonly draws: number;
  readonly seed: number;
  readonly tamper?: Tamper;
  /** Holds requests against every oneOf as strictly as it is written. Default false: see {@link readable}. */
  readonly keepsOneOf?: boolean;
}

/** Draws that may follow for the sake of points not yet reached. */
const furtherDraws = 60;

/**
 * Calls every Tool of a corpus with drawn arguments and holds each request against the document. The seed gives the same draws
 * again.
 */
export async function roundTrip(corpus: Corpus, options: RoundTripOptions): Promise<Report> {
  const caller = callerOn(corpus, options.tamper);
  const acceptor = await createAcceptor(corpus.document, options.keepsOneOf);
  const run: Run = { caller, acceptor, options, failures: [], unreached: [], accepted: new Set(), draws: 0 };
  for (const tool of caller.catalog.tools) await tryTool(run, tool);
  return { ...run, tools: caller.catalog.tools.length };
}

interface Run {
  readonly caller: CorpusCaller;
  readonly acceptor: Acceptor;
  readonly options: RoundTripOptions;
  readonly failures: string[];
  readonly unreached: string[];
  readonly accepted: Set<string>;
  draws: number;
}

async function tryTool(run: Run, tool: Tool): Promise<void> {
  const wanted = new Set(pointsOf(tool.definition.inputSchema, flatArguments(tool)));
  const cursor = "#/properties/cursor";
  const isPaged = tool.kind === "list" && wanted.delete(cursor);
  for (let count = 0; count < run.options.draws || (wanted.size > 0 && count < furtherDraws); count++) {
    const drawn = drawFor(run.caller, tool, wanted, seedOf(tool.name, run.options.seed + count));
    run.draws++;
    const called = await callWith(run, tool, drawn.value);
    if (called !== undefined) for (const point of drawn.points) wanted.delete(point);
    const next = isPaged ? called?.result?.nextCursor : undefined;
    if (next !== undefined && count < run.options.draws) await callWith(run, tool, { ...drawn.value, cursor: next });
  }
  run.unreached.push(...[...wanted].map((point) => `${tool.name} ${point}`));
}

/** A seed of its own for each draw of each Tool: what one Tool is called with, an idempotency key too, tells nothing about another. */
function seedOf(name: string, count: number): number {
  let hash = count;
  for (const char of name) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** Draws that may be thrown away for one that the schema as a whole allows. */
const attempts = 40;

/**
 * A draw of the Tool's arguments that its schema allows, cursor aside: that can only come from an answer. What is wanted is left
 * out of later attempts, for two wants may exclude each other. The last attempt is returned whether it is allowed or not.
 */
export function drawFor({ allows }: CorpusCaller, tool: Tool, wanted: ReadonlySet<string>, seed: number): Drawn {
  const without = new Set(tool.kind === "list" ? ["cursor"] : []);
  const places = placesOf(tool);
  for (let attempt = 0; ; attempt++) {
    const steering = { wanted: thinned(wanted, attempt), places, without };
    const runs = { numRuns: 1, seed: (Math.imul(seed, 1_000) + attempt) | 0 };
    const [drawn] = fc.sample(drawArguments(tool.definition.inputSchema, steering), runs);
    if (drawn !== undefined && (attempt === attempts || allows(tool, drawn.value))) return drawn;
  }
}

/** All of the wanted points at first, then ever other parts of them. */
function thinned(wanted: ReadonlySet<string>, attempt: number): ReadonlySet<string> {
  if (attempt === 0) return wanted;
  return new Set([...wanted].filter((_point, index) => (index * 7 + attempt * 13) % (attempt + 1) === 0));
}

/** Where each argument of a Tool goes. */
export function placesOf(tool: Tool): ReadonlyMap<string, Place> {
  const spec = askedSpec(tool);
  const params = spec === undefined ? [] : offeredParams(spec);
  return new Map(params.map((param): [string, Place] => [param.arg, param.content === undefined ? param.in : "body"]));
}

function flatArguments(tool: Tool): ReadonlySet<string> {
  return new Set([...placesOf(tool)].filter(([, place]) => place !== "body").map(([name]) => name));
}

/** The Operation that answers a Tool; a derived Count asks the List. */
function askedSpec({ kind, origin }: Tool): ToolSpec | undefined {
  const list = origin?.resource.tools.list;
  const isDerived = kind === "count" && origin?.spec.count?.from === "list" && list !== undefined;
  return isDerived ? list : origin?.spec;
}

/** One call and what is wrong with it; undefined when something was. */
async function callWith(run: Run, tool: Tool, args: Readonly<Record<string, unknown>>): Promise<Called | undefined> {
  const spec = tool.origin?.spec;
  if (spec === undefined) return undefined;
  const size = typeof args.limit === "number" ? args.limit : 3;
  const called = await run.caller.call(tool, args, tool.kind === "list" ? pageAnswer(spec, size) : undefined);
  const [request] = called.requests;
  const template = askedSpec(tool)?.operation.path ?? "";
  const complaints =
    request === undefined
      ? [`nothing was sent: ${called.refusal?.code} ${called.refusal?.message}`]
      : await run.acceptor.complaints(request, template);
  if (complaints.length === 0) run.accepted.add(tool.name);
  const sent = request === undefined ? "" : ` sent ${request.method} ${request.path} ${String(request.body ?? "")}`;
  for (const complaint of complaints) run.failures.push(`${tool.name} ${JSON.stringify(args)}${sent}: ${complaint}`);
  return complaints.length === 0 ? called : undefined;
}
