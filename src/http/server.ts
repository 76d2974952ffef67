import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
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
   * Takes no new connection, ends streams in good order, and resolves when what was being served is answered, at the
   * latest after `graceMs` (default 25,000: within the 30 s that orchestrators give), when it cuts what is left.
   */
  readonly drain: (graceMs?: number) => Promise<void>;
}

/** A Node server with the MCP listener ahead of the app: Express's dispatch alone would cost twice the rest of a call. */
export function createHttpServer({ mcp, app, limits }: HttpServerOptions): HttpServer {
  const limit: ServerLimits = { ...defaults, ...limits };
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    if (!server.listening) res.setHeader("connection", "close");
    if (!mcp.listener(req, res)) app(req, res);
  };
  const server = createServer(
    {
      maxHeaderSize: limit.headerBytes,
      headersTimeout: limit.headersTimeoutMs,
      requestTimeout: limit.requestTimeoutMs,
      connectionsCheckingInterval: limit.connectionsCheckingMs,
      keepAliveTimeout: limit.keepAliveTimeoutMs,
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
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    server,
    listen: (port, host) => listen(server, port, host, "--port or PORT"),
    drain: (graceMs = 25_000) => drain({ server, mcp, sockets }, graceMs),
  };
}

interface Draining {
  readonly server: Server;
  readonly mcp: McpListener;
  readonly sockets: ReadonlySet<Socket>;
}

/** A connection may become idle just after a look, so there are several until all are closed. */
const lookEveryMs = 100;

async function drain({ server, mcp, sockets }: Draining, graceMs: number): Promise<void> {
  const closeIdle = (): void => {
    server.closeIdleConnections();
    // Node counts a connection as busy until its first request; clients and proxies open some ahead of need.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
    if (!server.listening) closeIdle();
  });
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await mcp.drain();
  closeIdle();
  const looking = setInterval(closeIdle, lookEveryMs);
  await closed;
  clearInterval(looking);
  clearTimeout(timer);
}
