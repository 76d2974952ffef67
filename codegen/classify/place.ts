import type { Operation } from "../model.ts";
import { splitWords } from "../words.ts";
import { isNounHere, isQualifier } from "./nounOrVerb.ts";
import type { PathIndex } from "./pathIndex.ts";
import { bulkWords, cutTail, generic, prepositions } from "./phrases.ts";
import { type Segment, segmentsOf } from "./segments.ts";
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

function restPlace(operation: Operation, segments: readonly Segment[], index: PathIndex): Place {
  const at = segments.findLastIndex((segment) => segment.isWord);
  const params = segments.filter(({ isParam }) => isParam).map(({ text }) => text);
  const last = segments[at];
  if (last === undefined) return { base: "/", nouns: [], params, ids: params, tail: [] };
  const found = verbIn(operation, segments, at, index);
  if (found !== undefined) return { ...found, params };
  const words = splitWords(last.text);
  const before = lastNoun(segments, at);
  const isBelowId = segments[at - 1]?.isParam === true;
  if (before >= 0 && ((isQualifier(last.text) && !isBelowId) || (words[0] === "by" && words.length > 1))) {
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
  const isBelowId = segments[at - 1]?.isParam === true;
  const found = { operation, segment, verb, rest, hasNounBefore: before >= 0, isBelowId };
  if (segment.joint === undefined && isNounHere(index, found)) return undefined;
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
