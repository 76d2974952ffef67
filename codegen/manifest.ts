import { createHash } from "node:crypto";
import type { CodegenConfig } from "../src/config/codegen.ts";
import type { Api, Json, ToolSpec } from "../src/descriptor.ts";
import { canonicalJson } from "./canonical.ts";
import type { Loosened } from "./fields/convert.ts";
import type { Decision, LoadedSpec, Manifest, ManifestOperation, Skipped } from "./model.ts";
import { compare } from "./operations.ts";

export interface ManifestInput {
  readonly loaded: LoadedSpec;
  readonly config: CodegenConfig;
  readonly api: Api;
  readonly decisions: readonly Decision[];
  readonly skipped: readonly Skipped[];
  readonly loosened: readonly Loosened[];
}

/** The account of what became of every Operation: one line each, sorted by path, then method. */
export function buildManifest(input: ManifestInput): Manifest {
  const { loaded, config, api } = input;
  const tools = toolsOf(api);
  const byOperation = new Map(tools.filter((tool) => !isDerived(tool)).map((tool) => [tool.operation.id, tool]));
  const made = input.decisions.flatMap((decision): ManifestOperation[] => {
    const tool = byOperation.get(decision.operation.id);
    return tool === undefined ? [] : [madeOperation(decision, tool)];
  });
  const operations = [...made, ...input.skipped.map(skippedOperation)];
  operations.sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  return {
    spec: {
      title: api.title,
      version: api.version,
      openapi: loaded.version,
      sha256: loaded.sha256,
      configuration: createHash("sha256")
        .update(canonicalJson(config as Json))
        .digest("hex"),
    },
    counts: countsOf(api, tools, operations, input.skipped),
    operations,
    derived: tools.filter(isDerived).map(({ name, operation }) => ({ tool: name, from: operation.id })),
    loosened: [...input.loosened].sort((a, b) => compare(a.at, b.at) || compare(a.what, b.what)),
  };
}

/** Every Tool of the Api, by name. */
export function toolsOf(api: Api): ToolSpec[] {
  const tools = api.resources.flatMap(({ tools: crud, actions }) => [
    ...Object.values(crud),
    ...Object.values(actions),
  ]);
  return tools.sort((a, b) => compare(a.name, b.name));
}

function isDerived({ kind, count }: ToolSpec): boolean {
  return kind === "count" && count?.from === "list";
}

function madeOperation(
  { operation, resource, kind, effect, evidence, confidence, conflict }: Decision,
  tool: ToolSpec,
): ManifestOperation {
  return {
    method: operation.method,
    path: operation.path,
    ...(operation.operationId !== undefined && { operationId: operation.operationId }),
    resource,
    kind,
    effect,
    tool: tool.name,
    evidence: evidence.map(({ because }) => because),
    confidence,
    ...(conflict !== undefined && { warning: conflict.because }),
  };
}

function skippedOperation({ operation, reason }: Skipped): ManifestOperation {
  return {
    method: operation.method,
    path: operation.path,
    ...(operation.operationId !== undefined && { operationId: operation.operationId }),
    skipped: reason,
  };
}

function countsOf(
  api: Api,
  tools: readonly ToolSpec[],
  operations: readonly ManifestOperation[],
  skipped: readonly Skipped[],
): Record<string, number> {
  const kinds = ["list", "count", "get", "create", "update", "delete", "action"] as const;
  return {
    operations: operations.length,
    resources: api.resources.length,
    tools: tools.length,
    ...Object.fromEntries(kinds.map((kind) => [kind, tools.filter((tool) => tool.kind === kind).length])),
    derived: tools.filter(isDerived).length,
    skipped: skipped.length,
  };
}
