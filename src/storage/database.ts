import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";
import type { DatabaseTarget } from "./url.ts";

/** An open database. */
export interface Database {
  readonly kind: DatabaseTarget["kind"];
  readonly db: Kysely<Tables>;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  /** Milliseconds of one statement. Ignored by SQLite, whose statements cannot be cut short. */
  readonly statementMs: number;
  /** Hears why an unused connection broke. */
  readonly onLost?: (thrown: unknown) => void;
}

const connectMs = 1_000;

/**
 * Opens a database. Drivers are loaded here and not before, since they take a tenth of a second. SQLite throws
 * `invalid_request` for a file that it cannot open; PostgreSQL connects at the first statement.
 */
export async function openDatabase(
  target: DatabaseTarget,
  { statementMs, onLost = () => undefined }: OpenOptions,
): Promise<Database> {
  const { Kysely } = await import("kysely");
  const dialect =
    target.kind === "sqlite"
      ? (await import("./sqlite.ts")).sqliteDialect(target)
      : (await import("./postgres.ts")).postgresDialect(target, { connectMs, statementMs }, onLost);
  const db = new Kysely<Tables>({ dialect });
  return { kind: target.kind, db, close: () => db.destroy() };
}
