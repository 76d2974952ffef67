import { nearest } from "../catalog/nearest.ts";
import type { Tool } from "../catalog/tool.ts";
import type { Config, SurfaceConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { customisedTools } from "./customised.ts";
import { leavesOf, namesOf, toolsetsOf } from "./narrowing.ts";

type Parts = Pick<Config, "surfaces" | "narrowing" | "where">;
type ToolsOf = (surface: string) => readonly Tool[];

/**
 * The Tools that each Surface offers, under the names that it gives them: those of `toolsOf` within its `tools` and `readOnly`, and
 * within what flags and environment leave. Throws one `invalid_request` that lists every name of no Tool, with what it was probably meant to be; exit code 2 where
 * the command line or the environment has it.
 */
export function offerTools({ surfaces, narrowing, where }: Parts, toolsOf: ToolsOf): ToolsOf {
  const faults: string[] = [];
  const shown = Object.entries(surfaces).map(([name, surface]) => {
    const all = toolsOf(name);
    faults.push(...faultsOf(name, surface, all).map(([path, fault]) => `${where(path)}${fault}`));
    const fault = (path: readonly string[], message: string): void => {
      const whole = ["surfaces", name, "tools", ...path];
      faults.push(`${where(whole)}${whole.join(".")}: ${message}`);
    };
    const tools = all.filter((tool) => isOffered(surface, tool));
    return { name, surface, tools: customisedTools(surface.tools, tools, all, fault) };
  });
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
  // What reads alone leaves out is no unknown name: both may be said of one server.
  assertKnown(
    narrowing,
    shown.flatMap(({ tools }) => tools),
  );
  const leaves = leavesOf({ readOnly: false, selections: selectionsOf(narrowing), exclude: narrowing.exclude });
  const left = shown.map(({ name, surface, tools }) => {
    const own = tools.filter((tool) => leaves(tool) && !(surface.readOnly && tool.effect !== "read"));
    return [name, own] as const;
  });
  const bySurface = new Map(left);
  return (name) => bySurface.get(name) ?? [];
}

function isOffered({ tools: { allow, deny, toolsets } }: SurfaceConfig, tool: Tool): boolean {
  if (namesOf(deny)(tool)) return false;
  if (allow === undefined && toolsets === undefined) return true;
  return namesOf(allow ?? [])(tool) || toolsetsOf(toolsets ?? [])(tool);
}

function selectionsOf({
  toolsets,
  tools,
}: Config["narrowing"]): { toolsets: readonly string[]; tools: readonly string[] }[] {
  return toolsets === undefined && tools === undefined ? [] : [{ toolsets: toolsets ?? [], tools: tools ?? [] }];
}

/** A path in gateway.yaml, and what is wrong there. */
type Fault = readonly [path: readonly string[], fault: string];

function faultsOf(surface: string, { tools: config }: SurfaceConfig, tools: readonly Tool[]): readonly Fault[] {
  const of = (list: "allow" | "deny" | "toolsets", isToolset: boolean): readonly Fault[] =>
    (config[list] ?? []).flatMap((name, index) => {
      const fault = unknown(name, tools, isToolset);
      const path = ["surfaces", surface, "tools", list, String(index)];
      return fault === undefined ? [] : [[path, `${path.slice(0, -1).join(".")}: ${fault}`] as const];
    });
  return [...of("allow", false), ...of("deny", false), ...of("toolsets", true)];
}

/** @throws invalid_request with `usage`, since flags and variables are what a person has just written */
function assertKnown(config: Config["narrowing"], tools: readonly Tool[]): void {
  const { toolsets = [], tools: names = [], exclude, saidBy } = config;
  const check = (setting: string, given: readonly string[], isToolset: boolean): readonly string[] =>
    given.flatMap((name) => {
      const fault = unknown(name, tools, isToolset);
      return fault === undefined ? [] : [`${setting}: ${fault}`];
    });
  const faults = [
    ...check(saidBy?.toolsets ?? "SPECGATE_TOOLSETS (--toolsets)", toolsets, true),
    ...check(saidBy?.tools ?? "SPECGATE_TOOLS (--tools)", names, false),
    ...check(saidBy?.excludeTools ?? "SPECGATE_EXCLUDE_TOOLS (--exclude-tools)", exclude, false),
  ];
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"), { data: { usage: true } });
}

/** What is wrong with a name that is about none of `tools`. */
function unknown(name: string, tools: readonly Tool[], isToolset: boolean): string | undefined {
  if (tools.some(isToolset ? toolsetsOf([name]) : namesOf([name]))) return undefined;
  const candidates = isToolset
    ? [...new Set(tools.flatMap(({ resource, origin }) => [resource, ...(origin?.resource.tags ?? [])]))]
    : tools.flatMap((tool) => [tool.name, ...tool.aliases]);
  const near = nearest(name, candidates);
  const advice = near === undefined ? "specgate tools list shows the names" : `did you mean ${near}?`;
  const what = isToolset ? "is no resource type, tag or glob of tools" : "matches no tool";
  return `"${name}" ${what}; ${advice}`;
}
