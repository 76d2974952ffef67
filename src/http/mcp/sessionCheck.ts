import { GatewayError } from "../../errors.ts";
import { shown } from "../../mcp/params.ts";
import { rpc, sessionVersions } from "../../mcp/versions.ts";
import type { SessionState } from "../../session/port.ts";
import { accepts, type Exchange, header } from "./exchange.ts";

/** A session that the request's principal owns. */
export interface LiveSession {
  readonly id: string;
  readonly state: SessionState;
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
