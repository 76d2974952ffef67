import type { Expression, ExpressionBuilder, SqlBool, StringReference } from "kysely";

/** One condition per column: that `text` stands in it, in whatever case (of letters beyond ASCII: in SQLite as they are written). */
export function columnsHolding<Schema, Table extends keyof Schema>(
  is: ExpressionBuilder<Schema, Table>,
  columns: readonly StringReference<Schema, Table>[],
  text: string,
): readonly Expression<SqlBool>[] {
  const wanted = is.fn<string>("lower", [is.val(text)]);
  // LIKE would take signs of the text for a pattern, and functions that find a position have other names in each database: what
  // changes when the text is taken out of it holds the text.
  return columns.map((column) =>
    is(
      is.fn<string>("replace", [is.fn<string>("lower", [column]), wanted, is.val("")]),
      "!=",
      is.fn<string>("lower", [column]),
    ),
  );
}
