import type { Tool } from "../../catalog/tool.ts";

/** Control arguments of safeguards. Codegen keeps their names free (codegen/describe/args.ts). */
export const notifyArg = "notify";
export const tokenArg = "confirmation_token";
export const dryRunArg = "dry_run";

/** What the safeguards of one Surface ask of one Tool. */
export interface Guards {
  /** `notify` is required; `never` says why the API alerts nobody, so that true is refused. */
  readonly notify?: { readonly alerts: string; readonly never?: string };
  readonly lookups: readonly LookupGuard[];
  /** It needs the user's yes. */
  readonly confirm: boolean;
  /** It takes `dry_run`. */
  readonly dryRun: boolean;
  /** Its answers show ids that others ask for. */
  readonly shows?: Showing;
  /** The noun's Get, to tell a user what a Call is about. */
  readonly reader?: Tool;
}

/** Arguments whose ids the caller must have been shown. */
export interface LookupGuard {
  readonly args: readonly string[];
  /** Tools that show them. */
  readonly tools: readonly Tool[];
  readonly minutes: number;
  /** Reads one instance by its id, for when nobody knows what was shown. */
  readonly reader?: Tool;
}

/** Which ids of an answer are remembered. */
export interface Showing {
  /** Names of the id in an item. */
  readonly fields: readonly string[];
  readonly keepMinutes: number;
}

/** A Tool as a Surface with safeguards offers it. */
export interface GuardedTool extends Tool {
  readonly guards: Guards;
}

/** The Guards of a Tool; undefined where no safeguard is about it. */
export function guardsOf(tool: Tool): Guards | undefined {
  return "guards" in tool ? (tool as GuardedTool).guards : undefined; // only guardedTool gives a Tool `guards`
}
