import type { Facts } from "../facts.ts";
import { bulkWords } from "../phrases.ts";
import type { Finding, Rule } from "../rule.ts";
import type { Verb } from "../verbs.ts";
import { provenReads } from "./operationId.ts";

/** A verb that the path itself names. */
export const pathVerb: Rule = {
  name: "pathVerb",
  title: "Verb in the path",
  sentence:
    "A verb in the last segment (`/x/get-list`, `/x/{id}/cancel`, `/x:verb`, `x.list`, an RPC method) beats the method.",
  source: "https://google.aip.dev/136",
  examples: [
    { given: "POST /monitor/get-list", kind: "list" },
    { given: "POST /monitor/{id}/get-item", kind: "get" },
    { given: "POST /monitor/count", kind: "count" },
    { given: "POST /users.list", kind: "list" },
    { given: "POST /getUser", kind: "get" },
    { given: "POST /v1/ops/{id}:cancel", kind: "action", effect: "write" },
    { given: "POST /pkg.v1.MonitorService/ListMonitors", kind: "list" },
    { given: "POST /pkg.v1.MonitorService/TriggerMonitor", kind: "action", effect: "write" },
    { given: "GET /monitor/{id}/delete-item", kind: "delete", effect: "destroy" },
    { given: "POST /notifications/{id}/read", kind: "action", effect: "write" },
    { given: "GET /beats/{id}/run", kind: "action", effect: "write" },
    { given: "POST /incidents/{id}/purge", kind: "action", effect: "destroy" },
  ],
  read(facts) {
    const { verb, style, tail } = facts.place;
    if (verb === undefined) return style === "rpc" ? [unknownMethod(tail)] : [];
    if (bulkWords.has(verb.verb)) return [];
    return [finding(facts, verb)];
  },
};

function unknownMethod(words: readonly string[]): Finding {
  const verb = words.join("_");
  return { kind: "action", verb, effect: "write", weight: 0.7, because: `the RPC method is "${verb}"` };
}

function finding(facts: Facts, verb: Verb): Finding {
  const { place, operation } = facts;
  const isColon = place.style === "colon";
  const because = `the path ends in the verb "${[verb.verb, ...(place.style === "rpc" ? [] : place.tail)].join(" ")}"`;
  const weight = isColon || place.style === "rpc" ? 0.9 : 0.85;
  if (
    operation.method === "DELETE" &&
    verb.kind !== "delete" &&
    (verb.effect !== "destroy" || verb.alsoNoun === true)
  ) {
    return { kind: "action", verb: `remove_${verb.verb}`, effect: "destroy", weight, because };
  }
  if (isDoneByPost(facts, verb)) {
    return { kind: "action", verb: [verb.verb, ...place.tail].join("_"), effect: "write", weight, because };
  }
  if (verb.verb === "count") return { ...countFinding(facts), because };
  const reads = readsOf(facts, verb);
  if (reads !== undefined) return { kind: reads, weight, because };
  if (verb.kind !== undefined && !isCustom(facts, verb)) return { kind: verb.kind, weight, because };
  return { kind: "action", verb: [verb.verb, ...place.tail].join("_"), effect: effectOf(facts, verb), weight, because };
}

/** `POST /notifications/{id}/read` marks, `POST /offers/{id}/list` offers: without an answer to show for it, no read. */
function isDoneByPost({ operation, place, answer }: Facts, verb: Verb): boolean {
  if (operation.method === "GET" || operation.method === "QUERY" || place.style === "rpc") return false;
  if (verb.softRead === true) return place.tail.length === 0;
  return verb.kind === "list" && place.ids.length > 0 && answer.list === undefined;
}

/** A count answers a number; something that says more is a report. */
function countFinding({ answer }: Facts): Omit<Finding, "because"> {
  if (answer.list !== undefined || (answer.isTelling && !answer.isNumber)) {
    return { kind: "action", verb: "count", effect: "read", weight: 0.7 };
  }
  return { kind: "count", weight: 0.9 };
}

/** `get` and its synonyms: one or many by what follows the verb, else by the answer. */
function readsOf({ place, answer, operation }: Facts, verb: Verb): "list" | "get" | "count" | undefined {
  if (verb.eitherNumber !== true) return undefined;
  if (operation.method !== "GET" && operation.method !== "POST") return undefined;
  if (place.tail.includes("count") || place.tail.includes("total")) return "count";
  if (["list", "all", "many", "items", "multiple", "paged"].some((word) => place.tail.includes(word))) return "list";
  if (["item", "one", "id", "single"].some((word) => place.tail.includes(word))) return "get";
  if (answer.list !== undefined) return "list";
  if (answer.isTelling) return "get";
  return place.style !== "segment" || place.nouns.length > 0 ? numberOf(place.nouns.at(-1), place.ids) : "get";
}

function numberOf(noun: string | undefined, ids: readonly string[]): "list" | "get" {
  return ids.length === 0 && noun !== undefined && /[^s]s$/.test(noun) ? "list" : "get";
}

/** A CRUD verb with words of its own after it (`createWithList`) or about several is a custom method. */
function isCustom({ place, body }: Facts, verb: Verb): boolean {
  if (verb.kind === "list") return false;
  if (place.tail.some((word) => word === "many" || word === "all" || word === "multiple" || bulkWords.has(word)))
    return true;
  return verb.kind === "create" && body.isArray;
}

function effectOf({ operation }: Facts, verb: Verb): Finding["effect"] & string {
  if (verb.effect !== "read") return verb.effect;
  if (["GET", "HEAD", "QUERY"].includes(operation.method)) return "read";
  return operation.method === "POST" && provenReads.has(verb.verb) ? "read" : "write";
}
