import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";

/** The result object of a Tool: its `structuredContent`. */
export type Output = Readonly<Record<string, unknown>>;

/** Validated arguments of a Tool, by name. */
export type Arguments = Readonly<Record<string, unknown>>;

/**
 * The exchange of one Call with its Upstream: yields requests, receives answers, returns the Output. Pure: whoever drives
 * it does the sending, the deadline and the step cap. A refused request is thrown into it as a GatewayError.
 */
export type Steps = Generator<UpstreamRequest, Output, UpstreamResponse>;

/** What steps need to know beside the Tool and its arguments. */
export interface StepContext {
  /** Cursors are bound to it. */
  readonly principalId: string;
  /** Signs a cursor. */
  readonly sign: (text: string) => string;
  readonly verifies: (text: string, signature: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Result budget, bytes of JSON text. */
  readonly resultBytes: number;
  /** Pages that a derived Count walks at most. */
  readonly countPages: number;
}

/** A JSON Schema with an object root. */
export type ObjectSchema = Schema & {
  readonly type: "object";
  readonly $defs?: { readonly [name: string]: Schema };
};

/** What one OperationKind means. Each file `list.ts` … `action.ts` exports these four. */
export interface KindRules {
  readonly inputSchema: (origin: ToolOrigin) => ObjectSchema;
  /** Exact about our envelope, open about the API's data, so that a drifted answer stays valid for the client. */
  readonly outputSchema: (origin: ToolOrigin) => ObjectSchema;
  readonly annotations: (origin: ToolOrigin) => ToolAnnotations;
  readonly steps: (origin: ToolOrigin, args: Arguments, context: StepContext) => Steps;
}
