import type { Effect } from "../descriptor.ts";
import type { GatewayKeyRow, Named } from "../storage/port.ts";
import type { BoundArguments } from "./principal.ts";

/** Calls by Effect. */
export type Calls = Readonly<Record<Effect, number>>;

/** A key as its managers see it: nothing in it can be used as a key. */
export interface KeyView {
  readonly id: string;
  /** How the key begins: `sg_<id>_`. Absent for the key of a Connection, which has no secret. */
  readonly start?: string;
  /** `connection`: it belongs to the OAuth Connection of the same id. */
  readonly kind: "key" | "connection";
  readonly name: string;
  /** `rotated`: another key takes its place, and it is good until it expires. */
  readonly status: "active" | "rotated" | "expired" | "revoked";
  readonly user: Named | null;
  readonly organisation: Named | null;
  readonly scopes: readonly string[];
  readonly boundArguments: BoundArguments | null;
  /** `own`: a credential kept with the key; `gateway`: that of `UPSTREAM_API_KEY`. */
  readonly upstreamCredential: "own" | "gateway";
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly rotatedTo: string | null;
  readonly lastUsedAt: string | null;
  readonly calls: { readonly last24Hours: Calls; readonly last30Days: Calls };
}

/** No calls of any Effect. */
export const noCalls: Calls = { read: 0, write: 0, destroy: 0 };

/** `row` as its managers see it, before any call. `prefix` is the one that keys have at present. */
export function keyView(row: GatewayKeyRow, prefix: string, nowMs: number): KeyView {
  return {
    id: row.id,
    ...(row.kind === undefined && { start: `${prefix}_${row.id}_` }),
    kind: row.kind ?? "key",
    name: row.name,
    status: keyStatus(row, nowMs),
    user: row.owner,
    organisation: row.organisation,
    scopes: row.scopes,
    boundArguments: row.boundArguments as BoundArguments | null, // checked when it was made
    upstreamCredential: row.upstreamCredential === null ? "gateway" : "own",
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt,
    rotatedTo: row.rotatedTo,
    lastUsedAt: row.lastUsedAt,
    calls: { last24Hours: noCalls, last30Days: noCalls },
  };
}

/** What a row is good for at `nowMs`. */
export function keyStatus({ revokedAt, expiresAt, rotatedTo }: GatewayKeyRow, nowMs: number): KeyView["status"] {
  if (revokedAt !== null) return "revoked";
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs) return "expired";
  return rotatedTo === null ? "active" : "rotated";
}
