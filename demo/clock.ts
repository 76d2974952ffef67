/** What happens by itself as time goes by: maintenances begin and end, and pause their monitors meanwhile. */
import type { Json, Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import type { Caller, Context } from "./route.ts";
import { change } from "./rows.ts";
import type { Store } from "./store.ts";

/** Brings every organisation up to `now`. Sends no alerts: what is told was decided when the maintenance was scheduled. */
export function advance(store: Store, organisationIds: readonly string[], now: string): void {
  for (const organisationId of organisationIds) {
    const due = (state: string, field: string): readonly Row[] =>
      store.find({
        organisationId,
        noun: "Maintenance",
        where: [
          { field: "state", op: "is", value: state },
          { field, op: "before", value: now },
        ],
      });
    const context = contextOf(store, organisationId, now);
    for (const row of due("scheduled", "from")) begin(context, row);
    for (const row of due("active", "to")) end(context, row);
  }
}

function begin(context: Context, row: Row): void {
  change(context, nounNamed("Maintenance"), row, { state: "active" });
  if (row.pauseMonitors === true)
    setMonitors(context, row.monitorIds, { enabled: false, status: "paused", downSince: null });
}

function end(context: Context, row: Row): void {
  change(context, nounNamed("Maintenance"), row, { state: "completed", completedAt: row.to ?? null });
  if (row.pauseMonitors === true) setMonitors(context, row.monitorIds, { enabled: true, status: "pending" });
}

function setMonitors(context: Context, ids: Json | undefined, fields: Row): void {
  for (const id of Array.isArray(ids) ? ids : []) {
    const monitor = context.store.get(context.caller.organisationId, "Monitor", String(id));
    if (monitor !== undefined) change(context, nounNamed("Monitor"), monitor, { ...fields, statusSince: context.now });
  }
}

/** A context without a request: the clock acts in the organisation's own name. */
function contextOf(store: Store, organisationId: string, now: string): Context {
  const caller: Caller = { organisationId, keyId: "system", keyName: "system", scopes: [], user: {}, permissions: [] };
  return { store, caller, now, path: {}, query: {}, body: {}, url: new URL("http://localhost/") };
}
