import type { Facts } from "../facts.ts";
import { likenessToNoun } from "../facts.ts";
import type { Finding, Rule } from "../rule.ts";

/** Method on one instance: `GET /widgets/{id}` and so on. */
export const item: Rule = {
  name: "item",
  title: "Method on an item",
  sentence: "Where the path ends in the noun's ids, GET reads that one, PUT and PATCH update it and DELETE deletes it.",
  source: "https://google.aip.dev/131",
  examples: [
    { given: "GET /widgets/{id}", kind: "get" },
    { given: "GET /repos/{owner}/{repo}", kind: "get" },
    { given: "PATCH /widgets/{id}", kind: "update" },
    { given: "PUT /widgets/{id}", kind: "update" },
    { given: "DELETE /widgets/{id}", kind: "delete", effect: "destroy" },
    { given: "GET /pets/{status}", answer: { type: "array", items: { type: "object" } }, kind: "list" },
    { given: "GET /widgets/{id}/logs" },
  ],
  read(facts) {
    if (!facts.isItem || facts.place.verb !== undefined) return [];
    return methodFindings(facts);
  },
};

function methodFindings(facts: Facts): Finding[] {
  const { method } = facts.operation;
  if (method === "GET") return [readFinding(facts)];
  if (method === "PATCH") return [{ kind: "update", weight: 0.85, because: "PATCH of an item" }];
  if (method === "PUT") return [{ kind: "update", weight: 0.65, because: "PUT of an item" }];
  if (method === "DELETE") return [{ kind: "delete", weight: 0.85, because: "DELETE of an item" }];
  return method === "POST" ? postFindings(facts) : [];
}

/** An array below an id is either a filtered list or an item that happens to be one. */
function readFinding({ answer, place }: Facts): Finding {
  if (answer.list?.path.length === 0)
    return { kind: "list", weight: 0.65, because: `GET by ${place.ids.join(", ")} answers an array` };
  return { kind: "get", weight: answer.list === undefined ? 0.8 : 0.55, because: "GET of an item" };
}

/** Stripe's style is `postUpdate`'s business; without fields to set, a POST on an item is some custom method. */
function postFindings(facts: Facts): Finding[] {
  if (facts.body.schema === undefined && facts.operation.body === undefined) {
    return [{ kind: "action", effect: "write", weight: 0.5, because: "POST on an item, without a body" }];
  }
  const weight = likenessToNoun(facts) >= 0.3 ? 0.55 : 0.5;
  return [{ kind: "update", weight, because: "POST on an item, with a body" }];
}
