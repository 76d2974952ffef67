import { hash } from "node:crypto";
import type { AuditFacts, AuditRow } from "../storage/port.ts";
import type { AuditEvent } from "./event.ts";

/** Where a writer's next row goes. */
export interface ChainEnd {
  readonly writer: string;
  /** Of its last row; 0 before the first. */
  readonly seq: number;
  /** Of its last row; empty before the first. */
  readonly hash: string;
}

/** The row of `event` behind `end`. Everything a row says is in its payload, which its hash is made over. */
export function chained(event: AuditEvent, end: ChainEnd): AuditRow {
  const { writer } = end;
  const seq = end.seq + 1;
  const payload = JSON.stringify({ writer, seq, ...event });
  return {
    writer,
    seq,
    eventId: event.event_id,
    kind: event.kind,
    at: event.at,
    ...factsOf(event),
    payload,
    prevHash: end.hash,
    hash: linkHash(end.hash, payload),
  };
}

/** SHA-256 over the hash before and the payload, hexadecimal. */
export function linkHash(prevHash: string, payload: string): string {
  return hash("sha256", `${prevHash}\n${payload}`);
}

/** The event of a row. Throws SyntaxError for a payload that was tampered with beyond reading. */
export function eventOf({ payload }: Pick<AuditRow, "payload">): AuditEvent {
  const { writer: _writer, seq: _seq, ...event } = JSON.parse(payload) as AuditEvent & ChainEnd; // written by chained
  return event;
}

/** What an event is found by. */
export function factsOf(event: AuditEvent): AuditFacts {
  return {
    actorId: storable(event.actor_id),
    actorUserId: storable(event.actor_user_id),
    organisation: storable(event.organisation),
    tool: storable(event.tool),
    effect: event.effect,
    resource: storable(event.resource),
    resourceId: storable(event.resource_id),
    outcome: event.outcome ?? null,
    idempotencyKey: event.idempotency_key ?? null,
  };
}

/** PostgreSQL takes no NUL in a text, and half a surrogate pair is none in UTF-8. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll("\0", "").toWellFormed();
}
