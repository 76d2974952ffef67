import { createHash } from "node:crypto";
import type { Api, OperationKind, ResourceType } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { kinds } from "../operations/kinds.ts";
import { timeHint } from "../operations/window.ts";
import type { Tool, ToolDefinition, ToolOrigin } from "./tool.ts";

/** Immutable index of every Tool. Built once; a request only looks things up in it. */
export interface Catalog {
  /** Sorted by name. */
  readonly tools: readonly Tool[];
  /** The Tool of that name or alias. */
  readonly find: (name: string) => Tool | undefined;
  /** SHA-256 of all definitions, hex: changes exactly when what clients see changes. */
  readonly hash: string;
}

/**
 * The Catalog of `api` and of Tools written by hand. Definitions are built on first use and kept.
 * Throws `invalid_request` when two Tools share a name or alias: which of them a client meant could not be told.
 */
export function createCatalog(api: Api, extra: readonly Tool[] = []): Catalog {
  const tools = [...api.resources.flatMap((resource) => describedTools(api, resource)), ...extra].sort(byName);
  const index = indexByName(tools);
  let hash: string | undefined;
  return {
    tools,
    find: (name) => index.get(name),
    get hash() {
      hash ??= digest(tools);
      return hash;
    },
  };
}

function byName(a: Tool, b: Tool): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function indexByName(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  const index = new Map<string, Tool>();
  for (const tool of tools) {
    for (const name of [tool.name, ...tool.aliases]) {
      const other = index.get(name);
      if (other !== undefined) throw duplicate(name, other, tool);
      index.set(name, tool);
    }
  }
  return index;
}

function duplicate(name: string, first: Tool, second: Tool): GatewayError {
  const from = (tool: Tool): string => tool.origin?.spec.operation.id ?? `${tool.name}, written by hand`;
  return new GatewayError("invalid_request", `two tools are called ${name}: ${from(first)} and ${from(second)}`, {
    next: "Rename one of them in gateway.yaml (codegen.operations.<id>.tool).",
  });
}

function describedTools(api: Api, resource: ResourceType): readonly Tool[] {
  const specs = [...Object.values(resource.tools), ...Object.values(resource.actions)];
  return specs.map((spec) => describedTool({ api, resource, spec }));
}

/** The Tool of one described Operation. Its definition is built on first use and kept. */
export function describedTool(origin: ToolOrigin): Tool {
  const { resource, spec } = origin;
  let definition: ToolDefinition | undefined;
  return {
    name: spec.name,
    aliases: spec.aliases ?? [],
    resource: resource.name,
    kind: spec.kind,
    effect: spec.effect,
    origin,
    get definition() {
      definition ??= define(origin);
      return definition;
    },
  };
}

function define(origin: ToolOrigin): ToolDefinition {
  const kind = kinds[origin.spec.kind satisfies OperationKind];
  const annotations = kind.annotations(origin);
  return {
    name: origin.spec.name,
    title: annotations.title,
    description: descriptionOf(origin),
    inputSchema: kind.inputSchema(origin),
    outputSchema: kind.outputSchema(origin),
    annotations,
  };
}

function descriptionOf(origin: ToolOrigin): string {
  const { description, notes = [], deprecated, name, kind } = origin.spec;
  const times = kind === "list" ? timeHint(origin) : "";
  const sentences = [description, times, ...notes, ...(deprecated ? ["Deprecated: may be removed."] : [])];
  return sentences.filter((text) => text !== "").join(" ") || name;
}

function digest(tools: readonly Tool[]): string {
  const hash = createHash("sha256");
  for (const tool of tools) hash.update(JSON.stringify(tool.definition)).update("\n");
  return hash.digest("hex");
}
