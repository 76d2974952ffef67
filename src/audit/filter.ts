import { GatewayError } from "../errors.ts";
import type { AuditFilter, AuditRow, AuditStore } from "../storage/port.ts";
import { eventOf } from "./chain.ts";
import type { AuditQuery, ReadAudit, ShownRecord } from "./event.ts";

const effects = ["read", "write", "destroy"] as const;
const kinds = ["intent", "outcome", "call"] as const;
const outcomes = ["ok", "refused", "failed", "cancelled_before_send", "client_gone", "unknown", "replayed", "dry_run"];

/** The filter of a query. Throws `invalid_arguments` that names what is wrong and what may be given. */
export function auditFilterOf(query: AuditQuery, now: number = Date.now()): AuditFilter {
  const { actor, user, organisation, tool, effect, resource, resourceId, outcome, event, kind, from, to } = query;
  return {
    ...(actor !== undefined && { actorId: actor }),
    ...(user !== undefined && { actorUserId: user }),
    ...(organisation !== undefined && { organisation }),
    ...(tool !== undefined && { tool }),
    ...(effect !== undefined && { effect: oneOf("effect", effect, effects) }),
    ...(resource !== undefined && { resource }),
    ...(resourceId !== undefined && { resourceId }),
    ...(outcome !== undefined && { outcome: oneOf("outcome", outcome, outcomes) }),
    ...(event !== undefined && { eventId: event }),
    ...(kind !== undefined && { kind: oneOf("kind", kind, kinds) }),
    ...(from !== undefined && { from: momentOf("from", from, now) }),
    ...(to !== undefined && { to: momentOf("to", to, now) }),
  };
}

function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw wrong(`${name} is "${text.slice(0, 40)}"; give one of ${words.join(", ")}`);
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function momentOf(name: string, text: string, now: number): string {
  const [, count = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const isMoment = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = unit === "" ? (isMoment ? Date.parse(text) : Number.NaN) : now - Number(count) * (unitMs[unit] ?? 0);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw wrong(
    `${name} is "${text.slice(0, 40)}"; give 2026-07-28T12:00:00Z, 2026-07-28, or how long ago: 30m, 24h, 7d`,
  );
}

function wrong(message: string): GatewayError {
  return new GatewayError("invalid_arguments", message, { data: { usage: true } });
}

/** Whether `filter` gives `row`: what the store decides by its columns, for rows in hand. */
export function matches(filter: AuditFilter, row: AuditRow): boolean {
  const { from, to, ...facts } = filter;
  if ((from !== undefined && row.at < from) || (to !== undefined && row.at >= to)) return false;
  return Object.entries(facts).every(([name, value]) => row[name as keyof AuditRow] === value); // the facts are a row's
}

/** A row as it is listed, exported and sent. */
export function shownRecord(row: AuditRow): ShownRecord {
  const { writer, seq, prevHash, hash } = row;
  return { writer, seq, ...eventOf(row), prev_hash: prevHash, hash };
}

/** Finds records in `store`. */
export function createReadAudit(store: Pick<AuditStore, "query">): ReadAudit {
  return async (query, { limit = 50, after }) => {
    const page = { limit, ...(after !== undefined && { after }) };
    const { rows, next } = await store.query(auditFilterOf(query), page);
    return { records: rows.map(shownRecord), ...(next !== undefined && { next }) };
  };
}
