import type { Classification, Decision, Document, Operation, Skipped } from "../model.ts";
import { compare } from "../operations.ts";
import { type OperationOverrides, overrideEvidence, resolveOverrides } from "../overrides.ts";
import { combine, evidenceFor, type Verdict } from "./combine.ts";
import { overrideFor, rejectConflicts } from "./conflicts.ts";
import { factsOf } from "./facts.ts";
import { indexPaths } from "./pathIndex.ts";
import { nameResources } from "./resources.ts";
import { skipReason } from "./skip.ts";
import { onePerKind, type Placed } from "./unique.ts";

export interface ClassifyOptions {
  /** `codegen.operations` of gateway.yaml. */
  readonly overrides?: OperationOverrides;
  /** A conflict makes an action with the most careful Effect instead of a fault. */
  readonly allowConflicts: boolean;
}

/**
 * What every Operation is taken for: its ResourceType, kind and Effect with the evidence for them, or the reason why it
 * is skipped. Depends on the set of Operations, not on their order; both lists are sorted by path, then method.
 * Throws `invalid_request` for an override that matches nothing, and for conflicts unless they are allowed.
 */
export function classify(
  operations: readonly Operation[],
  document: Document,
  options: ClassifyOptions,
): Classification {
  const overrides = resolveOverrides(options.overrides ?? {}, operations);
  const index = indexPaths(operations, document);
  const skipped: Skipped[] = [];
  const verdicts: Verdict[] = [];
  for (const operation of [...operations].sort(byPath)) {
    const override = overrides.get(operation);
    const reason =
      override?.exclude === true ? override.why : override?.kind ? undefined : skipReason(operation, index);
    if (reason !== undefined) {
      skipped.push({ operation, reason });
      continue;
    }
    const facts = factsOf(operation, index);
    verdicts.push(combine(facts, [...overrideEvidence(override), ...evidenceFor(facts)]));
  }
  const resources = nameResources(verdicts, document);
  const placed = onePerKind(
    verdicts.map((verdict): Placed => ({ verdict, resource: resources.get(verdict) ?? "Root" })),
  );
  const decisions = placed.map(({ verdict, resource }) =>
    decisionOf(verdict, resource, overrides.get(verdict.facts.operation)),
  );
  decisions.sort((a, b) => byPath(a.operation, b.operation));
  const conflicts = decisions.filter(({ conflict }) => conflict !== undefined);
  if (!options.allowConflicts) rejectConflicts(conflicts);
  return { decisions, skipped, conflicts };
}

function byPath(a: Operation, b: Operation): number {
  return compare(a.path, b.path) || compare(a.method, b.method);
}

function decisionOf(verdict: Verdict, resource: string, override: OperationOverrides[string] | undefined): Decision {
  const { operation } = verdict.facts;
  const effect = override?.effect ?? verdict.effect;
  const verb = verdict.kind === "action" ? (override?.verb ?? verdict.verb) : undefined;
  return {
    operation,
    resource,
    kind: verdict.kind,
    ...(verb !== undefined && { verb }),
    effect,
    evidence: verdict.evidence,
    confidence: verdict.confidence,
    ...(verdict.disagreement !== undefined && {
      conflict: { because: verdict.disagreement, override: overrideFor(operation, verdict.evidence) },
    }),
    ...(override?.tool !== undefined && { tool: override.tool }),
    ...(override?.aliases !== undefined && { aliases: override.aliases }),
    ...(override?.timeoutMs !== undefined && { timeoutMs: override.timeoutMs }),
    ...(override?.path !== undefined && { path: override.path }),
  };
}
