import { sql, type Transaction } from "kysely";
import { GatewayError } from "../errors.ts";
import type { Database } from "./database.ts";
import type { Migration } from "./migrations/migration.ts";
import type { MigrationTable, Tables } from "./tables.ts";

/** How the schema of a database stands to this program. */
export interface SchemaState {
  /** Version of the last migration; 0 for an empty database. */
  readonly version: number;
  /** Migrations that are to be run, in order. */
  readonly pending: readonly Pick<Migration, "version" | "name">[];
}

/** Any number that is always the same: who holds it migrates. */
const advisoryLock = 7_304_283_640_513_927;

/**
 * Runs the migrations that the database lacks, each once, all of them or none, under a lock of the database: of several
 * programs that start together one migrates, the others wait and find nothing left to do. Resolves to those it ran.
 * Throws `invalid_request` where the schema is newer than the program, see {@link readSchema}.
 *
 * Not Kysely's Migrator: that one takes no lock in SQLite and calls every schema with a migration it does not know corrupt,
 * where version N is to run beside N+1.
 */
export async function migrate(
  database: Database,
  known: readonly Migration[],
  now: () => Date = () => new Date(),
): Promise<SchemaState["pending"]> {
  if ((await readSchema(database, known)).pending.length === 0) return [];
  return database.db.transaction().execute(async (db) => {
    if (database.kind === "postgres") await sql`select pg_advisory_xact_lock(${sql.lit(advisoryLock)})`.execute(db);
    const { pending } = await readSchema({ ...database, db }, known);
    if (pending.length > 0) await runAll(db, database.kind, pending, now);
    return pending;
  });
}

async function runAll(
  db: Transaction<Tables>,
  kind: Database["kind"],
  pending: readonly Migration[],
  now: () => Date,
): Promise<void> {
  const text = kind === "postgres" ? sql`text collate "C"` : sql`text`;
  await db.schema
    .createTable("specgate_migrations")
    .ifNotExists()
    .addColumn("version", "integer", (column) => column.primaryKey())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("min_version", "integer", (column) => column.notNull())
    .addColumn("applied_at", text, (column) => column.notNull())
    .execute();
  let minVersion = lowestUsable(await applied(db));
  for (const { version, name, isCompatible, up } of pending) {
    await up(db, { text });
    minVersion = isCompatible ? minVersion : version;
    await db
      .insertInto("specgate_migrations")
      .values({ version, name, min_version: minVersion, applied_at: now().toISOString() })
      .execute();
  }
}

/**
 * Compares the schema with what the program knows; changes nothing. A schema with later migrations is accepted while all of
 * these are compatible, so that version N runs beside N+1. Throws `invalid_request` where one is not: the program would not
 * understand what it reads.
 */
export async function readSchema(
  { db, kind }: Database,
  known: readonly Migration[],
): Promise<SchemaState & { readonly pending: readonly Migration[] }> {
  const rows = (await hasMigrations(db, kind)) ? await applied(db) : [];
  const versions = new Set(rows.map(({ version }) => version));
  const version = Math.max(0, ...versions);
  const latestKnown = Math.max(0, ...known.map((one) => one.version));
  const needed = lowestUsable(rows);
  if (needed > latestKnown)
    throw new GatewayError(
      "invalid_request",
      `the schema of the database is newer than this program: it is at version ${version} and needs a program that knows version ${needed}; this one knows up to ${latestKnown}`,
      { next: "Run the version of Specgate that migrated the database, or a later one." },
    );
  return { version, pending: known.filter((one) => !versions.has(one.version)) };
}

function lowestUsable(rows: readonly MigrationTable[]): number {
  return Math.max(0, ...rows.map((row) => row.min_version));
}

function applied(db: Database["db"]): Promise<MigrationTable[]> {
  return db.selectFrom("specgate_migrations").selectAll().orderBy("version").execute();
}

/** In PostgreSQL by a look at the catalog: `to_regclass` goes by a cache that does not see what was made during our transaction. */
async function hasMigrations(db: Database["db"], kind: Database["kind"]): Promise<boolean> {
  const found =
    kind === "postgres"
      ? await sql`select 1 from pg_class where relname = 'specgate_migrations' and pg_table_is_visible(oid)`.execute(db)
      : await sql`select 1 from sqlite_master where name = 'specgate_migrations'`.execute(db);
  return found.rows.length > 0;
}
