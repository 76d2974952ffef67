import type { OperationKind } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import { nearest } from "../nearest.ts";
import type { Tool } from "../tool.ts";
import { createNameIndex } from "./names.ts";
import { type Noun, nounsOf, type SearchAliases } from "./nouns.ts";
import { createRank, type Ranked } from "./rank.ts";
import { isVerb, kindsAsked } from "./verbs.ts";
import { isFiller, stem, wordsOf } from "./words.ts";

export type { SearchAliases } from "./nouns.ts";

/** One ResourceType that a query is about. */
export interface Hit {
  readonly resource: string;
  /** The Tool that fits best. */
  readonly tool: Tool;
  /** Every Tool of it that the caller may use, `tool` first. */
  readonly tools: readonly Tool[];
  /** 0 to 1; 1 for the exact name of a Tool. */
  readonly score: number;
}

export interface SearchAnswer {
  /** The best first. Empty where nothing fits well enough to be more than a guess. */
  readonly hits: readonly Hit[];
  /** Words of the query that none of the hits answers to, as they were written in lower case. */
  readonly unmatched: readonly string[];
  /** Nothing fits, or only just. */
  readonly lowConfidence: boolean;
}

export interface SearchOptions {
  /** Whether the caller may use a Tool; what it may not is as if it were not there. Default: all. */
  readonly allows?: (tool: Tool) => boolean;
  /** ResourceTypes at most. Default 10. */
  readonly limit?: number;
}

export interface Search {
  (query: string, options?: SearchOptions): SearchAnswer;
  /** The ResourceType of that name, whatever its spelling (`StatusPage`, `status pages`), with all its Tools. */
  readonly resource: (name: string) => Noun | undefined;
}

/** Below this the best hit is a guess, and nothing is returned. */
const leastScore = 0.33;
/** Below this it is returned and said to be unsure. */
const sureScore = 0.42;
/** A hit that fits this much worse than the best is no answer beside it. */
const leastShare = 0.35;
/** What is left of every score where the query begins with a verb that the API has nothing for: "translate this text". */
const foreignShare = 0.5;
/** Characters that are looked at: a longer text is a document. */
const maxQuery = 400;

/**
 * Search over `tools`: exact names of Tools first, then ResourceTypes by {@link createRank}, each with the Tools that the caller
 * may use. Built once; a query costs microseconds for each word and each noun that it touches.
 */
export function createSearch(tools: readonly Tool[], aliases: SearchAliases = {}): Search {
  const findByName = createNameIndex(tools);
  const nouns = nounsOf(tools, aliases);
  const toolsOf = new Map(nouns.map((noun) => [noun.name, noun.tools] as const));
  const rank = createRank(nouns);
  const answer = (query: string, { allows = () => true, limit = 10 }: SearchOptions = {}): SearchAnswer => {
    const text = query.slice(0, maxQuery);
    const words = contentOf(text);
    const kinds = kindsAsked(words);
    const named = findByName(text).filter(allows);
    const pinned = named.map((tool) =>
      hitOf(tool.resource, toolsOf.get(tool.resource) ?? [tool], { allows, first: tool }, 1),
    );
    const ranked = rank(words);
    const share = asksForSomethingElse(words, ranked) ? foreignShare : 1;
    let best = 0;
    const hits = pinned.slice(0, limit);
    const matched = new Set<number>();
    for (const { noun, score: whole, matched: own } of ranked) {
      const score = whole * share;
      if (hits.length >= limit || score < Math.max(leastScore, best * leastShare)) break;
      const allowed = noun.tools.filter(allows);
      if (allowed.length === 0) continue;
      best = Math.max(best, score);
      for (const at of own) matched.add(at);
      if (!pinned.some(({ resource }) => resource === noun.name))
        hits.push(hitOf(noun.name, allowed, { allows, first: bestTool(allowed, kinds, words) }, score));
    }
    const unmatched = words.filter((word, at) => !matched.has(at) && !isFiller(word));
    return {
      hits,
      unmatched: pinned.length > 0 ? [] : [...new Set(unmatched)],
      lowConfidence: pinned.length === 0 && best < sureScore,
    };
  };
  const byName = new Map(
    nouns.flatMap((noun) => noun.names.map((terms) => [terms.join(" "), noun] as const)).reverse(),
  );
  const byExactName = new Map(nouns.map((noun) => [noun.name, noun] as const));
  return Object.assign(answer, {
    resource: (name: string) => byExactName.get(name) ?? byName.get(wordsOf(name).map(stem).join(" ")),
  });
}

const quoted = /(^|\s)(["'“‘`])[^"'“”‘’`]*["'”’`](?=\s|[.,;:?!]|$)/g;
/** URLs, email addresses and host names. */
const address = /\S+:\/\/\S+|\S+@\S+|\b[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b/gi;

/** The words that say what is looked for: what stands in quotes, and addresses, are values. */
function contentOf(text: string): readonly string[] {
  const unquoted = text.replace(quoted, " ").replace(address, " ");
  const words = wordsOf(unquoted);
  return words.some((word) => !isFiller(word)) ? words : wordsOf(text);
}

/** Whether the query's first word is neither a way of asking, nor in any name or text: an order to do something else. */
function asksForSomethingElse(words: readonly string[], ranked: readonly Ranked[]): boolean {
  const at = words.findIndex((word) => word !== "please");
  const first = words[at];
  if (first === undefined || words.length < 3 || isFiller(first) || isVerb(first)) return false;
  if (/^(takes|has|is|was|wants|needs|gets|goes|will|can|should|must)$/.test(words[at + 1] ?? "")) return false; // "Kim needs …"
  return !ranked.some(({ matched }) => matched.has(at));
}

function hitOf(
  resource: string,
  all: readonly Tool[],
  { allows, first }: { readonly allows: (tool: Tool) => boolean; readonly first: Tool },
  score: number,
): Hit {
  const others = all.filter((tool) => tool !== first && allows(tool));
  return { resource, tool: first, tools: [first, ...others], score: Math.round(Math.min(1, score) * 1000) / 1000 };
}

/** An action whose verb is in the query; else the first kind asked for that there is. */
function bestTool(allowed: readonly Tool[], kinds: readonly OperationKind[], words: readonly string[]): Tool {
  const isAsked = ({ name }: Tool): boolean => words.includes(name.split("_", 1)[0] ?? "");
  const action = allowed.find((tool) => tool.kind === "action" && isAsked(tool));
  const byKind = kinds.flatMap((kind) => allowed.find((tool) => tool.kind === kind) ?? []);
  return (action ?? byKind[0] ?? allowed[0]) as Tool; // a ranked noun has at least one Tool
}

/** Throws `invalid_request` for an alias of a ResourceType that is not there: whoever wrote it believes in it. */
export function assertAliases(aliases: SearchAliases, tools: readonly Tool[]): void {
  const names = new Set(tools.map(({ resource }) => resource));
  const faults = Object.keys(aliases).flatMap((name) => {
    if (names.has(name)) return [];
    const near = nearest(name, [...names]);
    return [
      `search.aliases: there is no resource type "${name}"${near === undefined ? "" : `; did you mean ${near}?`}`,
    ];
  });
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
}
