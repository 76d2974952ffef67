import type { Principal } from "../auth/principal.ts";
import type { Tool } from "../catalog/tool.ts";
import type { Trail } from "./trail.ts";

/** Arguments of a Tool, by name. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A message to the client while its Call runs. The framing adds progress tokens and drops what the client did not ask for. */
export type Notification =
  | { readonly type: "progress"; readonly progress: number; readonly total?: number; readonly message?: string }
  | { readonly type: "log"; readonly level: LogLevel; readonly logger?: string; readonly data: unknown };

/** RFC 5424 severities, as MCP's `logging/setLevel` names them. */
export type LogLevel = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/** A question to the person behind the client: an MCP elicitation, sampling or roots request. */
export interface Question {
  /** Names the question within its Call, so that a repeated Call finds its answer. */
  readonly key: string;
  readonly method: "elicitation/create" | "sampling/createMessage" | "roots/list";
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * An answer counts even if the client sends it unasked with its first request: input, without the weight of a
   * confirmation. Default: it counts only when the signed state of the request shows that it was asked. Stateless era.
   */
  readonly unasked?: true;
}

/** What the client answered: the raw result of the request. */
export type Answer = Readonly<Record<string, unknown>>;

/** One `tools/call` being served. */
export interface Call {
  readonly tool: Tool;
  readonly args: Arguments;
  readonly principal: Principal;
  /** The Tool and the arguments as the client knows them, where the Surface has names of its own. */
  readonly given?: { readonly tool: Tool; readonly args: Arguments };
  /** Name of the Surface it came through. */
  readonly surface: string;
  /** Unique per request; in logs, errors and audit. */
  readonly requestId: string;
  readonly client?: { readonly name: string; readonly version?: string };
  /** The network it came from: an address, or an IPv6 /64. Absent on stdio, and where a local proxy stands before it. */
  readonly network?: string;
  /** Capabilities the client declared: `{ elicitation: {…} }`. Absent where there is no client to ask. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** Aborts when the caller is gone or cancels. */
  readonly signal: AbortSignal;
  readonly notify: (notification: Notification) => void;
  /** False when the client did not ask for progress: then it need not be told, and what is told is dropped. */
  readonly wantsProgress?: boolean;
  /**
   * Asks the client and resolves with its answer. Throws `confirmation_required` when the client did not declare the
   * capability. In the stateless era the first asking ends the request and the retried Call runs again from the top, so
   * nothing with an effect may stand before it. Several questions are asked in one round.
   */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  /** Hash of the id of its session; absent where there is none. */
  readonly session?: string;
  /** What its record in the audit log gathers; absent where it leaves none. */
  readonly trail?: Trail;
  /** How its user agreed to it, once the safeguard has asked; absent where nobody was asked. */
  readonly confirmation?: Confirmation;
}

/** `elicitation`: in a form of the client; `token`: by a second call with the one-time token of the first. */
export interface Confirmation {
  readonly by: "elicitation" | "token";
}

/** One block of an MCP tool result's `content`. */
export type ContentBlock = Readonly<Record<string, unknown>> & { readonly type: string };

/** What a Call came to. The MCP result is made from it in `src/mcp/result.ts`. */
export interface Outcome {
  /** The result object of a described Tool; its compact JSON is the text block. */
  readonly structured?: Readonly<Record<string, unknown>>;
  /** Blocks of their own, for Tools written by hand and binary answers. */
  readonly content?: readonly ContentBlock[];
  readonly isError?: boolean;
  /** It shows what would be sent; nothing was. */
  readonly isDryRun?: true;
}

export type Next = (call: Call) => Promise<Outcome>;

/** Wraps a Call. The first interceptor of a list is the outermost: it sees the Call first and the Outcome last. */
export type Interceptor = (next: Next) => Next;

/** `next` inside all `interceptors`. */
export function applyInterceptors(interceptors: readonly Interceptor[], next: Next): Next {
  return interceptors.reduceRight((inner, wrap) => wrap(inner), next);
}

/** A Tool written by hand: a fixture, or what a product adds beside its Spec. Validated and authorised like any other. */
export interface HandTool extends Tool {
  readonly run: Next;
}
