import { GatewayError } from "../../errors.ts";
import { shown } from "../../mcp/params.ts";
import { rpc, sessionVersions } from "../../mcp/versions.ts";
import type { SessionState } from "../../session/port.ts";
import { accepts, type Exchange, header } from "./exchange.ts";

/** Has no header of its own: the version of a request that names none. */
const unnamedVersion = "2025-03-26";

/** A session that the request's principal owns. */
export interface LiveSession {
  readonly id: string;
  readonly state: SessionState;
}

/** What a POST of the session era is served with. */
export type PostSession = LiveSession &
  (
    | { readonly store: "there" }
    /** The store does not answer, `error` says so: nothing can be kept, and the client is taken for one without capabilities. */
    | { readonly store: "away"; readonly error: GatewayError }
    /** The Surface keeps no sessions. */
    | { readonly store: "none" }
  );

/** Marks an answer that was given without the session store (reliability.md §4). */
export const degraded = { "x-gateway-degraded": "session-store" } as const;

/**
 * The session of a POST as {@link liveSession} finds it. While the store is away it is known by its MAC alone: nothing is
 * lost by going on, for a session carries no authority. A Surface without sessions ignores whatever id is sent.
 */
export async function postSession(exchange: Exchange): Promise<PostSession> {
  if (exchange.surface.sessions === "off") return { id: "", state: bareState(exchange), store: "none" };
  try {
    return { ...(await liveSession(exchange)), store: "there" };
  } catch (thrown) {
    if (!isAway(thrown)) throw thrown;
    const id = header(exchange.req, "mcp-session-id") ?? ""; // there and ours: the store was asked for it
    return { id, state: bareState(exchange), store: "away", error: thrown };
  }
}

/** Whether something failed because the store does not answer. */
export function isAway(thrown: unknown): thrown is GatewayError {
  return thrown instanceof GatewayError && thrown.code === "store_unavailable";
}

/** What is known of a session whose record nobody has: what the request says. */
function bareState({ req }: Exchange): SessionState {
  const version = header(req, "mcp-protocol-version")?.trim() ?? unnamedVersion;
  return { version, client: null, capabilities: {}, initialized: true, logLevel: null, subscriptions: [] };
}

/**
 * The session of a request, its life moved on. Throws 400 / -32000 when there is no id, and 404 / -32001 in the same words
 * for an id that is unknown, forged, over, or another principal's. A bad MAC is refused without asking the store.
 */
export async function liveSession({ req, principal, parts }: Exchange): Promise<LiveSession> {
  const id = header(req, "mcp-session-id");
  if (id === undefined || id === "") {
    throw refuse(
      400,
      rpc.refused,
      "the header Mcp-Session-Id is missing; send initialize first, and then the id it answered with",
    );
  }
  const hash = parts.sessionIds.ownerOf(id, principal, parts.now());
  if (hash === null) throw unknownSession();
  const state = await parts.sessions.touch(id, hash);
  if (state === null) throw unknownSession();
  return { id, state };
}

/** Throws 406 unless the client takes both a JSON answer and a stream. */
export function assertAccepts({ req }: Exchange): void {
  if (accepts(req, "application/json") && accepts(req, "text/event-stream")) return;
  throw refuse(406, rpc.refused, "Accept must list both application/json and text/event-stream");
}

/** Throws 400 for a version we do not serve. None at all means 2025-03-26, which has no such header. */
export function assertVersion({ req }: Exchange): void {
  const version = header(req, "mcp-protocol-version")?.trim();
  if (version === undefined || sessionVersions.includes(version)) return;
  throw refuse(
    400,
    rpc.refused,
    `Unsupported protocol version: ${shown(version)} (supported: ${sessionVersions.join(", ")})`,
  );
}

/** The one answer for every id that is not this principal's live session. */
export function unknownSession(): GatewayError {
  return refuse(404, rpc.sessionNotFound, "Session not found; initialize again");
}

/** An error of the exchange with its HTTP status and JSON-RPC code. */
export function refuse(status: number, rpcCode: number, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { status, rpcCode });
}
