import type { Document, SpecSchema } from "../model.ts";
import { compare } from "../operations.ts";
import { answerSchema, bodySchema, nounOf, propertiesOf, refName, thingIn } from "../schemas.ts";
import { hexOf, pascal, singular, snake, splitWords, typeName } from "../words.ts";
import type { Verdict } from "./combine.ts";

/** Operations about the same place of the API, and the noun that they seem to be about. */
interface Group {
  readonly base: string;
  readonly members: readonly Verdict[];
  /** Nouns of the path, outermost first. */
  readonly nouns: readonly string[];
  readonly name: string;
  /** An operationId or an extension named it. */
  readonly isNamed: boolean;
  readonly schema?: SpecSchema;
  /** Property names of the schema. */
  readonly fields: ReadonlySet<string>;
}

/**
 * The name of the ResourceType of each Operation. Operations of one collection path share one; its name is the rest of their
 * operationIds where these agree, else the last noun of the path. Places whose names are equal are one ResourceType when
 * their schemas are alike (or one of them says nothing and an operationId named it); otherwise the deeper one is named after
 * its parent too (`IssueComment`).
 */
export function nameResources(verdicts: readonly Verdict[], document: Document): ReadonlyMap<Verdict, string> {
  const groups = [...byBase(verdicts)].map(([base, members]) => groupOf(base, members, document));
  const names = distinctNames(groups);
  const result = new Map<Verdict, string>();
  for (const group of groups) {
    for (const member of group.members) result.set(member, statedResource(member) ?? names.get(group) ?? group.name);
  }
  return result;
}

function byBase(verdicts: readonly Verdict[]): ReadonlyMap<string, Verdict[]> {
  const found = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const base = homeOf(verdict).base;
    const members = found.get(base);
    if (members === undefined) found.set(base, [verdict]);
    else members.push(verdict);
  }
  return found;
}

/** Where an Operation belongs. An action that the last segment names (`/devices/{id}/frobnicate`) is about the noun before it. */
function homeOf({ facts: { place }, kind, evidence }: Verdict): {
  readonly base: string;
  readonly nouns: readonly string[];
} {
  const { nouns, base } = place;
  const last = snake(splitWords(nouns.at(-1) ?? ""));
  const isVerb =
    kind === "action" &&
    place.verb === undefined &&
    evidence.some(({ verb, rule }) => rule === "collection" && verb === last);
  const isQualified = kind === "action" && place.qualifier !== undefined && place.qualifier[0] !== "by";
  if (isQualified) return { base: base.slice(0, base.lastIndexOf("/")), nouns };
  if (!isVerb || nouns.length < 2) return { base, nouns };
  return { base: base.slice(0, base.lastIndexOf("/")) || "/", nouns: nouns.slice(0, -1) };
}

function statedResource({ evidence }: Verdict): string | undefined {
  return evidence.find(({ resource, weight }) => resource !== undefined && weight >= 1)?.resource;
}

function groupOf(base: string, members: readonly Verdict[], document: Document): Group {
  const nouns = homeOf(members[0] as Verdict).nouns; // A group has a member.
  const fromId = stated(members) ?? elected(members);
  const schema = schemaOf(members, document);
  return {
    base,
    members,
    nouns,
    name: fromId ?? pathName(members, nouns),
    isNamed: fromId !== undefined,
    ...(schema !== undefined && { schema }),
    fields: new Set(Object.keys(propertiesOf(document, schema))),
  };
}

function stated(members: readonly Verdict[]): string | undefined {
  // An override names the one Operation it is about; an extension names what stands around it as well.
  const names = members.flatMap(({ evidence }) =>
    evidence.filter(({ rule }) => rule === "extension").flatMap(({ resource }) => resource ?? []),
  );
  return mostFrequent(names)?.[0];
}

/** The noun that most operationIds of the group name; undefined when they do not agree. */
function elected(members: readonly Verdict[]): string | undefined {
  const named = members.filter(({ facts }) => facts.identifier?.verb !== undefined && facts.identifier.noun !== "");
  const isAboutActions = members.every(({ kind }) => kind === "action");
  const voters = isAboutActions ? named : named.filter(({ kind }) => kind !== "action");
  if (voters.length === 0) return undefined;
  const name = several(members) ? typeName : wholeName;
  const cut = mostFrequent(voters.map(({ facts }) => name(facts.identifier?.noun ?? "")));
  const full = mostFrequent(voters.map(({ facts }) => name(facts.identifier?.fullNoun ?? "")));
  const [winner, votes] = full !== undefined && full[1] >= 2 && full[1] >= (cut?.[1] ?? 0) ? full : (cut ?? ["", 0]);
  return winner !== "" && votes * 2 > voters.length ? winner : undefined;
}

/** The commonest of the names, compared by words, with its number. Ties go to the first in order. */
function mostFrequent(names: readonly string[]): [string, number] | undefined {
  const counts = new Map<string, [string, number]>();
  for (const name of [...names].sort(compare)) {
    const key = snake(splitWords(name));
    const found = counts.get(key);
    counts.set(key, [found?.[0] ?? name, (found?.[1] ?? 0) + 1]);
  }
  return [...counts.values()].sort((a, b) => b[1] - a[1] || compare(a[0], b[0]))[0];
}

/** The group is about several things, so its noun has a singular. A singleton keeps its number: `Settings`. */
function several(members: readonly Verdict[]): boolean {
  return members.some(
    ({ kind, facts: { place, isCollection } }) =>
      kind === "list" || kind === "count" || place.ids.length > 0 || isCollection,
  );
}

function wholeName(noun: string): string {
  return /^[A-Z][A-Za-z0-9]*$/.test(noun) ? noun : pascal(splitWords(noun));
}

/** The last noun of the path; without one, the noun of an operationId, the tag, or the verb. */
function pathName(members: readonly Verdict[], nouns: readonly string[]): string {
  const name = several(members) ? typeName : wholeName;
  const first = members[0] as Verdict; // A group has a member.
  const { place, identifier, operation } = first.facts;
  const noun = nouns.at(-1);
  if (noun !== undefined && place.qualifier !== undefined && place.qualifier[0] !== "by" && first.kind !== "action") {
    return pascal([...place.qualifier, ...singular(splitWords(noun))]);
  }
  const [tag] = operation.tags;
  const unnamed = first.effect === "read" ? [first.verb, tag] : [tag, first.verb];
  const own = [noun, identifier?.noun, ...unnamed, identifier?.fullNoun, place.verb?.verb].find(
    (text) => text !== undefined && splitWords(text).length > 0,
  );
  return own === undefined ? "Root" : name(own);
}

/** What the group's noun looks like: what Get answers, else List, Create's answer, a body. */
function schemaOf(members: readonly Verdict[], document: Document): SpecSchema | undefined {
  const ranked = ["get", "list", "create", "update"].flatMap((kind) =>
    members.filter((member) => member.kind === kind),
  );
  const answers = ranked.flatMap(({ facts }) =>
    answerSchema(facts.operation) === undefined ? [] : [nounOf(document, facts.operation) ?? {}],
  );
  const bodies = ranked.map(({ facts }) => thingIn(document, bodySchema(facts.operation)).schema);
  return [...answers, ...bodies].find((schema) => Object.keys(propertiesOf(document, schema)).length > 0);
}

function distinctNames(groups: readonly Group[]): ReadonlyMap<Group, string> {
  const result = new Map<Group, string>();
  const taken = new Set<string>();
  const byName = groupsByName(groups);
  const clusters = [...byName.values()].map((same) => clustersOf(same));
  for (const [first] of clusters) if (first !== undefined) taken.add(snake(splitWords(first[0]?.name ?? "")));
  for (const [first = [], ...others] of clusters) {
    for (const group of first) result.set(group, first[0]?.name ?? group.name);
    for (const cluster of others) {
      const name = qualifiedName(cluster, taken);
      taken.add(snake(splitWords(name)));
      for (const group of cluster) result.set(group, name);
    }
  }
  return result;
}

function groupsByName(groups: readonly Group[]): ReadonlyMap<string, Group[]> {
  const found = new Map<string, Group[]>();
  const general = [...groups].sort((a, b) => a.nouns.length - b.nouns.length || compare(a.base, b.base));
  for (const group of general) {
    const key = snake(splitWords(group.name));
    const same = found.get(key);
    if (same === undefined) found.set(key, [group]);
    else same.push(group);
  }
  return new Map([...found].sort(([a], [b]) => compare(a, b)));
}

/** Groups of one name, put together by likeness; the most general first, which is the one that keeps the plain name. */
function clustersOf(groups: readonly Group[]): Group[][] {
  const clusters: Group[][] = [];
  for (const group of groups) {
    const found = clusters.find((cluster) => cluster.some((other) => areOne(group, other)));
    if (found === undefined) clusters.push([group]);
    else found.push(group);
  }
  return clusters;
}

/**
 * Whether two groups of one name are one ResourceType. Actions alone join what they are named after. Two that each have items of
 * their own (`/incidents/fields/{id}`, `/services/fields/{id}`) are two, unless operationIds named both.
 */
function areOne(one: Group, other: Group): boolean {
  const isActions = ({ members }: Group): boolean => members.every(({ kind }) => kind === "action");
  if (isActions(one) || isActions(other)) return true;
  const areNamed = one.isNamed && other.isNamed;
  if (!areNamed && kindsOfItems(one).some((kind) => kindsOfItems(other).includes(kind))) return false;
  if (one.schema === undefined || other.schema === undefined) return areNamed;
  return baseName(one.schema) === baseName(other.schema) || areAlike(one.fields, other.fields, areNamed ? 0.4 : 0.6);
}

function kindsOfItems({ members }: Group): string[] {
  return members.filter(({ kind }) => kind === "get" || kind === "update" || kind === "delete").map(({ kind }) => kind);
}

/** The share of common names is large enough; or one has but fewer (three at least): a list often shows less than a Get. */
function areAlike(one: ReadonlySet<string>, other: ReadonlySet<string>, share: number): boolean {
  let common = 0;
  for (const name of one) if (other.has(name)) common++;
  const fewer = Math.min(one.size, other.size);
  return common / (one.size + other.size - common) >= share || (fewer >= 3 && common === fewer);
}

/** The component's name without the words that only say which shape of the noun it is. */
function baseName(schema: SpecSchema): string | symbol {
  const name = refName(schema)?.replace(
    /(Create|Update|Read|Input|Output|Request|Response|Schema|Dto|DTO|Model)+$/,
    "",
  );
  return name === undefined || name === "" ? Symbol("nameless") : name;
}

function qualifiedName(cluster: readonly Group[], taken: ReadonlySet<string>): string {
  const group = cluster[0] as Group; // A cluster has a group.
  const own = splitWords(group.name);
  for (let depth = 2; depth <= group.nouns.length; depth++) {
    const parents = group.nouns.slice(-depth, -1).flatMap((noun) => singular(splitWords(noun)));
    if (!taken.has(snake([...parents, ...own]))) return pascal([...parents, ...own]);
  }
  return `${group.name}${hexOf(group.base, 4).toUpperCase()}`;
}
