import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { createAuthenticate } from "./auth/authenticate.ts";
import { deriveKeys } from "./auth/keys.ts";
import { createAuthorize } from "./calls/authorize.ts";
import type { HandTool } from "./calls/call.ts";
import { createMemoryClaims } from "./calls/claims.memory.ts";
import { createRedisClaims } from "./calls/claims.redis.ts";
import { createCredentialCheck } from "./calls/credentialCheck.ts";
import { createDriftReport } from "./calls/drift.ts";
import { hookIndex, type ToolHook } from "./calls/hooks.ts";
import { createRunCall } from "./calls/runCall.ts";
import { tracking } from "./calls/tracking.ts";
import { createCatalog } from "./catalog/catalog.ts";
import { createValidator } from "./catalog/validator.ts";
import type { Config, SurfaceConfig } from "./config/config.ts";
import type { Api } from "./descriptor.ts";
import { GatewayError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { edgePolicy } from "./http/edge.ts";
import { createMcpListener, type McpListener } from "./http/mcp/listener.ts";
import { createMetricsServer } from "./http/metricsServer.ts";
import { setupPage } from "./http/routes/page.ts";
import { createHttpServer } from "./http/server.ts";
import { connectRedis, type RedisConnection } from "./redis/connection.ts";
import type { Sessions } from "./session/port.ts";
import { createMemorySessions } from "./session/sessions.memory.ts";
import { createRedisSessions } from "./session/sessions.redis.ts";
import type { Surface } from "./surfaces/surface.ts";
import { createTypedSurface } from "./surfaces/typed.ts";
import type { Logger } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { Secret } from "./telemetry/secret.ts";
import { createUpstream } from "./upstream/client.ts";
import { measured } from "./upstream/measured.ts";
import { type ObservedUpstream, observed } from "./upstream/observed.ts";

/** What a gateway is made of. */
export interface Parts {
  readonly api: Api;
  readonly config: Config;
  readonly logger: Logger;
  /** Tools written by hand, offered beside those of the API. */
  readonly tools?: readonly HandTool[];
  /** The API owner's code around Tools. */
  readonly hooks?: readonly ToolHook[];
}

/** A gateway, wired and ready to serve. */
export interface Gateway {
  /** Serves the MCP endpoint of every Surface and hands the rest to `next`; mount it ahead of body parsers. */
  readonly listener: McpListener["listener"];
  /** Every other route (health, tools, pages) as an Express app; answers 404 itself. */
  readonly app: RequestListener;
  /** Listens where the Config says; resolves to the port taken. */
  readonly listen: () => Promise<number>;
  /** The port of `/metrics`; undefined before it listens, and where `METRICS_PORT` is not set. */
  readonly metricsPort: () => number | undefined;
  /** The URL that clients are told: `PUBLIC_URL`, else where it listens. */
  readonly url: () => string;
  readonly surfaces: readonly Surface[];
  /** Tells every client that listens what changed, e.g. that its list of tools did. */
  readonly notify: McpListener["notify"];
  /** Stops taking connections, lets what is being served finish, then closes every part. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/** What a Call still has to do once its upstream has answered: keep what came of it. */
const settlingMs = 5_000;

/**
 * Wires a gateway. Nothing listens and nothing is sent before `listen`. Throws `invalid_request` when the Config names
 * something that the API does not have.
 */
export function compose({ api, config, logger, tools = [], hooks = [] }: Parts): Gateway {
  const { server: own, limits } = config;
  const secrets = own.secrets.length > 0 ? own.secrets : [ephemeralSecret()];
  const state: { draining: boolean; port: number; metricsPort?: number | undefined } = {
    draining: false,
    port: own.port,
  };
  const url = (): string => own.publicUrl ?? `http://${shownHost(own.host)}:${state.port}`;

  const metrics = own.metricsPort === undefined ? undefined : createMetrics({ transport: "tcp", ...config.metrics });
  const upstreams = new Map(
    Object.entries(config.upstreams).map(([name, one]) => [
      name,
      measuredBy(metrics, name, observed(createUpstream(one))),
    ]),
  );
  const upstreamOf = ({ upstream }: SurfaceConfig): ObservedUpstream => found(upstreams.get(upstream));
  const surfaceConfig = (name: string): SurfaceConfig => found(config.surfaces[name]);

  const redis = own.redisUrl === undefined ? undefined : connectRedis(own.redisUrl, { logger });
  const catalog = createCatalog(api, tools);
  const calls = tracking(
    createRunCall({
      upstreamFor: (call) => upstreamOf(surfaceConfig(call.surface)),
      scopes: config.scopes,
      validator: createValidator(),
      cursorKeys: deriveKeys(secrets, "cursor"),
      limits,
      onDrift: createDriftReport(logger, metrics?.drift),
      hooks: hookIndex(hooks, catalog),
      idempotency: {
        ...config.idempotency,
        claims: redis === undefined ? createMemoryClaims() : createRedisClaims({ redis }),
        upstreamName: (call) => surfaceConfig(call.surface).upstream,
      },
    }),
  );
  const permits = createAuthorize(config.scopes);
  const surfaces = Object.entries(config.surfaces).map(([name, surface]) =>
    createTypedSurface({ name, ...surface, tools: catalog.tools, permits, run: calls.run }),
  );

  const { check, headers, required } = config.credentials;
  const authenticate = createAuthenticate({
    headers,
    required,
    keys: deriveKeys(secrets, "principal"),
    ...(check && {
      check: createCredentialCheck(api, check, found(upstreams.values().next().value)),
      cacheSeconds: check.cacheSeconds,
    }),
    ...(config.brand.keyPageUrl !== undefined && { keyPageUrl: config.brand.keyPageUrl }),
  });

  const sessions = sessionsIn(redis, limits.sessionsPerPrincipal);
  const edge = edgePolicy({ ...own, credentialHeaders: headers });
  const page = (surface: Surface): string =>
    setupPage(surface, {
      ...config.brand,
      brand: config.brand.name,
      url: `${url()}${surface.path}`,
      keyHeader: headers[0] ?? "x-api-key",
    });
  const shared = { surfaces, authenticate, edge, credentialHeaders: headers, page, log: logger };

  const mcp = createMcpListener({
    ...shared,
    sessions,
    secrets,
    body: { bytes: limits.bodyBytes, depth: limits.depth, tokens: limits.tokens },
    streams: { perPrincipal: limits.streamsPerPrincipal },
    ...(metrics && { observe: metrics.operation }),
  });
  const app = createApp({
    ...shared,
    anonymousTools: config.toolsEndpoint.anonymous,
    ready: async () => !state.draining,
    health: async (surface) => {
      const upstream = upstreamOf(surfaceConfig(surface.name)).health();
      const store = redis === undefined || redis.isUp() ? "ok" : "down";
      const troubled = upstream === "failing" || store === "down";
      const status = state.draining ? "draining" : troubled ? "degraded" : "ok";
      const count = store === "ok" ? await sessions.count().catch(() => 0) : 0;
      return { status, version: api.version, tools: surface.tools.length, sessions: count, upstream, store };
    },
  });
  const server = createHttpServer({ mcp, app });
  metrics?.watch({ sessions: sessions.count, streams: mcp.openStreams, inFlight: mcp.inFlight });
  const metricsServer = metrics && createMetricsServer(metrics);

  const shutDown = async (): Promise<void> => {
    state.draining = true;
    await server.drain();
    await Promise.all([...upstreams.values()].map((one) => one.close()));
    await calls.finished(settlingMs);
    await sessions.close();
    await redis?.close();
    await metricsServer?.close();
  };
  let closing: Promise<void> | undefined;
  return {
    listener: mcp.listener,
    app,
    surfaces,
    url,
    metricsPort: () => state.metricsPort,
    notify: mcp.notify,
    listen: async () => {
      await redis?.ready();
      state.metricsPort = await metricsServer?.listen(own.metricsPort ?? 0, own.host);
      state.port = await server.listen(own.port, own.host);
      return state.port;
    },
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}

function measuredBy(metrics: Metrics | undefined, name: string, upstream: ObservedUpstream): ObservedUpstream {
  return metrics === undefined
    ? upstream
    : measured(upstream, (measure) => metrics.upstream({ upstream: name, ...measure }));
}

function sessionsIn(redis: RedisConnection | undefined, perPrincipal: number): Sessions {
  return redis === undefined ? createMemorySessions({ perPrincipal }) : createRedisSessions({ redis, perPrincipal });
}

/** Nothing that is signed outlives the process while sessions live in it, so a secret nobody knows is the best one. */
function ephemeralSecret(): Secret {
  return new Secret(randomBytes(32).toString("base64url"));
}

/** An address that a browser can open: a server on every address is reached by name. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "127.0.0.1") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** Names of Surfaces and Upstreams are checked when the Config is read. */
function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new GatewayError("internal", "the configuration names a part that was not made");
  return value;
}
