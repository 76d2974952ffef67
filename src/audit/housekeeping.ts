import { GatewayError } from "../errors.ts";
import type { AuditStore } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import { eventOf } from "./chain.ts";
import type { AuditEvent } from "./event.ts";
import { type AuditWriter, unknownAfter } from "./writer.ts";

export interface HousekeepingOptions {
  readonly store: Pick<AuditStore, "openIntents" | "deleteBefore">;
  readonly writer: Pick<AuditWriter, "holds" | "record">;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** Whether this replica does it, for the next `ms`. Default: it does. */
  readonly lease?: (ms: number) => Promise<boolean>;
  /** Days that are kept; undefined: all. */
  readonly keepDays: () => number | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

const everyMs = 60_000;
/** Longer than a writer takes to write what it held back while the store was away. */
const settleMs = 5_000;
const dayMs = 86_400_000;
/** Intents looked at in one round. */
const most = 1_000;

/**
 * Once at the start and then every minute, on one replica: intents whose outcome is overdue become `unknown`, and days beyond
 * `keepDays` are deleted. Returns how to stop it.
 */
export function startHousekeeping(options: HousekeepingOptions): () => void {
  const { store, logger, lease = async () => true, keepDays, now = Date.now } = options;
  const ending = new AbortController();
  let deletedOn = "";
  const tidy = async (): Promise<void> => {
    if (!(await lease(everyMs * 1.5))) return;
    await sweepUnknowns({ ...options, settle: () => pause(settleMs, ending.signal) });
    const days = keepDays();
    const today = dayOf(now());
    if (days === undefined || today === deletedOn || ending.signal.aborted) return;
    const deleted = await store.deleteBefore(dayOf(now() - days * dayMs));
    deletedOn = today;
    if (deleted > 0) logger.info({ rows: deleted, keepDays: days }, "old days of the audit log were deleted");
  };
  const run = (): void =>
    void tidy().catch((thrown: unknown) => {
      const { code, facts } = GatewayError.from(thrown);
      if (code !== "store_unavailable") logger.error({ err: facts.cause ?? thrown }, "the audit log was not tidied");
    });
  const timer = setInterval(run, everyMs).unref();
  run();
  return () => {
    clearInterval(timer);
    ending.abort();
  };
}

export interface SweepOptions extends Pick<HousekeepingOptions, "store" | "writer" | "logger" | "now"> {
  /** Waits until writers have written what they held back. Default: not at all. */
  readonly settle?: () => Promise<void>;
}

/** Records intents that are overdue, and still are after `settle`, as `unknown`; how many those were. */
export async function sweepUnknowns(options: SweepOptions): Promise<number> {
  const { store, writer, logger, now = Date.now, settle = async () => undefined } = options;
  const overdue = async (): Promise<readonly AuditEvent[]> => {
    const at = new Date(now()).toISOString();
    const intents = (await store.openIntents(at, most)).map(eventOf);
    return intents.filter(({ deadline = "", event_id: id }) => deadline < at && !writer.holds(id));
  };
  const before = new Set((await overdue()).map(({ event_id: id }) => id));
  if (before.size === 0) return 0;
  await settle();
  const left = (await overdue()).filter(({ event_id: id }) => before.has(id));
  for (const intent of left) writer.record(unknownAfter(intent, new Date(now())));
  if (left.length > 0) logger.warn({ intents: left.length }, "changes whose outcome nobody recorded are now unknown");
  return left.length;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
