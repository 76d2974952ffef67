import { randomUUID } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { anonymous } from "../../auth/authenticate.ts";
import { deriveKeys } from "../../auth/keys.ts";
import { lastingId } from "../../auth/principal.ts";
import type { Revocations } from "../../auth/revocations.ts";
import { type ErrorCode, GatewayError, httpStatus } from "../../errors.ts";
import { type Change, changeNotification } from "../../mcp/changes.ts";
import type { Principal, Surface } from "../../mcp/context.ts";
import { createPolls } from "../../mcp/polls.ts";
import { rpc } from "../../mcp/versions.ts";
import { createSessionIds } from "../../session/id.ts";
import type { Sessions } from "../../session/port.ts";
import { createSeen } from "../../session/seen.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { ObserveOperation } from "../../telemetry/metrics.ts";
import type { Secret } from "../../telemetry/secret.ts";
import { blamedFor } from "../address.ts";
import type { AddressLimit } from "../addressLimit.ts";
import type { AuthenticateAt } from "../authenticateAt.ts";
import { corsHeaders, type EdgePolicy, pageHeaders, preflightHeaders, refusalOf } from "../edge.ts";
import { narrowed } from "../narrowing.ts";
import type { Shedding } from "../shedding.ts";
import { type BodyLimits, defaultBodyLimits, readJson } from "./body.ts";
import { createChangeHub } from "./changeHub.ts";
import { eraOf } from "./era.ts";
import { accepts, type Exchange, header, logFault, type Parts } from "./exchange.ts";
import { sendKeyCheck } from "./keyCheck.ts";
import { echoedId, type RpcMessage } from "./message.ts";
import { createOpenStreams } from "./openStreams.ts";
import { errorAnswer, sendError, sendJson } from "./reply.ts";
import { serveBatch, serveSession } from "./session.ts";
import { serveSessionDelete, serveSessionGet, sessionStream } from "./sessionGet.ts";
import { serveStateless } from "./stateless.ts";
import { createStreamLimits, type StreamLimitOptions } from "./streamLimits.ts";
import { createWork, type Place } from "./work.ts";

/** What of a listener follows from the configuration and the Catalog, and may be replaced while it serves. */
export interface McpView {
  /** Each at its own path. */
  readonly surfaces: readonly Surface[];
  readonly authenticate: AuthenticateAt;
  readonly edge: EdgePolicy;
  /** Names of the headers that carry keys, for `Vary`. */
  readonly credentialHeaders: readonly string[];
  /** Default: 1 MiB, 64 levels, 200,000 tokens. */
  readonly body?: Partial<BodyLimits>;
  /** The page for a browser that opens the path. Default: none, and the key check answers. */
  readonly page?: (surface: Surface, req: IncomingMessage) => string;
}

export interface McpListenerOptions extends McpView {
  readonly sessions: Sessions;
  /** Master secrets; the first signs session ids and request states, all verify. At least one. */
  readonly secrets: readonly Secret[];
  readonly streams?: StreamLimitOptions;
  /** Requests served at once in this process; one more is 503. Default 512. */
  readonly maxInFlight?: number;
  /** Those of one principal; one more is 429. Default 64. */
  readonly maxInFlightPerPrincipal?: number;
  readonly log?: Pick<Logger, "error">;
  /** Takes the measure of each MCP request. Default: nothing is measured. */
  readonly observe?: ObserveOperation;
  /** Default: any number of requests from one address. */
  readonly addresses?: AddressLimit;
  /** Default: a stream notices that its key was revoked when it looks at it again. */
  readonly revocations?: Pick<Revocations, "watch">;
  /** Default: nothing is shed. */
  readonly shedding?: Pick<Shedding, "assertTakes">;
  /** Takes why a request was refused before a method ran. Default: nobody. */
  readonly refused?: (code: ErrorCode) => void;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** Streamable HTTP of every Surface, as one plain listener. */
export interface McpListener {
  /**
   * Serves a request to a Surface path; anything else goes to `next`, or is left alone without one. Put it on a Node server,
   * or mount it with Express's `app.use(mcp.listener)` or `app.use(path, mcp.listener)` ahead of body parsers.
   */
  readonly listener: (req: IncomingMessage, res: ServerResponse, next?: () => void) => boolean;
  /**
   * Tells every client that listens what changed: the listen streams of this process, and the sessions of every replica.
   * `eventId` names the event, the same on every replica (the Catalog's hash, for instance), so that each client hears of it
   * once however many replicas tell. An id that was used within a day is an event told already.
   */
  readonly notify: (change: Change, eventId: string) => Promise<void>;
  /**
   * Serves this from the next request on. Requests in flight finish with what they began with; of open streams only the
   * credential is looked at in the new way.
   */
  readonly swap: (view: McpView) => void;
  /**
   * Ends the streams that are open, and those to come, in good order; resolves when no request is being served. New ones are
   * still answered.
   */
  readonly drain: () => Promise<void>;
  /** Requests being served, streams not counted. */
  readonly inFlight: () => number;
  /** Open GET and listen streams. */
  readonly openStreams: () => number;
}

/** Methods of the path; OPTIONS is answered besides. */
const methods = "POST, GET, DELETE";

/** {@link McpListener} over `surfaces`. Order of the checks: protocol.md §2.1. */
export function createMcpListener(options: McpListenerOptions): McpListener {
  let authenticate = options.authenticate;
  const standing = standingParts(
    options,
    (surface, rawHeaders, from) => authenticate(surface, rawHeaders, from),
    (path) => view.surfaces.get(path),
  );
  let view: View = viewOf(options, standing);
  const told = createSeen(1_000);
  return {
    listener: (req, res, next) => {
      const { surfaces, edge, plain, parts } = view;
      const surface = surfaces.get(pathOf(req));
      if (surface === undefined) {
        next?.();
        return false;
      }
      const refusal = refusalOf(req, edge);
      if (refusal !== null) {
        const error = { code: rpc.refused, message: refusal };
        sendJson(res, 403, { ...plain, connection: "close" }, errorAnswer(null, error));
        return true;
      }
      if (req.method === "OPTIONS") {
        preflight(req, res, edge);
        return true;
      }
      const headers = req.headers.origin === undefined ? plain : { ...plain, ...corsHeaders(req) };
      const arrival: Arrival = { req, res, surface, headers, requestId: randomUUID(), network: blamedFor(req), parts };
      serve(arrival).catch((thrown: unknown) => fail(arrival, GatewayError.from(thrown), undefined));
      return true;
    },
    notify: async (change, eventId) => {
      if (told.first(eventId)) standing.changes.publish(change);
      const message = JSON.stringify({ jsonrpc: "2.0", ...changeNotification(change) });
      await standing.sessions.broadcast(sessionStream, message, eventId);
    },
    swap: (next) => {
      authenticate = next.authenticate;
      view = viewOf(next, standing);
    },
    drain: async () => {
      standing.openStreams.drain();
      await standing.work.idle();
    },
    inFlight: standing.work.count,
    openStreams: standing.openStreams.count,
  };
}

/** A {@link McpView} as requests use it. */
interface View {
  readonly surfaces: ReadonlyMap<string, Surface>;
  readonly edge: EdgePolicy;
  /** Headers of every response. */
  readonly plain: OutgoingHttpHeaders;
  readonly parts: Parts;
}

function viewOf({ surfaces, edge, credentialHeaders, body, page }: McpView, standing: StandingParts): View {
  return {
    surfaces: new Map(surfaces.map((surface) => [surface.path, surface])),
    edge,
    plain: plainHeaders(credentialHeaders),
    parts: { ...standing, bodyLimits: { ...defaultBodyLimits, ...body }, page },
  };
}

type StandingParts = Omit<Parts, "bodyLimits" | "page">;

/**
 * @param authenticate always the one of the present view, since a stream looks at its credential again long after it began
 * @param surfaceAt likewise, since its resources are looked at
 */
function standingParts(
  options: McpListenerOptions,
  authenticate: AuthenticateAt,
  surfaceAt: (path: string) => Surface | undefined,
): StandingParts {
  return {
    authenticate,
    sessions: options.sessions,
    sessionIds: createSessionIds(deriveKeys(options.secrets, "session")),
    stateKeys: deriveKeys(options.secrets, "requestState"),
    streamLimits: createStreamLimits(options.streams),
    changes: createChangeHub(),
    polls: createPolls({ surfaceAt }),
    work: createWork({
      ...(options.maxInFlight !== undefined && { most: options.maxInFlight }),
      ...(options.maxInFlightPerPrincipal !== undefined && { mostPerPrincipal: options.maxInFlightPerPrincipal }),
    }),
    openStreams: createOpenStreams(),
    log: options.log,
    now: options.now ?? Date.now,
    observe: options.observe,
    addresses: options.addresses,
    revocations: options.revocations,
    shedding: options.shedding,
    refused: options.refused,
  };
}

/** The list of tools depends on the key: no cache may give one caller's answer to another (security.md T10). */
function plainHeaders(credentialHeaders: readonly string[]): OutgoingHttpHeaders {
  const names = ["Authorization", ...credentialHeaders.filter((name) => name !== "authorization"), "Origin"];
  return { "cache-control": "no-store", vary: names.join(", ") };
}

/** The path that the client asked for: Express shortens `url` below a mount point and keeps the whole in `originalUrl`. */
function pathOf(req: IncomingMessage & { readonly originalUrl?: string }): string {
  const url = req.originalUrl ?? req.url ?? "";
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

/** A request to a Surface path, before its credential was looked at. */
type Arrival = Omit<Exchange, "principal" | "place">;

async function serve(arrival: Arrival): Promise<void> {
  arrival.parts.addresses?.take(arrival.network);
  switch (arrival.req.method) {
    case "POST":
      return servePost(arrival);
    case "GET":
      return serveGet(arrival);
    case "DELETE":
      if (keepsNone(arrival)) return refuseMethod(arrival);
      return counted(arrival, async (place) => serveSessionDelete(await authenticated(arrival, place)));
    default:
      return refuseMethod(arrival);
  }
}

async function authenticated(arrival: Arrival, place: Place): Promise<Exchange> {
  const { req, surface, network, parts } = arrival;
  const principal = narrowed(await parts.authenticate(surface, req.rawHeaders, network), req);
  const who = countedAs(principal, network);
  if (who !== undefined) place.holdFor(who);
  return { ...arrival, principal, place };
}

/** Callers without a key are one principal but many people: by address, and not where a proxy of ours hides it. */
function countedAs(principal: Principal, network: string | undefined): string | undefined {
  if (principal.id !== anonymous.id) return lastingId(principal);
  return network === undefined ? undefined : `network ${network}`;
}

/** Runs `work` as one of the requests in flight. Throws `overloaded` when there are too many. */
async function counted<Value>({ parts }: Arrival, work: (place: Place) => Promise<Value>): Promise<Value> {
  const place = parts.work.enter();
  try {
    return await work(place);
  } finally {
    place.leave();
  }
}

async function servePost(arrival: Arrival): Promise<void> {
  const { req, parts } = arrival;
  // The stateless era says in a header what it is about, so that nothing of a call that is not taken is read.
  if (isCall(header(req, "mcp-method")?.trim())) parts.shedding?.assertTakes("call");
  const place = parts.work.enter();
  let body: unknown;
  try {
    const exchange = await authenticated(arrival, place);
    body = await readJson(req, arrival.surface.body ?? parts.bodyLimits);
    const inbound = eraOf(body, header(req, "mcp-protocol-version")?.trim());
    if (inbound.era === "session" && parts.shedding !== undefined)
      shedOf("batch" in inbound ? inbound.batch : [inbound.message], parts.shedding);
    if (inbound.era === "stateless") await serveStateless(exchange, inbound.message);
    else if ("batch" in inbound) await serveBatch(exchange, inbound.batch);
    else await serveSession(exchange, inbound.message);
  } catch (thrown) {
    fail(arrival, GatewayError.from(thrown), body);
  } finally {
    place.leave();
  }
}

/** Throws `overloaded` when the process is under strain and a message asks for what it then does not take. */
function shedOf(messages: readonly RpcMessage[], shedding: Pick<Shedding, "assertTakes">): void {
  if (messages.some((message) => message.kind === "request" && isCall(message.method))) shedding.assertTakes("call");
}

/** Whether a method goes to the upstream. */
function isCall(method: string | undefined): boolean {
  return method !== undefined && calls.has(method);
}

const calls: ReadonlySet<string> = new Set(["tools/call", "resources/read", "prompts/get", "completion/complete"]);

/** By `Accept`: a stream, the page for a browser, or the key check for everything else, `curl` first of all. */
async function serveGet(arrival: Arrival): Promise<void> {
  const { req, surface, parts } = arrival;
  if (accepts(req, "text/event-stream")) {
    if (keepsNone(arrival)) return refuseMethod(arrival);
    return serveSessionGet(await counted(arrival, (place) => authenticated(arrival, place)));
  }
  if (parts.page !== undefined && accepts(req, "text/html")) return sendPage(arrival, parts.page(surface, req));
  await counted(arrival, async (place) => sendKeyCheck(await authenticated(arrival, place)));
}

function preflight(req: IncomingMessage, res: ServerResponse, edge: EdgePolicy): void {
  if (req.headers.origin === undefined) res.writeHead(204, { allow: methods }).end();
  else res.writeHead(204, preflightHeaders(req, edge, methods)).end();
}

/** Where no sessions are kept there is no stream to GET and nothing to DELETE. */
function keepsNone({ surface }: Arrival): boolean {
  return surface.sessions === "off";
}

async function refuseMethod(arrival: Arrival): Promise<void> {
  const { res, headers } = arrival;
  const error = { code: rpc.refused, message: "Method not allowed" };
  const allow = keepsNone(arrival) ? "POST" : methods;
  sendJson(res, 405, { ...headers, allow }, errorAnswer(null, error));
}

function sendPage({ res, headers }: Arrival, html: string): void {
  res.writeHead(200, { ...headers, ...pageHeaders }).end(html);
}

/** The answer to a request that was refused before a method ran: an HTTP status says it as well. */
function fail(arrival: Arrival, error: GatewayError, body: unknown): void {
  const { req, res, headers, surface, requestId } = arrival;
  logFault(arrival, error);
  arrival.parts.refused?.(error.code);
  // The body of a request that is refused early is let go by, so that the connection stays of use.
  if (!req.readableEnded) req.resume();
  const status = error.facts.status ?? httpStatus[error.code];
  sendError(res, headers, {
    error,
    id: echoedId(body),
    status,
    realm: surface.serverInfo.name,
    oauth: surface.oauth,
    requestId,
  });
}
