import { nounOf, refName } from "../../schemas.ts";
import { likenessToNoun } from "../facts.ts";
import type { Rule } from "../rule.ts";

/** Stripe's update: POST to the item. */
export const postUpdate: Rule = {
  name: "postUpdate",
  title: "POST as update",
  sentence: "POST to an item, with a body of optional fields and the same answer as its GET, updates it.",
  source: "https://docs.stripe.com/api/customers/update",
  examples: [
    {
      given: "POST /v1/customers/{customer}",
      body: { type: "object", properties: { name: { type: "string" } } },
      answer: { type: "object", properties: { id: { type: "string" }, name: { type: "string" } } },
      beside: [
        {
          given: "GET /v1/customers/{customer}",
          answer: { type: "object", properties: { id: { type: "string" }, name: { type: "string" } } },
        },
      ],
      kind: "update",
    },
    { given: "POST /v1/customers/{customer}/cancel" },
  ],
  read(facts) {
    const { operation, isItem, siblings, body, document, answer } = facts;
    if (operation.method !== "POST" || !isItem || body.schema === undefined || body.names.length === 0) return [];
    const get = siblings.find(({ method }) => method === "GET");
    if (get === undefined || siblings.some(({ method }) => method === "PATCH" || method === "PUT")) return [];
    const shown = refName(nounOf(document, get));
    const isSame = shown !== undefined && shown === refName(answer.thing?.schema);
    if (!isSame && likenessToNoun(facts) < 0.5) return [];
    const weight = body.hasRequired ? 0.6 : 0.75;
    return [{ kind: "update", effect: "write", weight, because: "POST to an item answers what its GET answers" }];
  },
};
