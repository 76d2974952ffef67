import type { Kysely } from "kysely";
import { GatewayError } from "../errors.ts";
import { forgetKeys, headOf, takeKeys } from "./keyHeads.ts";
import * as outbox from "./outbox.ts";
import { boundsOf, pageOf } from "./pages.ts";
import type { AppendOptions, AuditFacts, AuditFilter, AuditPlace, AuditRow, AuditSeal, AuditStore } from "./port.ts";
import { deleteBefore } from "./retention.ts";
import type { AuditTable, Tables } from "./tables.ts";
import type { Use } from "./use.ts";

const pageSize = { standard: 100, maximum: 1_000 };
/** Rows of one statement: 17 columns each, and SQLite takes 32,766 values. */
const batchRows = 500;

/** {@link AuditStore} in SQL. */
export function createAuditStore(use: Use): AuditStore {
  return {
    append: (rows, options = {}) => (rows.length === 0 ? Promise.resolve([]) : use((db) => append(db, rows, options))),
    query: async (filter, page = {}) => {
      const { limit, after } = boundsOf(page, pageSize, 3);
      const rows = await use((db) => query(db, filter, after, limit + 1));
      return pageOf(rows, limit, (row) => [row.at, row.writer, row.seq]);
    },
    event: (eventId) => use((db) => event(db, eventId)),
    openIntents: (before, limit = pageSize.standard) => use((db) => openIntents(db, before, limit)),
    byIdempotencyKey: (hash) =>
      use(async (db) => {
        const head = await headOf(db, hash);
        if (head !== undefined) return event(db, head);
        const latest = db.selectFrom("specgate_audit").select("event_id").where("idempotency_key", "=", hash);
        const found = await latest.orderBy("at", "desc").limit(1).executeTakeFirst();
        return found === undefined ? [] : event(db, found.event_id);
      }),
    stream: () => stream(use),
    seals: () =>
      use((db): Promise<AuditSeal[]> => {
        const all = db.selectFrom("specgate_audit_seals").select(["writer", "day", "seq", "hash"]);
        return all.orderBy("writer").orderBy("seq").execute();
      }),
    deleteBefore: async (day) => {
      await use((db) => forgetKeys(db, day));
      return deleteBefore(use, day);
    },
    undelivered: (limit) =>
      use(async (db) => {
        const places = await outbox.oldest(db, limit);
        const rows = await rowsAt(db, places);
        const there = new Set(rows.map(placeOf));
        await outbox.take(
          db,
          places.filter((place) => !there.has(placeOf(place))), // deleted with their day
        );
        return rows.length === 0 && places.length > 0 ? rowsAt(db, await outbox.oldest(db, limit)) : rows;
      }),
    delivered: (places) => use((db) => outbox.take(db, places)),
    trimUndelivered: (most) => use((db) => outbox.trim(db, most)),
  };
}

/** Carries the conflicting events out of the transaction, which it thereby rolls back. */
class Taken extends Error {
  readonly eventIds: readonly string[];

  constructor(eventIds: readonly string[]) {
    super("events that have such a row");
    this.eventIds = eventIds;
  }
}

async function append(
  db: Kysely<Tables>,
  rows: readonly AuditRow[],
  { forward = false, follows = new Map() }: AppendOptions,
): Promise<readonly string[]> {
  try {
    await db.transaction().execute(async (one) => {
      const fresh: AuditRow[] = [];
      for (let at = 0; at < rows.length; at += batchRows)
        fresh.push(...(await insert(one, rows.slice(at, at + batchRows))));
      const late = await takeKeys(one, fresh, follows);
      if (late.length > 0) throw new Taken(late);
      await keepOpen(one, rows);
      if (forward) await outbox.put(one, rows);
    });
    return [];
  } catch (thrown) {
    if (thrown instanceof Taken) return thrown.eventIds;
    throw thrown;
  }
}

/** Those of `rows` that were not there before. */
async function insert(db: Kysely<Tables>, rows: readonly AuditRow[]): Promise<readonly AuditRow[]> {
  const inserted = await db
    .insertInto("specgate_audit")
    .values(rows.map(columnsOf))
    .onConflict((conflict) => conflict.doNothing())
    .returning(["writer", "seq"])
    .execute();
  if (inserted.length === rows.length) return rows;
  const written = new Set(inserted.map(placeOf));
  await explainConflicts(
    db,
    rows.filter((row) => !written.has(placeOf(row))),
  );
  return rows.filter((row) => written.has(placeOf(row)));
}

/** A row that could not be inserted is there already, or its place is taken, or its event has such a row. */
async function explainConflicts(db: Kysely<Tables>, rows: readonly AuditRow[]): Promise<void> {
  const there = await db
    .selectFrom("specgate_audit")
    .select(["writer", "seq", "hash"])
    .where((is) =>
      is.or(
        rows.map((row) =>
          is.or([
            is.and([is("writer", "=", row.writer), is("seq", "=", row.seq)]),
            is.and([is("event_id", "=", row.eventId), is("kind", "=", row.kind)]),
          ]),
        ),
      ),
    )
    .execute();
  const hashes = new Map(there.map((row) => [placeOf(row), row.hash]));
  const others = rows.filter((row) => hashes.get(placeOf(row)) !== row.hash);
  const displaced = others.find((row) => hashes.has(placeOf(row)));
  if (displaced !== undefined)
    throw new GatewayError("internal", "internal error", {
      cause: new Error(`audit: row ${displaced.seq} of the writer ${displaced.writer} is there with another hash`),
    });
  if (others.length > 0) throw new Taken(others.map((row) => row.eventId));
}

/** Intents wait in a table of their own until their outcome comes, so that those without one are found at once. */
async function keepOpen(db: Kysely<Tables>, rows: readonly AuditRow[]): Promise<void> {
  const ended = rows.filter((row) => row.kind === "outcome").map((row) => row.eventId);
  const isEnded = new Set(ended);
  const intents = rows.filter((row) => row.kind === "intent" && !isEnded.has(row.eventId));
  for (let at = 0; at < intents.length; at += batchRows)
    await db
      .insertInto("specgate_audit_open")
      .values(intents.slice(at, at + batchRows).map(({ eventId, at: since }) => ({ event_id: eventId, at: since })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  for (let at = 0; at < ended.length; at += batchRows)
    await db
      .deleteFrom("specgate_audit_open")
      .where("event_id", "in", ended.slice(at, at + batchRows))
      .execute();
}

async function query(
  db: Kysely<Tables>,
  { from, to, eventId, kind, ...facts }: AuditFilter,
  after: readonly string[] | undefined,
  limit: number,
): Promise<AuditRow[]> {
  let found = db.selectFrom("specgate_audit").selectAll();
  if (from !== undefined) found = found.where("at", ">=", from);
  if (to !== undefined) found = found.where("at", "<", to);
  if (eventId !== undefined) found = found.where("event_id", "=", eventId);
  if (kind !== undefined) found = found.where("kind", "=", kind);
  for (const [name, column] of Object.entries(factColumns)) {
    const value = facts[name as keyof AuditFacts]; // the keys of factColumns are those of AuditFacts
    if (value !== undefined) found = found.where(column, value === null ? "is" : "=", value);
  }
  if (after !== undefined) {
    const [at = "", writer = "", seq = ""] = after;
    found = found.where((is) => is(is.refTuple("at", "writer", "seq"), "<", is.tuple(at, writer, Number(seq))));
  }
  const sorted = found.orderBy("at", "desc").orderBy("writer", "desc").orderBy("seq", "desc");
  return (await sorted.limit(limit).execute()).map(rowOf);
}

async function event(db: Kysely<Tables>, eventId: string): Promise<AuditRow[]> {
  const rows = db.selectFrom("specgate_audit").selectAll().where("event_id", "=", eventId);
  return (await rows.orderBy("at").orderBy("kind").execute()).map(rowOf); // an intent sorts before its outcome
}

/** The rows at `places`, in their order; one that was deleted since is left out. */
async function rowsAt(db: Kysely<Tables>, places: readonly AuditPlace[]): Promise<AuditRow[]> {
  if (places.length === 0) return [];
  const found = await db
    .selectFrom("specgate_audit")
    .selectAll()
    .where((is) => is.or(places.map(({ writer, seq }) => is.and([is("writer", "=", writer), is("seq", "=", seq)]))))
    .execute();
  const rows = new Map(found.map((columns) => [placeOf(columns), rowOf(columns)]));
  return places.flatMap((place) => rows.get(placeOf(place)) ?? []);
}

async function openIntents(db: Kysely<Tables>, before: string, limit: number): Promise<AuditRow[]> {
  const rows = await db
    .selectFrom("specgate_audit_open")
    .innerJoin("specgate_audit", "specgate_audit.event_id", "specgate_audit_open.event_id")
    .selectAll("specgate_audit")
    .where("specgate_audit.kind", "=", "intent")
    .where("specgate_audit_open.at", "<", before)
    .orderBy("specgate_audit_open.at")
    .limit(limit)
    .execute();
  return rows.map(rowOf);
}

async function* stream(use: Use): AsyncIterable<AuditRow> {
  let after: AuditRow | undefined;
  do {
    const { writer, seq } = after ?? { writer: "", seq: 0 };
    const rows = await use(async (db) => {
      const rest = db
        .selectFrom("specgate_audit")
        .selectAll()
        .where((is) => is(is.refTuple("writer", "seq"), ">", is.tuple(writer, seq)));
      return (await rest.orderBy("writer").orderBy("seq").limit(batchRows).execute()).map(rowOf);
    });
    yield* rows;
    after = rows.at(-1);
  } while (after !== undefined);
}

const factColumns = {
  actorId: "actor_id",
  actorUserId: "actor_user_id",
  organisation: "organisation",
  tool: "tool",
  effect: "effect",
  resource: "resource",
  resourceId: "resource_id",
  outcome: "outcome",
  idempotencyKey: "idempotency_key",
} as const satisfies Record<keyof AuditFacts, keyof AuditTable>;

function placeOf({ writer, seq }: { readonly writer: string; readonly seq: number }): string {
  return `${seq} ${writer}`;
}

function columnsOf(row: AuditRow): AuditTable {
  return {
    writer: row.writer,
    seq: row.seq,
    event_id: row.eventId,
    kind: row.kind,
    at: row.at,
    actor_id: row.actorId,
    actor_user_id: row.actorUserId,
    organisation: row.organisation,
    tool: row.tool,
    effect: row.effect,
    resource: row.resource,
    resource_id: row.resourceId,
    outcome: row.outcome,
    idempotency_key: row.idempotencyKey,
    payload: row.payload,
    prev_hash: row.prevHash,
    hash: row.hash,
  };
}

function rowOf(columns: AuditTable): AuditRow {
  return {
    writer: columns.writer,
    seq: columns.seq,
    eventId: columns.event_id,
    kind: columns.kind,
    at: columns.at,
    actorId: columns.actor_id,
    actorUserId: columns.actor_user_id,
    organisation: columns.organisation,
    tool: columns.tool,
    effect: columns.effect,
    resource: columns.resource,
    resourceId: columns.resource_id,
    outcome: columns.outcome,
    idempotencyKey: columns.idempotency_key,
    payload: columns.payload,
    prevHash: columns.prev_hash,
    hash: columns.hash,
  };
}
