import type { Rule } from "../rule.ts";

const words: ReadonlySet<string> = new Set(["search", "query", "lookup", "find", "filter"]);

/** Searching reads, whatever the method. */
export const search: Rule = {
  name: "search",
  title: "Search",
  sentence:
    "A path that ends in `search`, `_search` or `query` reads although it may be POST; it becomes the List where the noun has no other.",
  source: "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search",
  examples: [
    { given: "POST /widgets/search", kind: "action", effect: "read" },
    { given: "POST /logs/_search", kind: "action", effect: "read" },
    { given: "POST /widgets" },
  ],
  read({ place, operation }) {
    const verb = place.verb?.verb;
    const isRead = ["GET", "POST", "QUERY"].includes(operation.method);
    if (verb === undefined || !words.has(verb) || verb === "find" || verb === "lookup" || !isRead) return [];
    const name = [verb, ...place.tail].join("_");
    return [{ kind: "action", verb: name, effect: "read", weight: 0.8, because: `the path says "${verb}"` }];
  },
};
