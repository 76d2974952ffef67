import { hash } from "node:crypto";
import { GatewayError } from "../../errors.ts";
import type { ContextSession, McpContext } from "../../mcp/context.ts";
import { createNotify, progressTokenOf } from "../../mcp/notify.ts";
import type { SessionState } from "../../session/port.ts";
import { createSessionAsk } from "./askSession.ts";
import type { Exchange } from "./exchange.ts";
import type { RpcRequest } from "./message.ts";
import type { PostSession } from "./sessionCheck.ts";

/** What a request runs with. */
export interface Running {
  readonly signal: AbortSignal;
  /** Sends a message ahead of the answer; null where the answer cannot be a stream. */
  readonly send: ((message: string) => Promise<void>) | null;
}

/** What the method of a session-era request knows of it. */
export function contextOf(exchange: Exchange, session: PostSession, message: RpcRequest, running: Running): McpContext {
  const { signal, send } = running;
  const { state, store } = session;
  return {
    ...baseOf(exchange, state),
    signal,
    notify:
      send === null
        ? () => undefined
        : createNotify({
            progressToken: progressTokenOf(message.params),
            // A Surface without sessions does not declare logs: nobody could say which ones they want.
            logLevel: store === "none" ? null : (state.logLevel ?? "info"),
            send: (text) => void send(text).catch(() => undefined),
          }),
    ask: askOf(exchange, session, running),
    ...(store === "none"
      ? {}
      : { session: contextSession(exchange, session), sessionHash: hash("sha256", session.id, "base64url") }),
  };
}

function askOf({ parts, place }: Exchange, session: PostSession, { signal, send }: Running): McpContext["ask"] {
  if (send === null) return refuseToAsk("a request of a batch cannot ask; send it alone");
  if (session.store === "none") return refuseToAsk("this endpoint keeps no sessions, so it cannot ask the user");
  if (session.store === "away") {
    const { error } = session;
    return async () => {
      throw error;
    };
  }
  const { id: sessionId, state } = session;
  const { sessions } = parts;
  return createSessionAsk({ sessions, sessionId, capabilities: state.capabilities, signal, send, aside: place.aside });
}

function refuseToAsk(why: string): McpContext["ask"] {
  return async () => {
    throw new GatewayError("confirmation_required", why);
  };
}

/** Resources that one session may be told of. */
const maxSubscriptions = 50;

function contextSession({ parts }: Exchange, session: PostSession): ContextSession {
  const { sessions } = parts;
  let current = session.state;
  return {
    read: () => current,
    remember: async (patch) => {
      if (session.store === "away") throw session.error;
      current = { ...current, ...patch };
      await sessions.remember(session.id, patch);
    },
    subscribe: async (uri) => {
      if (session.store === "away") throw session.error;
      const taken = await sessions.subscribe(session.id, uri, maxSubscriptions);
      await sessions.publish(session.id, { type: "subscriptions" });
      return taken;
    },
    unsubscribe: async (uri) => {
      if (session.store === "away") throw session.error;
      await sessions.unsubscribe(session.id, uri);
      await sessions.publish(session.id, { type: "subscriptions" });
    },
  };
}

type ClientFacts = Pick<SessionState, "version" | "client" | "capabilities">;

/** What follows from the request alone, and what the client said of itself. */
export function baseOf(
  { principal, surface, requestId, network, parts: { observe } }: Exchange,
  { version, client, capabilities }: ClientFacts,
): Omit<McpContext, "signal" | "notify" | "ask"> {
  const facts = { principal, era: "session", version, client, capabilities, surface, requestId } as const;
  return { ...facts, ...(network !== undefined && { network }), ...(observe !== undefined && { observe }) };
}
