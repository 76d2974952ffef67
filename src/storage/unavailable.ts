import { GatewayError } from "../errors.ts";

/**
 * What a failed statement is thrown as: `store_unavailable` where the database is away, full, locked or read-only, `internal`
 * where it refused the statement, which is our fault. Message and cause hold a reason and at most names of our own tables:
 * the drivers' errors carry addresses, SQL and values.
 */
export function failureOf(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (isRefusal(thrown)) return new GatewayError("internal", "internal error", { cause: causeOf(reasonOf(thrown)) });
  return unavailable(reasonOf(thrown));
}

/** `store_unavailable` for a reason of {@link reasonOf}. */
export function unavailable(reason: string): GatewayError {
  return new GatewayError("store_unavailable", "the database is unavailable", {
    next: "Try again in a moment.",
    retryAfterSeconds: 2,
    cause: causeOf(reason),
  });
}

function causeOf(reason: string): Error {
  return new Error(`database: ${reason}`);
}

/** Why a statement or a connection failed: `ECONNREFUSED`, `57P01`, `SQLITE_FULL`, `timed out`. No address, no value. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  const { code, errcode, constraint } = thrown as DriverError;
  if (typeof errcode === "number") return sqliteReasons[errcode & 0xff] ?? `SQLITE_${errcode}`;
  if (typeof code === "string") return constraint === undefined ? code : `${code} ${constraint}`;
  if (/timed? ?out/i.test(thrown.message)) return "timed out";
  if (/does not support SSL/.test(thrown.message)) return "the server offers no TLS";
  return "not connected";
}

interface DriverError extends Error {
  /** SQLSTATE of PostgreSQL, or the name of a system error. */
  readonly code?: string;
  /** Extended result code of SQLite. */
  readonly errcode?: number;
  readonly constraint?: string;
}

/** https://www.sqlite.org/rescode.html, those that a working program meets. */
const sqliteReasons: Readonly<Record<number, string>> = {
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

/** SQLSTATE classes of statements that will never work: bad data, broken constraints, unknown names. */
const refusals = /^(?:2[123]|42)/;

function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code, errcode } = thrown as DriverError;
  if (typeof errcode === "number") return sqliteReasons[errcode & 0xff] === undefined;
  if (thrown instanceof TypeError) return true;
  return typeof code === "string" && refusals.test(code);
}
