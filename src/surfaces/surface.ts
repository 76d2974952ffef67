import type { Call, Next } from "../calls/call.ts";
import type { Tool } from "../catalog/tool.ts";
import type { SurfacePrompts } from "./prompts/prompts.ts";
import type { SurfaceResources } from "./resources/resources.ts";

export { exactOutput } from "../catalog/exactOutput.ts";
export type { Tool } from "../catalog/tool.ts";

/** Who is calling; see `src/auth/principal.ts`. */
export type Principal = Call["principal"];

/** Which protocol era an answer is for: 2026-07-28, or the versions that have sessions. */
export type Era = "stateless" | "session";

/** Decides whether `principal` may see and use `tool`. The one function for lists and calls (security.md §1.2). */
export type Permits = (principal: Principal, tool: Tool) => boolean;

/** One page of `tools/list`: the whole JSON-RPC `result`, serialised as UTF-8. Shared between requests: never write to it. */
export type PreparedPage = Buffer;

/** What `initialize` and `server/discover` say of the server. */
export interface ServerInfo {
  readonly name: string;
  readonly title?: string;
  readonly version: string;
}

/** What a Surface is to OAuth clients. */
export interface SurfaceOAuth {
  /** Its own URL: what access tokens must be for. */
  readonly resource: string;
  /** The RFC 9728 document about it. */
  readonly metadataUrl: string;
  /** What to ask for at first. */
  readonly scopes: readonly string[];
  /** What the authorization server calls a scope of ours. Default: the same. */
  readonly nameOf?: (scope: string) => string;
}

/** A named view of the Catalog, served at a path or on stdio. Holds nothing of any client. */
export interface Surface {
  readonly name: string;
  /** `/mcp`. */
  readonly path: string;
  readonly serverInfo: ServerInfo;
  readonly instructions?: string;
  /** `off`: session-era clients get no session id, and nothing of them is kept. Default `on`. */
  readonly sessions?: "on" | "off";
  /** Where OAuth clients learn how to get in. Absent: keys alone. Its URLs are known once the server listens. */
  readonly oauth?: SurfaceOAuth | undefined;
  /** Most of a request body here, where it is not the process's: bytes, levels, tokens of JSON. */
  readonly body?: { readonly bytes: number; readonly depth: number; readonly tokens: number };
  /** Every Tool of the view, whoever calls, by name. */
  readonly tools: readonly Tool[];
  /** The Tools that `principal` may see and use, by name. */
  readonly visibleTools: (principal: Principal) => readonly Tool[];
  /**
   * One page of `tools/list`, prepared once per set of visible Tools. Throws `invalid_arguments` for a cursor that is
   * not one of ours.
   */
  readonly listTools: (principal: Principal, cursor: string | undefined, era: Era) => PreparedPage;
  /** The Tool of that name or alias if `principal` may use it. A hidden Tool and an unknown one are both undefined. */
  readonly findTool: (principal: Principal, name: string) => Tool | undefined;
  /** Runs a Call through every interceptor. */
  readonly run: Next;
  /** Absent: it has none, and none of their methods. */
  readonly resources?: SurfaceResources;
  readonly prompts?: SurfacePrompts;
}
