import { differenceText } from "../../calls/drift.ts";
import type { Difference } from "../../catalog/differences.ts";
import type { Tool } from "../../catalog/tool.ts";
import type { Json } from "../../descriptor.ts";

/** One way in which the API answers otherwise than the Spec says, over all answers that were read. */
export interface Finding {
  readonly resource: string;
  /** The path in the item. */
  readonly path: readonly string[];
  readonly drift: Difference["kind"];
  /** One instance of it, in words. */
  readonly text: string;
  /** Items that have it. */
  readonly items: number;
  readonly tools: readonly string[];
  /** Distinct values, of an enum alone; of everything else their JSON types. */
  readonly seen: readonly Json[];
  /** The answer is the noun, so that gateway.yaml can say what its fields are. */
  readonly isNoun: boolean;
}

/** Distinct values kept of a finding: an enum with more is no enum. */
const maxSeen = 40;

/** Gathers the differences of many items into Findings. */
export interface Findings {
  readonly add: (tool: Tool, differences: readonly Difference[]) => void;
  /** Sorted by resource and path. */
  readonly all: () => readonly Finding[];
}

export function createFindings(): Findings {
  const found = new Map<string, Finding>();
  return {
    add: (tool, differences) => {
      for (const one of differences) {
        const isNoun = tool.origin?.spec.result?.noun === true;
        const key = JSON.stringify([tool.resource, isNoun ? "" : tool.name, one.path, one.kind]);
        found.set(key, merged(found.get(key), tool, one, isNoun));
      }
    },
    all: () => [...found.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
  };
}

function merged(known: Finding | undefined, tool: Tool, difference: Difference, isNoun: boolean): Finding {
  const seen = new Set([...(known?.seen ?? []), seenIn(difference)]);
  return {
    resource: tool.resource,
    path: difference.path,
    drift: difference.kind,
    text: known?.text ?? differenceText(tool, difference),
    items: (known?.items ?? 0) + 1,
    tools: [...new Set([...(known?.tools ?? []), tool.name])],
    seen: [...seen].slice(0, maxSeen),
    isNoun,
  };
}

function seenIn({ kind, found }: Difference): Json {
  if (kind === "enum") return found as Json; // it came as JSON
  if (found === null || found === undefined) return String(found);
  if (Array.isArray(found)) return "array";
  return typeof found === "number" ? (Number.isInteger(found) ? "integer" : "number") : typeof found;
}

function sortKey({ resource, path, drift }: Finding): string {
  return [resource, ...path, drift].join(" ");
}
