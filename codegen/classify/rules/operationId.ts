import type { Facts } from "../facts.ts";
import type { IdentifierReading } from "../identifier.ts";
import type { Finding, Rule } from "../rule.ts";
import { effectOf, type Verb } from "../verbs.ts";

/** The verb an operationId begins (or, in some frameworks, ends) with. */
export const operationId: Rule = {
  name: "operationId",
  title: "operationId verb",
  sentence:
    "An operationId that begins with a known verb says what is done and its rest to what; `get` alone may mean one or many.",
  source: "https://spec.openapis.org/oas/v3.1.1#operation-object",
  examples: [
    { given: "POST /monitor/get-list listMonitor", kind: "list" },
    { given: "POST /logs/{id} getLogItem", kind: "get" },
    { given: "GET /pets findPets", answer: { type: "array", items: { type: "object" } }, kind: "list" },
    { given: "DELETE /users/{id} UsersController_remove", kind: "delete" },
    { given: "PUT /users/{id} users_partial_update", kind: "update" },
    { given: "GET /repos/{id}/issues issues/list-for-repo", kind: "list" },
    { given: "POST /incidents/{id}/ack acknowledgeIncident", kind: "action", effect: "write" },
    { given: "POST /v1/customers/{customer} PostCustomersCustomer" },
  ],
  read(facts) {
    const { identifier } = facts;
    if (identifier?.verb === undefined || identifier.isBulk) return [];
    return findings(facts, identifier, identifier.verb);
  },
};

function findings(facts: Facts, identifier: IdentifierReading, verb: Verb): Finding[] {
  const because = `operationId says "${verb.verb}"`;
  if (verb.kind === undefined) return actionFindings(facts, identifier, verb, because);
  if (verb.eitherNumber === true) return [readFinding(facts, identifier, verb, because)];
  if (verb.kind === "create" && identifier.isUpsert) {
    return [
      { kind: facts.operation.method === "POST" ? "create" : "update", weight: 0.6, because: `${because} or update` },
    ];
  }
  if (verb.kind === "list" && verb.verb !== "list") return [{ kind: "list", weight: 0.6, because }];
  return [
    {
      kind: verb.kind,
      effect: effectOf(verb.kind),
      weight: isDoubtful(facts, identifier, verb) ? 0.6 : weightOf(verb),
      because,
    },
  ];
}

/**
 * The verb is only the method's name; or the path names an action (`createIncidentSnooze` at `/incidents/{id}/snooze`); or it
 * changes several at once (`updateIncidents` at `PUT /incidents`).
 */
function isDoubtful(
  { place, isItem, isCollection, operation }: Facts,
  { isMany }: IdentifierReading,
  verb: Verb,
): boolean {
  if (verb.method === true) return true;
  const isAction = place.verb !== undefined && place.verb.kind === undefined && place.verb.alsoNoun !== true;
  if (isAction && (verb.kind === "create" || verb.kind === "update")) return place.verb?.effect !== "read";
  const changes = verb.kind === "update" || verb.kind === "delete";
  return changes && isMany && isCollection && !isItem && operation.method !== "POST";
}

/** The plain verbs say it outright; their synonyms are sometimes used loosely (`addLabel`, `removeMember`, `makePayment`). */
function weightOf({ verb }: Verb): number {
  if (["list", "count", "create", "update", "delete"].includes(verb)) return 0.9;
  return verb === "make" || verb === "new" ? 0.6 : 0.8;
}

/** `get` and its synonyms read one or many: the answer tells, else the number of the noun. With GET it is no news that it reads. */
function readFinding(
  { answer, operation }: Facts,
  { isMany }: IdentifierReading,
  verb: Verb,
  because: string,
): Finding {
  const isRpc = operation.method === "POST";
  const several = answer.list !== undefined || (isMany && answer.thing === undefined);
  const weight = isRpc
    ? verb.softRead === true
      ? 0.5
      : 0.85
    : verb.method === true || verb.verb === "find"
      ? 0.5
      : 0.65;
  return { kind: several ? "list" : "get", weight, because: `${because}${several ? " of several" : ""}` };
}

function actionFindings(
  { operation, answer }: Facts,
  { tail, isMany }: IdentifierReading,
  verb: Verb,
  because: string,
): Finding[] {
  if (verb.method === true) return [];
  const isSearch = verb.verb === "search" || verb.verb === "query";
  if (isSearch && (answer.list !== undefined || isMany)) {
    return [{ kind: "action", verb: verb.verb, effect: "read", weight: 0.8, because }];
  }
  const isSurprise = operation.method === "GET" && verb.effect !== "read" && verb.alsoNoun !== true;
  const weight = isSurprise ? 0.75 : verb.alsoNoun === true ? 0.4 : 0.65;
  const name = [verb.verb, ...tail].join("_");
  return [{ kind: "action", verb: name, effect: effectWith(operation.method, verb), weight, because }];
}

/** A verb that only reads proves nothing for a method that changes: `POST …/check` may well change something. */
function effectWith(method: string, { verb, effect }: Verb): Verb["effect"] {
  if (effect !== "read" || method === "GET" || method === "HEAD" || method === "QUERY") return effect;
  return provenReads.has(verb) && method === "POST" ? "read" : "write";
}

/** Verbs under which a POST is read all the same: nobody changes data by them. */
export const provenReads: ReadonlySet<string> = new Set(
  "search query preview estimate calculate compute compare diff explain aggregate summarize suggest autocomplete forecast lookup find filter".split(
    " ",
  ),
);
