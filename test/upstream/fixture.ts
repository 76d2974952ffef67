import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { UpstreamConfig } from "../../src/config/config.ts";
import type { Json, Param, SecurityRequirement, SecurityScheme } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import type { Caller } from "../../src/upstream/credentials.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";

/** A configuration of an upstream at `url`. */
export function upstreamConfig(url: string, more: Partial<UpstreamConfig> = {}): UpstreamConfig {
  const limits = {
    responseBytes: 4 * 1024 * 1024,
    fileBytes: 10 * 1024 * 1024,
    totalMs: 5_000,
    connectMs: 2_000,
    headersMs: 10_000,
    idleMs: 15_000,
    running: 64,
    queued: 128,
    queueMs: 1_000,
    runningPerPrincipal: 64,
  };
  return { url, headers: {}, errors: [], limits, tls: {}, ...more };
}

/** Who calls, with a key. */
export function callerWith(key?: string, more: Partial<Caller> = {}): Caller {
  return {
    id: "p1",
    user: null,
    organisation: null,
    ...(key === undefined ? {} : { credential: new Secret(key) }),
    ...more,
  };
}

/** A GET of `/widgets` unless told otherwise. */
export function requestOf(more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    operation: { id: "listWidgets", method: "GET", path: "/widgets" },
    effect: "read",
    idempotent: true,
    params: [],
    security: securityOf({}),
    ...more,
  };
}

/** Schemes, what the Spec requires in general, and what the Operation requires itself. */
export function securityOf(
  schemes: Readonly<Record<string, SecurityScheme>>,
  common: readonly SecurityRequirement[] = [],
  own?: readonly SecurityRequirement[],
): UpstreamRequest["security"] {
  return { schemes, common, ...(own === undefined ? {} : { own }) };
}

/** A parameter with its value. */
export function given(param: Param, value: Json | undefined): UpstreamRequest["params"][number] {
  return { param, value };
}

/** The error that `run` throws; fails when it throws none, or another. */
export async function errorOf(run: () => unknown): Promise<GatewayError> {
  try {
    await run();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

/** A real server on a free port. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Requests that came in. */
  readonly seen: IncomingMessage[];
  readonly close: () => Promise<void>;
}

export async function listen(answer: RequestListener): Promise<TestServer> {
  const seen: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    seen.push(req);
    answer(req, res);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
