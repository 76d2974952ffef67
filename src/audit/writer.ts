import { randomUUID } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { AuditRow, AuditStore } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import { type ChainEnd, chained, eventOf } from "./chain.ts";
import type { AuditEvent, AuditLog } from "./event.ts";

export interface AuditWriterOptions {
  readonly store: AuditStore;
  readonly logger: Pick<Logger, "warn" | "error" | "info">;
  /** Hears of rows once they are committed. */
  readonly committed?: (rows: readonly AuditRow[]) => void;
  /** Whether rows are noted for a webhook. Default false. */
  readonly forward?: boolean;
  /** Names this process in the log. Default: a new UUID. */
  readonly writer?: string;
  /** How long an intent may take, milliseconds. Default 900, so that a mutation is refused within the second that it may take longer. */
  readonly boundMs?: number;
}

/** An {@link AuditLog} over the store. */
export interface AuditWriter extends AuditLog {
  /** Events of this process that a sweep must leave alone: their outcome is on its way. */
  readonly holds: (eventId: string) => boolean;
  /** Records that wait to be written. */
  readonly waiting: () => number;
  /**
   * Writes what waits, intents without an outcome as `unknown`, and takes nothing any more. Gives up after `withinMs`: what is
   * left then is told in the log, and becomes `unknown` by a sweep.
   */
  readonly close: (withinMs: number) => Promise<void>;
}

/** Events of one transaction. */
const batchSize = 500;
/**
 * Where intents come side by side, commits begin this far apart, so that they share one; an intent that is alone waits for
 * nothing. Records that nobody waits for go with the next intent, or after this time.
 */
const groupMs = 5;
/** Pause before a commit that failed is tried again. */
const againMs = 250;
/** Records that no mutation depends on, reads and refusals, kept in memory while the store is away. The oldest go first. */
const mostCalls = 10_000;

interface Entry {
  readonly event: AuditEvent;
  /** Of an intent: the event that its idempotency key is taken from. */
  readonly follows?: string | undefined;
  readonly done?: PromiseWithResolvers<void>;
}

/**
 * Writes the audit log of this process: one chain, one commit at a time. While a commit is under way, what arrives waits for the
 * next one. A batch that failed may have been committed all the same, so it is tried again as it is, in the same places of
 * the chain, until the store has taken it.
 */
export function createAuditWriter(options: AuditWriterOptions): AuditWriter {
  const { store, logger, committed = () => undefined, forward = false, boundMs = 900 } = options;
  let end: ChainEnd = { writer: options.writer ?? randomUUID(), seq: 0, hash: "" };
  let queue: Entry[] = [];
  let batch: readonly Entry[] = [];
  /** Intents that are committed and have no outcome yet. */
  const open = new Map<string, AuditEvent>();
  /** Intents that were refused while their batch was under way: they may come to be committed. */
  const doubtful = new Set<string>();
  let isRunning = false;
  let planned: { readonly isUrgent: boolean; readonly cancel: () => void } | undefined;
  let isGrouped = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  let awaySince: number | undefined;
  let lost = 0;
  let closing = false;
  let isOver = false;

  const start = (isUrgent: boolean): void => {
    if (isRunning || isOver || planned?.isUrgent === true || planned?.isUrgent === isUrgent) return;
    planned?.cancel();
    const since = isUrgent ? startedAt : performance.now();
    const wait = isUrgent && !isGrouped ? 0 : since + groupMs - performance.now();
    planned = { isUrgent, cancel: wait > 0 ? inMs(wait, run) : soon(run) };
  };
  const run = async (): Promise<void> => {
    planned = undefined;
    isRunning = true;
    await writeAll();
    isRunning = false;
    if (queue.length > 0) start(queue.some(({ done }) => done !== undefined));
  };
  const writeAll = async (): Promise<void> => {
    for (let size = batchSize; (queue.length > 0 || batch.length > 0) && !isOver; ) {
      startedAt = performance.now();
      if (batch.length === 0) {
        batch = queue.slice(0, size);
        queue = queue.slice(size);
      }
      try {
        await commit();
        size = batchSize;
      } catch (thrown) {
        const { code, facts } = GatewayError.from(thrown);
        if (code !== "store_unavailable") size = refuse(facts.cause ?? thrown);
        else {
          awaySince ??= startedAt;
          await pause(againMs);
        }
      }
    }
  };
  const commit = async (): Promise<void> => {
    const rows: AuditRow[] = [];
    for (const { event } of batch) rows.push(chained(event, rows.at(-1) ?? end));
    const follows = new Map(
      batch.flatMap(({ event, follows: id }) => (id === undefined ? [] : [[event.event_id, id]])),
    );
    const taken = new Set(await store.append(rows, { forward, follows }));
    if (taken.size > 0) return drop(taken);
    const entries = batch;
    batch = [];
    isGrouped = entries.filter(({ done }) => done !== undefined).length > 1;
    end = rows.at(-1) ?? end;
    if (awaySince !== undefined) logger.info({ lost }, "the audit log is written again");
    awaySince = undefined;
    lost = 0;
    for (const { event, done } of entries) {
      if (event.kind === "intent") open.set(event.event_id, event);
      if (event.kind === "outcome") {
        open.delete(event.event_id);
        doubtful.delete(event.event_id);
      }
      done?.resolve();
    }
    committed(rows);
  };
  /** Another replica found these unknown before we could say what came of them, or began the same action. */
  const drop = (taken: ReadonlySet<string>): void => {
    const [gone, kept] = [true, false].map((is) => batch.filter(({ event }) => taken.has(event.event_id) === is));
    for (const { event, done } of gone ?? []) {
      open.delete(event.event_id);
      if (event.kind === "outcome")
        logger.warn({ eventId: event.event_id, outcome: event.outcome }, "an audit outcome came too late");
      else disown(event.event_id);
      done?.reject(begunElsewhere());
    }
    batch = kept ?? [];
  };
  /** What was refused in time is no outcome of an intent that came to nothing. */
  const disown = (id: string): void => {
    if (!doubtful.delete(id)) return;
    const isOf = ({ event }: Entry): boolean => event.event_id === id && event.kind === "outcome";
    queue = queue.map((entry) => (isOf(entry) ? { ...entry, event: { ...entry.event, kind: "call" } } : entry));
  };
  /** A row that the store will never take must not hold up the others: they are written one by one, and it is left out. */
  const refuse = (cause: unknown): number => {
    if (batch.length > 1) queue = [...batch, ...queue];
    else
      for (const { event, done } of batch) {
        logger.error({ err: cause, eventId: event.event_id, kind: event.kind }, "the audit log refused a record");
        done?.reject(unavailable());
      }
    batch = [];
    return 1;
  };
  const enqueue = (entry: Entry): void => {
    queue.push(entry);
    if (queue.length > mostCalls) dropCall();
    start(entry.done !== undefined);
  };
  const dropCall = (): void => {
    const oldest = queue.findIndex(({ event }) => event.kind === "call");
    if (oldest < 0) return;
    queue.splice(oldest, 1);
    lost += 1;
  };
  const isAway = (): boolean => closing || (awaySince !== undefined && performance.now() - awaySince > boundMs / 2);

  return {
    intend: async (event, follows) => {
      if (isAway()) throw unavailable();
      const done = Promise.withResolvers<void>();
      const giveUp = setTimeout(() => {
        const waited = queue.length;
        queue = queue.filter((entry) => entry.done !== done);
        if (queue.length === waited) doubtful.add(event.event_id);
        done.reject(unavailable());
      }, boundMs);
      enqueue({ event, follows, done });
      await done.promise.finally(() => clearTimeout(giveUp));
    },
    record: (event) => {
      if (closing) return;
      const closes = event.kind === "call" && doubtful.has(event.event_id);
      enqueue({ event: closes ? { ...event, kind: "outcome" } : event });
    },
    byIdempotencyKey: async (hash) => (await store.byIdempotencyKey(hash)).map(eventOf),
    holds: (eventId) =>
      open.has(eventId) ||
      doubtful.has(eventId) ||
      [...batch, ...queue].some(({ event }) => event.event_id === eventId),
    waiting: () => queue.length + batch.length,
    close: async (withinMs) => {
      const told = new Set(
        [...batch, ...queue].flatMap(({ event }) => (event.kind === "outcome" ? event.event_id : [])),
      );
      for (const event of open.values()) if (!told.has(event.event_id)) enqueue({ event: unknownAfter(event) });
      closing = true;
      const until = performance.now() + withinMs;
      while ((queue.length > 0 || batch.length > 0) && performance.now() < until) await pause(groupMs);
      isOver = true;
      const left = queue.length + batch.length;
      if (left > 0) logger.error({ records: left }, "the process ends before the audit log could be written");
    },
  };
}

function inMs(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** What has arrived by then goes along. */
function soon(run: () => void): () => void {
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The outcome of an intent of which nobody will say more. */
export function unknownAfter({ deadline: _deadline, ...intent }: AuditEvent, at: Date = new Date()): AuditEvent {
  return { ...intent, kind: "outcome", at: at.toISOString(), outcome: "unknown", change: "unknown" };
}

function begunElsewhere(): GatewayError {
  return new GatewayError("in_progress", "the same action was begun elsewhere at this moment", {
    next: "Nothing was sent. Wait a few seconds, then call again with the same idempotency_key.",
    retryAfterSeconds: 5,
    change: "none",
  });
}

function unavailable(): GatewayError {
  return new GatewayError("audit_unavailable", "this change cannot be recorded in the audit log at present", {
    next: "Nothing was sent. Wait a few seconds, then call again.",
    retryAfterSeconds: 2,
    change: "none",
  });
}
