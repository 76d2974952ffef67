import type { Effect } from "../descriptor.ts";
import type { AuditKind } from "./port.ts";

/**
 * Columns of the tables, as the migrations make them. Text, integers and null alone, since those are the same in SQLite and
 * PostgreSQL: moments are ISO text, lists and objects JSON text. The names begin with `specgate_`, because the database may be
 * the API owner's own.
 */
export interface Tables {
  readonly specgate_migrations: MigrationTable;
  readonly specgate_store: { id: number; checked_at: string };
  readonly specgate_keys: KeyTable;
  readonly specgate_key_usage: { key_id: string; hour: string; effect: Effect; calls: number };
  readonly specgate_audit: AuditTable;
  readonly specgate_audit_open: { event_id: string; at: string };
  readonly specgate_audit_keys: { idempotency_key: string; event_id: string; at: string };
  readonly specgate_audit_outbox: { writer: string; seq: number; at: string };
  readonly specgate_audit_seals: { writer: string; day: string; seq: number; hash: string };
  readonly specgate_oauth_artifacts: ArtifactTable;
  readonly specgate_connections: ConnectionTable;
  readonly specgate_settings: { name: string; value: string; changed_by: string | null; changed_at: string };
  readonly specgate_signing_keys: { generation: number; key_id: string; sealed: string; active_at: string };
}

export interface MigrationTable {
  version: number;
  name: string;
  /** The lowest version a program must know to use the schema after this migration. */
  min_version: number;
  applied_at: string;
}

export interface KeyTable {
  id: string;
  hash: string;
  pepper_id: string;
  name: string;
  owner_id: string | null;
  owner_name: string | null;
  organisation_id: string | null;
  organisation_name: string | null;
  scopes: string;
  bound_arguments: string | null;
  upstream_credential: string | null;
  created_by: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  rotated_to: string | null;
  last_used_at: string | null;
  /** `connection`, else null. */
  kind: string | null;
}

export interface AuditTable {
  writer: string;
  seq: number;
  event_id: string;
  kind: AuditKind;
  at: string;
  actor_id: string | null;
  actor_user_id: string | null;
  organisation: string | null;
  tool: string | null;
  effect: Effect | null;
  resource: string | null;
  resource_id: string | null;
  outcome: string | null;
  idempotency_key: string | null;
  payload: string;
  prev_hash: string;
  hash: string;
}

export interface ArtifactTable {
  model: string;
  id_hash: string;
  payload: string;
  grant_hash: string | null;
  connection_id: string | null;
  consumed_at: string | null;
  expires_at: string;
}

export interface ConnectionTable {
  id: string;
  grant_hash: string;
  client_id: string;
  client_name: string;
  client_host: string | null;
  redirect_host: string;
  resource: string;
  pages: string;
  upstream_key_ref: string | null;
}
