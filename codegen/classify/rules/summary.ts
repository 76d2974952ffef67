import type { CrudKind } from "../../../src/descriptor.ts";
import { splitWords } from "../../words.ts";
import type { Rule } from "../rule.ts";
import { verbOf } from "../verbs.ts";

const openings: readonly (readonly [RegExp, CrudKind])[] = [
  [
    /^(list|lists|listing|(returns?|gets?|retrieves?|fetch(es)?) (a |an |the )?(paginated )?(list|array|collection|all)\b)/i,
    "list",
  ],
  [/^counts?\b/i, "count"],
  [/^(gets?|returns?|retrieves?|reads?|shows?|fetch(es)?|info for) (a|an|the|one|single|info)\b/i, "get"],
  [/^(creates?|adds?) /i, "create"],
  [/^(updates?|edits?|modif(y|ies)) /i, "update"],
  [/^(deletes?|removes?) /i, "delete"],
];

/** The first words of the summary: prose, so never more than a hint. */
export const summary: Rule = {
  name: "summary",
  title: "Summary",
  sentence: "The first verb of the summary supports what the rest says; alone it decides nothing.",
  source: "https://spec.openapis.org/oas/v3.1.1#operation-object",
  examples: [{ given: "GET /widgets" }],
  read({ operation }) {
    const text = operation.summary ?? operation.description;
    if (text === undefined) return [];
    const found = openings.find(([pattern]) => pattern.test(text));
    if (found !== undefined) return [{ kind: found[1], weight: 0.2, because: `the summary begins "${opening(text)}"` }];
    const verb = verbOf(splitWords(text.slice(0, 40))[0]);
    if (verb === undefined || verb.kind !== undefined || verb.alsoNoun === true || operation.method === "GET")
      return [];
    return [{ kind: "action", verb: verb.verb, weight: 0.25, because: `the summary begins "${opening(text)}"` }];
  },
};

function opening(text: string): string {
  return text.trim().split(/\s+/).slice(0, 3).join(" ").slice(0, 40);
}
