import type { AuditRow, AuditSeal } from "../storage/port.ts";
import { eventOf, factsOf, linkHash } from "./chain.ts";

/** A row that is not what its chain says. */
export interface BrokenLink {
  readonly writer: string;
  readonly seq: number;
  /** What is wrong, in words. */
  readonly why: string;
}

export interface Verification {
  readonly rows: number;
  readonly writers: number;
  /** Intents without an outcome: running, or not yet found to be unknown. */
  readonly open: number;
  /** The first one in the order of the log, by writer and seq. */
  readonly broken?: BrokenLink;
}

interface Chain {
  readonly writer: string;
  seq: number;
  hash: string;
}

/**
 * Walks every chain from its first row, or from its last seal where older rows were deleted, and stops at the first broken link:
 * a row that was changed, is missing in the middle, or was put in. Rows cut off at a chain's end leave no trace here; what
 * was exported or sent to a sink shows them.
 */
export async function verifyAudit(
  rows: AsyncIterable<AuditRow>,
  seals: readonly AuditSeal[],
  seen: (row: AuditRow) => void = () => undefined,
): Promise<Verification> {
  const starts = new Map<string, AuditSeal>();
  for (const seal of seals) if (seal.seq > (starts.get(seal.writer)?.seq ?? 0)) starts.set(seal.writer, seal);
  const open = new Set<string>();
  const closed = new Set<string>();
  let chain: Chain | undefined;
  let writers = 0;
  let count = 0;
  for await (const row of rows) {
    if (chain?.writer !== row.writer) {
      chain = { writer: row.writer, seq: 0, hash: "" };
      writers += 1;
      const seal = starts.get(row.writer);
      // A deletion that was cut short leaves rows that their seal already stands for.
      if (seal !== undefined && row.seq > seal.seq) chain = { ...seal };
      else if (seal !== undefined) chain = { writer: row.writer, seq: row.seq - 1, hash: row.prevHash };
    }
    const why = faultOf(row, chain) ?? sealFault(row, starts.get(row.writer));
    if (why !== undefined) return { rows: count, writers, open: open.size, broken: { ...placeOf(row), why } };
    chain.seq = row.seq;
    chain.hash = row.hash;
    count += 1;
    // A sweep on another replica may close an intent whose row comes later in this order.
    if (row.kind === "outcome" && !open.delete(row.eventId)) closed.add(row.eventId);
    if (row.kind === "intent" && !closed.delete(row.eventId)) open.add(row.eventId);
    seen(row);
  }
  return { rows: count, writers, open: open.size };
}

function placeOf({ writer, seq }: AuditRow): { readonly writer: string; readonly seq: number } {
  return { writer, seq };
}

function faultOf(row: AuditRow, chain: Chain): string | undefined {
  if (row.seq !== chain.seq + 1)
    return `row ${chain.seq + 1} is missing: the row after ${chain.seq || "the beginning"} is ${row.seq}`;
  if (row.prevHash !== chain.hash) return "it does not follow the row before it: one of the two was replaced";
  if (linkHash(row.prevHash, row.payload) !== row.hash) return "its hash is not that of what it says: it was changed";
  return columnFault(row);
}

function sealFault(row: AuditRow, seal: AuditSeal | undefined): string | undefined {
  return seal?.seq === row.seq && seal.hash !== row.hash ? "its hash is not that of its seal" : undefined;
}

/** What the database finds a row by is beside its payload, so it is compared. */
function columnFault(row: AuditRow): string | undefined {
  try {
    const event = eventOf(row);
    const { writer, seq } = JSON.parse(row.payload) as Chain; // as above
    const said: Readonly<Record<string, unknown>> = {
      writer,
      seq,
      eventId: event.event_id,
      kind: event.kind,
      at: event.at,
      ...factsOf(event),
    };
    const column = Object.keys(said).find((name) => said[name] !== row[name as keyof AuditRow]); // the names are a row's
    return column === undefined ? undefined : `its column ${column} is not what the row says: it was changed`;
  } catch {
    return "it cannot be read";
  }
}
