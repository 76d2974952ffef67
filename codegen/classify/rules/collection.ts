import { isPlural, splitWords } from "../../words.ts";
import type { Facts } from "../facts.ts";
import { likenessToNoun } from "../facts.ts";
import type { Finding, Rule } from "../rule.ts";

/** Method on a collection: `GET /widgets`, `POST /widgets`. */
export const collection: Rule = {
  name: "collection",
  title: "Method on a collection",
  sentence:
    "Where the path ends in a noun that holds several, GET lists it when it answers an array, and POST creates one.",
  source: "https://google.aip.dev/132",
  examples: [
    { given: "GET /widgets", answer: { type: "array", items: { type: "object" } }, kind: "list" },
    { given: "GET /monitor", answer: { type: "array", items: { type: "object" } }, kind: "list" },
    { given: "POST /widgets", kind: "create", effect: "write" },
    { given: "POST /monitor", beside: ["GET /monitor/{id}"], kind: "create" },
    { given: "POST /devices/{id}/frobnicate", kind: "action", effect: "write" },
  ],
  read(facts) {
    const { place, operation, isItem } = facts;
    if (place.verb !== undefined || place.style === "rpc" || isItem || place.nouns.length === 0) return [];
    if (operation.method === "GET" || operation.method === "QUERY") return listFindings(facts);
    return operation.method === "POST" ? createFindings(facts) : [];
  },
};

function listFindings({ answer, isCollection, place, operation }: Facts): Finding[] {
  if (answer.list !== undefined) {
    const because =
      answer.list.path.length === 0 ? "answers an array" : `answers an array in "${answer.list.path.join(".")}"`;
    if (place.qualifier !== undefined) return [qualified(place.qualifier, because)];
    return [
      {
        kind: "list",
        weight: operation.method === "QUERY" ? 0.75 : 0.85,
        because: `${operation.method} of a collection ${because}`,
      },
    ];
  }
  if (answer.thing !== undefined && answer.isTelling) return [];
  if (!isCollection) return [];
  return [{ kind: "list", weight: 0.65, because: "GET of a collection, whose answer is not described" }];
}

/** `GET /incidents/open`: a list of some of them, beside the List of all. */
function qualified(words: readonly string[], because: string): Finding {
  const verb = `list_${words.join("_")}`;
  return { kind: "action", verb, effect: "read", weight: 0.85, because: `GET of some of a collection ${because}` };
}

function createFindings(facts: Facts): Finding[] {
  const { place, siblings, items, body, operation, isCollection, answer } = facts;
  const noun = splitWords(place.nouns.at(-1) ?? "");
  if (!isCollection && siblings.some(({ method }) => method === "GET" || method === "PUT" || method === "PATCH")) {
    return singletonPost(facts);
  }
  const isKnown = siblings.some(({ method }) => method === "GET") || items.length > 0;
  const isBelow = place.params.length > 0 && place.ids.length === 0;
  if (!isKnown && !isPlural(noun) && (isBelow || operation.body === undefined) && answer.status !== "201") {
    const verb = noun.join("_");
    return [
      {
        kind: "action",
        verb,
        effect: "write",
        weight: 0.6,
        because: `POST to "${noun.join(" ")}", which has no reads beside it`,
      },
    ];
  }
  const isAlike = likenessToNoun(facts) >= 0.5;
  const weight = (isPlural(noun) || isKnown ? 0.55 : 0.5) + (isKnown ? 0.1 : 0) + (isAlike ? 0.15 : 0);
  if (body.isArray) return [];
  return [
    {
      kind: "create",
      effect: "write",
      weight,
      because: `POST to a collection${isAlike ? " with the noun's fields" : ""}`,
    },
  ];
}

/** POST to the one thing there is sets its fields. */
function singletonPost({ body }: Facts): Finding[] {
  if (body.schema === undefined) return [];
  return [{ kind: "update", effect: "write", weight: 0.5, because: "POST to a thing of which there is one" }];
}
