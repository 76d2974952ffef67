import type { Document, Operation } from "../model.ts";
import { answerSchema, listIn, propertiesOf, successOf } from "../schemas.ts";
import { isPlural, splitWords } from "../words.ts";
import { type Verb, verbOf } from "./verbs.ts";

/** What the path of an Operation says: which noun it is about, which ids name one, and which verb it ends in. */
export interface Place {
  /** The literal segments up to the noun, joined: equal for a collection, its items and its verbs. */
  readonly base: string;
  /** Literal segments that are nouns, outermost first, without prefixes such as `api` and `v1`. */
  readonly nouns: readonly string[];
  /** All path parameters, in order. */
  readonly params: readonly string[];
  /** Those that come after the noun: the ids of one instance. */
  readonly ids: readonly string[];
  /** The verb the path names, by a segment (`/x/{id}/cancel`), `:verb`, `x.verb`, `/getX` or an RPC method. */
  readonly verb?: Verb;
  /** Words after the verb (`["by", "status"]` of `findByStatus`), or around an unknown verb. */
  readonly tail: readonly string[];
  /** How the verb is written. */
  readonly style?: "segment" | "colon" | "dotted" | "rpc";
  /** The last word qualifies the noun before it: `current` of `/users/current`, `by email` of `/users/by-email/{email}`. */
  readonly qualifier?: readonly string[];
}

/** What is known of all paths of a Document together, so that one path can be read in the light of its neighbours. */
export interface PathIndex {
  /** Operations by path with parameter names blanked. */
  readonly at: ReadonlyMap<string, readonly Operation[]>;
  /** Every path, blanked, that others go on from. */
  readonly stems: ReadonlySet<string>;
  readonly document: Document;
}

/** The index of the Operations' paths. Built once; every question is then one lookup. */
export function indexPaths(operations: readonly Operation[], document: Document): PathIndex {
  const at = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = shapeOf(operation.path);
    const found = at.get(key);
    if (found === undefined) at.set(key, [operation]);
    else found.push(operation);
  }
  return { at, stems: new Set([...at.keys()].flatMap(stemsOf)), document };
}

function stemsOf(shape: string): string[] {
  const stems: string[] = [];
  for (let at = shape.lastIndexOf("/"); at > 0; at = shape.lastIndexOf("/", at - 1)) stems.push(shape.slice(0, at));
  return stems;
}

/** The path with parameter names blanked and no trailing slash. */
export function shapeOf(path: string): string {
  return path.replace(/\{[^}]*\}/g, "{}").replace(/(?<=.)\/+$/, "");
}

/** The Operations at the path itself, parameter names aside. */
export function siblingsOf(index: PathIndex, path: string): readonly Operation[] {
  return index.at.get(shapeOf(path)) ?? [];
}

/** The Operations one parameter below the path. */
export function itemsBelow(index: PathIndex, path: string): readonly Operation[] {
  return index.at.get(`${shapeOf(path)}/{}`) ?? [];
}

/** Reads the path of one Operation. A fragment that begins with a verb (`#add_shared_link`) is read like `:verb`. */
export function placeOf(operation: Operation, index: PathIndex): Place {
  const path = operation.path
    .replace(/\?.*$/, "")
    .replace(/#(\w+)$/, (_, fragment: string) => (verbOf(splitWords(fragment)[0]) === undefined ? "" : `:${fragment}`))
    .replace(/#.*$/, "")
    .replace(/(?<=.)\/+$/, "");
  return rpcPlace(path) ?? restPlace(operation, segmentsOf(path), index);
}

/** `POST /pkg.v1.MonitorService/ListMonitors` of gRPC and ConnectRPC. https://connectrpc.com/docs/protocol */
export const rpcPath: RegExp = /\/((?:[A-Za-z][\w-]*\.)+([A-Z]\w*))\/([A-Z]\w*)$/;

function rpcPlace(path: string): Place | undefined {
  const [, service, name, method] = rpcPath.exec(path) ?? [];
  if (service === undefined || name === undefined || method === undefined) return undefined;
  const serviceNoun = name.replace(/(Service|API|Api)$/, "") || name;
  const [first, ...rest] = splitWords(method);
  const verb = verbOf(first);
  const raw = verb === undefined ? "" : method.slice(verb.verb.length);
  const { noun, tail } = cutTail(raw);
  const about = noun === "" ? serviceNoun : noun;
  return {
    base: `/${service}/${splitWords(about).join("-")}`,
    nouns: [about],
    params: [],
    ids: [],
    style: "rpc",
    ...(verb === undefined ? { tail: [first ?? "", ...rest] } : { verb, tail }),
  };
}

const prepositions: ReadonlySet<string> = new Set(
  "by for with from using via where of to as at and or in into within".split(" "),
);

/** The noun before the first preposition and the words from there: `PetsByStatus` → `Pets`, `by status`. */
export function cutTail(noun: string): { readonly noun: string; readonly tail: readonly string[] } {
  const words = splitWords(noun);
  const at = words.findIndex((word, position) => prepositions.has(word) && position < words.length - 1);
  if (at < 0) return { noun, tail: [] };
  return { noun: words.slice(0, at).map(capitalised).join(""), tail: words.slice(at) };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** One piece of a path: a literal or a parameter, and the path as far as its end. */
interface Segment {
  readonly text: string;
  readonly isParam: boolean;
  /** A literal that is neither a version nor a prefix such as `api`. */
  readonly isWord: boolean;
  readonly until: string;
  /** Joined to the one before by this instead of a slash. */
  readonly joint?: ":" | "." | "$";
}

/**
 * The pieces of a path. A parameter with a pattern (AIP-127: `{name=…}`) opens into its own segments, `X('{id}')` into X and a parameter
 * (OData), `{id}:cancel` and `users.list` into two pieces, and a file extension goes.
 */
function segmentsOf(path: string): Segment[] {
  const opened = path.replace(/\{\+?(\w+)=([^}]*)\}/g, (_, name: string, pattern: string) =>
    openPattern(name, pattern),
  );
  const found: Segment[] = [];
  let until = "";
  for (const raw of splitPath(opened)) {
    until += `/${raw}`;
    found.push(...piecesOf(raw, until));
  }
  return found.map((segment, at) => ({ ...segment, isWord: isWord(segment, at, found) }));
}

/** `api` is a prefix where a path begins with it, and a noun elsewhere: `/branches/{branch}/apis`. */
function isWord(segment: Segment, at: number, all: readonly Segment[]): boolean {
  if (segment.isParam) return false;
  const isLast = at === all.length - 1 && at > 0;
  if (version.test(segment.text)) return isLast && /^\d+$/.test(segment.text) && all[at - 1]?.isParam === false;
  const isFirst = all.slice(0, at).every(({ isParam, text }) => !isParam && (prefix.test(text) || version.test(text)));
  const hasMore = all.slice(at + 1).some(({ isParam, text }) => !isParam && !version.test(text));
  return !(isFirst && hasMore && prefix.test(segment.text));
}

function splitPath(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function openPattern(name: string, pattern: string): string {
  let count = 0;
  return pattern.replace(/\*+/g, () => `{${name}${count++ || ""}}`);
}

function piecesOf(raw: string, until: string): Segment[] {
  const odata = /^(\w+)\(([^)]*\{[^)]*)\)$/.exec(raw);
  if (odata?.[1] !== undefined) return [literal(odata[1], until), param(odata[2] ?? "", until)];
  const colon = /^(.+):(\$?[A-Za-z][\w.-]*)$/.exec(raw);
  if (colon?.[1] !== undefined && colon[2] !== undefined) {
    return [...piecesOf(colon[1], until), { ...literal(colon[2], until), joint: ":" }];
  }
  const mixed = /^([A-Za-z]\w+)[.=@-](\{.*)$/.exec(raw);
  if (mixed?.[1] !== undefined) return [literal(mixed[1], until), param(mixed[2] ?? "", until)];
  if (raw.includes("{") || raw.startsWith(":")) return [param(raw, until)];
  const dotted = /^([\w.-]+)\.([A-Za-z]\w*)$/.exec(raw.replace(/\.(json|xml|csv|ya?ml|html|txt)$/i, ""));
  if (dotted?.[1] !== undefined && dotted[2] !== undefined && isVerbAfterDot(dotted[2])) {
    return [...dotted[1].split(".").map((part) => literal(part, until)), { ...literal(dotted[2], until), joint: "." }];
  }
  return [literal(raw.replace(/\.(json|xml|csv|ya?ml|html|txt)$/i, ""), until)];
}

/** Slack's `channels.info` reads one. */
function isVerbAfterDot(text: string): boolean {
  return verbOf(splitWords(text)[0]) !== undefined;
}

function literal(text: string, until: string): Segment {
  return { text, isParam: false, isWord: true, until };
}

function param(text: string, until: string): Segment {
  const name = /\{([^}]+)\}/.exec(text)?.[1] ?? text.replace(/^:/, "");
  return { text: name, isParam: true, isWord: false, until };
}

/** Segments that are no nouns: versions and the like. */
const version = /^(v\d+[\w.]*|\d+(\.\d+)*|-|_)$/i;
const prefix = /^(api|apis|rest|latest|public)$/i;

/** Words that qualify the noun before them rather than name one. */
const qualifiers: ReadonlySet<string> = new Set(
  (
    "current latest active inactive recent mine own all open closed pending default popular trending featured archived " +
    "deleted upcoming past expired completed available assigned unassigned unread overdue scheduled ongoing last first next previous newest today random"
  ).split(" "),
);

function isQualifier(text: string): boolean {
  return qualifiers.has(text.toLowerCase());
}

function restPlace(operation: Operation, segments: readonly Segment[], index: PathIndex): Place {
  const at = segments.findLastIndex((segment) => segment.isWord);
  const params = segments.filter(({ isParam }) => isParam).map(({ text }) => text);
  const last = segments[at];
  if (last === undefined) return { base: "/", nouns: [], params, ids: params, tail: [] };
  const found = verbIn(operation, segments, at, index);
  if (found !== undefined) return { ...found, params };
  const words = splitWords(last.text);
  const before = lastNoun(segments, at);
  if (before >= 0 && (isQualifier(last.text) || (words[0] === "by" && words.length > 1))) {
    const isBy = words[0] === "by";
    const base = baseOf(segments, before) + (isBy ? "" : `/${last.text}`);
    return {
      base,
      nouns: nounsOf(segments, before),
      params,
      ids: idsAfter(segments, before),
      tail: [],
      qualifier: words,
    };
  }
  return { base: baseOf(segments, at), nouns: nounsOf(segments, at), params, ids: idsAfter(segments, at), tail: [] };
}

function lastNoun(segments: readonly Segment[], before: number): number {
  return segments.findLastIndex((segment, at) => at < before && segment.isWord);
}

function baseOf(segments: readonly Segment[], at: number): string {
  return `/${segments
    .slice(0, at + 1)
    .filter(({ isParam }) => !isParam)
    .map(({ text }) => text)
    .join("/")}`;
}

function nounsOf(segments: readonly Segment[], at: number): string[] {
  return segments
    .slice(0, at + 1)
    .filter(({ isWord }) => isWord)
    .map(({ text }) => text);
}

function idsAfter(segments: readonly Segment[], at: number): string[] {
  return segments
    .slice(at + 1)
    .filter(({ isParam }) => isParam)
    .map(({ text }) => text);
}

type Found = Omit<Place, "params">;

/** The verb in the last literal segment, or undefined when that segment is a noun. */
function verbIn(operation: Operation, segments: readonly Segment[], at: number, index: PathIndex): Found | undefined {
  const segment = segments[at];
  if (segment === undefined) return undefined;
  const text = segment.text.replace(/^[_$@]/, "");
  const words = splitWords(text);
  const [first, ...rest] = words;
  const verb = verbOf(first) ?? (segment.joint === ":" ? unknownVerb(first) : compoundVerb(words));
  if (verb === undefined) return undefined;
  const before = lastNoun(segments, at);
  if (segment.joint === undefined && isNounHere(operation, segment, verb, rest, index, before >= 0)) return undefined;
  const style = segment.joint === ":" ? "colon" : segment.joint === "." ? "dotted" : "segment";
  const nounInVerb = nounAfter(verb, text, before >= 0);
  if (nounInVerb === undefined) {
    const base = before < 0 ? `/${text}` : baseOf(segments, before);
    return { base, nouns: nounsOf(segments, before), ids: idsAfter(segments, before), verb, tail: rest, style };
  }
  const nouns = [...nounsOf(segments, before), nounInVerb.noun];
  const base = `${before < 0 ? "" : baseOf(segments, before)}/${splitWords(nounInVerb.noun).join("-")}`;
  return { base, nouns, ids: idsAfter(segments, before), verb, tail: nounInVerb.tail, style };
}

function unknownVerb(word: string | undefined): Verb | undefined {
  return word === undefined ? undefined : { verb: word, effect: "write" };
}

/** `bulk-create`, `batchDelete`, `mass-update`. */
function compoundVerb(words: readonly string[]): Verb | undefined {
  return words[0] === "mass" || words[0] === "multi" ? { verb: words[0], effect: "write" } : undefined;
}

/** Words after a CRUD verb that say how many rather than what: `get-list`, `find-all`, `delete-item`. */
export const generic: ReadonlySet<string> = new Set(
  "list item items all one many single multiple id ids count entity record records paged page paginated self total by".split(
    " ",
  ),
);

/** The noun a path verb carries itself: `/getUser`; an action below a noun (`/pet/{id}/uploadImage`) is about that noun. */
function nounAfter(verb: Verb, text: string, hasNounBefore: boolean): ReturnType<typeof cutTail> | undefined {
  const raw = text.slice(text.toLowerCase().indexOf(verb.verb) + verb.verb.length).replace(/^[-_.]/, "");
  const { noun, tail } = cutTail(raw.replace(/^(All|One)(?=[A-Z])|^(all|one)[-_]/, ""));
  const words = splitWords(noun);
  if (words.length === 0 || words.every((word) => generic.has(word)) || prepositions.has(words[0] ?? ""))
    return undefined;
  if (bulkWords.has(verb.verb) || (verb.kind === undefined && hasNounBefore)) return undefined;
  return { noun, tail };
}

/** Words that say that an Operation is about several at once. */
export const bulkWords: ReadonlySet<string> = new Set(["bulk", "batch", "mass", "multi"]);

/**
 * Whether a segment that begins with a verb is a noun all the same, by its neighbours: `/orders/{id}` below it, a read and a
 * write with content at the same path, or a plural compound such as `/load-balancers`.
 */
function isNounHere(
  operation: Operation,
  segment: Segment,
  verb: Verb,
  rest: readonly string[],
  index: PathIndex,
  hasNounBefore: boolean,
): boolean {
  const here = siblingsOf(index, segment.until);
  const below = itemsBelow(index, segment.until);
  const isCollection = below.some(({ method }) => method !== "POST") && (here.length > 0 || below.length > 1);
  if (isCollection) return true;
  if (rest.length > 0 && verb.alsoNoun === true && index.stems.has(shapeOf(segment.until))) return true;
  const isCompound = rest.length > 0 && isPlural(rest) && /[-_]/.test(segment.text);
  if (isCompound && (verb.alsoNoun === true || here.length > 1)) return true;
  if (isCompound && verb.kind === undefined && operation.method === "GET" && hasContent(index, operation)) return true;
  if (verb.kind !== undefined && !isCompound) return false;
  if (operation.method === "GET" && isQualifier(segment.text) && hasContent(index, operation)) return true;
  if (verb.effect === "read" && verb.alsoNoun !== true) return false;
  const reads = here.find(({ method }) => method === "GET");
  const writes = here.some(({ method, body }) => /^(POST|PUT|PATCH)$/.test(method) && body !== undefined);
  if (reads !== undefined && writes && answerSchema(reads) !== undefined) return true;
  if (verb.alsoNoun !== true) return false;
  if (operation.method === "GET") return hasContent(index, operation) || (verb.effect !== "read" && hasText(operation));
  return !hasNounBefore && rest.length === 0 && operation.method === "POST" && below.length > 0;
}

/** It answers something that is not JSON: the log itself, not the logging. */
function hasText(operation: Operation): boolean {
  return (successOf(operation)?.content ?? []).length > 0;
}

/** A GET that answers structured content is about that content, whatever its path is called. */
function hasContent(index: PathIndex, operation: Operation): boolean {
  const schema = answerSchema(operation);
  if (schema === undefined) return false;
  return listIn(index.document, schema) !== undefined || Object.keys(propertiesOf(index.document, schema)).length > 0;
}
