import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { type Channels, createChannels } from "./channels.ts";
import { reasonOf } from "./unavailable.ts";
import { parseRedisUrl, type RedisTarget } from "./url.ts";

export type RedisClient = Redis | Cluster;

/** The process's way to Redis: one connection for commands, one for messages. It reconnects by itself for as long as it lives. */
export interface RedisConnection {
  /** For commands. Each fails within 500 ms when Redis is away; none is queued, and none is ever sent twice. */
  readonly commands: RedisClient;
  readonly channels: Channels;
  readonly isUp: () => boolean;
  /** Resolves when Redis answers, or after 2 s (then it is logged, and connecting goes on). True when it answers. */
  readonly ready: () => Promise<boolean>;
  /** Closes both connections. Safe to call twice. */
  readonly close: () => Promise<void>;
}

export interface RedisConnectionOptions {
  readonly logger: Logger;
}

/** Replies come as ioredis gives them by default, on both versions of the wire protocol. */
type Settings = Omit<RedisOptions, "replyMapping">;

const readyMs = 2_000;

/**
 * Fail-fast options (reliability.md §3). Nothing waits for a Redis that is away, and a command whose connection broke is
 * not sent again, since it may have been carried out. A socket that owes an answer for longer than a command may take is
 * closed: from then on everything fails at once, so that the commands of one request never add up, and a failover without a
 * farewell is noticed, which TCP alone would minutes later. The pause between attempts stays under 1.5 s, so that service is
 * back within 2 s.
 */
const failFast = {
  enableOfflineQueue: false,
  commandTimeout: 500,
  connectTimeout: 1_000,
  socketTimeout: 550,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt: number): number =>
    Math.min(50 * 2 ** Math.min(attempt, 5), 1_500) * (0.5 + Math.random() / 2),
} satisfies Settings;

/** Subscriptions are renewed by `channels.ts`. A subscription may take longer than a command; nobody waits for it. */
const subscriberOptions = {
  autoResubscribe: false,
  commandTimeout: undefined,
  socketTimeout: 2_000,
} satisfies Settings;

/**
 * Starts connecting to the Redis of `REDIS_URL` ({@link parseRedisUrl} tells its forms) and returns at once. Throws
 * `invalid_request` for a URL that is none. Warns, through the logger, when Redis goes away, and when its memory policy is
 * not `noeviction`: then it would drop sessions without a word. Log lines hold no address and no password.
 */
export function connectRedis(url: Secret, { logger }: RedisConnectionOptions): RedisConnection {
  const target = parseRedisUrl(url);
  const commands = target.kind === "cluster" ? openCluster(target) : new Redis(optionsOf(target));
  // A Cluster object keeps a connection for messages of its own.
  const subscriber = commands instanceof Cluster ? commands : new Redis({ ...optionsOf(target), ...subscriberOptions });
  const channels = createChannels(subscriber);
  const watched = watchState(commands, logger);
  if (subscriber !== commands) subscriber.on("error", () => undefined); // the command connection's errors tell as much
  const clients = [...new Set([commands, subscriber])];
  const stops = clients.map(keepConnecting);
  let closing: Promise<void> | undefined;
  return {
    commands,
    channels,
    isUp: () => commands.status === "ready",
    ready: async () => {
      const ready = await Promise.all([isReady(commands), isReady(subscriber)]);
      if (ready.every(Boolean)) return true;
      logger.error({ reason: watched.lastReason() }, "redis does not answer; sessions are unavailable until it does");
      return false;
    },
    close: () => {
      watched.stop();
      for (const stop of stops) stop();
      closing ??= closeAll(channels, clients);
      return closing;
    },
  };
}

function optionsOf(target: RedisTarget): Settings {
  const [first] = target.nodes;
  const common: Settings = { ...failFast, ...credentialsOf(target), db: target.db };
  if (target.kind !== "sentinel")
    return { ...common, ...first, ...(target.tls === undefined ? {} : { tls: tlsOf(target) }) };
  return {
    ...common,
    sentinels: [...target.nodes],
    ...(target.name === undefined ? {} : { name: target.name }),
    ...(target.sentinelUsername === undefined ? {} : { sentinelUsername: target.sentinelUsername }),
    ...(target.sentinelPassword === undefined ? {} : { sentinelPassword: target.sentinelPassword.reveal() }),
    ...(target.tls === undefined
      ? {}
      : { tls: tlsOf(target), sentinelTLS: tlsOf(target), enableTLSForSentinelMode: true }),
    failoverDetector: true,
    sentinelRetryStrategy: failFast.retryStrategy,
    sentinelCommandTimeout: failFast.connectTimeout,
  };
}

function openCluster(target: RedisTarget): Cluster {
  const { retryStrategy, enableOfflineQueue, ...perNode } = failFast;
  const options: Omit<ClusterOptions, "redisOptions"> & { redisOptions: Settings } = {
    enableOfflineQueue,
    scaleReads: "master",
    clusterRetryStrategy: retryStrategy,
    // A few redirections follow a slot that moved; more would outlast the bound of a command.
    maxRedirections: 4,
    slotsRefreshTimeout: 1_000,
    slotsRefreshInterval: 5_000,
    redisOptions: {
      ...perNode,
      ...credentialsOf(target),
      ...(target.tls === undefined ? {} : { tls: tlsOf(target) }),
    },
    // Certificates name hosts: with TLS the names of the URL go to the handshake as they are.
    ...(target.tls === undefined ? {} : { dnsLookup: (host, found) => found(null, host) }),
  };
  return new Cluster([...target.nodes], options);
}

function tlsOf({ tls }: RedisTarget): { ca?: string } {
  return { ...tls };
}

function credentialsOf({ username, password }: RedisTarget): Pick<RedisOptions, "username" | "password"> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
  };
}

/** Logs the changes of a connection's state: one line when it goes, one when it is back, not one per attempt. */
function watchState(commands: RedisClient, logger: Logger): { lastReason: () => string; stop: () => void } {
  let reason = "no answer yet";
  let state: "new" | "up" | "down" | "stopped" = "new";
  let policy: string | undefined;
  commands.on("error", (error: unknown) => {
    reason = reasonOf(error);
  });
  commands.on("close", () => {
    if (state !== "up") return;
    state = "down";
    logger.warn({ reason }, "redis is away; sessions are unavailable until it is back");
  });
  commands.on("ready", () => {
    reason = "connection closed";
    if (state === "down") logger.info("redis is back");
    if (state !== "stopped") state = "up";
    void memoryPolicy(commands).then((found) => {
      if (state === "up" && found !== policy) warnOfPolicy(found, logger);
      policy = found;
    });
  });
  return {
    lastReason: () => reason,
    stop: () => {
      state = "stopped";
    },
  };
}

/**
 * Connects again where ioredis has given up: the failover detector of Sentinel closes a connection for good when it fires
 * while that is being made (`SentinelConnector.connect` throws, and `Redis.connect` ends on any error of its connector).
 */
function keepConnecting(client: RedisClient): () => void {
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    timer = setTimeout(() => client.connect().catch(reasonOf), failFast.retryStrategy(1));
  };
  client.on("end", again);
  return () => {
    clearTimeout(timer);
    client.off("end", again);
  };
}

/** The setting, or `unknown` where Redis does not tell (some hosted ones do not). */
async function memoryPolicy(commands: RedisClient): Promise<string> {
  const node = commands instanceof Cluster ? commands.nodes("master")[0] : commands;
  try {
    const reply = await node?.config("GET", "maxmemory-policy");
    const policy: unknown = Array.isArray(reply) ? reply[1] : undefined;
    return typeof policy === "string" ? policy : "unknown";
  } catch {
    return "unknown";
  }
}

function warnOfPolicy(policy: string, logger: Logger): void {
  if (policy === "noeviction") return;
  logger.warn(
    { maxmemoryPolicy: policy },
    policy === "unknown"
      ? "redis does not tell its maxmemory-policy; make sure that it is noeviction, or sessions may vanish"
      : "redis may drop sessions when its memory is full; set maxmemory-policy to noeviction",
  );
}

async function isReady(client: RedisClient): Promise<boolean> {
  if (client.status === "ready") return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), readyMs);
  const ready = (): void => resolve(true);
  client.once("ready", ready);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    client.off("ready", ready);
  }
}

/** QUIT lets answers under way arrive; a Redis that is away is left at once. */
async function closeAll(channels: Channels, clients: readonly RedisClient[]): Promise<void> {
  channels.close();
  await Promise.allSettled(clients.map((client) => client.quit()));
  for (const client of clients) client.disconnect();
}
