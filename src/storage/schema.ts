import { existsSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import { type Database, type OpenOptions, openDatabase } from "./database.ts";
import { migrate, readSchema, type SchemaState } from "./migrate.ts";
import type { Migration } from "./migrations/migration.ts";
import { failureOf, reasonOf } from "./unavailable.ts";
import type { DatabaseTarget } from "./url.ts";
import { whenFree } from "./whenFree.ts";

/** One migration may build an index over years of rows, and others wait for it. Milliseconds. */
const migrationMs = 600_000;
/** How long SQLite's lock is waited for, which another process holds while it migrates. Milliseconds. */
const busyMs = 30_000;

/**
 * The database with its schema up to date. Throws `invalid_request` where trying again is no use ({@link refusalOf}), else
 * what the driver throws.
 */
export async function openMigrated(
  target: DatabaseTarget,
  migrations: readonly Migration[],
  options: OpenOptions,
): Promise<Database> {
  const database = await openFree(target, options);
  try {
    if ((await readSchema(database, migrations)).pending.length > 0) await runMigrations(database, target, migrations);
    return database;
  } catch (thrown) {
    await database.close();
    throw refusalOf(thrown) ?? thrown;
  }
}

/** Runs what is pending in the database of `target`, and resolves to what it ran. Throws as {@link checkDatabase} does. */
export function migrateDatabase(
  target: DatabaseTarget,
  migrations: readonly Migration[],
): Promise<SchemaState["pending"]> {
  return once(target, (database) => runMigrations(database, target, migrations));
}

/**
 * What is pending; changes nothing. Throws GatewayError: `invalid_request` where the database or its schema is not for this
 * program, `store_unavailable` with the reason where it does not answer.
 */
export async function checkDatabase(target: DatabaseTarget, migrations: readonly Migration[]): Promise<SchemaState> {
  if (target.kind === "sqlite" && (target.path === undefined || !existsSync(target.path)))
    return { version: 0, pending: migrations }; // opening it would make the file
  return once(target, (database) => readSchema(database, migrations));
}

async function once<Result>(target: DatabaseTarget, run: (database: Database) => Promise<Result>): Promise<Result> {
  let database: Database | undefined;
  try {
    database = await openFree(target, { statementMs: 5_000 });
    return await run(database);
  } catch (thrown) {
    const failure = refusalOf(thrown) ?? failureOf(thrown);
    if (failure.code !== "store_unavailable") throw failure;
    throw new GatewayError("store_unavailable", `the database of DATABASE_URL does not answer (${reasonOf(thrown)})`);
  } finally {
    await database?.close();
  }
}

/** In PostgreSQL over a connection that has the time; in SQLite over the one there is, which may be in memory. */
async function runMigrations(
  database: Database,
  target: DatabaseTarget,
  migrations: readonly Migration[],
): Promise<SchemaState["pending"]> {
  if (target.kind === "sqlite") return whenFree(() => migrate(database, migrations), busyMs);
  const patient = await openDatabase({ ...target, poolSize: 1 }, { statementMs: migrationMs });
  try {
    return await migrate(patient, migrations);
  } finally {
    await patient.close();
  }
}

function openFree(target: DatabaseTarget, options: OpenOptions): Promise<Database> {
  return whenFree(() => openDatabase(target, options), busyMs);
}

/** SQLSTATE → what an operator has to set right. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const refusals: Readonly<Record<string, string>> = {
  "28P01": "PostgreSQL refuses the user or the password of DATABASE_URL",
  "28000": "PostgreSQL does not let the user of DATABASE_URL in from here, or not without TLS",
  "3D000": "PostgreSQL has no such database as DATABASE_URL names",
  "42501": "the user of DATABASE_URL may not create tables; grant it CREATE on its schema",
};

/** Failures that stay until somebody changes something. */
function refusalOf(thrown: unknown): GatewayError | undefined {
  if (thrown instanceof GatewayError && thrown.code === "invalid_request") return thrown;
  const reason = reasonOf(thrown);
  const message = refusals[reason];
  return message === undefined ? undefined : new GatewayError("invalid_request", `${message} (${reason})`);
}
