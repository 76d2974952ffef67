import type { OutgoingHttpHeaders } from "node:http";
import { anonymous } from "../../auth/authenticate.ts";
import { GatewayError } from "../../errors.ts";
import type { McpContext, Opening } from "../../mcp/context.ts";
import { dispatch } from "../../mcp/dispatch.ts";
import { rpcErrorOf, statusOfRpcError } from "../../mcp/errors.ts";
import { rpc } from "../../mcp/versions.ts";
import type { StopSignal } from "../../session/port.ts";
import { type Exchange, header, logFault } from "./exchange.ts";
import type { RpcMessage, RpcRequest } from "./message.ts";
import { createRecordedStream } from "./recordedStream.ts";
import { type Answer, answerText, errorAnswer, resultAnswer, sendError, sendJson } from "./reply.ts";
import {
  assertAccepts,
  assertVersion,
  degraded,
  isAway,
  liveSession,
  type PostSession,
  postSession,
  refuse,
} from "./sessionCheck.ts";
import { baseOf, contextOf } from "./sessionContext.ts";

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
  const session = await postSession(exchange);
  const marked = markedFor(session, exchange);
  if (message.kind === "request") return serveRequest(marked, session, message);
  await take(marked, session, message);
  marked.res.writeHead(202, marked.headers).end();
}

/** The exchange with the header that tells of a store that is away. */
function markedFor({ store }: PostSession, exchange: Exchange): Exchange {
  return store === "away" ? { ...exchange, headers: { ...exchange.headers, ...degraded } } : exchange;
}

/** A session-era POST of several messages: answered in sequence, as one JSON array. */
export async function serveBatch(arrived: Exchange, batch: readonly RpcMessage[]): Promise<void> {
  assertAccepts(arrived);
  if (header(arrived.req, "mcp-protocol-version")?.trim() !== undefined)
    assertBatchVersion(header(arrived.req, "mcp-protocol-version") as string);
  const session = await postSession(arrived);
  assertBatchVersion(session.state.version);
  const exchange = markedFor(session, arrived);
  const { res, headers } = exchange;
  if (batch.some((message) => message.kind === "request" && message.method === "initialize")) {
    throw refuse(400, rpc.invalidRequest, "initialize must not be part of a batch");
  }
  const answers: string[] = [];
  for (const [index, message] of batch.entries()) {
    const requestId = `${exchange.requestId}.${index + 1}`; // each is audited alone
    if (message.kind === "request")
      answers.push(answerText(await answerInBatch({ ...exchange, requestId }, session, message)));
    else await take(exchange, session, message);
  }
  if (answers.length === 0) res.writeHead(202, headers).end();
  else sendJson(res, 200, headers, [`[${answers.join(",")}]`]);
}

function assertBatchVersion(version: string): void {
  if (version.trim() === batchVersion) return;
  throw refuse(400, rpc.invalidRequest, `batches exist only in protocol version ${batchVersion}`);
}

/**
 * Opens a session. An id that the client offers is ignored, unless it is a live one: a session is initialised once. While the
 * store is away the id is good for as long as that lasts: nothing is stored under it, so that it is unknown afterwards and
 * the client initialises again.
 */
async function serveInitialize(exchange: Exchange, message: RpcRequest): Promise<void> {
  const { req, principal, surface, parts } = exchange;
  if (surface.sessions === "off") return answerInitialize(exchange, message, () => ({}));
  let away = header(req, "mcp-session-id") !== undefined && (await assertNotLive(exchange)) === "unknown";
  const hash = parts.sessionIds.principalHash(principal);
  const id = parts.sessionIds.mint(hash, parts.now());
  const openSession = async (opening: Opening): Promise<void> => {
    const state = { ...opening, initialized: false, logLevel: null, subscriptions: [] };
    const cap = principal.id === anonymous.id ? anonymousSessions : undefined;
    try {
      if (!away) await parts.sessions.create(id, hash, state, cap);
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      away = true;
    }
  };
  await answerInitialize(exchange, message, () => ({ "mcp-session-id": id, ...(away ? degraded : {}) }), openSession);
}

/** @param own headers of the answer, asked for when the session is open */
async function answerInitialize(
  exchange: Exchange,
  message: RpcRequest,
  own: () => OutgoingHttpHeaders,
  openSession?: (opening: Opening) => Promise<void>,
): Promise<void> {
  const context: McpContext = {
    ...baseOf(exchange, { version: "", client: null, capabilities: {} }),
    signal: neverAborts,
    notify: () => undefined,
    ask: async () => {
      throw new GatewayError("confirmation_required", "initialize asks nothing");
    },
    ...(openSession === undefined ? {} : { openSession }),
  };
  try {
    const result = await dispatch(context, message.method, message.params);
    sendJson(exchange.res, 200, { ...exchange.headers, ...own() }, resultAnswer(message.id, result));
  } catch (thrown) {
    failMethod(exchange, message.id, GatewayError.from(thrown));
  }
}

/** The answer to a request whose method failed before anything of it was sent. */
function failMethod(exchange: Exchange, id: string | number, error: GatewayError): void {
  const { res, headers, surface, requestId } = exchange;
  logFault(exchange, error);
  const status = statusOfRpcError(error, "session");
  sendError(res, headers, { error, id, status, realm: surface.serverInfo.name, oauth: surface.oauth, requestId });
}

const neverAborts = new AbortController().signal;

/** Throws 400 / -32600 where the request names a live session. `unknown`: the store does not answer. */
async function assertNotLive(exchange: Exchange): Promise<"free" | "unknown"> {
  try {
    await liveSession(exchange);
  } catch (thrown) {
    if (isAway(thrown)) return "unknown";
    if (thrown instanceof GatewayError && thrown.code === "invalid_request") return "free";
    throw thrown;
  }
  throw refuse(400, rpc.invalidRequest, "the session is initialized already");
}

/**
 * One request. The client's leaving does not end it: its messages are stored, and only `notifications/cancelled` or the end
 * of the session aborts it.
 */
async function serveRequest(exchange: Exchange, session: PostSession, message: RpcRequest): Promise<void> {
  const { res, headers, requestId } = exchange;
  const stream = createRecordedStream(exchange, {
    sessionId: session.store === "there" ? session.id : null,
    primed: session.state.version >= primingVersion,
    farewell: () => farewellOf(exchange, message),
  });
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

/** What who resumes the stream of a call reads when the replica that served it has died. */
function farewellOf({ surface, principal, requestId }: Exchange, { id, params }: RpcRequest): string {
  const reads = typeof params.name === "string" && surface.findTool(principal, params.name)?.effect === "read";
  const error = new GatewayError(
    "outcome_unknown",
    "the replica that served this request is gone, and what came of the request is unknown.",
    {
      next: reads
        ? "It only reads: send it again."
        : "A change that it asked for may or may not have been made: look before you send it again.",
      data: { code: "outcome_unknown", retryable: reads },
    },
  );
  return answerText(errorAnswer(id, rpcErrorOf(error, requestId)));
}

/** A request of a batch: whatever would need a stream is dropped or refused. */
async function answerInBatch(exchange: Exchange, session: PostSession, message: RpcRequest): Promise<Answer> {
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

/**
 * Takes what needs no answer: a notification, or the client's answer to a question of ours. While the store is away, what
 * nothing is lost by is taken all the same; an answer, and a cancel of a call that another replica may run, throw
 * `store_unavailable`.
 */
async function take({ parts }: Exchange, session: PostSession, message: RpcMessage): Promise<void> {
  if (session.store === "none") return;
  const { id } = session;
  if (message.kind === "response") {
    if (session.store === "away") throw session.error;
    // A late or second answer, or one to nothing, is dropped.
    if (typeof message.id === "string") await parts.sessions.answer(id, message.id, message.message);
  } else if (message.method === "notifications/initialized") {
    // Nothing depends on it: a client must not fail for it.
    if (session.store === "there") await parts.sessions.remember(id, { initialized: true }).catch(unlessAway);
  } else if (message.method === "notifications/cancelled") {
    const { requestId } = message.params;
    if (typeof requestId === "string" || typeof requestId === "number") await parts.sessions.cancel(id, requestId);
  }
}

function unlessAway(thrown: unknown): void {
  if (!isAway(thrown)) throw thrown;
}

/** A signal that aborts when the client cancels the request or the session ends, on whichever replica. */
function watchCancel(
  { parts }: Exchange,
  sessionId: string,
  requestId: string | number,
): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const listener = (signal: StopSignal): boolean => {
    const concerned = signal.type === "close" || signal.requestId === requestId;
    if (concerned) controller.abort();
    return concerned;
  };
  return { signal: controller.signal, stop: parts.sessions.watchCalls(sessionId, listener) };
}
