import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Metrics } from "../telemetry/metrics.ts";
import { listen } from "./listen.ts";

/** The server of `/metrics`: on a port of its own, so that a proxy in front of the gateway cannot show it by accident. */
export interface MetricsServer {
  /** Resolves to the port when it listens; rejects with `invalid_request` when the address cannot be had. */
  readonly listen: (port: number, host: string) => Promise<number>;
  /** Ends it at once. */
  readonly close: () => Promise<void>;
}

/** {@link MetricsServer} of `metrics`: `GET /metrics` (and HEAD) in Prometheus text form, 404 for every other path. No key is asked. */
export function createMetricsServer(metrics: Pick<Metrics, "text" | "contentType">): MetricsServer {
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 10_000 }, (req, res) => {
    serve(metrics, req, res).catch(() => {
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });
  return {
    listen: (port, host) => listen(server, port, host, "METRICS_PORT"),
    close: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}

async function serve(
  { text, contentType }: Pick<Metrics, "text" | "contentType">,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const [path] = (req.url ?? "").split("?", 1);
  if (path !== "/metrics") return answer(res, 404, "Not found. Metrics are at /metrics.\n");
  if (req.method !== "GET" && req.method !== "HEAD") {
    res.setHeader("allow", "GET, HEAD");
    return answer(res, 405, "Method not allowed.\n");
  }
  const body = await text();
  res.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
  res.end(req.method === "HEAD" ? undefined : body);
}

function answer(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" }).end(text);
}
