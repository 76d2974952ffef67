import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import { GatewayError } from "../errors.ts";
import { reasonOf } from "./unavailable.ts";
import type { SqliteTarget } from "./url.ts";

/**
 * SQLite through `node:sqlite`. A missing file is made, readable by its owner alone, as is its folder. One connection: Kysely
 * lets transactions wait for one another. A statement that finds another connection writing fails with SQLITE_BUSY at once,
 * see `whenFree.ts`. Throws `invalid_request` when the file cannot be opened or is no database.
 */
export function sqliteDialect({ path }: SqliteTarget): SqliteDialect {
  const file = path === undefined ? ":memory:" : resolve(path);
  const database = path === undefined ? open(file) : openFile(file);
  return new SqliteDialect({ database: adapt(database) });
}

function openFile(file: string): DatabaseSync {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!existsSync(file)) closeSync(openSync(file, "a", 0o600)); // SQLite gives the files beside it the same mode
    return open(file);
  } catch (thrown) {
    if (reasonOf(thrown) === "SQLITE_BUSY") throw thrown; // another process is opening it: soon it works
    throw new GatewayError(
      "invalid_request",
      `DATABASE_URL names ${file}, which cannot be opened as an SQLite database (${reasonOf(thrown)})`,
      { next: "Give the user who runs Specgate the right to write that folder, or name another file." },
    );
  }
}

/** WAL lets readers go on while one process writes; FULL survives a loss of power after each commit. */
function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on");
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      if (sql === "rollback" && !database.isTransaction) return nothing;
      // A transaction that first reads and then writes would fail at once where another process wrote in between.
      const statement = database.prepare(sql === "begin" ? "begin immediate" : sql);
      return {
        reader: statement.columns().length > 0, // also true for `returning`
        all: (parameters) => statement.all(...parameters.map(bindable)),
        run: (parameters) => statement.run(...parameters.map(bindable)),
        iterate: (parameters) => statement.iterate(...parameters.map(bindable)),
      };
    },
  };
}

/** What SQLite has rolled back by itself, as it does when the disk is full, cannot be rolled back again. */
const nothing: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/** node:sqlite takes an object in first place for named parameters and would store a Date as NULL without a word. */
function bindable(value: unknown): SQLInputValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint" || value === null)
    return value;
  throw new TypeError(`a ${typeof value} cannot be stored`);
}
