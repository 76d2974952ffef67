import type { Narrowing, ToolSelection } from "../auth/narrowing.ts";
import { matchesGlob } from "../calls/glob.ts";
import type { Tool } from "../catalog/tool.ts";
import type { ResourceType } from "../descriptor.ts";
import type { Permits } from "./surface.ts";

/** Whether a Tool is left. */
export type Leaves = (tool: Tool) => boolean;

/**
 * `permits` within what the request of a principal leaves: read-only beats all, exclusion beats inclusion, and every selection
 * has to take the Tool in (ecosystem.md §6).
 */
export function permitsWithin(permits: Permits): Permits {
  return (principal, tool) =>
    permits(principal, tool) && (principal.narrowing === undefined || leavesOf(principal.narrowing)(tool));
}

const known = new WeakMap<Narrowing, Leaves>();

/** What `narrowing` leaves. Compiled once for each. */
export function leavesOf(narrowing: Narrowing): Leaves {
  const before = known.get(narrowing);
  if (before !== undefined) return before;
  const takesIn = narrowing.selections.map(compiled);
  const excludes = namesOf(narrowing.exclude);
  const leaves: Leaves = (tool) =>
    !(narrowing.readOnly && tool.effect !== "read") && !excludes(tool) && takesIn.every((takes) => takes(tool));
  known.set(narrowing, leaves);
  return leaves;
}

function compiled({ toolsets, tools }: ToolSelection): Leaves {
  const named = namesOf(tools);
  const inToolset = toolsetsOf(toolsets);
  return (tool) => named(tool) || inToolset(tool);
}

/** Whether one of `names`, each the name of a Tool or a glob of names, is about a Tool. */
export function namesOf(names: readonly string[]): Leaves {
  const exact = new Set(names.filter((name) => !isGlob(name)));
  const globs = names.filter(isGlob);
  return ({ name, aliases }) =>
    exact.has(name) || aliases.some((alias) => exact.has(alias)) || globs.some((glob) => matchesGlob(glob, name));
}

/** Whether one of `toolsets`, each a noun, a tag or a glob of Tool names, is about a Tool. */
export function toolsetsOf(toolsets: readonly string[]): Leaves {
  const nouns = new Set(toolsets.filter((one) => !isGlob(one)).map(plain));
  const globs = toolsets.filter(isGlob);
  return (tool) => {
    const own = tool.origin === undefined ? [plain(tool.resource)] : nounsOf(tool.origin.resource);
    return own.some((noun) => nouns.has(noun)) || globs.some((glob) => matchesGlob(glob, tool.name));
  };
}

const spellings = new WeakMap<ResourceType, readonly string[]>();

/** By what a ResourceType is known, each in its plainest spelling. */
function nounsOf(resource: ResourceType): readonly string[] {
  const before = spellings.get(resource);
  if (before !== undefined) return before;
  const { name, plural, title, tags = [] } = resource;
  const nouns = [...new Set([name, plural, title, ...tags].map(plain))];
  spellings.set(resource, nouns);
  return nouns;
}

/** `StatusPage`, `status_page` and `Status Page` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

function isGlob(name: string): boolean {
  return name.includes("*");
}
