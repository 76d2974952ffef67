import { GatewayError } from "../src/errors.ts";
import { bulkWords, prepositions } from "./classify/phrases.ts";
import type { Classification, Decision } from "./model.ts";
import { compare } from "./operations.ts";
import { camel, hexOf, isPlural, plural, singular, snake, splitWords, titleOf } from "./words.ts";

/** A Decision with the names it is known by. */
export interface NamedDecision {
  readonly decision: Decision;
  /** `[a-z0-9_]`, at most {@link maxToolName} characters, unique in the Spec. */
  readonly tool: string;
  /** For people: `List Monitors`. */
  readonly title: string;
}

/** A ResourceType with the names it is known by. */
export interface NamedResource {
  /** PascalCase singular. */
  readonly name: string;
  readonly plural: string;
  /** For people: `On-Call Policy`. */
  readonly title: string;
  /** The same in the plural: `On-Call Policies`. */
  readonly pluralTitle: string;
  /** File name without extension, camelCase, different from all others whatever their case. */
  readonly file: string;
  /** Identifier of the descriptor constant; never a reserved word. */
  readonly constant: string;
  /** The name of its Count: of the Operation's own Tool, else reserved for one derived from the List. */
  readonly countTool: string;
  /** By kind (list, count, get, create, update, delete, action), then name. */
  readonly decisions: readonly NamedDecision[];
}

/** Tool names are at most this long, so that clients may put a server's name before them within their 64 characters. */
export const maxToolName = 56;

/**
 * The names of everything in the Classification, resources sorted by name. They depend on the set of Operations, not on
 * their order. Of two Operations that would share a Tool name, the more general keeps it; the other is told apart by its parent,
 * its method, or four hex digits of its id's SHA-256. Throws `invalid_request` where an override's `tool` or `aliases` is no
 * valid name or is taken.
 */
export function nameAll({ decisions }: Pick<Classification, "decisions">): NamedResource[] {
  const byKey = Map.groupBy(decisions, ({ resource }) => snake(splitWords(resource)));
  const groups = [...byKey].sort(([a], [b]) => compare(a, b)).map(([, members]) => members);
  const tagOwners = ownersOfTags(groups);
  const drafts = groups.map((members) => draftOf(members, tagOwners));
  const tools = toolNames(drafts);
  return drafts.map((draft) => ({
    ...draft,
    countTool: tools.ofCount.get(draft) ?? draft.countTool,
    decisions: namedDecisions(draft, tools.ofDecision),
  }));
}

type Draft = Omit<NamedResource, "decisions"> & {
  readonly members: readonly Decision[];
  readonly words: readonly string[];
};

function draftOf(members: readonly Decision[], tagOwners: ReadonlyMap<string, number>): Draft {
  const name = members.map(({ resource }) => resource).sort(compare)[0] ?? "Root";
  const words = splitWords(name);
  const title = titleFor(name, members, tagOwners);
  const own = camel(words);
  return {
    members,
    words,
    name,
    plural: withLastWord(name, plural(words)),
    title,
    pluralTitle: withLastWord(title, plural(splitWords(title))),
    file: reservedFiles.has(own.toLowerCase()) ? `${own}Resource` : own,
    constant: reservedWords.has(own) ? `${own}Resource` : own,
    countTool: shortened(`count_${snake(plural(words))}`),
  };
}

/** The text with its last word replaced by the last of `words`, keeping a capital. */
function withLastWord(text: string, words: readonly string[]): string {
  const before = splitWords(text).at(-1) ?? "";
  const after = words.at(-1) ?? "";
  if (before === after || !text.toLowerCase().endsWith(before)) return text;
  const start = text.length - before.length;
  const isUpper = before.length > 1 && text.slice(start) === before.toUpperCase();
  const keepsCapital = /\p{Lu}/u.test(text.charAt(start));
  if (isUpper && after.startsWith(before)) return text + after.slice(before.length);
  return text.slice(0, start) + (keepsCapital ? after.charAt(0).toUpperCase() + after.slice(1) : after);
}

/** How many ResourceTypes have Operations under each tag. */
function ownersOfTags(groups: readonly (readonly Decision[])[]): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const members of groups) {
    for (const tag of new Set(members.flatMap(({ operation }) => operation.tags)))
      owners.set(tag, (owners.get(tag) ?? 0) + 1);
  }
  return owners;
}

/** The tag when it is this ResourceType's alone and shares a word with its name, else the name in words. */
function titleFor(name: string, members: readonly Decision[], tagOwners: ReadonlyMap<string, number>): string {
  const tags = [...new Set(members.flatMap(({ operation }) => operation.tags.slice(0, 1)))];
  const [tag] = tags;
  const fallback = titleOf(splitWords(name));
  if (tags.length !== 1 || tag === undefined || tagOwners.get(tag) !== 1) return fallback;
  const own = new Set(singularEach(splitWords(name)));
  const shared = singularEach(splitWords(tag)).some((word) => own.has(word));
  const text = tag.replace(/\p{C}/gu, "").replace(/\s+/g, " ").trim();
  if (!shared || text.length > 60 || !/^[\p{L}\p{N} '’&()./-]+$/u.test(text)) return fallback;
  const isPhrase = / /.test(text) || /^\p{Lu}/u.test(text);
  return isPhrase && !/[_./]/.test(text)
    ? withLastWord(text, singular(splitWords(text)))
    : titleOf(singular(splitWords(text)));
}

function singularEach(words: readonly string[]): string[] {
  return words.flatMap((word) => singular([word]));
}

interface ToolNames {
  readonly ofDecision: ReadonlyMap<Decision, string>;
  /** Of each ResourceType's Count, derived or not. */
  readonly ofCount: ReadonlyMap<Draft, string>;
}

/** The Tool of each Decision. Overrides first, then the six kinds, then derived Counts, then actions. */
function toolNames(drafts: readonly Draft[]): ToolNames {
  const result = new Map<Decision, string>();
  const taken = new Map<string, string>();
  const all = drafts.flatMap((draft) => draft.members.map((decision) => ({ decision, draft })));
  for (const { decision } of all) claimStated(decision, result, taken);
  const rest = all.filter(({ decision }) => !result.has(decision)).sort((a, b) => byGenerality(a.decision, b.decision));
  for (const { decision, draft } of rest.filter(({ decision }) => decision.kind !== "action")) {
    claim(decision, draft, result, taken);
  }
  const counts = new Map(drafts.map((draft) => [draft, reserveCount(draft, taken)]));
  for (const { decision, draft } of rest.filter(({ decision }) => decision.kind === "action")) {
    claim(decision, draft, result, taken);
  }
  return { ofDecision: result, ofCount: counts };
}

function claimStated(decision: Decision, result: Map<Decision, string>, taken: Map<string, string>): void {
  const stated = [...(decision.tool === undefined ? [] : [decision.tool]), ...(decision.aliases ?? [])];
  for (const name of stated) {
    if (!new RegExp(`^[a-z0-9_]{1,${maxToolName}}$`).test(name)) {
      throw new GatewayError(
        "invalid_request",
        `${JSON.stringify(name)}, given for ${decision.operation.id}, is no tool name`,
        {
          next: `Use ${maxToolName} characters at most of a-z, 0-9 and _.`,
        },
      );
    }
    const owner = taken.get(name);
    if (owner !== undefined) {
      throw new GatewayError(
        "invalid_request",
        `the tool name "${name}" is given to ${owner} and to ${decision.operation.id}`,
        {
          next: "Give each its own in gateway.yaml.",
        },
      );
    }
    taken.set(name, decision.operation.id);
  }
  if (decision.tool !== undefined) result.set(decision, decision.tool);
}

/** A Count derived from the List has no Decision, yet it needs a name of its own. */
function reserveCount({ members, countTool, name }: Draft, taken: Map<string, string>): string {
  const kinds = members.map(({ kind }) => kind);
  if (!kinds.includes("list") || kinds.includes("count")) return countTool;
  const free = taken.has(countTool) ? shortened(`${countTool}_${hexOf(name, 4)}`) : countTool;
  taken.set(free, `the count of ${name}`);
  return free;
}

function claim(decision: Decision, draft: Draft, result: Map<Decision, string>, taken: Map<string, string>): void {
  const name = candidates(decision, draft.words).find((candidate) => !taken.has(candidate));
  if (name === undefined) {
    throw new GatewayError("invalid_request", `no free tool name for ${decision.operation.id}`, {
      next: "Give it one in gateway.yaml: codegen.operations.<id>.tool.",
    });
  }
  taken.set(name, decision.operation.id);
  result.set(decision, name);
}

function candidates(decision: Decision, words: readonly string[]): string[] {
  const { operation } = decision;
  const full = fullName(decision, words);
  const said = new Set(singularEach(full.split("_")));
  const parents = operation.path
    .split("/")
    .filter((segment) => segment !== "" && !segment.includes("{") && !/^(api|v\d+)$/.test(segment))
    .map((segment) => singular(splitWords(segment)))
    .filter((parent) => parent.some((word) => !said.has(word)));
  const told = parents.reverse().map((parent) => `${full}_for_${snake(parent)}`);
  return [
    full,
    ...told.slice(0, 1),
    `${full}_${operation.method.toLowerCase()}`,
    `${full}_${hexOf(operation.id, 4)}`,
    `${full}_${hexOf(operation.id, 8)}`,
  ].map(shortened);
}

/** `list_monitors`, `get_monitor`, `acknowledge_incident`, `find_pets_by_status`, `upload_pet_image`. */
function fullName({ kind, verb = "call", operation }: Decision, words: readonly string[]): string {
  if (kind === "list" || kind === "count") return `${kind}_${snake(plural(words))}`;
  if (kind !== "action") return `${kind}_${snake(words)}`;
  const [before = "", last = ""] = operation.path.split("/").slice(-2);
  const isBelowPlural = pluralBelow.has(verb) && !last.includes("{") && isPlural(splitWords(before));
  return isBelowPlural ? `${verb}_${snake(plural(words))}` : actionName(verb.split("_"), words);
}

/** Verbs that are about several, so that the noun is in the plural. */
const pluralVerbs: ReadonlySet<string> = new Set(["list", "count", "search", "query", "find", "filter"]);
/** Verbs that are about several where the path says so: `/incidents/export`. */
const pluralBelow: ReadonlySet<string> = new Set(
  "export import download purge clear sync reindex merge reorder sort prune".split(" "),
);
/** Verbs whose further words qualify the noun and stand before it: `list_open_incidents`, `get_current_user`. */
const beforeNoun: ReadonlySet<string> = new Set([...pluralVerbs, "get", "create", "update", "delete"]);

function actionName(verb: readonly string[], words: readonly string[]): string {
  const glued = bulkWords.has(verb[0] ?? "") ? 2 : 1;
  const head = verb.slice(0, glued);
  const rest = verb.slice(glued);
  const isMany = glued === 2 || (pluralVerbs.has(verb[0] ?? "") && !rest.includes("one"));
  const noun = isMany ? plural(words) : [...words];
  if (snake(verb) === snake(words) || snake(head) === snake(words)) return snake(verb);
  if (snake(verb) === words.at(-1)) return snake(["get", ...words]);
  if (prepositions.has(rest[0] ?? "")) return snake([...head, ...noun, ...rest]);
  return beforeNoun.has(verb[0] ?? "") ? snake([...head, ...rest, ...noun]) : snake([...head, ...noun, ...rest]);
}

/** At most {@link maxToolName} characters: words from the middle go, and four hex digits of the full name's SHA-256 come. */
export function shortened(name: string): string {
  if (name.length <= maxToolName) return name;
  const words = name.split("_");
  const room = maxToolName - 5;
  while (words.length > 2 && snake(words).length > room) words.splice(Math.floor(words.length / 2), 1);
  return `${snake(words).slice(0, room).replace(/_+$/, "")}_${hexOf(name, 4)}`;
}

const kindOrder: readonly string[] = ["list", "count", "get", "create", "update", "delete", "action"];

function byGenerality(a: Decision, b: Decision): number {
  return (
    kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) ||
    a.operation.path.length - b.operation.path.length ||
    compare(a.operation.path, b.operation.path) ||
    compare(a.operation.method, b.operation.method)
  );
}

function namedDecisions(draft: Draft, tools: ReadonlyMap<Decision, string>): NamedDecision[] {
  return draft.members
    .map((decision) => ({ decision, tool: tools.get(decision) ?? "", title: toolTitle(decision, draft) }))
    .sort((a, b) => kindOrder.indexOf(a.decision.kind) - kindOrder.indexOf(b.decision.kind) || compare(a.tool, b.tool));
}

/** The words of the Tool's natural name, with the ResourceType's title in the noun's place. */
function toolTitle(decision: Decision, { words, title, pluralTitle }: Draft): string {
  const full = fullName(decision, words);
  for (const [noun, shown] of [
    [snake(plural(words)), pluralTitle],
    [snake(words), title],
  ] as const) {
    const at = `_${full}_`.indexOf(`_${noun}_`);
    if (at < 0) continue;
    const parts = [titleOf(splitWords(full.slice(0, at))), shown, titleOf(splitWords(full.slice(at + noun.length)))];
    return parts.filter((part) => part !== "").join(" ");
  }
  return titleOf(splitWords(full));
}

/** Device names of Windows, which no file may have. */
const reservedFiles: ReadonlySet<string> = new Set(
  "con prn aux nul com1 com2 com3 com4 lpt1 lpt2 lpt3 index".split(" "),
);

/** Words that cannot name a constant in a strict module. ECMA-262 §12.7.2. */
const reservedWords: ReadonlySet<string> = new Set(
  (
    "arguments as async await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for from function get if implements import in instanceof interface let new null of package private " +
    "protected public return set static super switch this throw true try type typeof undefined var void while with yield"
  ).split(" "),
);
