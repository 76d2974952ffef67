import type { Effect } from "../../../src/descriptor.ts";
import type { Facts } from "../facts.ts";
import { bulkWords } from "../phrases.ts";
import type { Finding, Rule } from "../rule.ts";
import { verbOf } from "../verbs.ts";

/** Several at once is never Create, Update or Delete of one. */
export const bulk: Rule = {
  name: "bulk",
  title: "Bulk",
  sentence:
    "An Operation on several at once (`/x/bulk`, `:batchCreate`, a body that is an array) is an action; it destroys when it can delete or overwrite.",
  source: "https://google.aip.dev/231",
  examples: [
    { given: "POST /widgets/bulk", kind: "action", effect: "destroy" },
    { given: "POST /batch createBatchRequest", kind: "action", effect: "destroy" },
    { given: "POST /v1/widgets:batchCreate", kind: "action", effect: "write" },
    { given: "POST /v1/widgets:batchGet", kind: "action", effect: "read" },
    { given: "POST /widgets/bulk-delete", kind: "action", effect: "destroy" },
    { given: "POST /users", body: { type: "array", items: { type: "object" } }, kind: "action", effect: "write" },
    { given: "POST /users/import deleteManyUsers", kind: "action", effect: "destroy" },
  ],
  read(facts) {
    const { place, identifier, operation, body } = facts;
    if (place.verb !== undefined && bulkWords.has(place.verb.verb)) {
      return [named(facts, place.tail[0] ?? (place.nouns.length > 0 ? identifier?.verb?.verb : undefined), "the path")];
    }
    if (identifier?.isBulk === true) return [named(facts, identifier.verb?.verb, "the operationId")];
    const isThing = facts.isItem || facts.items.length > 0;
    if (!isThing && bulkWords.has(place.nouns.at(-1)?.toLowerCase() ?? ""))
      return [named(facts, place.nouns.length > 1 ? identifier?.verb?.verb : undefined, "the path")];
    if (!body.isArray || place.verb !== undefined || facts.isItem || operation.method !== "POST") return [];
    return [finding("create", "write", "the body is an array")];
  },
};

function named(facts: Facts, word: string | undefined, where: string): Finding {
  const { method } = facts.operation;
  const by = { POST: undefined, PUT: "replace", PATCH: "update", DELETE: "delete" }[method as "POST"];
  const done = word ?? by;
  const verb = verbOf(done);
  return finding(
    done,
    effectOf(verb === undefined ? done : verb.verb, verb?.effect, method),
    `${where} says "${done ?? "bulk"}" of several`,
  );
}

function effectOf(word: string | undefined, effect: Effect | undefined, method: string): Effect {
  if (method === "GET" || method === "HEAD") return effect ?? "read";
  if (method === "DELETE" || word === undefined || word === "replace" || word === "upsert") return "destroy";
  return effect ?? "destroy";
}

function finding(word: string | undefined, effect: Effect, because: string): Finding {
  return { kind: "action", verb: word === undefined ? "bulk" : `bulk_${word}`, effect, weight: 0.95, because };
}
