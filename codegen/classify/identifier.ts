import type { Operation } from "../model.ts";
import { isPlural, splitWords } from "../words.ts";
import { bulkWords, cutTail, generic } from "./phrases.ts";
import { type Verb, verbOf } from "./verbs.ts";

/** What an operationId says. */
export interface IdentifierReading {
  readonly verb?: Verb;
  /** The noun, as written: `OnCallDutyPolicy` of `listOnCallDutyPolicy`. Empty when it names none. */
  readonly noun: string;
  /** The noun before it is cut at a preposition: `PetById`. */
  readonly fullNoun: string;
  /** The words cut off: `["by", "id"]`. */
  readonly tail: readonly string[];
  /** It speaks of several: a plural noun, `all`, `list`. */
  readonly isMany: boolean;
  /** `bulk`, `batch` or `multiple` is among its words. */
  readonly isBulk: boolean;
  /** `createOrUpdate`. */
  readonly isUpsert: boolean;
}

/**
 * Reads an operationId: `listMonitors`, `get_monitor`, `monitors.list`, `issues/list-for-repo`, `Monitors_ListByGroup`,
 * `UsersController_findAll`, `users_partial_update`, `read_items_items__get`. Undefined without one, and for one that
 * only repeats method and path (`PostCustomersCustomer`).
 */
export function readIdentifier(operation: Operation): IdentifierReading | undefined {
  if (operation.operationId === undefined) return undefined;
  const text = withoutEcho(operation);
  if (text === "" || repeatsPath(text, operation)) return undefined;
  const [before, last] = partsOf(text);
  return leading(last, before) ?? trailing(text) ?? (before === "" ? leading(text, "") : undefined) ?? nameOnly(text);
}

/** Without what generators append: FastAPI's `_items__item_id__get`, springfox's `UsingGET`. */
function withoutEcho({ operationId = "", method, path }: Operation): string {
  const echo = `${path}_${method.toLowerCase()}`.replace(/\W/g, "_");
  const text = operationId.endsWith(echo) ? operationId.slice(0, -echo.length) : operationId;
  return text.replace(/Using(GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS)(_\d+)?$/, "").replace(/(?<=[a-z])_\d+$/, "");
}

/**
 * `PostCustomersCustomer` of `POST /v1/customers/{customer}`, `put_files_id`, `usersIdGet`: nothing but method and path. A
 * parameter may stand there by its name, as `id`, or not at all. `getUsers` repeats its path too, yet says as much as it can.
 */
function repeatsPath(text: string, { method, path }: Operation): boolean {
  const words = splitWords(text);
  const verb = method.toLowerCase();
  if (words[0] !== verb && words.at(-1) !== verb) return false;
  const rest = words[0] === verb ? words.slice(1) : words.slice(0, -1);
  const isPlain = method === "GET" && words[0] === verb && !path.includes("{");
  return (
    !isPlain &&
    rest.length > 0 &&
    echoes(
      rest,
      path.split(/[/#:]/).filter((segment) => segment !== ""),
    )
  );
}

/** Paths longer than this are not compared: each parameter doubles the ways to read the words. */
const maxSegments = 16;

function echoes(words: readonly string[], segments: readonly string[]): boolean {
  if (segments.length > maxSegments) return false;
  const [segment, ...others] = segments;
  if (segment === undefined) return words.length === 0;
  const own = splitWords(segment);
  const isOptional = segment.includes("{") || /^(api|v\d+[\w.]*)$/.test(segment);
  const spellings = segment.includes("{") ? [own, ["id"], ["by", "id"], ["by", ...own]] : [own];
  const fits = spellings.find((spelling) => spelling.every((word, at) => words[at] === word));
  if (fits !== undefined && echoes(words.slice(fits.length), others)) return true;
  return isOptional && echoes(words, others);
}

/** The part that names what is done, and what stands before it: a tag, controller or resource. */
function partsOf(text: string): [before: string, last: string] {
  const separated =
    /^(.*)[/.#:]([^/.#:]+)$/.exec(text) ?? /^([A-Z]\w*?|\w*Controller|\w*Service)_([A-Za-z]\w*)$/.exec(text);
  const [, before = "", last = text] = separated ?? [];
  return [before.replace(/(Controller|Service|Api|Resource)$/, ""), last];
}

/** Words that only say that something is done; the verb is the next: `performSearch`. */
const auxiliaries: ReadonlySet<string> = new Set(["do", "perform", "execute", "run"]);

function leading(text: string, before: string): IdentifierReading | undefined {
  const [first, second, ...rest] = splitWords(text);
  if (first === undefined) return undefined;
  if (bulkWords.has(first)) return bulk(second === undefined ? rest : [second, ...rest], before);
  if (auxiliaries.has(first) && verbOf(second) !== undefined) return leading(afterWord(text, first), before);
  const verb = verbOf(first);
  if (verb === undefined) return undefined;
  if (verb.alsoNoun === true && second !== undefined && verbOf(rest.at(-1) ?? second)?.kind !== undefined)
    return undefined;
  return reading(verb, afterWord(text, first), before);
}

function afterWord(text: string, word: string): string {
  return text.slice(text.toLowerCase().indexOf(word) + word.length).replace(/^[^\p{L}\p{N}]+/u, "");
}

function bulk(words: readonly string[], before: string): IdentifierReading {
  const verb = verbOf(words[0]);
  const noun = verb === undefined ? words : words.slice(1);
  const found = reading(verb, noun.map(capitalised).join(""), before);
  return { ...found, isBulk: true, isMany: true };
}

const allOf = /^(All|Multiple|Many|all|multiple|many)(?=[A-Z_-]|$)/;
const article = /^(One|Single|An?|The)(?=[A-Z][a-z])|^(one|single|an?|the)(?=[_-]|$)/;
const orUpdate = /^(Or|or)[-_]?([Uu]pdate|[Rr]eplace)[-_]?/;

function reading(verb: Verb | undefined, raw: string, before: string): IdentifierReading {
  const bare = raw
    .replace(orUpdate, "")
    .replace(allOf, "")
    .replace(article, "")
    .replace(/^\w*Namespaced(?=[A-Z])/, "")
    .replace(/^[^\p{L}\p{N}]+/u, "");
  const startsBy = /^[Bb]y(?=[A-Z_-])/.test(bare);
  const { noun, tail } = startsBy ? { noun: "", tail: splitWords(bare) } : cutTail(bare);
  const isGeneric = splitWords(noun).every((word) => generic.has(word));
  return {
    ...(verb !== undefined && { verb }),
    noun: isGeneric ? before : noun,
    fullNoun: isGeneric ? before : bare,
    tail,
    isMany: allOf.test(raw) || isPlural(splitWords(noun)) || /^(list|items|all|many)$/i.test(noun),
    isBulk: isBulkNoun(raw),
    isUpsert: orUpdate.test(raw),
  };
}

/** `deleteMultipleUsers`, `createUsersBulk`; a batch alone (`createBatch`) is a thing of its own. */
function isBulkNoun(raw: string): boolean {
  const words = splitWords(raw);
  if (/^(Multiple|Many|multiple|many)(?=[A-Z_-])/.test(raw) || /Collection\w*Namespaced/.test(raw)) return true;
  const others = words.filter((word) => !bulkWords.has(word));
  return words.includes("bulk") || (others.length < words.length && others.length > 0 && isPlural(others));
}

/** `users_list`, `users_partial_update`, `petsCreate`: the verb last. */
function trailing(text: string): IdentifierReading | undefined {
  const words = splitWords(text);
  const last = words.at(-1);
  const verb = verbOf(last);
  if (verb === undefined || last === undefined || words.length < 2) return undefined;
  const isSeparated = /[._/-]/.test(text);
  if (verb.kind === undefined && !isSeparated) return undefined;
  if (verb.alsoNoun === true) return undefined;
  const isPartial = words.at(-2) === "partial" && last === "update";
  const cut = isPartial ? words.slice(0, -2) : words.slice(0, -1);
  const raw = cut.map(capitalised).join("");
  return { ...reading(verb, raw, ""), isMany: verb.kind === "list" };
}

function nameOnly(text: string): IdentifierReading {
  const { noun, tail } = cutTail(text);
  const words = splitWords(text);
  return { noun: "", fullNoun: noun, tail, isMany: false, isBulk: words.includes("bulk"), isUpsert: false };
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
