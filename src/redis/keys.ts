import { createHash } from "node:crypto";

/**
 * Names of the keys and channels in Redis (reliability.md §2). The prefix is written out in each name, because the prefix
 * option of ioredis leaves channels out. What belongs to one session has `{id}` in its name, and so lives in one slot of a
 * Redis Cluster, where one script reaches it all.
 */
export interface RedisKeys {
  /** HASH: the session. */
  readonly session: (id: string) => string;
  /** HASH: stream → where it stands, see `streams.redis.ts`. */
  readonly streams: (id: string) => string;
  /** STREAM: events. */
  readonly events: (id: string, stream: string) => string;
  /** HASH: the lease of the process that writes the stream, see `leases.redis.ts`. */
  readonly call: (id: string, stream: string) => string;
  /** STRING: empty while a request of ours to the client is open, then its answer. */
  readonly answer: (id: string, requestId: string) => string;
  /** Channel: what happens to a session. */
  readonly wake: (id: string) => string;
  /** Channel: cancelled calls and ended sessions, of all sessions, for the replicas that run their calls. */
  readonly stop: string;
  /** ZSET: session id → last use in µs, of one principal. */
  readonly principal: (principalHash: string) => string;
  /** ZSET: session id → expiry in ms, of all. */
  readonly sessions: string;
  /** STRING: there when an event was broadcast. */
  readonly once: (eventId: string) => string;
  /** HASH: replica → until when it is believed to live, and the hash of the Catalog it serves. */
  readonly replicas: string;
  /** STRING: number and hash of the Catalog that clients were last told of. In one slot with {@link RedisKeys.replicas}. */
  readonly told: string;
  /** Channel: a Catalog was told. */
  readonly catalog: string;
  /** Channel: ids of gateway keys and Connections that were revoked. */
  readonly revoke: string;
  /** STRING: the process that does a work of all replicas. */
  readonly lease: (name: string) => string;
  /** STRING: how much of something was done in a window. */
  readonly rate: (name: string, whoHash: string) => string;
  /** STRING: there when a confirmation token was used. */
  readonly used: (tokenHash: string) => string;
  /** ZSET: id → when it was shown in ms, of one principal. */
  readonly seen: (principalHash: string, place: string) => string;
  /** HASH: an action that must not be done twice, of one principal. */
  readonly idempotency: (principalHash: string, action: string) => string;
}

/** @param prefix begins every name; default `sg:` */
export function createKeys(prefix = "sg:"): RedisKeys {
  if (/[{}]/.test(prefix)) throw new Error("a prefix with braces would change the slot of every key");
  return {
    session: (id) => `${prefix}sess:{${id}}`,
    streams: (id) => `${prefix}evs:{${id}}`,
    events: (id, stream) => `${prefix}ev:{${id}}:${stream}`,
    call: (id, stream) => `${prefix}call:{${id}}:${stream}`,
    answer: (id, requestId) => `${prefix}resp:{${id}}:${requestId}`,
    wake: (id) => `${prefix}wake:{${id}}`,
    stop: `${prefix}stop`,
    principal: (principalHash) => `${prefix}prin:${principalHash}`,
    sessions: `${prefix}sessions`,
    once: (eventId) => `${prefix}evt:${hashOf(eventId)}`,
    replicas: `${prefix}{catalog}:replicas`,
    told: `${prefix}{catalog}:told`,
    catalog: `${prefix}evt`,
    revoke: `${prefix}revoke`,
    lease: (name) => `${prefix}lease:${name}`,
    rate: (name, whoHash) => `${prefix}rl:${name}:${whoHash}`,
    used: (tokenHash) => `${prefix}once:${tokenHash}`,
    seen: (principalHash, place) => `${prefix}seen:${principalHash}:${place}`,
    idempotency: (principalHash, action) => `${prefix}idem:{${principalHash}}:${action}`,
  };
}

/** 32 hexadecimal digits that stand for a text of any length. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
