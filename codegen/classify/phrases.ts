import { splitWords } from "../words.ts";

/** Words that begin what qualifies a noun: `PetsByStatus`. */
export const prepositions: ReadonlySet<string> = new Set(
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

/** Words after a CRUD verb that say how many rather than what: `get-list`, `find-all`, `delete-item`. */
export const generic: ReadonlySet<string> = new Set(
  "list item items all one many single multiple id ids count entity record records paged page paginated self total by".split(
    " ",
  ),
);

/** Words that say that an Operation is about several at once. */
export const bulkWords: ReadonlySet<string> = new Set(["bulk", "batch", "mass", "multi"]);
