import type { Kysely } from "kysely";
import type { AuditPlace, AuditRow } from "./port.ts";
import type { Tables } from "./tables.ts";

/** Rows of one statement. */
const batchRows = 500;

/** Notes that `rows` are to be sent on. */
export async function put(db: Kysely<Tables>, rows: readonly AuditRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += batchRows)
    await db
      .insertInto("specgate_audit_outbox")
      .values(rows.slice(at, at + batchRows).map(({ writer, seq, at: since }) => ({ writer, seq, at: since })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
}

/** The oldest places that are noted. */
export function oldest(db: Kysely<Tables>, limit: number): Promise<AuditPlace[]> {
  const places = db.selectFrom("specgate_audit_outbox").select(["writer", "seq"]);
  return places.orderBy("at").orderBy("writer").orderBy("seq").limit(limit).execute();
}

/** Forgets `places`. */
export async function take(db: Kysely<Tables>, places: readonly AuditPlace[]): Promise<void> {
  const byWriter = Map.groupBy(places, ({ writer }) => writer);
  for (const [writer, own] of byWriter)
    await db
      .deleteFrom("specgate_audit_outbox")
      .where("writer", "=", writer)
      .where(
        "seq",
        "in",
        own.map(({ seq }) => seq),
      )
      .execute();
}

/** Forgets all but the newest `most`; how many that were. */
export async function trim(db: Kysely<Tables>, most: number): Promise<number> {
  const kept = await db
    .selectFrom("specgate_audit_outbox")
    .select(["at", "writer", "seq"])
    .orderBy("at", "desc")
    .orderBy("writer", "desc")
    .orderBy("seq", "desc")
    .offset(most - 1)
    .limit(1)
    .executeTakeFirst();
  if (kept === undefined) return 0;
  const { at, writer, seq } = kept;
  const gone = await db
    .deleteFrom("specgate_audit_outbox")
    .where((is) => is(is.refTuple("at", "writer", "seq"), "<", is.tuple(at, writer, seq)))
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
}
