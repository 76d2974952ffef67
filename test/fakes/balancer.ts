import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as open,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** How to start a {@link Balancer}. */
export interface BalancerOptions {
  /** Scheme, host and port of each backend: `http://127.0.0.1:3000`. */
  readonly backends: readonly string[];
  /** Asked of each backend every `healthMs`: any answer but 200 takes it out until one is. Default: none is asked. */
  readonly healthPath?: string;
  /** Default 100. */
  readonly healthMs?: number;
  /** Header whose value names the client; it is not forwarded. Default `x-test-client`. */
  readonly clientHeader?: string;
  /** Told when a backend's head has come, or that there was none (`status` 502, 503). */
  readonly onServed?: (served: Served) => void;
}

/** One request that went through. */
export interface Served {
  /** Value of the client header; empty where it had none. */
  readonly client: string;
  /** As it stands in `backends`; empty where none was to be had. */
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** What a client or all of them got from each backend. */
export interface Counts {
  /** Requests by backend, as it stands in `backends`. */
  readonly byBackend: ReadonlyMap<string, number>;
  readonly total: number;
  /** Requests that went to the same backend as the one before. */
  readonly repeats: number;
}

/** A reverse proxy in front of interchangeable backends, as careless about sessions as the plainest one. */
export interface Balancer {
  readonly port: number;
  readonly url: string;
  /** Counts of one client, or of all. Zeros for one that is unknown. */
  readonly counts: (client?: string) => Counts;
  readonly clients: () => readonly string[];
  /** Backends that are asked at present. */
  readonly healthy: () => readonly string[];
  /** Requests that ended with 502 or 503 of the balancer's own, or were cut because their backend went, each with the reason. */
  readonly failures: readonly string[];
  readonly close: () => Promise<void>;
}

interface Backend {
  readonly origin: string;
  readonly url: URL;
  readonly agent: Agent;
  healthy: boolean;
}

interface Tally {
  readonly byBackend: Map<string, number>;
  total: number;
  repeats: number;
  last: Backend | undefined;
  /** Where the rotation of this client stands. */
  turn: number;
}

const healthTimeoutMs = 1_000;

/**
 * Starts a balancer on a free port of the loopback address. Each request goes to the next backend in turn; every client has a
 * rotation of its own, so that no two requests of one in a row meet the same backend while more than one is up: the worst case
 * for whatever is kept in a process. Both ways are streamed. A request is tried on one other backend only when the connection
 * was refused, before a byte of it was sent. A backend that goes in mid-answer cuts the answer off; a client that goes cuts
 * the request off. No affinity, no buffering, no retry of what may have been done.
 */
export async function startBalancer(options: BalancerOptions): Promise<Balancer> {
  const { healthPath, healthMs = 100, clientHeader = "x-test-client", onServed } = options;
  const backends: readonly Backend[] = options.backends.map((origin) => ({
    origin,
    url: new URL(origin),
    agent: new Agent({ keepAlive: true, maxFreeSockets: 256 }),
    healthy: true,
  }));
  const tallies = new Map<string, Tally>();
  const all = newTally(0);
  const failures: string[] = [];

  const tallyOf = (client: string): Tally => {
    const known = tallies.get(client) ?? newTally(tallies.size);
    tallies.set(client, known);
    return known;
  };
  const next = (tally: Tally, except?: Backend): Backend | undefined => {
    for (let step = 0; step < backends.length; step++) {
      const backend = backends[(tally.turn + step) % backends.length];
      if (backend === undefined || !backend.healthy || backend === except) continue;
      tally.turn = (tally.turn + step + 1) % backends.length;
      return backend;
    }
    return undefined;
  };
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    const client = textOf(req.headers[clientHeader]);
    const tally = tallyOf(client);
    const headers = headersWithout(req.rawHeaders, clientHeader);
    const told = (backend: string, status: number): void =>
      onServed?.({ client, backend, method: req.method ?? "", path: req.url ?? "", status });
    const refuse = (status: number, why: string): void => {
      failures.push(`${status} ${req.method} ${req.url} ${client}: ${why}`);
      told("", status);
      res.writeHead(status, { "content-type": "text/plain" }).end(why);
    };
    const attempt = (backend: Backend, again: boolean): void => {
      let begun = false;
      const outgoing = forward(backend, req, headers, () => {
        begun = true;
        for (const one of [tally, all]) count(one, backend);
      });
      outgoing.on("response", (answer) => {
        told(backend.origin, answer.statusCode ?? 0);
        relay(answer, res, () => failures.push(`cut ${req.method} ${req.url} ${client}: ${backend.origin} went away`));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (res.headersSent || res.destroyed) return void res.destroy();
        const other = error.code === "ECONNREFUSED" && !begun && again ? next(tally, backend) : undefined;
        if (other !== undefined) attempt(other, false);
        else refuse(502, `${backend.origin}: ${error.code ?? error.message}`);
      });
      res.once("close", () => outgoing.destroy());
    };
    const backend = next(tally);
    if (backend === undefined) refuse(503, "no backend is up");
    else attempt(backend, true);
  };

  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a server that listens on TCP has one
  const stopWatching = healthPath === undefined ? () => undefined : watchHealth(backends, healthPath, healthMs);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    counts: (client) => countsOf(client === undefined ? all : tallies.get(client)),
    clients: () => [...tallies.keys()],
    healthy: () => backends.filter(({ healthy }) => healthy).map(({ origin }) => origin),
    failures,
    close: () =>
      new Promise((closed) => {
        stopWatching();
        server.close(() => closed());
        server.closeAllConnections();
        for (const { agent } of backends) agent.destroy();
      }),
  };
}

function newTally(turn: number): Tally {
  return { byBackend: new Map(), total: 0, repeats: 0, last: undefined, turn };
}

function countsOf({ byBackend, total, repeats }: Tally = newTally(0)): Counts {
  return { byBackend: new Map(byBackend), total, repeats };
}

function count(tally: Tally, backend: Backend): void {
  tally.byBackend.set(backend.origin, (tally.byBackend.get(backend.origin) ?? 0) + 1);
  tally.total += 1;
  if (tally.last === backend) tally.repeats += 1;
  tally.last = backend;
}

/** Sends nothing before the connection stands, so that one that was refused has taken nothing of the request. */
function forward(
  { url, agent }: Backend,
  req: IncomingMessage,
  headers: readonly string[],
  begin: () => void,
): ClientRequest {
  const outgoing = open({
    agent,
    host: url.hostname,
    port: url.port,
    ...(req.method !== undefined && { method: req.method }),
    ...(req.url !== undefined && { path: req.url }),
    headers,
  });
  const send = (): void => {
    begin();
    req.pipe(outgoing);
  };
  outgoing.setNoDelay(true);
  outgoing.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", send);
    else send();
  });
  return outgoing;
}

function relay(answer: IncomingMessage, res: ServerResponse, cut: () => void): void {
  res.writeHead(answer.statusCode ?? 502, headersWithout(answer.rawHeaders, ""));
  res.flushHeaders();
  answer.pipe(res);
  answer.once("error", () => undefined); // told by its close
  answer.once("close", () => {
    if (answer.complete) return;
    if (!res.destroyed) cut();
    res.destroy();
  });
}

/** Names and values in turn, without `name` and without what belongs to one connection. */
function headersWithout(raw: readonly string[], name: string): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [key = "", value = ""] = [raw[at], raw[at + 1]];
    const lower = key.toLowerCase();
    if (lower !== name && lower !== "connection" && lower !== "keep-alive") kept.push(key, value);
  }
  return kept;
}

function watchHealth(backends: readonly Backend[], path: string, everyMs: number): () => void {
  const look = (backend: Backend): void => {
    const asked = open({ host: backend.url.hostname, port: backend.url.port, path, timeout: healthTimeoutMs });
    asked.on("response", (answer) => {
      backend.healthy = answer.statusCode === 200;
      answer.resume();
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer")));
    asked.on("error", () => {
      backend.healthy = false;
    });
    asked.end();
  };
  const timer = setInterval(() => backends.forEach(look), everyMs);
  return () => clearInterval(timer);
}

function textOf(value: string | string[] | undefined): string {
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}
