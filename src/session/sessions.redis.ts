import type { RedisConnection } from "../redis/connection.ts";
import { createKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";
import { createCallSignals } from "./calls.redis.ts";
import { createLeases } from "./leases.redis.ts";
import type { SessionSignal, Sessions } from "./port.ts";
import { createRedisQuestions } from "./questions.redis.ts";
import { createRecords } from "./records.redis.ts";
import { createRedisStreams } from "./streams.redis.ts";

export interface RedisSessionsOptions {
  /** Shared with whatever else needs Redis; its owner closes it. */
  readonly redis: RedisConnection;
  /** Begins every key and channel, so that several gateways can share one Redis. Default `sg:`. */
  readonly prefix?: string;
  /** Sessions of one principal; one more ends the least recently used. Default 50. */
  readonly perPrincipal?: number;
  /** Life after the last use. Default 30 min. */
  readonly idleMs?: number;
  /** Life in all. Default 24 h. */
  readonly absoluteMs?: number;
  /** Last uses are written at most this often, so that most requests only read. Default 60 s. */
  readonly refreshMs?: number;
  /** How long a call's stream outlives its replica without a word, less two looks. Default 6,000; see `leases.redis.ts`. */
  readonly leaseMs?: number;
  /** How long the events of a stream are kept after its last one. Default 10 min. */
  readonly eventLifeMs?: number;
  /** Milliseconds since the epoch, to rule the lives of sessions; for tests. Default: the clock of Redis. */
  readonly now?: () => number;
}

const answerLifeMs = 600_000;
const broadcastLifeMs = 86_400_000;
/** A lost wake-up costs this much and nothing else. */
const pollMs = 2_000;

const publishScript = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PUBLISH', ARGV[1], ARGV[2]) end`);

/**
 * {@link Sessions} in Redis, for any number of replicas: nothing of a session is in the process but the sockets that wait.
 * Every method fails with `store_unavailable` within about 500 ms when Redis is away. A message of more than 256 KB is
 * refused with `response_too_large`. `close` ends waits; the connection is its owner's to close, afterwards.
 */
export function createRedisSessions(options: RedisSessionsOptions): Sessions {
  const { redis, prefix, perPrincipal = 50, eventLifeMs = 600_000 } = options;
  const { idleMs = 1_800_000, absoluteMs = 86_400_000, refreshMs = 60_000 } = options;
  const steered = options.now === undefined ? {} : { now: options.now };
  const keys = createKeys(prefix);
  const closing = new AbortController();
  const leases = createLeases({
    redis,
    keys,
    closing: closing.signal,
    ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
  });
  return {
    ...createRecords({ redis, keys, perPrincipal, idleMs, absoluteMs, refreshMs, ...steered }),
    ...createRedisStreams({ redis, keys, leases, eventLifeMs, broadcastLifeMs }),
    ...createRedisQuestions({ redis, keys, answerLifeMs, pollMs, closing: closing.signal }),
    ...createCallSignals(redis, keys, closing.signal),
    publish: async (id, signal) => {
      await redis.channels.listening(keys.wake(id));
      await runScript(redis.commands, publishScript, [keys.session(id)], [keys.wake(id), JSON.stringify(signal)]);
    },
    watch: (id, listener) =>
      redis.channels.listen(keys.wake(id), (text) => {
        const signal = signalOf(text);
        if (signal !== null) listener(signal);
      }),
    close: async () => closing.abort(),
  };
}

const signalTypes: ReadonlySet<unknown> = new Set<SessionSignal["type"]>(["event", "stream", "subscriptions", "close"]);

/** The signal in a message of a session's channel; null for one that is for us alone, or not ours at all. */
function signalOf(text: string): SessionSignal | null {
  try {
    const signal = JSON.parse(text) as { readonly type?: unknown };
    return signalTypes.has(signal.type) ? (signal as SessionSignal) : null; // `publish` writes this type alone
  } catch {
    return null;
  }
}
