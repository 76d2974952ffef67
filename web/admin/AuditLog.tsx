import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ShownRecord } from "../../src/audit/event.ts";
import { queryOf, send } from "../api.ts";
import { ListFrame } from "../parts/ListFrame.tsx";
import { useDelayed } from "../parts/useDelayed.ts";
import { usePages } from "../parts/useLoaded.ts";
import { AuditFilterBar, type AuditFilters, noFilters } from "./AuditFilterBar.tsx";
import { AuditRow } from "./AuditRow.tsx";

/** What was done through the gateway, newest first. */
export function AuditLog(): JSX.Element {
  const [filters, setFilters] = useState<AuditFilters>(noFilters);
  const { from, to, ...words } = useDelayed(filters);
  // Days are the reader's own.
  const asked = { ...words, from: momentOf(from, 0), to: momentOf(to, 1) };
  const list = usePages(
    (cursor) =>
      send<{ items: readonly ShownRecord[]; nextCursor?: string }>(
        "GET",
        `/admin/audit${queryOf({ ...asked, limit: "50", cursor })}`,
      ),
    [JSON.stringify(asked)],
  );
  const exported = (format: string): string => `/api/v1/admin/audit/export${queryOf({ ...asked, format })}`;
  return (
    <section class="card" aria-labelledby="audit-title">
      <div class="heading">
        <div>
          <h2 id="audit-title">Audit log</h2>
          <p class="note">Changes have two records: what was about to be sent, and what came of it.</p>
        </div>
        <div class="links">
          <a class="button" href={exported("csv")} download>
            Export CSV
          </a>
          <a class="button" href={exported("jsonl")} download>
            Export JSON lines
          </a>
        </div>
      </div>
      <AuditFilterBar filters={filters} onChange={setFilters} />
      <ListFrame
        list={list}
        empty={filters === noFilters ? "Nothing has been recorded yet." : "No record matches."}
        columns={["When", "Tool", "Effect", "Outcome", "User", "Organisation", "Key or connection", "Client"]}
      >
        {list.items?.map((one) => (
          <AuditRow
            key={`${one.writer} ${one.seq}`}
            record={one}
            onNarrow={(name, value) => setFilters({ ...filters, [name]: value })}
          />
        ))}
      </ListFrame>
    </section>
  );
}

function momentOf(day: string, daysLater: number): string | undefined {
  if (day === "") return undefined;
  const moment = new Date(`${day}T00:00:00`);
  moment.setDate(moment.getDate() + daysLater);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}
