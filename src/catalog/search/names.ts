import type { Tool } from "../tool.ts";
import { stem, wordsOf } from "./words.ts";

/** Finds Tools by their names, however these are written. */
export type FindByName = (query: string) => readonly Tool[];

/**
 * Tools that `query` names: by name, alias or operationId, in any spelling (`list_monitors`, `listMonitors`, `list monitor`), or
 * with such a name in it. The exact name comes first. Empty where the query is none.
 */
export function createNameIndex(tools: readonly Tool[]): FindByName {
  const exact = new Map<string, Tool[]>();
  const loose = new Map<string, Tool[]>();
  for (const tool of tools) {
    const id = tool.origin?.spec.operation.id;
    const isShared = tool.origin?.spec.count?.from === "list" && tool.kind === "count"; // its Operation is the List's
    for (const name of new Set([tool.name, ...tool.aliases, ...(id === undefined || isShared ? [] : [id])])) {
      keep(exact, letters(name), tool);
      keep(loose, looseName(name), tool);
    }
  }
  const whole = (text: string): readonly Tool[] => exact.get(letters(text)) ?? loose.get(looseName(text)) ?? [];
  return (query) => {
    const found = whole(query);
    if (found.length > 0) return found;
    // Only what is written as a name counts inside a sentence: "list monitors of the shop" is a question.
    return [
      ...new Set(
        query
          .split(/[\s"'`,;:()?!]+/)
          .filter(isNameLike)
          .flatMap(whole),
      ),
    ];
  };
}

function keep(map: Map<string, Tool[]>, key: string, tool: Tool): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [tool]);
  else if (!known.includes(tool)) known.push(tool);
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function looseName(text: string): string {
  return wordsOf(text).map(stem).join(" ");
}

function isNameLike(word: string): boolean {
  return /^[A-Za-z0-9]+([_-][A-Za-z0-9]+)+$|^[a-z]+[A-Z]/.test(word);
}
