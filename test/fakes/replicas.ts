import { pino } from "pino";
import { connectRedis, type RedisConnection } from "../../src/redis/connection.ts";
import type { SessionState, Sessions } from "../../src/session/port.ts";
import { createRedisSessions, type RedisSessionsOptions } from "../../src/session/sessions.redis.ts";
import { Secret } from "../../src/telemetry/secret.ts";

/** The session store as one gateway process holds it: connections of its own to the shared Redis. */
export interface Replica {
  readonly sessions: Sessions;
  readonly redis: RedisConnection;
  /** Log lines, as text. */
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
}

/** Opens one and waits until it is connected. */
export async function openReplica(url: string, options: Omit<RedisSessionsOptions, "redis"> = {}): Promise<Replica> {
  const log: string[] = [];
  const logger = pino({ level: "debug" }, { write: (line: string) => void log.push(line) });
  const redis = connectRedis(new Secret(url), { logger });
  const sessions = createRedisSessions({ redis, ...options });
  await redis.ready();
  return {
    sessions,
    redis,
    log,
    close: async () => {
      await sessions.close();
      await redis.close();
    },
  };
}

/** A session's state as `initialize` leaves it. */
export const freshState: SessionState = {
  version: "2025-11-25",
  client: { name: "test", version: "1" },
  capabilities: { elicitation: {} },
  initialized: false,
  logLevel: null,
  subscriptions: [],
};
