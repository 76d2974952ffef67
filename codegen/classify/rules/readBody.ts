import type { Facts } from "../facts.ts";
import type { Rule } from "../rule.ts";

/** Body properties by which a caller reads: what to pick, filter, sort and page. */
const controls: ReadonlySet<string> = new Set(
  "select query sort filter filters groupby fields expand include includes projection columns skip limit offset page pagesize perpage cursor orderby where search".split(
    " ",
  ),
);

/** A POST that carries nothing but the terms of a read. */
export const readBody: Rule = {
  name: "readBody",
  title: "Body of a read",
  sentence:
    "A POST on an item whose body holds nothing but selection, filter, order or paging reads; it sets no field.",
  source: "https://www.rfc-editor.org/rfc/rfc9110#name-post",
  examples: [
    {
      given: "POST /logs/{id}",
      body: { type: "object", properties: { select: { type: "object" } } },
      answer: { type: "object", properties: { data: { type: "object", properties: { time: { type: "string" } } } } },
      kind: "get",
    },
    { given: "POST /monitors/{id}", body: { type: "object", properties: { name: { type: "string" }, query: {} } } },
  ],
  read(facts) {
    const { operation, body, answer, place } = facts;
    if (operation.method !== "POST" || place.verb !== undefined || place.style === "rpc" || !holdsOnlyControls(facts))
      return [];
    if (answer.list !== undefined)
      return [{ kind: "list", weight: 0.7, because: `the body only says ${body.names.join(", ")}` }];
    if (!facts.isItem || answer.schema === undefined) return [];
    return [{ kind: "get", weight: 0.75, because: `the body only says ${body.names.join(", ")}` }];
  },
};

function holdsOnlyControls({ body, operation }: Facts): boolean {
  if (body.names.length === 0 || operation.body?.required === true) return false;
  return body.names.every((name) => controls.has(name.toLowerCase().replace(/[-_]/g, "")));
}
