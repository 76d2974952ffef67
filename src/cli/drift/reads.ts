import type { Tool, ToolOrigin } from "../../catalog/tool.ts";
import { fieldChoice } from "../../operations/fields.ts";
import { offeredParams } from "../../operations/schemas.ts";

/** Values of the path placeholders of an Operation, in their order. */
export type PathValues = readonly (string | number)[];

/** The ids that answers have shown so far, each with those of what it lies in. */
export interface KnownIds {
  /** The instances that a List answered. */
  readonly learn: (origin: ToolOrigin, inside: PathValues, items: readonly unknown[]) => void;
  /** Values with which the Operation can be called; `[[]]` for one without placeholders, empty where none are known. */
  readonly valuesFor: (origin: ToolOrigin) => readonly PathValues[];
}

/** Instances kept of one List: drift shows in the first ones or hides for good. */
const maxInstances = 3;

/**
 * {@link KnownIds}. A Get is served by its own List, anything else by the List at the path before its last placeholder
 * (`/monitors/{id}/checks` by `/monitors`), else by that of the noun its placeholder names (`monitorId`).
 */
export function createKnownIds(): KnownIds {
  const byNoun = new Map<string, PathValues[]>();
  const byPath = new Map<string, PathValues[]>();
  return {
    learn: ({ resource, spec }, inside, items) => {
      const ids = items.flatMap((item) => idIn(item, resource.ids ?? []) ?? []).slice(0, maxInstances);
      const values = ids.map((id) => [...inside, id]);
      for (const [map, key] of [
        [byNoun, resource.name.toLowerCase()],
        [byPath, unnamed(spec.operation.path)],
      ] as const)
        map.set(key, [...(map.get(key) ?? []), ...values].slice(0, maxInstances));
    },
    valuesFor: ({ resource, spec }) => {
      const { path } = spec.operation;
      const names = placeholders(path);
      if (names.length === 0) return [[]];
      const fits = (found: readonly PathValues[] | undefined): readonly PathValues[] =>
        (found ?? []).filter((values) => values.length === names.length);
      const own = spec.kind === "get" ? fits(byNoun.get(resource.name.toLowerCase())) : [];
      if (own.length > 0) return own;
      const before = fits(byPath.get(unnamed(path.slice(0, path.lastIndexOf("/{")))));
      return before.length > 0 ? before : fits(byNoun.get(nounIn(names.at(-1) ?? "")));
    },
  };
}

function idIn(item: unknown, names: readonly string[]): string | number | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const found = [...names.slice(-1), "id", "_id"].map((name) => (item as Readonly<Record<string, unknown>>)[name]);
  return found.find((id) => (typeof id === "string" && id !== "") || typeof id === "number") as
    | string
    | number
    | undefined;
}

function placeholders(path: string): readonly string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = ""]) => name);
}

function unnamed(path: string): string {
  return path.replace(/\{[^}]*\}/g, "{}").replace(/\/$/, "");
}

/** `monitorId`, `monitor_id` → `monitor`. */
function nounIn(placeholder: string): string {
  return placeholder
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/id$/, "");
}

/** Lists and Gets in the order in which one yields the ids of the next: by placeholders, Lists first. */
export function readsOf(tools: readonly Tool[]): readonly (Tool & { readonly origin: ToolOrigin })[] {
  const depth = ({ origin }: { readonly origin: ToolOrigin }): number =>
    placeholders(origin.spec.operation.path).length;
  return tools
    .filter((tool): tool is Tool & { readonly origin: ToolOrigin } => tool.origin !== undefined && isRead(tool))
    .sort((a, b) => depth(a) - depth(b) || Number(a.kind === "get") - Number(b.kind === "get"));
}

function isRead({ kind, effect }: Tool): boolean {
  return effect === "read" && (kind === "list" || kind === "get");
}

/** Arguments for a read: path values, every field that is not secret, and what else is required where the Spec names a value. */
export type ReadArguments =
  | { readonly args: Readonly<Record<string, unknown>> }
  /** A required argument for which the Spec names no value. */
  | { readonly needs: string };

export function argumentsOf(
  tool: Tool & { readonly origin: ToolOrigin },
  values: PathValues,
  limit: number,
): ReadArguments {
  const { origin, definition } = tool;
  const { path } = origin.spec.operation;
  const inPath = offeredParams(origin.spec).filter((param) => param.in === "path");
  const args: Record<string, unknown> = {};
  for (const [at, name] of placeholders(path).entries()) {
    const param = inPath.find((one) => one.name === name.replace(/=.*$/, ""));
    if (param !== undefined) args[param.arg] = values[at];
  }
  for (const name of definition.inputSchema.required ?? []) {
    if (args[name] !== undefined) continue;
    const { enum: choices, default: usual } = definition.inputSchema.properties?.[name] ?? {};
    const value = usual ?? choices?.[0];
    if (value === undefined) return { needs: name };
    args[name] = value;
  }
  const fields = fieldChoice(origin).names.filter((name) => origin.resource.fields[name]?.secret !== true);
  return {
    args: {
      ...args,
      ...(tool.kind === "list" && { limit: Math.min(limit, maximumOf(tool)) }),
      ...(fields.length > 0 && { fields }),
    },
  };
}

function maximumOf({ definition }: Tool): number {
  return definition.inputSchema.properties?.limit?.maximum ?? 1;
}
