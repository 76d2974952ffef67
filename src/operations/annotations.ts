import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { ToolSpec } from "../descriptor.ts";

/**
 * MCP annotations, derived from the Effect alone so that they cannot disagree with scopes and retries.
 * `openWorldHint` is false: a Tool reaches one API, not the open world. All five are given, since clients assume the worst of
 * an absent one.
 */
export function annotationsOf({ spec }: ToolOrigin, title: string): ToolAnnotations {
  return {
    title: spec.title ?? title,
    readOnlyHint: spec.effect === "read",
    destructiveHint: spec.effect === "destroy",
    idempotentHint: isIdempotent(spec),
    openWorldHint: false,
  };
}

/** Whether doing it twice is the same as doing it once. A read always is; else what the Spec says; else by kind. */
export function isIdempotent({ effect, idempotent, kind }: ToolSpec): boolean {
  return effect === "read" || (idempotent ?? (kind === "update" || kind === "delete"));
}

/** `StatusPages` → `Status Pages`. */
export function spaced(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2");
}

/** `acknowledge_incident` → `Acknowledge incident`. */
export function sentenceCase(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
