import { scopeResource, unknownTool } from "../../calls/authorize.ts";
import type { Call, Next, Outcome } from "../../calls/call.ts";
import { globPattern } from "../../calls/glob.ts";
import type { Search } from "../../catalog/search/search.ts";
import type { Tool } from "../../catalog/tool.ts";
import type { Validator } from "../../catalog/validator.ts";
import { GatewayError } from "../../errors.ts";
import type { Permits, Principal, Surface } from "../surface.ts";
import { createToolPages } from "../toolPages.ts";
import { createTypedSurface, listsOutput, type TypedSurfaceOptions } from "../typed.ts";
import { createViews } from "../views.ts";
import { givenArguments, noted } from "./arguments.ts";
import { describedResource, describedTool, signaturesByRunner, type WouldPermit } from "./describe.ts";
import { type CompactName, compactTool, defaultHits, runnerOf } from "./tools.ts";

export interface CompactSurfaceOptions extends TypedSurfaceOptions {
  /** Over every Tool of the Catalog. */
  readonly search: Search;
  /** Checks what the five themselves are given. */
  readonly validator: Pick<Validator, "check">;
  /** Globs of Tools that are listed beside the five. Default none. */
  readonly pinned?: readonly string[];
}

const names: readonly CompactName[] = ["search", "describe", "read", "write", "delete"];
const five: ReadonlyMap<string, Tool> = new Map(names.map((name) => [name, compactTool(name)]));

/** What a client is told where gateway.yaml says nothing. */
const defaultInstructions =
  "search finds tools by what you want to do; describe shows one's arguments; read, write and delete run it.";

/**
 * The Surface of style `compact`: five Tools that find, show and run all others, so that a list costs the same whatever the size of
 * the Catalog. What they run is the very Tool of style `typed`, through the same `run`: its scopes, safeguards, audit and limits are
 * its own. `write` and `delete` are listed to those who have a Tool to run with them.
 * Throws `invalid_request` for a pinned glob that matches no Tool, or a Tool with the name of one of the five.
 */
export function createCompactSurface(options: CompactSurfaceOptions): Surface {
  const { serverInfo, pageSize = 1_000, pinned: globs = [] } = options;
  const typed = createTypedSurface(options);
  const pinned = pinnedTools(globs, typed.tools);
  const withOutput = listsOutput(options.outputSchemas, pinned.size);
  const viewOf = createViews({
    visible: typed.visibleTools,
    pagesOf: (visible) => createToolPages(listed(visible, pinned), { pageSize, serverInfo, withOutput }),
  });
  const findFive = (principal: Principal, name: string): Tool | undefined => {
    const tool = five.get(name);
    return tool !== undefined && isOffered(tool, viewOf(principal).tools) ? tool : undefined;
  };
  return {
    ...typed,
    instructions: options.instructions ?? defaultInstructions,
    listTools: (principal, cursor, era) => viewOf(principal).pages.page(cursor, era),
    findTool: (principal, name) => {
      const own = findFive(principal, name);
      if (own !== undefined) return own;
      const tool = typed.findTool(principal, name);
      return tool !== undefined && pinned.has(tool.name) ? tool : undefined;
    },
    run: createRun(options, typed),
  };
}

function pinnedTools(globs: readonly string[], tools: readonly Tool[]): ReadonlySet<string> {
  const found = new Set<string>();
  const faults: string[] = [];
  for (const glob of globs) {
    const pattern = globPattern(glob);
    const matching = tools.filter(({ name }) => pattern.test(name));
    if (matching.length === 0) faults.push(`pinned: "${glob}" matches no tool; specgate tools list shows the names`);
    for (const { name } of matching) {
      if (five.has(name))
        faults.push(`pinned: a tool of the name ${name} is in the style itself; rename it in gateway.yaml`);
      found.add(name);
    }
  }
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
  return found;
}

/** By name, as every list is: its cursor is a name. */
function listed(visible: readonly Tool[], pinned: ReadonlySet<string>): readonly Tool[] {
  const own = [...five.values()].filter((tool) => isOffered(tool, visible));
  const beside = pinned.size === 0 ? [] : visible.filter(({ name }) => pinned.has(name));
  return [...own, ...beside].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const effectsOf = new WeakMap<readonly Tool[], ReadonlySet<string>>();

/** Whether there is anything for it to run, among what one class of principals sees. */
function isOffered({ effect }: Tool, visible: readonly Tool[]): boolean {
  const effects = effectsOf.get(visible) ?? new Set(visible.map((tool) => tool.effect));
  effectsOf.set(visible, effects);
  return effect === "read" ? effects.size > 0 : effects.has(effect);
}

function createRun(options: CompactSurfaceOptions, typed: Surface): Next {
  const runners: Readonly<Record<CompactName, Next>> = {
    search: async (call) => searched(call, options, typed),
    describe: async (call) => described(call, options, typed),
    read: (call) => inner(call, options, typed),
    write: (call) => inner(call, options, typed),
    delete: (call) => inner(call, options, typed),
  };
  return async (call) => {
    if (five.get(call.tool.name) !== call.tool) return options.run(call);
    return runners[call.tool.name as CompactName](call); // the five are these
  };
}

/** Runs the Tool that is named, if it is of the Effect that this one of the five is for. */
async function inner(call: Call, options: CompactSurfaceOptions, typed: Surface): Promise<Outcome> {
  const { args, wasText } = givenArguments(call);
  options.validator.check(call.tool, { ...call.args, arguments: args });
  const name = String(call.args.tool);
  const tool = typed.findTool(call.principal, name);
  if (tool === undefined) throw notAvailable(name, call, options, typed);
  const runner = runnerOf[tool.effect];
  if (runner !== call.tool.name) throw wrongRunner(tool, call.tool.name, runner);
  const outcome = await options.run({ ...call, tool, args });
  return wasText ? noted(outcome, "arguments came as a text; give them as a JSON object.") : outcome;
}

function wrongRunner({ name, effect }: Tool, given: string, runner: CompactName): GatewayError {
  const does = { read: "only reads", write: "changes something", destroy: "deletes or destroys something" }[effect];
  return new GatewayError("invalid_arguments", `${name} ${does}: it is run with ${runner}, not with ${given}`, {
    next: `Nothing was done. Call ${runner} with the same tool and arguments.`,
    change: "none",
  });
}

/** The same for a Tool that is not there and one that the caller may not use; what it may use instead is searched for. */
function notAvailable(name: string, call: Call, options: CompactSurfaceOptions, typed: Surface): GatewayError {
  const near = options.search(name, { allows: allowing(call.principal, typed), limit: 1 }).hits[0];
  const [message = ""] = unknownTool(name, call.principal.scopes).message.split(" Call tools/list");
  return new GatewayError("invalid_arguments", message, {
    next:
      near === undefined
        ? "Call search with what you want to do."
        : `Call search with what you want to do. ${near.resource} has: ${near.tools.map((one) => one.name).join(", ")}.`,
    change: "none",
  });
}

function allowing(principal: Principal, typed: Surface): (tool: Tool) => boolean {
  return ({ name }) => typed.findTool(principal, name) !== undefined;
}

function searched(call: Call, options: CompactSurfaceOptions, typed: Surface): Outcome {
  options.validator.check(call.tool, call.args);
  const { query, limit = defaultHits } = call.args as { readonly query: string; readonly limit?: number }; // just checked
  const allows = allowing(call.principal, typed);
  const { hits, unmatched, lowConfidence } = options.search(query, { allows, limit });
  const found = hits.map(({ resource, tools }) => ({
    resource,
    ...signaturesByRunner(tools.map((tool) => typed.findTool(call.principal, tool.name) ?? tool)),
  }));
  const notes = [
    ...(hits.length === 0
      ? ["Nothing fits. Try other words for the thing itself; if that finds nothing, the API does not offer it to you."]
      : []),
    ...(hits.length > 0 && lowConfidence ? ["None of these fits well: the API may not offer what you look for."] : []),
  ];
  return {
    structured: {
      found,
      ...(unmatched.length > 0 && { matchedNothing: unmatched }),
      ...(notes.length > 0 && { notes }),
    },
  };
}

function described(call: Call, options: CompactSurfaceOptions, typed: Surface): Outcome {
  options.validator.check(call.tool, call.args);
  const { name, output = false } = call.args as { readonly name: string; readonly output?: boolean }; // just checked
  const tool = typed.findTool(call.principal, name);
  if (tool !== undefined) return { structured: describedTool(tool, output) };
  const noun = options.search.resource(name);
  const tools = (noun?.tools ?? []).flatMap((one) => typed.findTool(call.principal, one.name) ?? []);
  if (noun === undefined || tools.length === 0) throw notAvailable(name, call, options, typed);
  return { structured: describedResource(noun.name, tools, wouldPermit(options.permits, call.principal, noun.tools)) };
}

/** Asks the one decision about a Tool that is not there, as if it were. */
function wouldPermit(permits: Permits, principal: Principal, all: readonly Tool[]): WouldPermit {
  return (resource, kind, effect) => {
    if (all.some((tool) => tool.kind === kind)) return false; // it is there and hidden from this caller
    const { definition } = compactTool("read");
    const name = `${kind}_${scopeResource(resource)}`;
    return permits(principal, { name, aliases: [], resource, kind, effect, definition });
  };
}
