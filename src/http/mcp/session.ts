import { anonymous } from "../../auth/authenticate.ts";
import { GatewayError } from "../../errors.ts";
import type { McpContext } from "../../mcp/context.ts";
import { dispatch } from "../../mcp/dispatch.ts";
import { rpcErrorOf, statusOfRpcError } from "../../mcp/errors.ts";
import { createNotify, progressTokenOf } from "../../mcp/notify.ts";
import { rpc } from "../../mcp/versions.ts";
import type { StopSignal } from "../../session/port.ts";
import { createSessionAsk } from "./askSession.ts";
import { type Exchange, header, logFault } from "./exchange.ts";
import type { RpcMessage, RpcRequest } from "./message.ts";
import { createRecordedStream } from "./recordedStream.ts";
import { type Answer, answerText, errorAnswer, resultAnswer, sendError, sendJson } from "./reply.ts";
import { assertAccepts, assertVersion, type LiveSession, liveSession, refuse } from "./sessionCheck.ts";

/** Versions from this one on know empty first events of a stream. */
const primingVersion = "2025-11-25";
/** Sessions of all callers without a key, where none is required: they are one principal, and must not end each other's. */
const anonymousSessions = 5_000;
/** The last version with batches. */
const batchVersion = "2025-03-26";

/**
 * A session-era POST of one message (protocol.md §2.3). Everything of the session is in the store; the process keeps nothing
 * between two requests.
 */
export async function serveSession(exchange: Exchange, message: RpcMessage): Promise<void> {
  assertAccepts(exchange);
  assertVersion(exchange);
  if (message.kind === "request" && message.method === "initialize") return serveInitialize(exchange, message);
  const session = await liveSession(exchange);
  if (message.kind === "request") return serveRequest(exchange, session, message);
  await take(exchange, session, message);
  exchange.res.writeHead(202, exchange.headers).end();
}

/** A session-era POST of several messages: answered in sequence, as one JSON array. */
export async function serveBatch(exchange: Exchange, batch: readonly RpcMessage[]): Promise<void> {
  const { res, headers } = exchange;
  assertAccepts(exchange);
  if (header(exchange.req, "mcp-protocol-version")?.trim() !== undefined)
    assertBatchVersion(header(exchange.req, "mcp-protocol-version") as string);
  const session = await liveSession(exchange);
  assertBatchVersion(session.state.version);
  if (batch.some((message) => message.kind === "request" && message.method === "initialize")) {
    throw refuse(400, rpc.invalidRequest, "initialize must not be part of a batch");
  }
  const answers: string[] = [];
  for (const message of batch) {
    if (message.kind === "request") answers.push(answerText(await answerInBatch(exchange, session, message)));
    else await take(exchange, session, message);
  }
  if (answers.length === 0) res.writeHead(202, headers).end();
  else sendJson(res, 200, headers, [`[${answers.join(",")}]`]);
}

function assertBatchVersion(version: string): void {
  if (version.trim() === batchVersion) return;
  throw refuse(400, rpc.invalidRequest, `batches exist only in protocol version ${batchVersion}`);
}

/** Opens a session. An id that the client offers is ignored, unless it is a live one: a session is initialised once. */
async function serveInitialize(exchange: Exchange, message: RpcRequest): Promise<void> {
  const { req, res, headers, principal, parts } = exchange;
  if (header(req, "mcp-session-id") !== undefined && (await isLive(exchange))) {
    throw refuse(400, rpc.invalidRequest, "the session is initialized already");
  }
  const hash = parts.sessionIds.principalHash(principal);
  const id = parts.sessionIds.mint(hash, parts.now());
  const context: McpContext = {
    ...baseOf(exchange, { version: "", client: null, capabilities: {} }),
    signal: neverAborts,
    notify: () => undefined,
    ask: async () => {
      throw new GatewayError("confirmation_required", "initialize asks nothing");
    },
    openSession: (opening) => {
      const state = { ...opening, initialized: false, logLevel: null, subscriptions: [] };
      return parts.sessions.create(id, hash, state, principal.id === anonymous.id ? anonymousSessions : undefined);
    },
  };
  try {
    const result = await dispatch(context, message.method, message.params);
    sendJson(res, 200, { ...headers, "mcp-session-id": id }, resultAnswer(message.id, result));
  } catch (thrown) {
    failMethod(exchange, message.id, GatewayError.from(thrown));
  }
}

/** The answer to a request whose method failed before anything of it was sent. */
function failMethod(exchange: Exchange, id: string | number, error: GatewayError): void {
  const { res, headers, surface, requestId } = exchange;
  logFault(exchange, error);
  const status = statusOfRpcError(error, "session");
  sendError(res, headers, { error, id, status, realm: surface.serverInfo.name, requestId });
}

const neverAborts = new AbortController().signal;

async function isLive(exchange: Exchange): Promise<boolean> {
  try {
    await liveSession(exchange);
    return true;
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === "invalid_request") return false;
    throw thrown;
  }
}

/**
 * One request. The client's leaving does not end it: its messages are stored, and only `notifications/cancelled` or the end
 * of the session aborts it.
 */
async function serveRequest(exchange: Exchange, session: LiveSession, message: RpcRequest): Promise<void> {
  const { res, headers, requestId } = exchange;
  const stream = createRecordedStream(exchange, session.id, session.state.version >= primingVersion);
  const running = watchCancel(exchange, session.id, message.id);
  const send = (text: string): Promise<void> => stream.send(text);
  try {
    const context = contextOf(exchange, session, message, { signal: running.signal, send });
    const answer = resultAnswer(message.id, await dispatch(context, message.method, message.params));
    if (stream.started()) await stream.end(answerText(answer));
    else sendJson(res, 200, headers, answer);
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (!stream.started()) return failMethod(exchange, message.id, error);
    logFault(exchange, error);
    await stream.end(answerText(errorAnswer(message.id, rpcErrorOf(error, requestId))));
  } finally {
    running.stop();
  }
}

/** A request of a batch: whatever would need a stream is dropped or refused. */
async function answerInBatch(exchange: Exchange, session: LiveSession, message: RpcRequest): Promise<Answer> {
  const running = watchCancel(exchange, session.id, message.id);
  try {
    const context = contextOf(exchange, session, message, { signal: running.signal, send: null });
    return resultAnswer(message.id, await dispatch(context, message.method, message.params));
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    logFault(exchange, error);
    return errorAnswer(message.id, rpcErrorOf(error, exchange.requestId));
  } finally {
    running.stop();
  }
}

/** Takes what needs no answer: a notification, or the client's answer to a question of ours. */
async function take({ parts }: Exchange, { id }: LiveSession, message: RpcMessage): Promise<void> {
  if (message.kind === "response") {
    // A late or second answer, or one to nothing, is dropped.
    if (typeof message.id === "string") await parts.sessions.answer(id, message.id, message.message);
  } else if (message.method === "notifications/initialized") {
    await parts.sessions.remember(id, { initialized: true });
  } else if (message.method === "notifications/cancelled") {
    const { requestId } = message.params;
    if (typeof requestId === "string" || typeof requestId === "number") {
      await parts.sessions.cancel(id, requestId);
    }
  }
}

/** A signal that aborts when the client cancels the request or the session ends, on whichever replica. */
function watchCancel(
  { parts }: Exchange,
  sessionId: string,
  requestId: string | number,
): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const listener = (signal: StopSignal): void => {
    if (signal.type === "close" || (signal.type === "cancel" && signal.requestId === requestId)) controller.abort();
  };
  return { signal: controller.signal, stop: parts.sessions.watchCalls(sessionId, listener) };
}

interface Running {
  readonly signal: AbortSignal;
  /** Sends a message ahead of the answer; null where the answer cannot be a stream. */
  readonly send: ((message: string) => Promise<void>) | null;
}

function contextOf(exchange: Exchange, { id, state }: LiveSession, message: RpcRequest, running: Running): McpContext {
  const { sessions } = exchange.parts;
  const { signal, send } = running;
  let current = state;
  return {
    ...baseOf(exchange, state),
    signal,
    notify:
      send === null
        ? () => undefined
        : createNotify({
            progressToken: progressTokenOf(message.params),
            logLevel: state.logLevel ?? "info",
            send: (text) => void send(text).catch(() => undefined),
          }),
    ask:
      send === null
        ? async () => {
            throw new GatewayError("confirmation_required", "a request of a batch cannot ask; send it alone");
          }
        : createSessionAsk({
            sessions,
            sessionId: id,
            capabilities: state.capabilities,
            signal,
            send,
            aside: exchange.parts.work.aside,
          }),
    session: {
      read: () => current,
      remember: async (patch) => {
        current = { ...current, ...patch };
        await sessions.remember(id, patch);
      },
    },
  };
}

type ClientFacts = Pick<LiveSession["state"], "version" | "client" | "capabilities">;

function baseOf(
  { principal, surface, requestId, parts: { observe } }: Exchange,
  { version, client, capabilities }: ClientFacts,
): Pick<McpContext, "principal" | "era" | "version" | "client" | "capabilities" | "surface" | "requestId" | "observe"> {
  const facts = { principal, era: "session", version, client, capabilities, surface, requestId } as const;
  return observe === undefined ? facts : { ...facts, observe };
}
