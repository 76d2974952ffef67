import type { PrincipalKind } from "../auth/principal.ts";
import type { Change, ErrorCode } from "../errors.ts";
import type { AuditFacts, AuditKind } from "../storage/port.ts";

/**
 * What a Call came to. `refused`: nothing was sent, `code` says why; `failed`: the API or the way to it said no; `client_gone`:
 * it was done, and nobody waited for it any more; `unknown`: it may have been done; `replayed`: an earlier call with the same
 * idempotency key had done it.
 */
export type AuditOutcome =
  | "ok"
  | "refused"
  | "failed"
  | "cancelled_before_send"
  | "client_gone"
  | "unknown"
  | "replayed"
  | "dry_run";

/** Who did it: a Principal; or, of changes to keys and Connections, a person at the pages, an operator, or the gateway itself. */
export type AuditActorKind = PrincipalKind | "user" | "operator" | "gateway";

/**
 * One record of the audit log, in the form in which it is stored, listed, exported and sent. An `intent` says what was about to
 * be sent, its `outcome` repeats that and says what came of it, a `call` is all there is of a read or a refusal. Nothing in
 * it is a credential; arguments are a keyed hash, and the values that `audit.values` names.
 */
export interface AuditEvent {
  /** Of one Call: its intent and its outcome share it. */
  readonly event_id: string;
  readonly kind: AuditKind;
  /** `2026-07-28T12:00:00.000Z`. */
  readonly at: string;
  /** `mcp` of every Call; of changes to keys and Connections also those who are none of its callers. */
  readonly actor_type: "mcp" | Exclude<AuditActorKind, PrincipalKind>;
  readonly actor_kind: AuditActorKind;
  /** Id of the gateway key or Connection; of a pass-through key its HMAC; of a user their id; else `admin`, `cli` or `gateway`. */
  readonly actor_id: string;
  readonly actor_user_id: string | null;
  readonly organisation: string | null;
  readonly client: { readonly name: string; readonly version?: string } | null;
  /** Address of the client, an IPv6 /64; null where a proxy of ours hides it. */
  readonly client_host: string | null;
  /** Hash of the session id; null where there is no session. */
  readonly session: string | null;
  readonly request_id: string;
  readonly surface: string;
  readonly tool: string;
  readonly effect: AuditFacts["effect"];
  readonly resource: string;
  /** The id in the path, or that of the created object. */
  readonly resource_id: string | null;
  /** HMAC of the Tool and its arguments; empty where there are none. */
  readonly args_hash: string;
  /** Of the arguments that `audit.values` names, but for secrets. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly notify?: boolean;
  /** How the user agreed, where they were asked. */
  readonly confirmed_by?: "elicitation" | "token";
  /** Hash over the principal and its explicit idempotency key. */
  readonly idempotency_key?: string;
  /** Name of the Upstream. */
  readonly upstream: string;
  /** Of an intent: when its outcome is overdue. */
  readonly deadline?: string;
  readonly outcome?: AuditOutcome;
  readonly code?: ErrorCode;
  /** What became of the change; absent where it was made. */
  readonly change?: Change;
  readonly upstream_status?: number;
  readonly upstream_request_id?: string;
  readonly duration_ms?: number;
}

/** Where Calls leave their records. */
export interface AuditLog {
  /**
   * Resolves once the intent is committed. Throws `audit_unavailable` when it is not within a second; the record of the refusal
   * that follows closes it, should it have been committed all the same. Throws `in_progress` where another event has its
   * idempotency key by now.
   * @param follows the event that the key is taken from, as `byIdempotencyKey` gave it. Default: nobody has it
   */
  readonly intend: (event: AuditEvent, follows?: string) => Promise<void>;
  /** Keeps a record and returns at once; it is written as soon as the store takes it. Never throws. */
  readonly record: (event: AuditEvent) => void;
  /** The records of the latest event with this idempotency key; none: never seen, or deleted since. Throws `store_unavailable`. */
  readonly byIdempotencyKey: (hash: string) => Promise<readonly AuditEvent[]>;
}

/** What records are asked for by, as a person or a URL writes it. */
export interface AuditQuery {
  readonly actor?: string;
  readonly user?: string;
  readonly organisation?: string;
  readonly tool?: string;
  /** `read`, `write` or `destroy`. */
  readonly effect?: string;
  readonly resource?: string;
  readonly resourceId?: string;
  readonly outcome?: string;
  readonly event?: string;
  /** `intent`, `outcome` or `call`. */
  readonly kind?: string;
  /** A moment, a day, or how long ago: `2026-07-28T12:00:00Z`, `2026-07-28`, `24h`. */
  readonly from?: string;
  /** Before this moment. */
  readonly to?: string;
}

/** A record as it is listed, exported and sent: with its place in the chain of its writer. */
export type ShownRecord = AuditEvent & {
  readonly writer: string;
  readonly seq: number;
  readonly prev_hash: string;
  readonly hash: string;
};

/** Records, newest first; `next` continues behind them. */
export interface RecordPage {
  readonly records: readonly ShownRecord[];
  readonly next?: string;
}

/** Finds records. Throws `invalid_arguments` for what cannot be asked, `store_unavailable`. @param page `limit`: default 50, at most 500 */
export type ReadAudit = (
  query: AuditQuery,
  page: { readonly limit?: number; readonly after?: string },
) => Promise<RecordPage>;
