import { randomBytes, randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type AuditLogOptions, createAuditLog } from "./audit/auditLog.ts";
import { createReadAudit } from "./audit/filter.ts";
import { createRedisLease } from "./audit/lease.redis.ts";
import { deriveKeys } from "./auth/keys.ts";
import { createKeyUse } from "./auth/keyUse.ts";
import { createRedisRevocations } from "./auth/revocations.redis.ts";
import { createLocalRevocations } from "./auth/revocations.ts";
import { createMemoryClaims } from "./calls/claims.memory.ts";
import { createRedisClaims } from "./calls/claims.redis.ts";
import { sealedClaims } from "./calls/claims.sealed.ts";
import { createMemoryRateLimit } from "./calls/rateLimit.memory.ts";
import { createRedisRateLimit } from "./calls/rateLimit.redis.ts";
import type { RateLimit } from "./calls/rateLimit.ts";
import { createMemoryOnce } from "./calls/safeguards/once.memory.ts";
import { createRedisOnce } from "./calls/safeguards/once.redis.ts";
import { createMemorySeen } from "./calls/safeguards/seen.memory.ts";
import { createRedisSeen } from "./calls/safeguards/seen.redis.ts";
import type { Config, LimitsConfig, Rate } from "./config/config.ts";
import { GatewayError } from "./errors.ts";
import { blamedFor } from "./http/address.ts";
import { type AddressLimit, createAddressLimit } from "./http/addressLimit.ts";
import type { AuthenticateAt } from "./http/authenticateAt.ts";
import { createMcpListener, type McpListener } from "./http/mcp/listener.ts";
import { createMetricsServer } from "./http/metricsServer.ts";
import { createHttpServer } from "./http/server.ts";
import { createShedding } from "./http/shedding.ts";
import { createRedisOAuthLimits } from "./oauth/limits.redis.ts";
import { createMemoryOAuthLimits } from "./oauth/limits.ts";
import { connectRedis, type RedisConnection } from "./redis/connection.ts";
import {
  createServing,
  type Served,
  type Serving,
  type Standing,
  type StandingKeys,
  type StandingOAuth,
} from "./serving.ts";
import { createRedisCatalogNews } from "./session/catalogNews.redis.ts";
import { type CatalogNews, createLocalCatalogNews, type TellCatalog } from "./session/catalogNews.ts";
import type { Sessions } from "./session/port.ts";
import { createMemorySessions } from "./session/sessions.memory.ts";
import { createRedisSessions } from "./session/sessions.redis.ts";
import type { KeyStore, Store } from "./storage/port.ts";
import { openStore } from "./storage/store.ts";
import type { Surface } from "./surfaces/surface.ts";
import { createLines, type Logger } from "./telemetry/log.ts";
import { createMetrics, type ObserveOperation } from "./telemetry/metrics.ts";
import { Secret } from "./telemetry/secret.ts";

/** What a gateway is made of. */
export interface Parts extends Served {
  readonly logger: Logger;
  /** `pipe`: it serves stdio, so stdout belongs to the protocol. Default `tcp`. */
  readonly transport?: "tcp" | "pipe";
  /** Fetches metadata documents of OAuth clients. Default: as `safeFetch` does, from public hosts alone. */
  readonly fetchDocument?: StandingOAuth["fetchDocument"];
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
  /** Those served at present. */
  readonly surfaces: () => readonly Surface[];
  /** Tells every client that listens what changed, e.g. that its list of tools did. */
  readonly notify: McpListener["notify"];
  /** What another framing than HTTP serves with. */
  readonly inside: Inside;
  /**
   * Serves this from now on, in one step: requests in flight finish with what they began with, and clients are told when
   * their lists of tools changed. Where to listen, Redis, secrets, and the limits on sessions and streams stay as they are.
   * Throws `invalid_request` when the Config names something that the API does not have; then nothing has changed.
   */
  readonly reload: (served: Served) => Promise<void>;
  /**
   * Stops taking connections, lets what is being served finish, then closes every part. What is not finished in time is ended
   * and answered: reads as such, changes that were sent as `outcome_unknown`. Safe to call twice; the shorter time counts.
   */
  readonly close: (how?: Closing) => Promise<void>;
}

/** The parts of a gateway that a framing of its own needs. */
export interface Inside {
  /** Opens the stores, and the port of the metrics where there is one; nothing else listens. */
  readonly open: () => Promise<void>;
  readonly authenticate: AuthenticateAt;
  readonly read: Serving["read"];
  /** Absent: nothing is measured. */
  readonly observe?: ObserveOperation;
}

/** How long a gateway takes to close. Both are counted from the call. */
export interface Closing {
  /** First it says that it is not ready, and serves all the same, this long. Default 0: nothing but a load balancer needs it. */
  readonly readyMs?: number;
  /** What is not finished by then is ended. Default `DRAIN_GRACE_MS`. */
  readonly graceMs?: number;
}

/** The answers to what was ended, to leave. */
const answeringMs = 2_000;
/** What a Call still has to do once its upstream has answered: keep what came of it. */
const settlingMs = 2_000;
/** The outcomes that wait for the audit log, to be written. */
const recordingMs = 2_000;
/** The longest that a request takes to arrive whole, its key looked at. */
const longestRequestMs = 60_000;
/** The longest that a Call runs which began before a reload. */
const longestCallMs = 120_000;

/**
 * Wires a gateway: what stands as long as the process here, what a reload replaces in `serving.ts`. Nothing listens and
 * nothing is sent before `listen`. Throws `invalid_request` when the Config names something that the API does not have.
 */
export function compose({ logger, transport = "tcp", fetchDocument, ...served }: Parts): Gateway {
  const { config } = served;
  const { server: own, limits } = config;
  const secrets = own.secrets.length > 0 ? own.secrets : [ephemeralSecret()];
  const graceOver = new AbortController();
  const state: { draining: boolean; port: number; metricsPort?: number | undefined } = {
    draining: false,
    port: own.port,
  };
  const url = (): string => own.publicUrl ?? `http://${shownHost(own.host)}:${state.port}`;

  const metrics = own.metricsPort === undefined ? undefined : createMetrics({ transport, ...config.metrics });
  const redis = own.redisUrl === undefined ? undefined : connectRedis(own.redisUrl, { logger });
  const store = openStore(own.databaseUrl, { logger });
  const audit = createAuditLog({
    store: store.audit,
    logger,
    keepDays: () => serving.config.audit.keepDays,
    ...(redis && { leaseOf: (work) => createRedisLease(redis, work) }),
    ...sinksOf(config, transport),
  });
  const keys = keysIn(redis, secrets, store.keys);
  const sessions = sessionsIn(redis, limits.sessionsPerPrincipal);
  const addresses = addressesIn(redis, own.instances, limits);
  const shedding = createShedding({
    mostDelayMs: numberOf(limits.shedAboveDelayMs),
    mostHeapShare: numberOf(limits.shedAboveHeapPercent) / 100,
  });
  /** Undefined when the store does not answer. */
  const sessionCount = (): Promise<number | undefined> => sessions.count().catch(() => undefined);
  const standing: Standing = {
    logger,
    secrets,
    claims:
      redis === undefined
        ? createMemoryClaims()
        : sealedClaims(createRedisClaims({ redis }), deriveKeys(secrets, "idempotency")),
    audit,
    readAudit: createReadAudit(store.audit),
    keys,
    oauth: { ...oauthIn(redis, secrets, store, keys), ...(fetchDocument && { fetchDocument }) },
    safeguards: {
      confirmationKeys: deriveKeys(secrets, "confirmation"),
      seen: redis === undefined ? createMemorySeen() : createRedisSeen({ redis }),
      once: redis === undefined ? createMemoryOnce() : createRedisOnce({ redis }),
    },
    rates: ratesIn(redis, own.instances),
    metrics,
    url,
    ending: graceOver.signal,
    ready: async () => {
      if (state.draining) return "not ready";
      return (await sessionCount()) === undefined || !store.isUp() ? "degraded" : "ready";
    },
    admit: (network) => {
      addresses?.take(network);
      shedding.assertTakes("list");
    },
    health: async (upstream) => {
      const count = await sessionCount();
      const troubled = upstream === "failing" || count === undefined || !store.isUp();
      const status = state.draining ? "draining" : troubled ? "degraded" : "ok";
      return { status, sessions: count ?? 0, upstream, store: count === undefined ? "down" : "ok" };
    },
  };

  let serving = createServing(served, standing);
  const mcp = createMcpListener({
    ...serving.view,
    sessions,
    secrets,
    log: logger,
    streams: {
      perPrincipal: limits.streamsPerPrincipal,
      perAddress: limits.streamsPerAddress,
      total: limits.streams,
      recheckOwnMs: keys.freshMs,
    },
    revocations: keys.revocations,
    maxInFlight: limits.inFlight,
    maxInFlightPerPrincipal: limits.inFlightPerPrincipal,
    ...(addresses && { addresses }),
    shedding,
    ...(metrics && { observe: metrics.operation, refused: metrics.refused }),
  });
  const app: RequestListener = (req, res) => serving.app(req, res);
  const server = createHttpServer({ mcp, app });
  const news = catalogNews(redis, async (eventId, lists) => {
    await Promise.all(lists.map((list) => mcp.notify({ type: `${list}_list_changed` }, `${list}:${eventId}`)));
  });
  void news.serve(serving.hash);
  metrics?.watch({ sessions: sessions.count, streams: mcp.openStreams, inFlight: mcp.inFlight });
  const metricsServer = metrics && createMetricsServer(metrics);

  const retiring = new Set<Promise<void>>();
  const stopping = new AbortController();
  const retire = (old: Serving): void => {
    // A request that has begun may still be at its key or its body, and have no Call yet.
    const begun = sleep(longestRequestMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    const retired = begun.then(() => old.finished(longestCallMs)).then(old.close);
    retiring.add(retired);
    void retired.finally(() => retiring.delete(retired));
  };
  const shutDown = async (readyMs: number): Promise<void> => {
    state.draining = true;
    server.turnAway();
    await sleep(readyMs, undefined, { signal: graceOver.signal }).catch(() => undefined);
    await server.drain({ graceOver: graceOver.signal, settleMs: answeringMs });
    await news.leave();
    stopping.abort();
    await Promise.all([...retiring, serving.finished(settlingMs).then(serving.close)]);
    await sessions.close();
    await audit.close(recordingMs);
    await redis?.close();
    await keys.use.close();
    await store.close();
    shedding.close();
    await metricsServer?.close();
  };
  const open = async (): Promise<void> => {
    const [, isOpen] = await Promise.all([redis?.ready(), store.ready()]);
    const isLasting = own.databaseUrl.reveal() !== "sqlite::memory:";
    if (isOpen && isLasting && own.secrets.length === 0) await refuseKeys(store.keys);
    audit.start();
    state.metricsPort = await metricsServer?.listen(own.metricsPort ?? 0, own.host);
  };
  let closing: Promise<void> | undefined;
  return {
    listener: mcp.listener,
    app,
    surfaces: () => serving.surfaces,
    url,
    metricsPort: () => state.metricsPort,
    notify: mcp.notify,
    inside: {
      open,
      authenticate: (surface, rawHeaders, from) => serving.view.authenticate(surface, rawHeaders, from),
      read: (reading) => serving.read(reading),
      ...(metrics && { observe: metrics.operation }),
    },
    listen: async () => {
      await open();
      state.port = await server.listen(own.port, own.host);
      void news.serve(serving.hash);
      return state.port;
    },
    reload: async (next) => {
      const old = serving;
      warnOfStanding(config, next.config, logger);
      serving = createServing(next, standing);
      mcp.swap(serving.view);
      retire(old);
      await news.serve(serving.hash);
    },
    close: ({ readyMs = 0, graceMs = own.drain.graceMs } = {}) => {
      setTimeout(() => graceOver.abort(), graceMs).unref();
      closing ??= shutDown(readyMs);
      return closing;
    },
  };
}

/** What was built at the start and is not built again. */
function warnOfStanding(started: Config, next: Config, logger: Logger): void {
  const standing = ({ limits, metrics, audit }: Config): Record<string, unknown> => ({
    "limits.sessionsPerPrincipal": limits.sessionsPerPrincipal,
    "limits.streamsPerPrincipal": limits.streamsPerPrincipal,
    "limits.streamsPerAddress": limits.streamsPerAddress,
    "limits.streams": limits.streams,
    "limits.inFlight": limits.inFlight,
    "limits.inFlightPerPrincipal": limits.inFlightPerPrincipal,
    "limits.shedAboveDelayMs": limits.shedAboveDelayMs,
    "limits.shedAboveHeapPercent": limits.shedAboveHeapPercent,
    "limits.requestsPerMinutePerAddress": limits.requestsPerMinutePerAddress,
    "metrics.toolNames": metrics.toolNames,
    "audit.sinks": JSON.stringify(audit.sinks),
  });
  const wanted = standing(next);
  const later = Object.entries(standing(started)).flatMap(([name, value]) => (wanted[name] === value ? [] : [name]));
  if (later.length > 0) logger.warn({ settings: later }, "these settings take effect at the next start");
  if (JSON.stringify(started.codegen) !== JSON.stringify(next.codegen))
    logger.warn(
      "the codegen part has changed: run specgate generate and restart, unless the Spec is served with --spec",
    );
}

/** Who hears of what the audit log holds. */
function sinksOf({ audit, server }: Config, transport: "tcp" | "pipe"): Pick<AuditLogOptions, "lines" | "webhook"> {
  const { stdout, webhook } = audit.sinks;
  return {
    ...(stdout && { lines: createLines(transport === "pipe" ? 2 : 1) }),
    ...(webhook && server.webhookSecret && { webhook: { ...webhook, secret: server.webhookSecret } }),
  };
}

function catalogNews(redis: RedisConnection | undefined, tell: TellCatalog): CatalogNews {
  return redis === undefined
    ? createLocalCatalogNews(tell)
    : createRedisCatalogNews({ redis, tell, replicaId: randomUUID() });
}

/**
 * Without Redis another process (`specgate keys revoke`) cannot tell this one that a key was revoked, so it looks twice a second;
 * with it, looking is for messages that were lost.
 */
function keysIn(redis: RedisConnection | undefined, secrets: readonly Secret[], store: KeyStore): StandingKeys {
  return {
    ring: { peppers: deriveKeys(secrets, "pepper"), seals: deriveKeys(secrets, "credential") },
    store,
    revocations: redis === undefined ? createLocalRevocations() : createRedisRevocations({ redis }),
    use: createKeyUse({ store }),
    freshMs: redis === undefined ? 500 : 5_000,
  };
}

/**
 * Throws `invalid_request` (usage) where there are keys: they were made under a secret, and without it every one of them would be
 * refused as a wrong one. A database that does not answer is asked nothing.
 */
async function refuseKeys(store: KeyStore): Promise<void> {
  const page = await store.list({ now: new Date().toISOString() }, { limit: 1 }).catch(() => undefined);
  if (page === undefined || page.rows.length === 0) return;
  throw new GatewayError(
    "invalid_request",
    "there are gateway keys in the database, but SPECGATE_SECRET is not set: none of them would be good",
    { next: "Give it the secret that they were made with, or another DATABASE_URL.", data: { usage: true } },
  );
}

/** What OAuth keeps outlives every reload; what it is, a reload may change. */
function oauthIn(
  redis: RedisConnection | undefined,
  secrets: readonly Secret[],
  store: Store,
  { ring, revocations, freshMs }: StandingKeys,
): Standing["oauth"] {
  return {
    store,
    ring,
    revocations,
    freshMs,
    signingSeals: deriveKeys(secrets, "oauth signing"),
    cookieKeys: deriveKeys(secrets, "oauth cookies"),
    limits: redis === undefined ? createMemoryOAuthLimits() : createRedisOAuthLimits({ redis }),
    networkOf: blamedFor,
  };
}

function sessionsIn(redis: RedisConnection | undefined, perPrincipal: number): Sessions {
  return redis === undefined ? createMemorySessions({ perPrincipal }) : createRedisSessions({ redis, perPrincipal });
}

/** Limits on calls: of all replicas together where they share Redis. */
function ratesIn(redis: RedisConnection | undefined, instances: number): Standing["rates"] {
  const limitOf = (name: string, perMinute: number): RateLimit =>
    redis === undefined
      ? createMemoryRateLimit(perMinute)
      : createRedisRateLimit({ redis, name, perMinute, instances });
  return ({ readsPerMinute, writesPerMinute }, surface) => {
    const at = surface === undefined ? "" : `-${surface}`;
    return {
      ...(readsPerMinute !== "off" && { reads: limitOf(`read${at}`, readsPerMinute) }),
      ...(writesPerMinute !== "off" && { writes: limitOf(`write${at}`, writesPerMinute) }),
    };
  };
}

/** What no number reaches, where a limit is off. */
function numberOf(rate: Rate): number {
  return rate === "off" ? Number.POSITIVE_INFINITY : rate;
}

/** The limit on requests from one address; undefined where it is off. */
function addressesIn(
  redis: RedisConnection | undefined,
  instances: number,
  { requestsPerMinutePerAddress: perMinute }: LimitsConfig,
): AddressLimit | undefined {
  if (perMinute === "off") return undefined;
  if (redis === undefined) return createAddressLimit({ perMinute });
  const { take } = createRedisRateLimit({ redis, name: "request", perMinute, instances });
  return createAddressLimit({ perMinute, shared: { take, instances } });
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
