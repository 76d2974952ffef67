import type { Kysely, SelectQueryBuilder } from "kysely";
import type { Effect } from "../descriptor.ts";
import { boundsOf, pageOf } from "./pages.ts";
import type { GatewayKeyRow, KeyFilter, KeyStore, KeyUsage, Named } from "./port.ts";
import { columnsHolding } from "./searching.ts";
import type { KeyTable, Tables } from "./tables.ts";
import type { Use } from "./use.ts";

/** What keys are searched by. */
export const keyColumns = [
  "specgate_keys.id",
  "specgate_keys.name",
  "specgate_keys.owner_id",
  "specgate_keys.owner_name",
  "specgate_keys.organisation_id",
  "specgate_keys.organisation_name",
] as const;

const pageSize = { standard: 50, maximum: 500 };

/** {@link KeyStore} in SQL. */
export function createKeyStore(use: Use): KeyStore {
  return {
    insert: (key) => use(async (db) => void (await db.insertInto("specgate_keys").values(columnsOf(key)).execute())),
    byId: (id) =>
      use(async (db) => {
        const found = await db.selectFrom("specgate_keys").selectAll().where("id", "=", id).executeTakeFirst();
        return found === undefined ? null : rowOf(found);
      }),
    list: async (filter, page = {}) => {
      const { limit, after } = boundsOf(page, pageSize, 2);
      const rows = await use((db) => {
        const [createdAt = "", id = ""] = after ?? [];
        const query = matching(db.selectFrom("specgate_keys").selectAll(), filter)
          .$if(after !== undefined, (one) =>
            one.where((is) => is(is.refTuple("created_at", "id"), "<", is.tuple(createdAt, id))),
          )
          .orderBy("created_at", "desc")
          .orderBy("id", "desc");
        return query.limit(limit + 1).execute();
      });
      return pageOf(rows.map(rowOf), limit, (row) => [row.createdAt, row.id]);
    },
    revoke: (id, at) =>
      use(async (db) => {
        const update = db.updateTable("specgate_keys").set({ revoked_at: at });
        return changed(await update.where("id", "=", id).where("revoked_at", "is", null).executeTakeFirst());
      }),
    rotate: (id, successor, endsAt) =>
      use((db) => db.transaction().execute((one) => rotate(one, id, successor, endsAt))),
    replaceCredential: (id, from, to) =>
      use(async (db) => {
        const update = db.updateTable("specgate_keys").set({ upstream_credential: to });
        return changed(await update.where("id", "=", id).where("upstream_credential", "=", from).executeTakeFirst());
      }),
    replaceHash: (id, from, { hash, pepperId }) =>
      use(async (db) => {
        const update = db.updateTable("specgate_keys").set({ hash, pepper_id: pepperId });
        return changed(await update.where("id", "=", id).where("hash", "=", from).executeTakeFirst());
      }),
    touchUsed: (batch) => use((db) => db.transaction().execute((one) => touch(one, batch))),
    addUsage: (batch) => use((db) => db.transaction().execute((one) => addUsage(one, batch))),
    usage: (keyIds, since) =>
      keyIds.length === 0 ? Promise.resolve(new Map()) : use((db) => usage(db, keyIds, since)),
    deleteUsage: (before) =>
      use(async (db) => {
        const gone = await db.deleteFrom("specgate_key_usage").where("hour", "<", before).executeTakeFirst();
        return Number(gone.numDeletedRows);
      }),
  };
}

function matching<Row>(
  query: SelectQueryBuilder<Tables, "specgate_keys", Row>,
  { organisation, owner, search, includeEnded = false, now }: KeyFilter,
): SelectQueryBuilder<Tables, "specgate_keys", Row> {
  return query
    .$if(organisation !== undefined, (one) => one.where("organisation_id", "=", organisation ?? null))
    .$if(owner !== undefined, (one) => one.where("owner_id", "=", owner ?? null))
    .$if(search !== undefined, (one) => one.where((is) => is.or(columnsHolding(is, keyColumns, search ?? ""))))
    .$if(!includeEnded, (one) =>
      one
        .where("revoked_at", "is", null)
        .where((is) => is.or([is("expires_at", "is", null), is("expires_at", ">", now)])),
    );
}

/** The conditions stand in the update itself, so that of two rotations at once one wins. */
async function rotate(db: Kysely<Tables>, id: string, successor: GatewayKeyRow, endsAt: string): Promise<boolean> {
  const update = db
    .updateTable("specgate_keys")
    .set((is) => ({
      rotated_to: successor.id,
      expires_at: is
        .case()
        .when(is.or([is("expires_at", "is", null), is("expires_at", ">", endsAt)]))
        .then(endsAt)
        .else(is.ref("expires_at"))
        .end(),
    }))
    .where("id", "=", id)
    .where("rotated_to", "is", null)
    .where("revoked_at", "is", null)
    .where((is) => is.or([is("expires_at", "is", null), is("expires_at", ">", successor.createdAt)]));
  if (!changed(await update.executeTakeFirst())) return false;
  await db.insertInto("specgate_keys").values(columnsOf(successor)).execute();
  return true;
}

/** Rows are always locked in the same order, so that two replicas that flush at once do not wait for each other. */
async function touch(
  db: Kysely<Tables>,
  batch: readonly { readonly id: string; readonly at: string }[],
): Promise<void> {
  for (const { id, at } of [...batch].sort((a, b) => compare(a.id, b.id)))
    await db
      .updateTable("specgate_keys")
      .set({ last_used_at: at })
      .where("id", "=", id)
      .where((is) => is.or([is("last_used_at", "is", null), is("last_used_at", "<", at)]))
      .execute();
}

async function addUsage(db: Kysely<Tables>, batch: readonly KeyUsage[]): Promise<void> {
  const nameOf = ({ keyId, hour, effect }: KeyUsage): string => `${keyId} ${hour} ${effect}`;
  for (const { keyId, hour, effect, calls } of [...batch].sort((a, b) => compare(nameOf(a), nameOf(b))))
    await db
      .insertInto("specgate_key_usage")
      .values({ key_id: keyId, hour, effect, calls })
      .onConflict((conflict) =>
        conflict
          .columns(["key_id", "hour", "effect"])
          .doUpdateSet((is) => ({ calls: is("specgate_key_usage.calls", "+", calls) })),
      )
      .execute();
}

async function usage(
  db: Kysely<Tables>,
  keyIds: readonly string[],
  since: string,
): Promise<ReadonlyMap<string, Readonly<Record<Effect, number>>>> {
  const sums = await db
    .selectFrom("specgate_key_usage")
    .select((is) => ["key_id", "effect", is.fn.sum<number>("calls").as("calls")])
    .where("key_id", "in", keyIds)
    .where("hour", ">=", since)
    .groupBy(["key_id", "effect"])
    .execute();
  const found = new Map<string, Record<Effect, number>>();
  for (const { key_id, effect, calls } of sums) {
    const counts = found.get(key_id) ?? { read: 0, write: 0, destroy: 0 };
    counts[effect] = Number(calls); // a sum of 64-bit numbers is `numeric` in PostgreSQL, which comes as text
    found.set(key_id, counts);
  }
  return found;
}

function changed(result: { readonly numUpdatedRows: bigint }): boolean {
  return result.numUpdatedRows === 1n;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A row of {@link Tables} for a key. */
export function columnsOf(key: GatewayKeyRow): KeyTable {
  return {
    id: key.id,
    hash: key.hash,
    pepper_id: key.pepperId,
    name: key.name,
    owner_id: key.owner?.id ?? null,
    owner_name: key.owner?.name ?? null,
    organisation_id: key.organisation?.id ?? null,
    organisation_name: key.organisation?.name ?? null,
    scopes: JSON.stringify(key.scopes),
    bound_arguments: key.boundArguments === null ? null : JSON.stringify(key.boundArguments),
    upstream_credential: key.upstreamCredential,
    created_by: key.createdBy,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    rotated_to: key.rotatedTo,
    last_used_at: key.lastUsedAt,
    kind: key.kind ?? null,
  };
}

/** The key of a row. */
export function rowOf(columns: KeyTable): GatewayKeyRow {
  return {
    id: columns.id,
    hash: columns.hash,
    pepperId: columns.pepper_id,
    name: columns.name,
    owner: named(columns.owner_id, columns.owner_name),
    organisation: named(columns.organisation_id, columns.organisation_name),
    scopes: JSON.parse(columns.scopes) as string[], // written by columnsOf
    boundArguments: columns.bound_arguments === null ? null : JSON.parse(columns.bound_arguments),
    upstreamCredential: columns.upstream_credential,
    createdBy: columns.created_by,
    createdAt: columns.created_at,
    expiresAt: columns.expires_at,
    revokedAt: columns.revoked_at,
    rotatedTo: columns.rotated_to,
    lastUsedAt: columns.last_used_at,
    ...(columns.kind === "connection" && { kind: "connection" }),
  };
}

function named(id: string | null, name: string | null): Named | null {
  if (id === null) return null;
  return name === null ? { id } : { id, name };
}
