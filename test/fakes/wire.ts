import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One exchange that went through a {@link Wire}. */
export interface Exchange {
  readonly method: string;
  /** Raw path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Raw text of the request. */
  readonly text: string;
  /** 0 until the answer's head has come. */
  readonly status: number;
}

/** A pass-through HTTP server that writes down what goes by. */
export interface Wire {
  readonly url: string;
  /** In order of arrival. */
  readonly exchanges: readonly Exchange[];
  readonly close: () => Promise<void>;
}

/**
 * Forwards everything to `target` (scheme, host and port) byte for byte, streams included, and records each exchange. It stands
 * between two real parts so that a test can say what one sent the other; `Host` becomes the target's, nothing else is touched.
 */
export async function startWire(target: string): Promise<Wire> {
  const exchanges: Exchange[] = [];
  const server = createServer((req, res) => {
    void readBody(req).then((body) => {
      const exchange = {
        method: req.method ?? "",
        url: req.url ?? "",
        headers: req.headers,
        text: body.toString("utf8"),
        status: 0,
      };
      exchanges.push(exchange);
      forward(req, res, body, new URL(target), (status) => {
        exchange.status = status;
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer); // a request without an encoding set yields buffers
  return Buffer.concat(chunks);
}

function forward(
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer,
  target: URL,
  answered: (status: number) => void,
): void {
  const { "transfer-encoding": _, ...headers } = req.headers;
  const outgoing = request(
    {
      host: target.hostname,
      port: target.port,
      method: req.method,
      path: req.url,
      headers: { ...headers, host: target.host, "content-length": body.length },
    },
    (answer) => {
      answered(answer.statusCode ?? 0);
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    },
  );
  outgoing.on("error", () => res.destroy());
  res.on("close", () => outgoing.destroy());
  outgoing.end(body);
}

/** Which of the two MCP eras an exchange belongs to, by its headers: a session id, or the version that knows none. */
export function eraOf({ headers }: Exchange): "session" | "stateless" | "none" {
  if (headers["mcp-protocol-version"] === "2026-07-28") return "stateless";
  return headers["mcp-session-id"] === undefined ? "none" : "session";
}
