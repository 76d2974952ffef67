import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Json, Row } from "./model/fields.ts";

/** A condition on a field of the stored rows. `has`: the field, a list, holds one of the values. `like`: any of the fields contains the text. */
export type Condition =
  | { readonly field: string; readonly op: "is"; readonly value: Json }
  | { readonly field: string; readonly op: "in" | "has"; readonly value: readonly Json[] }
  | { readonly field: string; readonly op: "after" | "before"; readonly value: string }
  | { readonly fields: readonly string[]; readonly op: "like"; readonly value: string };

/** Which rows, in which order, which slice of them. */
export interface Query {
  readonly organisationId: string;
  readonly noun: string;
  readonly where?: readonly Condition[];
  readonly sort?: { readonly field: string; readonly descending: boolean };
  readonly limit?: number;
  readonly offset?: number;
}

/** Rows of every noun, kept apart by organisation. A row is found only with the organisation it belongs to. */
export interface Store {
  get(organisationId: string, noun: string, id: string): Row | undefined;
  find(query: Query): readonly Row[];
  count(query: Query): number;
  insert(organisationId: string, noun: string, row: Row): void;
  replace(organisationId: string, noun: string, row: Row): void;
  remove(organisationId: string, noun: string, id: string): void;
  /** The next number of a counter; the first is `first`. */
  nextNumber(counter: string, first: number): number;
  /** A fact about the whole file, such as whether it has been seeded. */
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
  /** All of it or nothing. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, organisation TEXT NOT NULL, noun TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS record_id ON record (noun, organisation, id);
  CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/** Opens the store in a file, or in memory with `:memory:`. */
export function openStore(file: string): Store {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${schema}`);
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  return {
    get: (organisationId, noun, id) => {
      const found = prepare("SELECT body FROM record WHERE noun = ? AND organisation = ? AND id = ?").get(
        noun,
        organisationId,
        id,
      );
      return found === undefined ? undefined : parseRow(found);
    },
    find: (query) => {
      const { sql, values } = selection(query);
      const order = orderOf(query.sort);
      const rows = prepare(`SELECT body FROM record ${sql} ${order} LIMIT ? OFFSET ?`).all(
        ...values,
        query.limit ?? -1,
        query.offset ?? 0,
      );
      return rows.map(parseRow);
    },
    count: (query) => {
      const { sql, values } = selection(query);
      return Number(prepare(`SELECT count(*) AS count FROM record ${sql}`).get(...values)?.count);
    },
    insert: (organisationId, noun, row) => {
      prepare("INSERT INTO record (organisation, noun, id, body) VALUES (?, ?, ?, ?)").run(
        organisationId,
        noun,
        String(row.id),
        JSON.stringify(row),
      );
    },
    replace: (organisationId, noun, row) => {
      prepare("UPDATE record SET body = ? WHERE noun = ? AND organisation = ? AND id = ?").run(
        JSON.stringify(row),
        noun,
        organisationId,
        String(row.id),
      );
    },
    remove: (organisationId, noun, id) => {
      prepare("DELETE FROM record WHERE noun = ? AND organisation = ? AND id = ?").run(noun, organisationId, id);
    },
    nextNumber: (counter, first) => {
      const sql =
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
      return Number(prepare(sql).get(counter, first)?.value);
    },
    meta: (name) => {
      const value = prepare("SELECT value FROM meta WHERE name = ?").get(name)?.value;
      return typeof value === "string" ? value : undefined;
    },
    setMeta: (name, value) => {
      prepare("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value").run(
        name,
        value,
      );
    },
    transaction: (work) => {
      if (database.isTransaction) return work();
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
    close: () => database.close(),
  };
}

/** A stored body is what `insert` or `replace` wrote: a row as JSON. */
function parseRow(record: Record<string, unknown>): Row {
  return JSON.parse(String(record.body)) as Row;
}

type SqlValue = string | number | null;

function selection(query: Query): { sql: string; values: SqlValue[] } {
  const parts = (query.where ?? []).map(conditionSql);
  return {
    sql: ["WHERE noun = ? AND organisation = ?", ...parts.map((part) => part.sql)].join(" AND "),
    values: [query.noun, query.organisationId, ...parts.flatMap((part) => part.values)],
  };
}

const extracted = "json_extract(body, ?)";

function conditionSql(condition: Condition): { sql: string; values: SqlValue[] } {
  switch (condition.op) {
    case "is":
      return { sql: `${extracted} IS ?`, values: [pathOf(condition.field), sqlValue(condition.value)] };
    case "in":
      return {
        sql: `${extracted} IN (${condition.value.map(() => "?").join(", ")})`,
        values: [pathOf(condition.field), ...condition.value.map(sqlValue)],
      };
    case "has":
      return {
        sql: `EXISTS (SELECT 1 FROM json_each(body, ?) WHERE json_each.value IN (${condition.value.map(() => "?").join(", ")}))`,
        values: [pathOf(condition.field), ...condition.value.map(sqlValue)],
      };
    case "after":
      return { sql: `${extracted} >= ?`, values: [pathOf(condition.field), condition.value] };
    case "before":
      return { sql: `${extracted} < ?`, values: [pathOf(condition.field), condition.value] };
    case "like":
      return {
        sql: `(${condition.fields.map(() => `${extracted} LIKE ? ESCAPE '\\'`).join(" OR ")})`,
        values: condition.fields.flatMap((field) => [
          pathOf(field),
          `%${condition.value.replaceAll(/[\\%_]/g, "\\$&")}%`,
        ]),
      };
    default:
      return condition satisfies never;
  }
}

function orderOf(sort: Query["sort"]): string {
  if (sort === undefined) return "ORDER BY seq";
  const direction = sort.descending ? "DESC" : "ASC";
  return `ORDER BY json_extract(body, '${pathOf(sort.field)}') ${direction}, seq ${direction}`;
}

/** Field names come from the model; anything else in one is a bug, and must not reach SQL. */
function pathOf(field: string): string {
  if (!/^\w+$/.test(field)) throw new Error(`not a field name: ${field}`);
  return `$.${field}`;
}

function sqlValue(value: Json): SqlValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" || typeof value === "number" ? value : null;
}
