import { GatewayError } from "../../errors.ts";
import { type Change, changeNotification, filterAccepts, type ListenFilter } from "../../mcp/changes.ts";
import type { McpContext, Principal } from "../../mcp/context.ts";
import { dispatch } from "../../mcp/dispatch.ts";
import { rpcErrorOf, statusOfRpcError } from "../../mcp/errors.ts";
import { createNotify, progressTokenOf } from "../../mcp/notify.ts";
import { meta } from "../../mcp/versions.ts";
import { createStatelessAsk } from "./askStateless.ts";
import type { Envelope } from "./envelope.ts";
import { type Exchange, logFault } from "./exchange.ts";
import { aborted, holdStream } from "./heldStream.ts";
import { checkNotification, checkRequest } from "./ladder.ts";
import type { RpcNotification, RpcRequest } from "./message.ts";
import { answerText, errorAnswer, resultAnswer, sendError, sendJson } from "./reply.ts";
import type { StateBinding } from "./requestState.ts";
import { openSse, type Sse } from "./sse.ts";

/**
 * The stateless era over HTTP (protocol.md §2.2): one request, one answer, nothing kept. JSON, or a stream once something
 * has to go before the answer. A client that leaves ends its call.
 */
export async function serveStateless(exchange: Exchange, message: RpcRequest | RpcNotification): Promise<void> {
  const { req, res, headers } = exchange;
  if (message.kind === "notification") {
    checkNotification(req, message);
    res.writeHead(202, headers).end();
    return;
  }
  const envelope = checkRequest(req, message);
  const stream = createLazyStream(exchange);
  try {
    const result = await dispatch(contextOf(exchange, message, envelope, stream), message.method, message.params);
    const answer = resultAnswer(message.id, result);
    if (stream.started()) stream.end(answerText(answer));
    else sendJson(res, 200, headers, answer);
  } catch (thrown) {
    fail(exchange, message, GatewayError.from(thrown), stream);
  }
}

/** A stream that starts with its first message. */
interface LazyStream {
  readonly open: () => Sse;
  readonly started: () => boolean;
  readonly end: (message: string) => void;
}

function createLazyStream({ res, headers }: Exchange): LazyStream {
  let sse: Sse | undefined;
  const open = (): Sse => {
    sse ??= openSse(res, headers);
    return sse;
  };
  return {
    open,
    started: () => sse !== undefined,
    end: (message) => {
      open().write({ data: message });
      open().end();
    },
  };
}

function contextOf(exchange: Exchange, message: RpcRequest, envelope: Envelope, stream: LazyStream): McpContext {
  const { res, surface, principal, network, requestId, parts } = exchange;
  const controller = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) controller.abort();
  });
  const { ask, pendingInput } = createStatelessAsk({
    keys: parts.stateKeys,
    binding: bindingOf(principal, surface.name, message),
    capabilities: envelope.capabilities,
    nowMs: parts.now(),
  });
  return {
    principal,
    era: "stateless",
    version: envelope.version,
    client: envelope.client,
    ...(network !== undefined && { network }),
    capabilities: envelope.capabilities,
    surface,
    requestId,
    signal: controller.signal,
    notify: createNotify({
      progressToken: progressTokenOf(message.params),
      logLevel: envelope.logLevel,
      send: (data) => stream.open().write({ data }),
    }),
    ask,
    pendingInput,
    listen: (honoured) => listen(exchange, message.id, honoured, stream),
    ...(parts.observe !== undefined && { observe: parts.observe }),
  };
}

/** What the answers to questions of ours are bound to. */
function bindingOf({ id, formerIds }: Principal, surface: string, { method, params }: RpcRequest): StateBinding {
  return { principalId: id, ...(formerIds !== undefined && { formerIds }), surface, method, params };
}

/** A listen stream: what is honoured first, then each change, marked with the id of the request that subscribed. */
async function listen(
  exchange: Exchange,
  id: string | number,
  honoured: ListenFilter,
  stream: LazyStream,
): Promise<Readonly<Record<string, unknown>>> {
  const held = holdStream(exchange);
  const mark = { [meta.subscriptionId]: id };
  const tell = (method: string, params: object): void => {
    held.active();
    stream.open().write({ data: JSON.stringify({ jsonrpc: "2.0", method, params: { ...params, _meta: mark } }) });
  };
  tell("notifications/subscriptions/acknowledged", { notifications: honoured });
  // A stream that can never carry anything ends at once, in good order.
  if (Object.keys(honoured).length === 0) held.end();
  const hear = (change: Change): void => {
    if (held.signal.aborted || !filterAccepts(honoured, change)) return;
    const { method, params } = changeNotification(change);
    tell(method, params ?? {});
  };
  const unsubscribe = exchange.parts.changes.subscribe(hear);
  const unwatch = (honoured.resourceSubscriptions ?? []).map((uri) => watchResource(exchange, uri, hear));
  await exchange.place.aside(aborted(held.signal));
  unsubscribe();
  for (const stop of unwatch) stop();
  return mark;
}

/** Hears each time that the resource is not what it was before. */
function watchResource(
  { req, surface, principal, network, parts }: Exchange,
  uri: string,
  hear: (change: Change) => void,
): () => void {
  let before: string | undefined;
  return parts.polls.watch({
    path: surface.path,
    uri,
    principalId: principal.id,
    principal: () => parts.authenticate(surface, req.rawHeaders, network),
    seen: (digest) => {
      if (before !== undefined && before !== digest) hear({ type: "resource_updated", uri });
      before = digest;
    },
  });
}

function fail(exchange: Exchange, { id }: RpcRequest, error: GatewayError, stream: LazyStream): void {
  const { res, headers, surface, requestId } = exchange;
  logFault(exchange, error);
  if (stream.started()) stream.end(answerText(errorAnswer(id, rpcErrorOf(error, requestId))));
  else
    sendError(res, headers, {
      error,
      id,
      status: statusOfRpcError(error, "stateless"),
      realm: surface.serverInfo.name,
      oauth: surface.oauth,
      requestId,
    });
}
