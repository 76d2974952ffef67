import type { Answer, LogLevel, Notification, Question } from "../calls/call.ts";
import type { Era, Principal, Surface } from "../surfaces/surface.ts";
import type { ObserveOperation } from "../telemetry/metrics.ts";
import type { ListenFilter } from "./changes.ts";

export type { LogLevel } from "../calls/call.ts";
export type { Era, Principal, Surface } from "../surfaces/surface.ts";

/** What a client says of itself. */
export interface Client {
  readonly name: string;
  readonly version?: string;
}

/** What `initialize` opens a session with. */
export interface Opening {
  /** The negotiated version. */
  readonly version: string;
  readonly client: Client;
  readonly capabilities: Readonly<Record<string, unknown>>;
}

/** What a method may know and remember of its session. */
export interface ContextSession {
  readonly read: () => { readonly logLevel: LogLevel | null };
  readonly remember: (patch: { readonly logLevel?: LogLevel }) => Promise<void>;
  /** False when the session has too many already. */
  readonly subscribe: (uri: string) => Promise<boolean>;
  readonly unsubscribe: (uri: string) => Promise<void>;
}

/** The questions that a stateless request must answer before it can go on. */
export interface PendingInput {
  readonly inputRequests: Readonly<Record<string, { readonly method: string; readonly params: object }>>;
  readonly requestState: string;
}

/**
 * What a method knows of the request it serves. Made anew for each; knows nothing of HTTP or of a store. The framings
 * (`src/http/mcp`, `src/stdio.ts`) supply the functions.
 */
export interface McpContext {
  readonly principal: Principal;
  readonly era: Era;
  /** Negotiated (session era) or declared (stateless era). */
  readonly version: string;
  readonly client: Client | null;
  /** See `Call.network`. */
  readonly network?: string;
  /** Hash of the session id. Session era, where sessions are kept. */
  readonly sessionHash?: string;
  /** Capabilities the client declared. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly surface: Surface;
  /** Ours, unique; in errors, logs and audit. */
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly notify: (notification: Notification) => void;
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  /** Session era only, where sessions are kept. */
  readonly session?: ContextSession;
  /** Session era, `initialize` only: stores the session. Absent where none are kept. */
  readonly openSession?: (opening: Opening) => Promise<void>;
  /** Stateless era only: what `ask` needs from the client, after it threw. */
  readonly pendingInput?: () => PendingInput | null;
  /** Stateless era only: streams the changes of the filter until the stream ends; resolves to the `_meta` of its result. */
  readonly listen?: (honoured: ListenFilter) => Promise<Readonly<Record<string, unknown>>>;
  /** Takes what the request took and came to. Absent: nothing is measured. */
  readonly observe?: ObserveOperation;
}

/** What a method answers: a value to serialise, or the `result` serialised already, which costs nothing more. */
export type MethodResult =
  | { readonly value: Readonly<Record<string, unknown>> }
  /** `isError`: the text says that the tool failed. */
  | { readonly text: string; readonly isError?: true }
  | { readonly bytes: Buffer };

/** One MCP method. Throws GatewayError. */
export type Method = (context: McpContext, params: Readonly<Record<string, unknown>>) => Promise<MethodResult>;
