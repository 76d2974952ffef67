import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";
import type { Use } from "./use.ts";

/** Rows that one transaction deletes: far within its second. */
const batchRows = 1_000;

/**
 * Deletes audit rows of days before `day`, writer by writer, each from its first row on. The seals of what goes are written
 * first: where this is cut short, they stand beside rows that are still there, and the next time deletes these.
 */
export async function deleteBefore(use: Use, day: string): Promise<number> {
  let deleted = 0;
  for (const writer of await use((db) => writersBefore(db, day))) {
    const last = await use((db) => lastToGo(db, writer, day));
    if (last === undefined) continue;
    await use((db) => seal(db, writer, last));
    for (let gone = batchRows; gone === batchRows; deleted += gone)
      gone = await use((db) => deleteSome(db, writer, last));
  }
  return deleted;
}

async function writersBefore(db: Kysely<Tables>, day: string): Promise<string[]> {
  const rows = await db.selectFrom("specgate_audit").select("writer").distinct().where("at", "<", day).execute();
  return rows.map(({ writer }) => writer);
}

/** Clocks step back, so it is the place in the chain that decides: everything before the first row that stays. */
async function lastToGo(db: Kysely<Tables>, writer: string, day: string): Promise<number | undefined> {
  const { first } = await db
    .selectFrom("specgate_audit")
    .select((is) => is.fn.min("seq").as("first"))
    .where("writer", "=", writer)
    .where("at", ">=", day)
    .executeTakeFirstOrThrow();
  const { last } = await db
    .selectFrom("specgate_audit")
    .select((is) => is.fn.max("seq").as("last"))
    .where("writer", "=", writer)
    .$if(first !== null, (one) => one.where("seq", "<", first))
    .executeTakeFirstOrThrow();
  return last ?? undefined; // null where nothing matches, whatever the type says
}

async function seal(db: Kysely<Tables>, writer: string, last: number): Promise<void> {
  const days = await db
    .selectFrom("specgate_audit")
    .select((is) => [is.fn<string>("substr", ["at", is.lit(1), is.lit(10)]).as("day"), is.fn.max("seq").as("seq")])
    .where("writer", "=", writer)
    .where("seq", "<=", last)
    .groupBy("day")
    .execute();
  const ends = await db
    .selectFrom("specgate_audit")
    .select(["seq", "hash"])
    .where("writer", "=", writer)
    .where(
      "seq",
      "in",
      days.map(({ seq }) => seq),
    )
    .execute();
  const hashes = new Map(ends.map(({ seq, hash }) => [seq, hash]));
  const seals = days.flatMap(({ day, seq }) => {
    const hash = hashes.get(seq);
    return hash === undefined ? [] : [{ writer, day, seq, hash }]; // undefined: another replica deletes at the same time
  });
  if (seals.length === 0) return;
  await db
    .insertInto("specgate_audit_seals")
    .values(seals)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function deleteSome(db: Kysely<Tables>, writer: string, last: number): Promise<number> {
  const some = db
    .selectFrom("specgate_audit")
    .select("seq")
    .where("writer", "=", writer)
    .where("seq", "<=", last)
    .orderBy("seq")
    .limit(batchRows);
  const gone = await db
    .deleteFrom("specgate_audit")
    .where("writer", "=", writer)
    .where("seq", "in", some)
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
}
