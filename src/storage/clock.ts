import type { AliasableExpression, ExpressionBuilder } from "kysely";
import type { DatabaseTarget } from "./url.ts";

/**
 * The present moment by the clock of the database, `afterSeconds` on, as an expression that is an `IsoTime`. Replicas whose
 * clocks differ agree on it.
 */
export type DatabaseClock = <Schema, Table extends keyof Schema>(
  is: ExpressionBuilder<Schema, Table>,
  afterSeconds?: number,
) => AliasableExpression<string>;

/** @param now replaces the clock of the database */
export function databaseClock(kind: DatabaseTarget["kind"], now?: () => Date): DatabaseClock {
  if (now !== undefined) return (is, after = 0) => is.val(new Date(now().getTime() + after * 1_000).toISOString());
  return kind === "sqlite" ? sqliteClock : postgresClock;
}

/** https://www.sqlite.org/lang_datefunc.html */
const sqliteClock: DatabaseClock = (is, after = 0) =>
  is.fn<string>("strftime", [is.val("%Y-%m-%dT%H:%M:%fZ"), is.val("now"), is.val(`${after} seconds`)]);

/** https://www.postgresql.org/docs/current/functions-formatting.html */
const postgresClock: DatabaseClock = (is, after = 0) => {
  const nought = is.lit(0);
  const interval = is.fn<Date>("make_interval", [nought, nought, nought, nought, nought, nought, is.lit(after)]);
  const utc = is.fn("timezone", [is.cast<string>(is.val("utc"), "text"), is(is.fn<Date>("now"), "+", interval)]);
  return is.fn<string>("to_char", [utc, is.cast<string>(is.val('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), "text")]);
};
