import type { OperationOverride } from "../src/config/codegen.ts";
import { GatewayError } from "../src/errors.ts";
import type { Evidence, Operation } from "./model.ts";

/** `codegen.operations` of gateway.yaml: by operationId, else `METHOD /path`. No globs: a decision is about one Operation. */
export type OperationOverrides = { readonly [id: string]: OperationOverride };

/**
 * The override of each Operation that has one. Throws `invalid_request` naming every key that matches no Operation, with
 * the nearest ids, and every Operation that two keys are about.
 */
export function resolveOverrides(
  overrides: OperationOverrides,
  operations: readonly Operation[],
): ReadonlyMap<Operation, OperationOverride> {
  const byKey = new Map<string, Operation>();
  for (const operation of operations) {
    byKey.set(`${operation.method} ${operation.path}`, operation);
    if (operation.operationId !== undefined) byKey.set(operation.operationId, operation);
  }
  const found = new Map<Operation, OperationOverride>();
  const faults: string[] = [];
  for (const [key, override] of Object.entries(overrides)) {
    const operation = byKey.get(normalised(key));
    if (operation === undefined) faults.push(unmatched(key, operations));
    else if (found.has(operation)) faults.push(`"${key}" is about ${operation.id}, which another key is about too`);
    else if (override.why.trim() === "") faults.push(`"${key}" has no why`);
    else found.set(operation, override);
  }
  if (faults.length === 0) return found;
  throw new GatewayError("invalid_request", `codegen.operations: ${faults.join("; ")}`, {
    next: "Correct or remove the override in gateway.yaml.",
  });
}

/** The method may be written in any case. */
function normalised(key: string): string {
  return key.replace(/^([a-z]+) +(?=\/)/i, (_, method: string) => `${method.toUpperCase()} `);
}

function unmatched(key: string, operations: readonly Operation[]): string {
  const ids = operations.flatMap(({ id, method, path }) => [...new Set([id, `${method} ${path}`])]);
  const near = nearest(key, ids, 3);
  return `"${key}" matches no operation${near.length === 0 ? "" : ` (near: ${near.map((id) => `"${id}"`).join(", ")})`}`;
}

/** The texts most like the given one, by shared pairs of letters (Sørensen–Dice), best first. */
export function nearest(text: string, candidates: readonly string[], count: number): string[] {
  const own = pairsOf(text);
  return candidates
    .map((candidate) => ({ candidate, score: alike(own, pairsOf(candidate)) }))
    .filter(({ score }) => score > 0.3)
    .sort((a, b) => b.score - a.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function pairsOf(text: string): Set<string> {
  const lower = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, at) => lower.slice(at, at + 2)));
}

function alike(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const common = [...one].filter((pair) => other.has(pair)).length;
  return (2 * common) / Math.max(1, one.size + other.size);
}

/** What an override says, as the Evidence that decides alone. */
export function overrideEvidence(override: OperationOverride | undefined): Evidence[] {
  if (override === undefined) return [];
  const { kind, verb, resource, effect, why } = override;
  if (kind === undefined && verb === undefined && resource === undefined) return [];
  return [
    {
      rule: "override",
      ...(kind !== undefined ? { kind } : verb !== undefined && { kind: "action" as const }),
      ...(verb !== undefined && { verb }),
      ...(resource !== undefined && { resource }),
      ...(effect !== undefined && { effect }),
      weight: 1,
      because: `gateway.yaml: ${why}`,
    },
  ];
}
