import type { Facts } from "../facts.ts";
import type { Finding, Rule } from "../rule.ts";

/** What the answer's status and shape say. */
export const answer: Rule = {
  name: "answer",
  title: "Answer",
  sentence: "201 to a POST says that something was created; a bare number to a read, that something was counted.",
  source: "https://www.rfc-editor.org/rfc/rfc9110#name-201-created",
  examples: [
    { given: "POST /widgets", status: "201", kind: "create" },
    { given: "GET /widgets/total", answer: { type: "integer" }, kind: "count" },
    { given: "GET /widgets", answer: { type: "array", items: { type: "object" } } },
  ],
  read(facts) {
    const { operation, place } = facts;
    if (place.verb !== undefined || place.style === "rpc") return [];
    if (operation.method === "POST") return created(facts);
    return operation.method === "GET" && !facts.isItem ? counted(facts) : [];
  },
};

function created({ operation, body, isItem }: Facts): Finding[] {
  const has201 = operation.responses.some(({ status }) => status === "201");
  if (!has201 || body.isArray || isItem) return [];
  return [{ kind: "create", effect: "write", weight: 0.5, because: "answers 201 Created" }];
}

/** `/widgets/total`, `/stats/count`: the noun says number and the answer is one. */
function counted({ answer: { isNumber }, place }: Facts): Finding[] {
  const noun = place.nouns.at(-1)?.toLowerCase() ?? "";
  if (!isNumber || !/(count|total|quantity|size)$/.test(noun)) return [];
  return [{ kind: "count", weight: 0.75, because: `answers one number at "${noun}"` }];
}
