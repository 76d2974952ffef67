import { randomBytes, randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { ProtocolError, Server, type ServerContext, type Transport } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { deriveKeys, type Keys } from "./auth/keys.ts";
import { GatewayError } from "./errors.ts";
import { createStatelessAsk } from "./http/mcp/askStateless.ts";
import { capabilitiesOf, type ServerCapabilities } from "./mcp/capabilities.ts";
import type { ContextSession, Era, LogLevel, McpContext, MethodResult, Principal, Surface } from "./mcp/context.ts";
import { dispatch } from "./mcp/dispatch.ts";
import { rpcErrorOf } from "./mcp/errors.ts";
import { createNotify, progressTokenOf } from "./mcp/notify.ts";
import { isObject } from "./mcp/params.ts";
import { createPolls, type Polls } from "./mcp/polls.ts";
import { type Answer, answers, assertCanAnswer, type Question } from "./mcp/questions.ts";
import { meta, statelessVersion } from "./mcp/versions.ts";
import type { Logger } from "./telemetry/log.ts";
import type { ObserveOperation } from "./telemetry/metrics.ts";
import { Secret } from "./telemetry/secret.ts";

export interface StdioOptions {
  readonly surface: Surface;
  /** Who calls, asked for each request: the credential may be good no more. */
  readonly principal: () => Promise<Principal>;
  /** Takes the measure of each request. Default: nothing is measured. */
  readonly observe?: ObserveOperation;
  readonly log: Pick<Logger, "error" | "debug">;
  readonly input: Readable;
  readonly output: Writable;
}

/** A stdio server, listening. */
export interface StdioServer {
  /** Resolves when the client has left, or after `close`. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

/** How long a question waits for the user (protocol.md §5.5). */
const answerMs = 600_000;
/** Resources that a connection may be told of. */
const maxSubscriptions = 50;

/**
 * Serves `surface` on stdio in both eras: the framing is the SDK's, the methods are those of HTTP. Nothing loops over the Tools
 * when a server object is made, which happens once more for a client that only looks (protocol.md §2.5).
 */
export function startStdio(options: StdioOptions): StdioServer {
  const { surface, principal } = options;
  const parts: Parts = {
    ...options,
    // What is asked in one process is answered in it.
    stateKeys: deriveKeys([new Secret(randomBytes(32).toString("base64url"))], "requestState"),
    polls: createPolls({ surfaceAt: () => surface }),
  };
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const connection = new AbortController();
  let current: Server | undefined;
  const updated = (uri: string): void => void current?.sendResourceUpdated({ uri }).catch(() => undefined);
  const watches = createWatches(parts, principal, updated);
  const wire = new StdioServerTransport(options.input, options.output);
  const transport = heard(wire, {
    message: (message) => void watches.ofListen(message),
    close: () => {
      connection.abort();
      watches.end();
      resolve();
    },
  });
  const handle = serveStdio(
    ({ era }) => {
      current = createServer(parts, era === "modern" ? "stateless" : "session", watches);
      return current;
    },
    { transport, onerror: (error) => options.log.debug({ err: error }, "a message on stdio was not as it should be") },
  );
  return {
    closed,
    close: async () => {
      await handle.close();
      resolve();
    },
  };
}

interface Parts extends StdioOptions {
  readonly stateKeys: Keys;
  readonly polls: Polls;
}

/** `wire`, with an ear on what comes in. */
function heard(
  wire: StdioServerTransport,
  ear: { readonly message: (message: unknown) => void; readonly close: () => void },
): Transport {
  const transport: Transport = {
    start: async () => {
      wire.onmessage = (message) => {
        ear.message(message);
        transport.onmessage?.(message);
      };
      wire.onerror = (error) => transport.onerror?.(error);
      wire.onclose = () => {
        ear.close();
        transport.onclose?.();
      };
      await wire.start();
    },
    send: (message) => wire.send(message),
    close: () => wire.close(),
  };
  return transport;
}

/** What the client is told of, by resource. */
interface Watches {
  /** False when there are too many. */
  readonly add: (uri: string) => Promise<boolean>;
  readonly remove: (uri: string) => void;
  /** Hears of `subscriptions/listen`, which the SDK answers: it tells its streams of what is sent to all. */
  readonly ofListen: (message: unknown) => Promise<void>;
  readonly end: () => void;
}

function createWatches(
  { polls, surface }: Parts,
  who: () => Promise<Principal>,
  updated: (uri: string) => void,
): Watches {
  const stops = new Map<string, () => void>();
  const add = async (uri: string): Promise<boolean> => {
    if (stops.has(uri)) return true;
    if (stops.size >= maxSubscriptions) return false;
    const principal = await who();
    if (surface.resources?.find(principal, uri)?.resource.pollMs === undefined) return true;
    let before: string | undefined;
    const seen = (digest: string): void => {
      if (before !== undefined && before !== digest) updated(uri);
      before = digest;
    };
    stops.set(uri, polls.watch({ path: surface.path, uri, principalId: principal.id, principal: who, seen }));
    return true;
  };
  const remove = (uri: string): void => {
    stops.get(uri)?.();
    stops.delete(uri);
  };
  return {
    add,
    remove,
    ofListen: async (message) => {
      const { method, params } = message as { readonly method?: unknown; readonly params?: unknown };
      if (method !== "subscriptions/listen" || !isObject(params) || !isObject(params.notifications)) return;
      const { resourceSubscriptions: uris } = params.notifications;
      for (const uri of Array.isArray(uris) ? uris.slice(0, maxSubscriptions) : [])
        if (typeof uri === "string") await add(uri).catch(() => undefined); // who may not read it is told of nothing
    },
    end: () => {
      for (const uri of [...stops.keys()]) remove(uri);
    },
  };
}

/** The methods of both eras that a Surface answers by itself; the SDK opens connections, and answers `ping` and streams. */
const methods = {
  tools: ["tools/list", "tools/call"],
  resources: ["resources/list", "resources/templates/list", "resources/read"],
  prompts: ["prompts/list", "prompts/get"],
  completions: ["completion/complete"],
} as const;

function createServer(parts: Parts, era: Era, watches: Watches): Server {
  const { serverInfo, instructions } = parts.surface;
  const capabilities = ownCapabilities(parts.surface);
  const server = new Server(serverInfo, { capabilities, ...(instructions !== undefined && { instructions }) });
  const session = sessionOf(watches);
  const serve = (method: string): void =>
    // The SDK types a handler by the literal name of its method; these are all the same function.
    server.setRequestHandler(
      method as "tools/list",
      (request, ctx) =>
        answer({ parts, era, server, session, method, given: paramsOf(request) }, ctx) as Promise<{ tools: [] }>,
    );
  for (const [capability, names] of Object.entries(methods))
    if (capability in capabilities) for (const method of names) serve(method);
  if (era === "session") {
    serve("logging/setLevel");
    if (capabilities.resources?.subscribe === true)
      for (const name of ["subscribe", "unsubscribe"]) serve(`resources/${name}`);
  }
  return server;
}

/** Lists do not change while the process lives. */
function ownCapabilities(surface: Surface): ServerCapabilities {
  const { tools: _tools, prompts, resources, ...others } = capabilitiesOf(surface);
  const subscribe = resources?.subscribe === true && { subscribe: true };
  return { tools: {}, ...(prompts && { prompts: {} }), ...(resources && { resources: { ...subscribe } }), ...others };
}

function paramsOf(request: unknown): Readonly<Record<string, unknown>> {
  const { params } = request as { readonly params?: unknown };
  return isObject(params) ? params : {};
}

/** What the SDK has read of a request, and what it belongs to. */
interface Asked {
  readonly parts: Parts;
  readonly era: Era;
  readonly server: Server;
  readonly session: ContextSession;
  readonly method: string;
  readonly given: Readonly<Record<string, unknown>>;
}

async function answer(asked: Asked, ctx: ServerContext): Promise<object> {
  const requestId = randomUUID();
  try {
    const { context, params } = await contextOf(asked, ctx, requestId);
    return asValue(await dispatch(context, asked.method, params));
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (error.code === "internal") asked.parts.log.error({ err: error.facts.cause, requestId }, "a request failed");
    const { code, message, data } = rpcErrorOf(error, requestId);
    throw new ProtocolError(code, message, data);
  }
}

function asValue(result: MethodResult): object {
  if ("value" in result) return result.value;
  return JSON.parse("text" in result ? result.text : result.bytes.toString()) as object; // a JSON-RPC result is an object
}

async function contextOf(
  { parts, era, server, session, method, given }: Asked,
  { mcpReq }: ServerContext,
  requestId: string,
): Promise<{ readonly context: McpContext; readonly params: Readonly<Record<string, unknown>> }> {
  const { surface, observe } = parts;
  const principal = await parts.principal();
  const client = clientOf(era, server, mcpReq.envelope);
  // The SDK lifts these out of the parameters.
  const requestState = mcpReq.requestState();
  const params = {
    ...given,
    ...(mcpReq.inputResponses && { inputResponses: mcpReq.inputResponses }),
    ...(requestState !== undefined && { requestState }),
  };
  const context = {
    principal,
    era,
    ...client,
    surface,
    requestId,
    signal: mcpReq.signal,
    notify: createNotify({
      progressToken: progressTokenOf(given),
      logLevel: era === "session" ? (session.read().logLevel ?? "info") : client.logLevel,
      send: (text) => {
        const { method: name, params: said } = JSON.parse(text) as { method: string; params: Record<string, unknown> };
        void mcpReq.notify({ method: name, params: said }).catch(() => undefined); // the client has left
      },
    }),
    ...(observe !== undefined && { observe }),
  } as const;
  if (era === "session") {
    const ask: McpContext["ask"] = (questions) => askSession(questions, mcpReq, client.capabilities);
    return { context: { ...context, ask, session }, params };
  }
  const binding = { principalId: principal.id, surface: surface.name, method, params };
  const asking = { keys: parts.stateKeys, binding, capabilities: client.capabilities, nowMs: Date.now() };
  return { context: { ...context, ...createStatelessAsk(asking) }, params };
}

/** What the client says of itself: with each request, or once at the opening. */
function clientOf(
  era: Era,
  server: Server,
  envelope: ServerContext["mcpReq"]["envelope"],
): Pick<McpContext, "version" | "client" | "capabilities"> & { readonly logLevel: LogLevel | null } {
  const own = (envelope ?? {}) as Readonly<Record<string, unknown>>;
  const inSession = era === "session";
  const info = inSession ? server.getClientVersion() : own[meta.clientInfo];
  const capabilities = inSession ? server.getClientCapabilities() : own[meta.clientCapabilities];
  const { name, version } = isObject(info) ? info : {};
  return {
    version: inSession ? (server.getNegotiatedProtocolVersion() ?? "") : statelessVersion,
    client: typeof name === "string" ? { name, ...(typeof version === "string" && { version }) } : null,
    capabilities: isObject(capabilities) ? capabilities : {},
    logLevel: (own[meta.logLevel] as LogLevel | undefined) ?? null, // the SDK has checked the envelope
  };
}

/** Real requests to the client. Throws `confirmation_required` when it cannot or does not answer. */
async function askSession(
  questions: readonly Question[],
  { send, signal }: ServerContext["mcpReq"],
  capabilities: McpContext["capabilities"],
): Promise<readonly Answer[]> {
  assertCanAnswer(questions, capabilities, "session");
  return Promise.all(
    questions.map(async (question) => {
      const { method, params } = question;
      const given: unknown = await send({ method, params }, { timeout: answerMs, signal }).catch((thrown: unknown) => {
        throw unanswered("the client refused the question, or the user did not answer in time", thrown);
      });
      if (!answers(question, given)) throw unanswered("the client's answer does not fit the question");
      return given;
    }),
  );
}

function unanswered(why: string, cause?: unknown): GatewayError {
  return new GatewayError("confirmation_required", `the call was not carried out: ${why}`, { cause });
}

/** The session of a connection: what it remembers ends with it. */
function sessionOf(watches: Watches): ContextSession {
  let logLevel: LogLevel | null = null;
  return {
    read: () => ({ logLevel }),
    remember: async (patch) => {
      logLevel = patch.logLevel ?? logLevel;
    },
    subscribe: watches.add,
    unsubscribe: async (uri) => watches.remove(uri),
  };
}
