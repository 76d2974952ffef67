import type { AuditEvent } from "../audit/event.ts";

/** What becomes known of a Call while it runs, for its record in the audit log. Made for one Call, filled by the parts it passes. */
export interface Trail {
  /** Of all its records. */
  readonly eventId: string;
  /** By `performance.now`. */
  readonly startedAt: number;
  /** The event that had its idempotency key before, where that came to nothing or may be repeated. */
  follows?: string;
  /** Committed: the change may be sent. */
  intent?: AuditEvent;
  /** Of the last answer of the upstream. */
  upstreamStatus?: number;
  upstreamRequestId?: string;
}

/** Longest id of a request that is kept. */
const longestId = 128;

/** Keeps what an answer of the upstream says for the record: its status, and its own id of the request in one of `idHeaders`. */
export function note(
  trail: Trail,
  { status, headers }: { readonly status: number; readonly headers: { readonly [name: string]: string } },
  idHeaders: readonly string[],
): void {
  trail.upstreamStatus = status;
  const id = idHeaders.map((name) => headers[name]).find((value) => value !== undefined && value !== "");
  if (id !== undefined) trail.upstreamRequestId = id.slice(0, longestId);
}
