import type { AuditRow, AuditStore } from "../storage/port.ts";
import type { Lines, Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { AuditLog } from "./event.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { startWebhook, type Webhook } from "./webhook.ts";
import { createAuditWriter } from "./writer.ts";

export interface AuditLogOptions {
  readonly store: AuditStore;
  readonly logger: Logger;
  /** Days that are kept; undefined: all. Asked for anew each time. */
  readonly keepDays: () => number | undefined;
  /** Makes what says whether this replica does a work of all. Default: it does. */
  readonly leaseOf?: (work: string) => (ms: number) => Promise<boolean>;
  /** Where a line is written for each committed record. Default: nowhere. */
  readonly lines?: Lines;
  readonly webhook?: { readonly url: string; readonly secret: Secret };
}

/** The audit log of a process, with what goes on beside the writing. */
export interface RunningAuditLog extends AuditLog {
  /** Begins to tidy and to deliver. Before it, nothing is sent. */
  readonly start: () => void;
  /** Writes what waits, for at most `withinMs`, and ends. */
  readonly close: (withinMs: number) => Promise<void>;
}

/** The {@link AuditLog} over `store`, its housekeeping, and its sinks, which neither delay nor fail a Call. */
export function createAuditLog(options: AuditLogOptions): RunningAuditLog {
  const { store, logger, keepDays, leaseOf = () => async () => true, lines, webhook: target } = options;
  let webhook: Webhook | undefined;
  let stopTidying: (() => void) | undefined;
  const committed = (rows: readonly AuditRow[]): void => {
    if (lines !== undefined) for (const { payload } of rows) lines.print(`{"audit":${payload}}`);
    webhook?.wake();
  };
  const writer = createAuditWriter({ store, logger, committed, forward: target !== undefined });
  return {
    intend: writer.intend,
    record: writer.record,
    byIdempotencyKey: writer.byIdempotencyKey,
    start: () => {
      stopTidying ??= startHousekeeping({ store, writer, logger, lease: leaseOf("audit"), keepDays });
      if (target !== undefined) webhook ??= startWebhook({ ...target, store, logger, lease: leaseOf("webhook") });
    },
    close: async (withinMs) => {
      stopTidying?.();
      await writer.close(withinMs);
      await webhook?.close();
      lines?.flush();
    },
  };
}
