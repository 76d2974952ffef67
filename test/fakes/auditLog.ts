import { eventOf } from "../../src/audit/chain.ts";
import type { AuditEvent } from "../../src/audit/event.ts";
import type { AuditRow } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";

/** The audit log of a database, as another process sees it. */
export interface SeenLog {
  /** Every row, by writer and place. */
  readonly rows: () => Promise<readonly AuditRow[]>;
  /** Every record, by time; an intent before its outcome. */
  readonly events: () => Promise<readonly AuditEvent[]>;
  readonly close: () => Promise<void>;
}

/** Reads the log of a `DATABASE_URL` over a connection of its own. */
export function seeLog(url: string): SeenLog {
  const store = openStore(new Secret(url), { logger: createLogger("silent") });
  const rows = async (): Promise<readonly AuditRow[]> => {
    const all: AuditRow[] = [];
    for await (const row of store.audit.stream()) all.push(row);
    return all;
  };
  return {
    rows,
    events: async () => (await rows()).map(eventOf).toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
    close: () => store.close(),
  };
}
