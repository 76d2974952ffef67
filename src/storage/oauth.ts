import type { Kysely } from "kysely";
import type { DatabaseClock } from "./clock.ts";
import { createConnectionRows } from "./connections.ts";
import type { Access, Artifact, FoundArtifact, OAuthStore } from "./oauthPort.ts";
import type { GatewayKeyRow } from "./port.ts";
import type { Tables } from "./tables.ts";
import type { Use } from "./use.ts";

/** Rows that one sweep deletes: far within its second. */
const sweepRows = 1_000;
/** A Connection that nothing was issued for is left alone this long: the client may be about to redeem its code. */
const unusedSeconds = 900;

/** {@link OAuthStore} in SQL. */
export function createOAuthStore(use: Use, clock: DatabaseClock): OAuthStore {
  const rows = createConnectionRows(clock);
  return {
    put: (artifact) => use((db) => put(db, clock, artifact, null)),
    find: (model, idHash) => use((db) => find(db, clock, model, idHash)),
    consume: (model, idHash) =>
      use(async (db) => {
        const update = db
          .updateTable("specgate_oauth_artifacts")
          .set((is) => ({ consumed_at: clock(is) }))
          .where("model", "=", model)
          .where("id_hash", "=", idHash)
          .where("consumed_at", "is", null);
        return (await update.executeTakeFirst()).numUpdatedRows === 1n;
      }),
    destroy: (model, idHash) =>
      use(async (db) => {
        const gone = db.deleteFrom("specgate_oauth_artifacts").where("model", "=", model).where("id_hash", "=", idHash);
        await gone.execute();
      }),
    prolong: (model, idHash, seconds) =>
      use(async (db) => {
        await db
          .updateTable("specgate_oauth_artifacts")
          .set((is) => ({ expires_at: clock(is, seconds) }))
          .where("model", "=", model)
          .where("id_hash", "=", idHash)
          .execute();
      }),
    count: (model) =>
      use(async (db) => {
        const { total } = await db
          .selectFrom("specgate_oauth_artifacts")
          .select((is) => is.fn.countAll<number>().as("total"))
          .where("model", "=", model)
          .where((is) => is("expires_at", ">", clock(is)))
          .executeTakeFirstOrThrow();
        return Number(total);
      }),
    endGrant: async (grantHash) => {
      const ended = await use((db) => db.transaction().execute((one) => endGrant(one, clock, grantHash)));
      await use((db) => db.deleteFrom("specgate_oauth_artifacts").where("grant_hash", "=", grantHash).execute());
      return ended;
    },
    access: (idHash) => use((db) => access(db, clock, idHash)),
    connect: (grant, connection, key) =>
      use((db) =>
        db.transaction().execute(async (one) => {
          await put(one, clock, grant, connection.id);
          return rows.insert(one, connection, key, grant.idHash);
        }),
      ),
    widen: (id, grant, change) =>
      use((db) =>
        db.transaction().execute(async (one) => {
          if (!(await rows.widen(one, id, grant.idHash, change))) return false;
          await put(one, clock, grant, id);
          return true;
        }),
      ),
    connection: (id) => use((db) => rows.byId(db, id)),
    connections: (filter, page = {}) => rows.list(use, filter, page),
    endConnection: async (id) => {
      const ended = await use((db) => rows.end(db, [id]));
      await use((db) => deleteIssued(db, [id]));
      return ended;
    },
    endedWithUpstreamKey: (limit) => use((db) => rows.endedWithUpstreamKey(db, limit)),
    forgetUpstreamKey: (id) => use((db) => db.transaction().execute((one) => rows.forgetUpstreamKey(one, id))),
    claim: (name, seconds) => use((db) => claim(db, clock, name, seconds)),
    letGo: (name) =>
      use(async (db) => {
        const gone = db
          .deleteFrom("specgate_oauth_artifacts")
          .where("model", "=", claimModel)
          .where("id_hash", "=", name);
        await gone.execute();
      }),
    sweep: async () => {
      await use((db) => deleteExpired(db, clock));
      const unusable = await use((db) => rows.unusable(db, unusedSeconds, sweepRows));
      if (unusable.length === 0) return [];
      await use((db) => rows.end(db, unusable));
      await use((db) => deleteIssued(db, unusable));
      return unusable;
    },
    signingKeys: () =>
      use(async (db) => {
        const found = await db.selectFrom("specgate_signing_keys").selectAll().orderBy("generation").execute();
        return found.map(({ generation, key_id: keyId, sealed, active_at: activeAt }) => ({
          generation,
          keyId,
          sealed,
          activeAt,
        }));
      }),
    addSigningKey: ({ generation, keyId, sealed, activeAt }) =>
      use(async (db) => {
        const added = await db
          .insertInto("specgate_signing_keys")
          .values({ generation, key_id: keyId, sealed, active_at: activeAt })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        return added.numInsertedOrUpdatedRows === 1n;
      }),
    deleteSigningKeys: (before) =>
      use(async (db) => void (await db.deleteFrom("specgate_signing_keys").where("generation", "<", before).execute())),
  };
}

async function put(
  db: Kysely<Tables>,
  clock: DatabaseClock,
  { model, idHash, payload, grantHash, seconds }: Artifact,
  connectionId: string | null,
): Promise<void> {
  await db
    .insertInto("specgate_oauth_artifacts")
    .values((is) => ({
      model,
      id_hash: idHash,
      payload: JSON.stringify(payload),
      grant_hash: grantHash,
      connection_id: connectionId,
      consumed_at: null,
      expires_at: clock(is, seconds),
    }))
    .onConflict((conflict) =>
      conflict.columns(["model", "id_hash"]).doUpdateSet((is) => ({
        payload: is.ref("excluded.payload"),
        expires_at: is.ref("excluded.expires_at"),
      })),
    )
    .execute();
}

const claimModel = "Claim";

/** One statement, so that of those who claim at once one alone is answered with a row. */
async function claim(db: Kysely<Tables>, clock: DatabaseClock, name: string, seconds: number): Promise<boolean> {
  const taken = await db
    .insertInto("specgate_oauth_artifacts")
    .values((is) => ({
      model: claimModel,
      id_hash: name,
      payload: "{}",
      grant_hash: null,
      connection_id: null,
      consumed_at: null,
      expires_at: clock(is, seconds),
    }))
    .onConflict((conflict) =>
      conflict
        .columns(["model", "id_hash"])
        .doUpdateSet((is) => ({ expires_at: is.ref("excluded.expires_at") }))
        .where((is) => is("specgate_oauth_artifacts.expires_at", "<=", clock(is))),
    )
    .returning("id_hash")
    .execute();
  return taken.length === 1;
}

async function find(
  db: Kysely<Tables>,
  clock: DatabaseClock,
  model: string,
  idHash: string,
): Promise<FoundArtifact | null> {
  const found = await db
    .selectFrom("specgate_oauth_artifacts as artifact")
    .leftJoin("specgate_keys as key", "key.id", "artifact.connection_id")
    .select((is) => ["payload", "consumed_at", "artifact.expires_at", clock(is).as("now")])
    .where("artifact.model", "=", model)
    .where("artifact.id_hash", "=", idHash)
    .where((is) => is("artifact.expires_at", ">", clock(is)))
    .where("key.revoked_at", "is", null)
    .where((is) => is.or([is("key.expires_at", "is", null), is("key.expires_at", ">", clock(is))]))
    .executeTakeFirst();
  if (found === undefined) return null;
  const now = Date.parse(found.now);
  return {
    payload: payloadOf(found.payload),
    consumedMs: found.consumed_at === null ? null : now - Date.parse(found.consumed_at),
    leftMs: Date.parse(found.expires_at) - now,
  };
}

/** The Grant goes first: what is left by a process that dies here is worthless without it. */
async function endGrant(db: Kysely<Tables>, clock: DatabaseClock, grantHash: string): Promise<string | null> {
  await db
    .deleteFrom("specgate_oauth_artifacts")
    .where("model", "=", "Grant")
    .where("id_hash", "=", grantHash)
    .execute();
  const owner = await db
    .selectFrom("specgate_connections")
    .select("id")
    .where("grant_hash", "=", grantHash)
    .executeTakeFirst();
  if (owner === undefined) return null;
  const ended = await db
    .updateTable("specgate_keys")
    .set((is) => ({ revoked_at: clock(is) }))
    .where("id", "=", owner.id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return ended.numUpdatedRows === 1n ? owner.id : null;
}

async function access(db: Kysely<Tables>, clock: DatabaseClock, idHash: string): Promise<Access | null> {
  const found = await db
    .selectFrom("specgate_oauth_artifacts as token")
    .innerJoin("specgate_oauth_artifacts as grant", (join) =>
      join.onRef("grant.id_hash", "=", "token.grant_hash").on("grant.model", "=", "Grant"),
    )
    .select((is) => [
      "token.payload as payload",
      "token.expires_at as expires_at",
      "grant.connection_id as connection_id",
      clock(is).as("now"),
    ])
    .where("token.model", "=", "AccessToken")
    .where("token.id_hash", "=", idHash)
    .where((is) => is("token.expires_at", ">", clock(is)))
    .where((is) => is("grant.expires_at", ">", clock(is)))
    .executeTakeFirst();
  if (found?.connection_id == null) return null;
  const stored = await createConnectionRows(clock).live(db, found.connection_id);
  if (stored === null || (await isMakerOver(db, clock, stored.key))) return null;
  const leftMs = Date.parse(found.expires_at) - Date.parse(found.now);
  return { ...stored, payload: payloadOf(found.payload), leftMs };
}

/** Whether it was made with a key that is revoked or expired by now: nothing outlives the key that it was made with. */
async function isMakerOver(db: Kysely<Tables>, clock: DatabaseClock, key: GatewayKeyRow): Promise<boolean> {
  if (key.createdBy === null || key.createdBy === key.owner?.id) return false;
  const over = await db
    .selectFrom("specgate_keys")
    .select("id")
    .where("id", "=", key.createdBy)
    .where((is) => is.or([is("revoked_at", "is not", null), is("expires_at", "<=", clock(is))]))
    .executeTakeFirst();
  return over !== undefined;
}

/** Grants of these Connections first, then what was issued by them. */
async function deleteIssued(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  const grants = await db
    .deleteFrom("specgate_oauth_artifacts")
    .where("model", "=", "Grant")
    .where("connection_id", "in", ids)
    .returning("id_hash")
    .execute();
  const hashes = grants.map(({ id_hash }) => id_hash);
  if (hashes.length > 0) await db.deleteFrom("specgate_oauth_artifacts").where("grant_hash", "in", hashes).execute();
}

async function deleteExpired(db: Kysely<Tables>, clock: DatabaseClock): Promise<void> {
  const some = db
    .selectFrom("specgate_oauth_artifacts")
    .select(["model", "id_hash"])
    .where((is) => is("expires_at", "<=", clock(is)))
    .orderBy("expires_at")
    .limit(sweepRows);
  await db
    .deleteFrom("specgate_oauth_artifacts")
    .where((is) => is(is.refTuple("model", "id_hash"), "in", some.$asTuple("model", "id_hash")))
    .execute();
}

function payloadOf(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>; // written by put
}
