import type { Api, Effect, OperationKind, ResourceType, Schema, ToolSpec } from "../descriptor.ts";

/** MCP tool annotations; always all five, so that no client has to assume. */
export interface ToolAnnotations {
  readonly title: string;
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** What a client sees of a Tool in `tools/list`. */
export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Schema & { readonly type: "object" };
  readonly outputSchema?: Schema & { readonly type: "object" };
  readonly annotations: ToolAnnotations;
}

/** Where a Tool of the Spec comes from. */
export interface ToolOrigin {
  readonly api: Api;
  readonly resource: ResourceType;
  readonly spec: ToolSpec;
}

/** One entry of the Catalog. Immutable. */
export interface Tool {
  readonly name: string;
  readonly aliases: readonly string[];
  /** Name of the ResourceType. */
  readonly resource: string;
  readonly kind: OperationKind;
  readonly effect: Effect;
  readonly definition: ToolDefinition;
  /** Whoever is known may use it: it asks for no scope, and no bound argument holds it back. */
  readonly isOpen?: true;
  /** The described Operation behind it; a Tool written by hand has `run` instead (see `src/calls/call.ts`). */
  readonly origin?: ToolOrigin;
}
