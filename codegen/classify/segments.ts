import { splitWords } from "../words.ts";
import { verbOf } from "./verbs.ts";

/** One piece of a path: a literal or a parameter, and the path as far as its end. */
export interface Segment {
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
export function segmentsOf(path: string): Segment[] {
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
