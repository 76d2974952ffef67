import type { Effect } from "../descriptor.ts";
import type { OAuthStore } from "./oauthPort.ts";
import type { SettingStore } from "./settings.ts";

/**
 * What must not be lost: gateway keys, OAuth with its Connections, and the audit log; SQL under one contract, SQLite or PostgreSQL. Any number of processes
 * may use one database. Every method answers within a second, else it throws `store_unavailable`, whose message and cause hold
 * no address, no SQL and no value. What was asked may then still have been done: each method says what asking again does.
 */
export interface Store {
  readonly keys: KeyStore;
  readonly audit: AuditStore;
  readonly oauth: OAuthStore;
  readonly settings: SettingStore;
  /**
   * Opens the database and brings its schema up to date; later calls do nothing. True when it serves; false when it does not
   * answer: that is logged, and trying goes on in the background. Throws `invalid_request` where trying again is no use: a file
   * that cannot be opened, a user that is refused, a schema newer than this program. Methods called before open it too, and a
   * database in memory is opened by them alone.
   */
  readonly ready: () => Promise<boolean>;
  /** False from the first failure until the database takes writes again; what `/mcp/health` shows. True before it is opened. */
  readonly isUp: () => boolean;
  /** Closes the connections. Safe to call twice. Methods called after it throw `store_unavailable`. */
  readonly close: () => Promise<void>;
}

/**
 * A moment as `2026-07-28T12:00:00.000Z`: what `Date.toISOString` gives, always with milliseconds, since the database compares
 * moments as text.
 */
export type IsoTime = string;

/** A page of rows; `next` continues after it, and is absent at the end. Opaque, made by the method that takes it. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next?: string;
}

/** Somebody or something the upstream knows. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

/**
 * A gateway key at rest. Nothing in it can be used as a key, and nothing in it changes but what {@link KeyStore} has a method
 * for: other scopes or another owner are another key.
 */
export interface GatewayKeyRow {
  /** Public, 12 characters; the part of the key by which it is found. */
  readonly id: string;
  /** Keyed hash of the secret part. */
  readonly hash: string;
  /** Which pepper {@link hash} was made with. */
  readonly pepperId: string;
  readonly name: string;
  readonly owner: Named | null;
  readonly organisation: Named | null;
  readonly scopes: readonly string[];
  /** JSON value, as the caller gave it; null: none. */
  readonly boundArguments: unknown;
  /** Encrypted by the caller; null: the gateway's own credential is sent. */
  readonly upstreamCredential: string | null;
  /** Who made it: a user id, `admin`, or the id of another key. */
  readonly createdBy: string | null;
  readonly createdAt: IsoTime;
  /** Null: it does not expire. */
  readonly expiresAt: IsoTime | null;
  readonly revokedAt: IsoTime | null;
  /** Id of the key that takes its place. */
  readonly rotatedTo: string | null;
  readonly lastUsedAt: IsoTime | null;
  /** It belongs to the Connection of the same id: it has no secret, and can only be ended. Absent: a key that somebody holds. */
  readonly kind?: "connection";
}

/** Which keys {@link KeyStore.list} gives; absent fields do not narrow. */
export interface KeyFilter {
  readonly organisation?: string;
  readonly owner?: string;
  /** Text that stands, in whatever case, in the key's id or name, or in the id or name of its owner or organisation. */
  readonly search?: string;
  /** Default false: neither revoked nor expired ones. */
  readonly includeEnded?: boolean;
  /** What counts as expired; needed unless `includeEnded`. */
  readonly now: IsoTime;
}

/** Calls of one key and Effect within one hour. */
export interface KeyUsage {
  readonly keyId: string;
  /** Start of the hour. */
  readonly hour: IsoTime;
  readonly effect: Effect;
  readonly calls: number;
}

export interface KeyStore {
  /** Throws `internal` when the id is taken. */
  readonly insert: (key: GatewayKeyRow) => Promise<void>;
  /** Also revoked and expired ones: the caller says why a key is refused. */
  readonly byId: (id: string) => Promise<GatewayKeyRow | null>;
  /** Newest first. @param limit default 50, at most 500 */
  readonly list: (filter: KeyFilter, page?: PageRequest) => Promise<Page<GatewayKeyRow>>;
  /** True when this call revoked it; false when there is none, or it was revoked before: the first moment stays. */
  readonly revoke: (id: string, at: IsoTime) => Promise<boolean>;
  /**
   * In one step inserts `successor` and lets the key `id` end at `endsAt`, unless it ends earlier by itself. False, with nothing
   * done, when there is no such key, it is revoked or expired at `successor.createdAt`, or has a successor already.
   */
  readonly rotate: (id: string, successor: GatewayKeyRow, endsAt: IsoTime) => Promise<boolean>;
  /** Replaces the encrypted credential where it still is `from`, e.g. to encrypt it anew. Whether it did. */
  readonly replaceCredential: (id: string, from: string, to: string) => Promise<boolean>;
  /** Replaces the hash where it still is `from`, e.g. by one under another pepper. Whether it did. */
  readonly replaceHash: (id: string, from: string, to: Pick<GatewayKeyRow, "hash" | "pepperId">) => Promise<boolean>;
  /** Later moments win, so batches may arrive in any order and twice. */
  readonly touchUsed: (batch: readonly { readonly id: string; readonly at: IsoTime }[]) => Promise<void>;
  /** Adds to what is counted. A batch that is sent twice counts twice. The id may also be that of a Connection. */
  readonly addUsage: (batch: readonly KeyUsage[]) => Promise<void>;
  /** Calls by Effect in the hours from `since` on; a key without calls has no entry. */
  readonly usage: (
    keyIds: readonly string[],
    since: IsoTime,
  ) => Promise<ReadonlyMap<string, Readonly<Record<Effect, number>>>>;
  /** Forgets what was counted in hours before `before`; how many counts that were. */
  readonly deleteUsage: (before: IsoTime) => Promise<number>;
}

export interface PageRequest {
  /** `next` of the page before. Throws `invalid_arguments` for a text that is none. */
  readonly after?: string;
  readonly limit?: number;
}

/**
 * What a row tells of: `intent` is written before a mutation is sent, `outcome` after it, `call` is all there is of anything
 * else (a refusal, a read).
 */
export type AuditKind = "intent" | "outcome" | "call";

/** What rows are found by. The words are the audit log's own; the store compares them and knows none. */
export interface AuditFacts {
  readonly actorId: string | null;
  readonly actorUserId: string | null;
  readonly organisation: string | null;
  readonly tool: string | null;
  readonly effect: Effect | null;
  readonly resource: string | null;
  readonly resourceId: string | null;
  readonly outcome: string | null;
  /** Hash over principal and explicit idempotency key. */
  readonly idempotencyKey: string | null;
}

/** A row of the audit log: never changed, deleted only with its whole day. */
export interface AuditRow extends AuditFacts {
  /** One process, since it started. */
  readonly writer: string;
  /** 1, 2, 3 … per writer, without a gap. */
  readonly seq: number;
  /** Shared by the intent and the outcome of one call; unique together with {@link kind}. */
  readonly eventId: string;
  readonly kind: AuditKind;
  readonly at: IsoTime;
  /** The event as JSON text, exactly what {@link hash} was made over. */
  readonly payload: string;
  /** {@link hash} of the writer's row before; empty for its first. */
  readonly prevHash: string;
  readonly hash: string;
}

/** Which rows {@link AuditStore.query} gives; absent fields do not narrow, null is a value. */
export interface AuditFilter extends Partial<AuditFacts> {
  readonly eventId?: string;
  readonly kind?: AuditKind;
  /** From this moment on. */
  readonly from?: IsoTime;
  /** Before this moment. */
  readonly to?: IsoTime;
}

/** Where the rows of a writer begin after older ones were deleted: `hash` is what the next row has as `prevHash`. */
export interface AuditSeal {
  readonly writer: string;
  /** `2026-07-28`, the day whose last row of this writer it is. */
  readonly day: string;
  readonly seq: number;
  readonly hash: string;
}

/** Where a row stands. */
export type AuditPlace = Pick<AuditRow, "writer" | "seq">;

export interface AppendOptions {
  /** In the same commit, notes the rows as {@link AuditStore.undelivered}. Default false. */
  readonly forward?: boolean;
  /** By event id of an intent, the event that its idempotency key is taken from. Default: nobody has it. */
  readonly follows?: ReadonlyMap<string, string>;
}

export interface AuditStore {
  /**
   * Commits all rows or none. Resolves to the event ids that already have a row of the same kind from elsewhere (an outcome
   * that another replica declared unknown): then nothing was written, and the writer chains anew without them. Empty: all is
   * committed. Rows that were committed before, by an earlier try whose answer was lost, count as committed. Throws `internal`
   * when another row has the same writer and seq. An intent takes its idempotency key in the same commit, from the event that it
   * follows: one whose key went to another event meanwhile is among the ids, too.
   */
  readonly append: (rows: readonly AuditRow[], options?: AppendOptions) => Promise<readonly string[]>;
  /** Newest first. @param limit default 100, at most 1,000 */
  readonly query: (filter: AuditFilter, page?: PageRequest) => Promise<Page<AuditRow>>;
  /** All rows of one event: its intent and its outcome, or its call. */
  readonly event: (eventId: string) => Promise<readonly AuditRow[]>;
  /** Intents written before `before` that have no outcome, oldest first. @param limit default 100 */
  readonly openIntents: (before: IsoTime, limit?: number) => Promise<readonly AuditRow[]>;
  /** All rows of the latest event with this {@link AuditFacts.idempotencyKey}; none: never seen, or deleted since. */
  readonly byIdempotencyKey: (hash: string) => Promise<readonly AuditRow[]>;
  /**
   * Every row, by writer and seq, read in pages as it is walked: rows written meanwhile may be in it or not. Throws
   * `store_unavailable` in the middle when the database goes away.
   */
  readonly stream: () => AsyncIterable<AuditRow>;
  /** By writer and seq. */
  readonly seals: () => Promise<readonly AuditSeal[]>;
  /**
   * Deletes the rows of whole days before `day` (`2026-07-28`) and keeps a seal of each writer and day. A writer's rows go from
   * its first on, up to the first that is to stay. Resolves to how many rows went; goes on where it stopped when asked again.
   */
  readonly deleteBefore: (day: string) => Promise<number>;
  /** The oldest rows that were appended to be forwarded, and were not since. @param limit at most 500 */
  readonly undelivered: (limit: number) => Promise<readonly AuditRow[]>;
  /** Takes these off {@link AuditStore.undelivered}. Asking again does no harm. */
  readonly delivered: (places: readonly AuditPlace[]) => Promise<void>;
  /** Takes all but the newest `most` off {@link AuditStore.undelivered}; how many that were. The rows themselves stay. */
  readonly trimUndelivered: (most: number) => Promise<number>;
}
