import type { Kysely } from "kysely";
import type { AuditRow } from "./port.ts";
import type { Tables } from "./tables.ts";

/**
 * Lets each intent of `rows` take its idempotency key from the event that it `follows`, or from nobody; the ids of those that
 * came too late. Of any number of intents of one key that follow the same event, one takes it: the condition stands in the
 * statement itself. Keys are locked in the same order by all, so that two batches do not wait for each other.
 */
export async function takeKeys(
  db: Kysely<Tables>,
  rows: readonly AuditRow[],
  follows: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const late: string[] = [];
  const keyed = rows.flatMap(({ kind, eventId, at, idempotencyKey: key }) =>
    kind === "intent" && key !== null ? [{ idempotency_key: key, event_id: eventId, at }] : [],
  );
  const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  keyed.sort((one, other) => compared(one.idempotency_key, other.idempotency_key)); // stable: of one key the first comes first
  for (const head of keyed) {
    const taken = await db
      .insertInto("specgate_audit_keys")
      .values(head)
      .onConflict((conflict) =>
        conflict
          .column("idempotency_key")
          .doUpdateSet({ event_id: head.event_id, at: head.at })
          .where("specgate_audit_keys.event_id", "=", follows.get(head.event_id) ?? ""),
      )
      .returning("event_id")
      .execute();
    if (taken.length === 0) late.push(head.event_id);
  }
  return late;
}

/** The event that has `key`; undefined where none was told of. */
export async function headOf(db: Kysely<Tables>, key: string): Promise<string | undefined> {
  const head = db.selectFrom("specgate_audit_keys").select("event_id").where("idempotency_key", "=", key);
  return (await head.executeTakeFirst())?.event_id;
}

/** Forgets keys that were taken before `day`: ahead of their events, since a key without its event could never be taken. */
export async function forgetKeys(db: Kysely<Tables>, day: string): Promise<void> {
  await db.deleteFrom("specgate_audit_keys").where("at", "<", day).execute();
}
