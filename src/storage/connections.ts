import type { ExpressionBuilder, Kysely, SelectQueryBuilder } from "kysely";
import type { DatabaseClock } from "./clock.ts";
import { columnsOf, keyColumns, rowOf } from "./keys.ts";
import type { ConnectionFilter, ConnectionRow, StoredConnection, Widening } from "./oauthPort.ts";
import { boundsOf, pageOf } from "./pages.ts";
import type { GatewayKeyRow, Page, PageRequest } from "./port.ts";
import { columnsHolding } from "./searching.ts";
import type { ConnectionTable, KeyTable, Tables } from "./tables.ts";
import type { Use } from "./use.ts";

/** How long deleting a key at the upstream is tried. */
const triedSeconds = 86_400;
const pageSize = { standard: 50, maximum: 500 };

/** Connections and their keys in SQL: the statements of `OAuthStore` about them, for use within its transactions. */
export interface ConnectionRows {
  /** The name that the key has. */
  readonly insert: (db: Kysely<Tables>, row: ConnectionRow, key: GatewayKeyRow, grantHash: string) => Promise<string>;
  readonly widen: (db: Kysely<Tables>, id: string, grantHash: string, change: Widening) => Promise<boolean>;
  readonly byId: (db: Kysely<Tables>, id: string) => Promise<StoredConnection | null>;
  /** Null for one that is over too. */
  readonly live: (db: Kysely<Tables>, id: string) => Promise<StoredConnection | null>;
  readonly list: (use: Use, filter: ConnectionFilter, page: PageRequest) => Promise<Page<StoredConnection>>;
  /** Whether one of them was not over before. */
  readonly end: (db: Kysely<Tables>, ids: readonly string[]) => Promise<boolean>;
  /** Those older than `seconds` that have neither a code nor a token left. */
  readonly unusable: (db: Kysely<Tables>, seconds: number, limit: number) => Promise<readonly string[]>;
  readonly endedWithUpstreamKey: (db: Kysely<Tables>, limit: number) => Promise<readonly StoredConnection[]>;
  readonly forgetUpstreamKey: (db: Kysely<Tables>, id: string) => Promise<void>;
}

const connectionColumnNames = [
  "specgate_connections.client_name",
  "specgate_connections.client_host",
  "specgate_connections.redirect_host",
] as const;

type Joined = SelectQueryBuilder<Tables, "specgate_connections" | "specgate_keys", ConnectionTable & KeyTable>;

/** {@link ConnectionRows} by the clock of the database. */
export function createConnectionRows(clock: DatabaseClock): ConnectionRows {
  const isLive = (is: ExpressionBuilder<Tables, "specgate_keys">) =>
    is.and([
      is("specgate_keys.revoked_at", "is", null),
      is.or([is("specgate_keys.expires_at", "is", null), is("specgate_keys.expires_at", ">", clock(is))]),
    ]);
  return {
    insert: async (db, row, key, grantHash) => {
      const name = await freeName(db, key);
      await db
        .insertInto("specgate_keys")
        .values(columnsOf({ ...key, name, kind: "connection" }))
        .execute();
      await db.insertInto("specgate_connections").values(connectionColumns(row, grantHash)).execute();
      return name;
    },
    widen: async (db, id, grantHash, { scopes, upstreamCredential, upstreamKeyRef }) => {
      const changed = await db
        .updateTable("specgate_keys")
        .set({
          scopes: JSON.stringify(scopes),
          ...(upstreamCredential !== undefined && { upstream_credential: upstreamCredential }),
        })
        .where("id", "=", id)
        .where("kind", "=", "connection")
        .where(isLive)
        .executeTakeFirst();
      if (changed.numUpdatedRows !== 1n) return false;
      await db
        .updateTable("specgate_connections")
        .set({ grant_hash: grantHash, ...(upstreamKeyRef !== undefined && { upstream_key_ref: upstreamKeyRef }) })
        .where("id", "=", id)
        .execute();
      return true;
    },
    byId: async (db, id) => {
      const found = await joined(db).where("specgate_connections.id", "=", id).executeTakeFirst();
      return found === undefined ? null : storedOf(found);
    },
    live: async (db, id) => {
      const found = await joined(db).where("specgate_connections.id", "=", id).where(isLive).executeTakeFirst();
      return found === undefined ? null : storedOf(found);
    },
    list: async (use, { organisation, owner, search, clientId, includeEnded = false }, page) => {
      const { limit, after } = boundsOf(page, pageSize, 2);
      const [createdAt = "", id = ""] = after ?? [];
      const found = await use((db) =>
        joined(db)
          .$if(organisation !== undefined, (one) => one.where("organisation_id", "=", organisation ?? null))
          .$if(owner !== undefined, (one) => one.where("owner_id", "=", owner ?? null))
          .$if(search !== undefined, (one) =>
            one.where((is) => is.or(columnsHolding(is, [...keyColumns, ...connectionColumnNames], search ?? ""))),
          )
          .$if(clientId !== undefined, (one) => one.where("client_id", "=", clientId ?? ""))
          .$if(!includeEnded, (one) => one.where(isLive))
          .$if(after !== undefined, (one) =>
            one.where((is) => is(is.refTuple("created_at", "specgate_keys.id"), "<", is.tuple(createdAt, id))),
          )
          .orderBy("created_at", "desc")
          .orderBy("specgate_keys.id", "desc")
          .limit(limit + 1)
          .execute(),
      );
      return pageOf(found.map(storedOf), limit, ({ key }) => [key.createdAt, key.id]);
    },
    end: async (db, ids) => {
      const ended = await db
        .updateTable("specgate_keys")
        .set((is) => ({ revoked_at: clock(is) }))
        .where("id", "in", ids)
        .where("kind", "=", "connection")
        .where("revoked_at", "is", null)
        .executeTakeFirst();
      return ended.numUpdatedRows > 0n;
    },
    unusable: async (db, seconds, limit) => {
      const found = await db
        .selectFrom("specgate_connections")
        .innerJoin("specgate_keys", "specgate_keys.id", "specgate_connections.id")
        .select("specgate_connections.id")
        .where("specgate_keys.revoked_at", "is", null)
        .where((is) => is("specgate_keys.created_at", "<", clock(is, -seconds)))
        .where((is) =>
          is.not(
            is.exists(
              is
                .selectFrom("specgate_oauth_artifacts as issued")
                .innerJoin("specgate_oauth_artifacts as grant", (join) =>
                  join.onRef("grant.id_hash", "=", "issued.grant_hash").on("grant.model", "=", "Grant"),
                )
                .select("issued.id_hash")
                .whereRef("grant.connection_id", "=", "specgate_connections.id")
                .where("issued.consumed_at", "is", null),
            ),
          ),
        )
        .limit(limit)
        .execute();
      return found.map(({ id }) => id);
    },
    endedWithUpstreamKey: async (db, limit) => {
      const found = await joined(db)
        .where("upstream_key_ref", "is not", null)
        .where("revoked_at", ">", (is) => clock(is, -triedSeconds))
        .limit(limit)
        .execute();
      return found.map(storedOf);
    },
    forgetUpstreamKey: async (db, id) => {
      await db.updateTable("specgate_connections").set({ upstream_key_ref: null }).where("id", "=", id).execute();
      const gone = db.updateTable("specgate_keys").set({ upstream_credential: null }).where("id", "=", id);
      await gone.where("revoked_at", "is not", null).execute();
    },
  };
}

function joined(db: Kysely<Tables>): Joined {
  return db
    .selectFrom("specgate_connections")
    .innerJoin("specgate_keys", "specgate_keys.id", "specgate_connections.id")
    .selectAll();
}

/** `MCP — Claude.ai`, or ` (2)` behind it where the owner has one of that name, and so on. */
async function freeName(db: Kysely<Tables>, { name, owner }: GatewayKeyRow): Promise<string> {
  const taken = await db
    .selectFrom("specgate_keys")
    .select("name")
    .where("owner_id", owner === null ? "is" : "=", owner?.id ?? null)
    .where("kind", "=", "connection")
    .where("revoked_at", "is", null)
    .execute();
  const names = new Set(taken.map((one) => one.name));
  let free = name;
  for (let number = 2; names.has(free); number++) free = `${name} (${number})`;
  return free;
}

function connectionColumns(row: ConnectionRow, grantHash: string): ConnectionTable {
  return {
    id: row.id,
    grant_hash: grantHash,
    client_id: row.clientId,
    client_name: row.clientName,
    client_host: row.clientHost,
    redirect_host: row.redirectHost,
    resource: row.resource,
    pages: JSON.stringify(row.pages),
    upstream_key_ref: row.upstreamKeyRef,
  };
}

function storedOf(columns: ConnectionTable & KeyTable): StoredConnection {
  return {
    key: rowOf(columns),
    connection: {
      id: columns.id,
      clientId: columns.client_id,
      clientName: columns.client_name,
      clientHost: columns.client_host,
      redirectHost: columns.redirect_host,
      resource: columns.resource,
      pages: JSON.parse(columns.pages) as ConnectionRow["pages"], // written by connectionColumns
      upstreamKeyRef: columns.upstream_key_ref,
    },
  };
}
