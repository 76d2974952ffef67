import type { Facts } from "../facts.ts";
import type { Finding, Rule } from "../rule.ts";

/** A thing of which there is one: `/me`, `/settings`, `/users/{id}/profile`. */
export const singleton: Rule = {
  name: "singleton",
  title: "Method on a singleton",
  sentence:
    "Where the path ends in a noun of which there is one, GET reads it, PUT and PATCH update it and DELETE deletes it, without an id.",
  source: "https://google.aip.dev/156",
  examples: [
    { given: "GET /me", answer: { type: "object", properties: { name: { type: "string" } } }, kind: "get" },
    { given: "PATCH /users/{id}/profile", kind: "update" },
    { given: "PUT /settings", beside: ["GET /settings"], kind: "update" },
    { given: "DELETE /session", kind: "delete" },
    { given: "DELETE /users", kind: "action", effect: "destroy" },
    { given: "PATCH /users", kind: "action", effect: "write" },
  ],
  read(facts) {
    const { place, isItem } = facts;
    if (isItem || place.verb !== undefined || place.style === "rpc") return [];
    return methodFindings(facts);
  },
};

function methodFindings(facts: Facts): Finding[] {
  const { method } = facts.operation;
  if (method === "GET") return readFindings(facts);
  if (method !== "PUT" && method !== "PATCH" && method !== "DELETE") return [];
  if (isSeveral(facts)) {
    const because = `the body of a ${method} of a collection holds the id of one`;
    return method !== "DELETE" && holdsId(facts) ? [{ kind: "update", weight: 0.6, because }] : [bulkFinding(method)];
  }
  const kind = method === "DELETE" ? "delete" : "update";
  return [{ kind, weight: 0.65, because: `${method} of a thing of which there is one` }];
}

/** A plural alone does not make several where a PUT or PATCH shows that it is set as a whole: `/settings`, `/preferences`. */
function isSeveral({ isCollection, items, siblings, operation, body, answer }: Facts): boolean {
  if (!isCollection) return false;
  if (items.length > 0 || siblings.some(({ method }) => method === "POST") || body.isArray) return true;
  if (operation.method === "DELETE") return !siblings.some(({ method }) => method === "PUT" || method === "PATCH");
  return answer.list !== undefined || !siblings.some(({ method }) => method === "GET");
}

/** The id is in the body: `PUT /pet` with a whole Pet. */
function holdsId({ body, isCollection }: Facts): boolean {
  return isCollection && !body.isArray && body.names.some((name) => /^_?id$/i.test(name)) && body.names.length > 2;
}

function bulkFinding(method: "PUT" | "PATCH" | "DELETE"): Finding {
  const verb = { PUT: "bulk_replace", PATCH: "bulk_update", DELETE: "bulk_delete" }[method];
  const effect = method === "PATCH" ? "write" : "destroy";
  return { kind: "action", verb, effect, weight: 0.8, because: `${method} of a whole collection` };
}

function readFindings({ answer, isCollection, place }: Facts): Finding[] {
  if (answer.list !== undefined) return [];
  if (answer.isTelling && place.nouns.length > 0) {
    return [{ kind: "get", weight: 0.65, because: "GET without an id answers one object" }];
  }
  if (isCollection) return [];
  return [{ kind: "get", weight: 0.55, because: "GET of a noun that is not a collection" }];
}
