import type { Method, OperationKind } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { Decision, Evidence, Operation } from "../model.ts";
import { strong } from "./rule.ts";

/**
 * Why strong evidence disagrees with the winning kind, as one clause; undefined when none does. Two CRUD kinds always
 * disagree. An action agrees with a CRUD kind that also changes, or also reads: then the better supported of them is right
 * enough, and nothing is shown as safer than it is. A read by PUT, PATCH or DELETE disagrees with its method.
 */
export function disagreement(method: Method, winner: OperationKind, evidence: readonly Evidence[]): string | undefined {
  const loud = evidence.filter(({ kind, weight }) => kind !== undefined && weight >= strong);
  for (const [at, one] of loud.entries()) {
    const other = loud.slice(at + 1).find((piece) => !areCompatible(one, piece));
    if (other !== undefined) return `${one.because} (${one.kind}), but ${other.because} (${other.kind})`;
  }
  const read = loud.find((piece) => piece.kind === winner && isRead(piece));
  if (read !== undefined && (method === "PUT" || method === "PATCH" || method === "DELETE")) {
    return `${read.because} (${read.kind}), but ${method} changes something`;
  }
  return undefined;
}

function areCompatible(one: Evidence, other: Evidence): boolean {
  if (one.kind !== other.kind && one.kind !== "action" && other.kind !== "action") return false;
  return isRead(one) === isRead(other) || one.weight >= 0.95 || other.weight >= 0.95;
}

function isRead({ kind, effect }: Evidence): boolean {
  if (kind === "action") return effect === "read";
  return kind === "list" || kind === "get" || kind === "count";
}

/** The YAML that settles a conflict, to be put under `codegen.operations` of gateway.yaml. */
export function overrideFor(operation: Operation, evidence: readonly Evidence[]): string {
  const kinds = [...new Set(evidence.filter(({ weight }) => weight >= strong).flatMap(({ kind }) => kind ?? []))];
  const choice = kinds.length > 1 ? `   # or ${kinds.slice(1).join(", ")}` : "";
  return [`${JSON.stringify(operation.id)}:`, `  kind: ${kinds[0] ?? "action"}${choice}`, `  why: "…"`].join("\n");
}

/**
 * Throws `invalid_request` for conflicts, each with its Operation, its reason and the override to write; returns when there
 * are none.
 */
export function rejectConflicts(conflicts: readonly Decision[]): void {
  if (conflicts.length === 0) return;
  const lines = conflicts.map(({ operation, conflict }) => {
    return `${operation.method} ${operation.path} (${operation.pointer}): ${conflict?.because}`;
  });
  const yaml = conflicts.map(({ conflict }) => indent(conflict?.override ?? "", 4)).join("\n");
  throw new GatewayError(
    "invalid_request",
    `${conflicts.length} operation${conflicts.length === 1 ? "" : "s"} cannot be classified:\n${lines.join("\n")}`,
    { next: `Write to gateway.yaml, or pass --allow-conflicts:\ncodegen:\n  operations:\n${yaml}` },
  );
}

function indent(text: string, spaces: number): string {
  return text.replace(/^/gm, " ".repeat(spaces));
}
