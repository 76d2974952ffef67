import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { answerClientFault } from "./clientFault.ts";
import { type Connections, trackConnections } from "./connections.ts";
import { type DrainOptions, drainServer } from "./drain.ts";
import { listen } from "./listen.ts";
import type { McpListener } from "./mcp/listener.ts";

export interface HttpServerOptions {
  /** Served first; see {@link McpListener}. */
  readonly mcp: McpListener;
  /** Serves every other request; see `createApp`. */
  readonly app: RequestListener;
  readonly limits?: Partial<ServerLimits>;
}

/** Limits of the Node server (security.md §6). */
export interface ServerLimits {
  /** Bytes of all headers of a request. Default 16 KiB; more is 431. */
  readonly headerBytes: number;
  /** Default 15,000. */
  readonly headersTimeoutMs: number;
  /** Default 30,000; the time to send the whole request. Streams of ours are not cut by it. */
  readonly requestTimeoutMs: number;
  /** Default 5,000. */
  readonly connectionsCheckingMs: number;
  /** Default 65,000: longer than the 60 s of common proxies, so that they close first. */
  readonly keepAliveTimeoutMs: number;
  /** Default 1,000. */
  readonly requestsPerSocket: number;
  /** Default 10,000. */
  readonly connections: number;
}

const defaults: ServerLimits = {
  headerBytes: 16_384,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 30_000,
  connectionsCheckingMs: 5_000,
  keepAliveTimeoutMs: 65_000,
  requestsPerSocket: 1_000,
  connections: 10_000,
};

/** The server of the gateway. */
export interface HttpServer {
  readonly server: Server;
  /** Resolves to the port when it listens. Port 0 takes a free one. Rejects with `invalid_request` when it cannot be had. */
  readonly listen: (port: number, host: string) => Promise<number>;
  /**
   * From now on each answer closes its connection, so that clients come back by a new one, which a load balancer leads to
   * another replica. Everything is served as before.
   */
  readonly turnAway: () => void;
  /**
   * Takes no new connection, ends streams in good order, and resolves when what was being served is answered and those
   * answers have left. What is not answered when the grace is over is cut, the last of it `settleMs` later.
   */
  readonly drain: (options?: DrainOptions) => Promise<void>;
}

/** A Node server with the MCP listener ahead of the app: Express's dispatch alone would cost twice the rest of a call. */
export function createHttpServer({ mcp, app, limits }: HttpServerOptions): HttpServer {
  const limit: ServerLimits = { ...defaults, ...limits };
  let isLeaving = false;
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    if (isLeaving || !server.listening) res.setHeader("connection", "close");
    connections.answering(res);
    answers.set(req.socket, res);
    if (!mcp.listener(req, res)) app(req, res);
  };
  const server = createServer(
    {
      maxHeaderSize: limit.headerBytes,
      headersTimeout: limit.headersTimeoutMs,
      requestTimeout: limit.requestTimeoutMs,
      connectionsCheckingInterval: limit.connectionsCheckingMs,
      keepAliveTimeout: limit.keepAliveTimeoutMs,
      // The edge refuses a request without a Host, with a body that clients of MCP can read.
      requireHostHeader: false,
    },
    serve,
  );
  server.maxRequestsPerSocket = limit.requestsPerSocket;
  server.maxConnections = limit.connections;
  // Answered as any request: a client that waits for "100 Continue" would else send its whole body to a refusal.
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    res.writeContinue();
    serve(req, res);
  });
  // The answer that a connection is busy with, for a request after it that cannot be read.
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on("clientError", (fault: NodeJS.ErrnoException, socket: Duplex) =>
    answerClientFault(fault, socket, answers.get(socket)),
  );
  const connections: Connections = trackConnections();
  server.on("connection", (socket: Socket) => connections.opened(socket));
  return {
    server,
    listen: (port, host) => listen(server, port, host, "--port or PORT"),
    turnAway: () => {
      isLeaving = true;
    },
    drain: (options = {}) => drainServer({ server, mcp, connections }, options),
  };
}
