import type { CrudKind } from "../../src/descriptor.ts";
import { compare } from "../operations.ts";
import { singular, snake, splitWords } from "../words.ts";
import type { Verdict } from "./combine.ts";

/** A Verdict with its ResourceType. */
export interface Placed {
  readonly verdict: Verdict;
  readonly resource: string;
}

/**
 * Leaves each ResourceType at most one Operation per CRUD kind. The most general stays: the strongest evidence, the fewest ids to
 * give, PATCH before PUT, the shortest path. The others become actions that say how they differ: `replace`, `list_namespace`,
 * `get_by_email`. A ResourceType without a List takes its search for one.
 */
export function onePerKind(placed: readonly Placed[]): Placed[] {
  const byResource = Map.groupBy(placed, ({ resource }) => snake(splitWords(resource)));
  return [...byResource.values()].flatMap((all) => settle(withList(all)));
}

function settle(all: readonly Placed[]): Placed[] {
  const byKind = Map.groupBy(all, ({ verdict }) => verdict.kind);
  return [...byKind].flatMap(([kind, candidates]) => {
    if (kind === "action") return candidates;
    const [winner, ...others] = [...candidates].sort(byRank);
    if (winner === undefined) return [];
    return [winner, ...others.map((other) => demoted(other, winner, kind))];
  });
}

/** The methods that usually carry a kind, the usual one first. */
const methodRank: Readonly<Record<string, readonly string[]>> = {
  create: ["POST", "PUT", "PATCH"],
  update: ["PATCH", "PUT", "POST"],
  delete: ["DELETE", "POST"],
};

function byRank(a: Placed, b: Placed): number {
  return rankOf(a).reduce((found, value, at) => found || value - (rankOf(b)[at] ?? 0), 0) || compareById(a, b);
}

/** Smaller is more general. A stated kind (override, extension) stands before all others. */
function rankOf({ verdict: { facts, evidence, kind } }: Placed): number[] {
  const { place, operation, identifier } = facts;
  const isStated = evidence.some((piece) => piece.weight >= 1 && piece.kind === kind && piece.rule === "override");
  const hasTail =
    place.qualifier !== undefined ||
    [...place.tail, identifier?.tail[0]].some((word) => word === "by" || word === "with");
  const needsId =
    (kind === "get" || kind === "update" || kind === "delete") && place.ids.length === 0 && place.style !== "rpc";
  return [
    isStated ? 0 : 1,
    hasTail ? 1 : 0,
    needsId ? 1 : 0,
    place.params.length,
    operation.deprecated ? 1 : 0,
    (identifier?.tail ?? []).length > 0 && kind === "list" ? 1 : 0,
    (methodRank[kind] ?? ["GET", "QUERY", "POST"]).indexOf(operation.method),
    place.nouns.length,
    operation.path.length,
  ];
}

function compareById(a: Placed, b: Placed): number {
  const [one, other] = [a.verdict.facts.operation, b.verdict.facts.operation];
  return compare(one.path, other.path) || compare(one.method, other.method);
}

function demoted({ verdict, resource }: Placed, winner: Placed, kind: CrudKind): Placed {
  const verb = demotedVerb(verdict, winner.verdict, kind);
  const because = `the ResourceType's ${kind} is ${winner.verdict.facts.operation.id}`;
  const evidence = [...verdict.evidence, { rule: "unique", kind: "action" as const, verb, weight: 0.5, because }];
  return { resource, verdict: { ...verdict, kind: "action", verb, evidence } };
}

/** What tells the Operation from the one that is the kind: a tail, PUT, another parent, another noun or verb, the method. */
function demotedVerb({ facts }: Verdict, { facts: winner }: Verdict, kind: CrudKind): string {
  const { place, identifier, operation } = facts;
  const tail = [place.qualifier, place.tail, identifier?.tail].find((words) => words !== undefined && words.length > 0);
  const isReplace = operation.method === "PUT" && kind === "update" && winner.operation.method !== "PUT";
  if (isReplace) return "replace";
  const isStated = place.verb !== undefined && tail === place.tail && place.tail.length > 0;
  if (isStated && kind !== "list" && kind !== "get") return snake([place.verb?.verb ?? kind, ...place.tail]);
  if (tail !== undefined && snake(tail) !== snake(winner.identifier?.tail ?? [])) return snake([kind, ...tail]);
  const parent = place.nouns.slice(0, -1).findLast((noun) => !winner.place.nouns.includes(noun));
  if (parent !== undefined) return snake([kind, ...singular(splitWords(parent))]);
  const verb = identifier?.verb?.verb ?? place.verb?.verb;
  const others = [winner.identifier?.verb?.verb, winner.place.verb?.verb, kind];
  if (verb !== undefined && !others.includes(verb)) return verb;
  const param = place.ids.find((id) => !winner.place.params.includes(id));
  if (param !== undefined && place.ids.length > winner.place.ids.length)
    return snake([kind, "by", ...splitWords(param)]);
  return snake([kind, "by", operation.method.toLowerCase()]);
}

/** A search that answers a list is the List of a ResourceType that has no other. */
function withList(all: readonly Placed[]): readonly Placed[] {
  if (all.some(({ verdict }) => verdict.kind === "list")) return all;
  const [search] = all.filter(isSearch).sort(byRank);
  if (search === undefined) return all;
  const because = "the search is the only list";
  const evidence = [...search.verdict.evidence, { rule: "unique", kind: "list" as const, weight: 0.5, because }];
  const { verb: _, ...rest } = search.verdict;
  return all.map((one) =>
    one === search ? { ...one, verdict: { ...rest, kind: "list", effect: "read", evidence } } : one,
  );
}

function isSearch({ verdict: { kind, verb, effect, facts, evidence, disagreement } }: Placed): boolean {
  if (kind !== "action" || effect !== "read" || facts.answer.list === undefined || disagreement !== undefined)
    return false;
  const isStated = evidence.some(({ weight }) => weight >= 1);
  return !isStated && /^(search|query|filter)(_|$)/.test(verb ?? "") && facts.place.nouns.length > 0;
}
