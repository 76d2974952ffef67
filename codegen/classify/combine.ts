import type { Effect, Method, OperationKind } from "../../src/descriptor.ts";
import type { Evidence } from "../model.ts";
import { disagreement } from "./conflicts.ts";
import type { Facts } from "./facts.ts";
import { strong } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { effectOf, mostCareful } from "./verbs.ts";

/** What the evidence about one Operation comes to, before its ResourceType is known. */
export interface Verdict {
  readonly facts: Facts;
  readonly kind: OperationKind;
  /** For actions. */
  readonly verb?: string;
  readonly effect: Effect;
  readonly evidence: readonly Evidence[];
  readonly confidence: number;
  /** Why strong evidence disagrees. */
  readonly disagreement?: string;
}

/** What every rule says about the Operation, in the order of the rules. */
export function evidenceFor(facts: Facts): Evidence[] {
  return rules.flatMap((rule) => rule.read(facts).map((finding) => ({ rule: rule.name, ...finding })));
}

/**
 * Weighs the evidence. Evidence of weight 1 (an override, an `x-` extension) decides alone. Otherwise the pieces for one kind
 * support each other (`1 - Π(1 - weight)`) and the best supported kind wins; the confidence is its support, less half of the
 * runner-up's share. Strong pieces that disagree make an action with the most careful Effect and say so in `disagreement`.
 * A POST reads only on strong evidence; PUT, PATCH and DELETE never do.
 */
export function combine(facts: Facts, evidence: readonly Evidence[]): Verdict {
  const certain = evidence.find(({ weight, kind }) => weight >= 1 && kind !== undefined);
  if (certain?.kind !== undefined) return verdict(facts, certain.kind, [certain], evidence, 1);
  const support = supportByKind(evidence);
  const [best, second] = [...support].sort(([a, x], [b, y]) => y - x || order.indexOf(a) - order.indexOf(b));
  if (best === undefined || best[1] < 0.4) return unknown(facts, evidence);
  const [kind, score] = best;
  const against = disagreement(facts.operation.method, kind, evidence);
  if (against !== undefined) return conflicting(facts, evidence, against);
  const forIt = evidence.filter((piece) => piece.kind === kind);
  const confidence = Math.min(0.99, score * (1 - (second?.[1] ?? 0) / 4));
  if (isUnprovenRead(facts.operation.method, kind, forIt)) return unknown(facts, evidence);
  return verdict(facts, kind, forIt, evidence, confidence);
}

/** Ties go to the more particular kind. */
const order: readonly OperationKind[] = ["action", "count", "delete", "update", "create", "list", "get"];

function supportByKind(evidence: readonly Evidence[]): ReadonlyMap<OperationKind, number> {
  const doubt = new Map<OperationKind, number>();
  for (const { kind, weight } of evidence) {
    if (kind !== undefined) doubt.set(kind, (doubt.get(kind) ?? 1) * (1 - weight));
  }
  return new Map([...doubt].map(([kind, value]) => [kind, 1 - value]));
}

function isUnprovenRead(method: Method, kind: OperationKind, forIt: readonly Evidence[]): boolean {
  const reads = kind === "list" || kind === "get" || kind === "count";
  if (!reads || method === "GET" || method === "QUERY") return false;
  return method !== "POST" || forIt.every(({ weight }) => weight < strong);
}

function verdict(
  facts: Facts,
  kind: OperationKind,
  forIt: readonly Evidence[],
  evidence: readonly Evidence[],
  confidence: number,
): Verdict {
  const base = { facts, kind, evidence, confidence: Math.round(confidence * 100) / 100 };
  if (kind !== "action") return { ...base, effect: forIt.find(({ weight }) => weight >= 1)?.effect ?? effectOf(kind) };
  const named = [...forIt].sort((a, b) => b.weight - a.weight).find(({ verb }) => verb !== undefined);
  return { ...base, verb: named?.verb ?? fallbackVerb(facts), effect: actionEffect(facts.operation.method, forIt) };
}

/** Near-certain evidence says what an action does; below that, the most careful of what is said at least half-loud. */
function actionEffect(method: Method, forIt: readonly Evidence[]): Effect {
  const top = [...forIt].filter(({ effect }) => effect !== undefined).sort((a, b) => b.weight - a.weight)[0];
  if (top?.effect === undefined) return effectOfMethod(method);
  if (top.weight >= 0.95) return top.effect;
  return mostCareful(
    forIt.filter(({ weight }) => weight >= 0.5 || weight === top.weight).flatMap(({ effect }) => effect ?? []),
  );
}

/** What the method alone allows to say. RFC 9110 §9.2.1. */
export function effectOfMethod(method: Method): Effect {
  if (method === "DELETE") return "destroy";
  return ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"].includes(method) ? "read" : "write";
}

/** Nothing tells: an action named as well as may be, with the Effect of its method. */
function unknown(facts: Facts, evidence: readonly Evidence[]): Verdict {
  const { method } = facts.operation;
  const because = `no rule is sure; ${method} alone says "${effectOfMethod(method)}"`;
  const own: Evidence = { rule: "method", kind: "action", effect: effectOfMethod(method), weight: 0.3, because };
  const actions = evidence.filter(({ kind }) => kind === "action");
  return verdict(facts, "action", [...actions, own], [...evidence, own], 0.3);
}

function conflicting(facts: Facts, evidence: readonly Evidence[], because: string): Verdict {
  const kinds = evidence.filter(({ weight }) => weight >= strong);
  const effects = kinds.map(
    ({ kind, effect }) => (kind === undefined || kind === "action" ? effect : effectOf(kind)) ?? "write",
  );
  const effect = mostCareful([...effects, effectOfMethod(facts.operation.method)]);
  return { facts, kind: "action", verb: fallbackVerb(facts), effect, evidence, confidence: 0.3, disagreement: because };
}

function fallbackVerb({ identifier, place, operation }: Facts): string {
  if (identifier?.verb !== undefined) return identifier.verb.verb;
  if (place.verb !== undefined) return [place.verb.verb, ...place.tail].join("_");
  return (
    { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete", OPTIONS: "options" }[
      operation.method as "GET"
    ] ?? "call"
  );
}
