import type { CodegenConfig } from "../../src/config/codegen.ts";
import type { Decision } from "../model.ts";

/**
 * Marks as a conflict each Decision whose kind, Effect and method contradict each other, unless gateway.yaml decided:
 * annotations, scopes, retries and audit all follow from the Effect, so it must not be a guess.
 */
export function disagreements(decisions: readonly Decision[], config: CodegenConfig): Decision[] {
  return decisions.map((decision) => {
    if (decision.conflict !== undefined || isDecided(decision, config)) return decision;
    const because = disagreement(decision);
    if (because === undefined) return decision;
    const { id } = decision.operation;
    const override = `${JSON.stringify(id)}:\n  effect: ${decision.effect}\n  why: "…"`;
    return { ...decision, conflict: { because, override } };
  });
}

function isDecided({ operation }: Decision, { operations = {} }: CodegenConfig): boolean {
  const override = operations[operation.id] ?? operations[`${operation.method} ${operation.path}`];
  return override?.kind !== undefined || override?.effect !== undefined;
}

function disagreement({ kind, effect, operation: { method } }: Decision): string | undefined {
  const reads = kind === "list" || kind === "count" || kind === "get";
  const changes = kind === "create" || kind === "update" || kind === "delete";
  const isSafe = method === "GET" || method === "HEAD" || method === "QUERY" || method === "OPTIONS";
  if (reads && effect !== "read") return `it is a ${kind}, but its effect is ${effect}`;
  if (changes && effect === "read") return `it is a ${kind}, but its effect is read`;
  if (changes && isSafe) return `it is a ${kind}, but ${method} is a safe method`;
  if (method === "DELETE" && effect === "read") return `its effect is read, but the method is DELETE`;
  return undefined;
}
