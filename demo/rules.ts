/** What a create does beyond storing what was sent: initial states, numbers, and effects on the row it belongs to. */
import type { Json, Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import { ApiFailure, type Context } from "./route.ts";
import { add, change, type Patch } from "./rows.ts";

/** Fields the server sets, given what the caller sent; and what else changes once the row is stored. */
interface Rule {
  readonly initial?: (context: Context, sent: Row) => Patch;
  readonly after?: (context: Context, row: Row) => void;
  /** Holds for update as well: throws when the fields contradict each other. */
  readonly check?: (row: Row) => void;
}

const author = (context: Context): Patch => ({ authorId: context.caller.user.id ?? null });

const rules: Readonly<Record<string, Rule>> = {
  Incident: {
    initial: (context, sent) => ({
      number: context.store.nextNumber(`incident ${context.caller.organisationId}`, 1001),
      status: sent.status ?? "investigating",
    }),
  },
  IncidentUpdate: {
    initial: (context) => ({ ...author(context), pageId: parentOf(context, "Incident", "incidentId").pageId ?? null }),
    after: (context, row) => takeOver(context, "Incident", row.incidentId, { status: row.status ?? null }),
  },
  IncidentNote: { initial: author },
  StatusReportUpdate: {
    initial: (context) => ({ pageId: parentOf(context, "StatusReport", "statusReportId").pageId ?? null }),
    after: (context, row) =>
      takeOver(context, "StatusReport", row.statusReportId, {
        status: row.status ?? null,
        resolvedAt: row.status === "resolved" ? context.now : null,
      }),
  },
  StatusReport: {
    initial: (context, sent) => ({ resolvedAt: sent.status === "resolved" ? context.now : null }),
    after: (context, row) => {
      const update = { statusReportId: row.id ?? null, pageId: row.pageId ?? null, status: row.status ?? null };
      add(context, nounNamed("StatusReportUpdate"), {
        ...update,
        message: row.message ?? null,
        date: row.date ?? null,
      });
    },
  },
  Maintenance: { check: fromBeforeTo("from", "to") },
  MaintenanceUpdate: {
    initial: (context, sent) => {
      const parent = parentOf(context, "Maintenance", "maintenanceId");
      return { pageId: parent.pageId ?? null, state: sent.state ?? parent.state ?? null };
    },
    after: (context, row) => takeOver(context, "Maintenance", row.maintenanceId, { state: row.state ?? null }),
  },
  Monitor: { initial: (context) => ({ status: "pending", statusSince: context.now }) },
  Beat: { initial: () => ({ health: "unknown", consecutiveFailures: 0 }) },
  Exception: { initial: (context) => ({ firstSeenAt: context.now, lastSeenAt: context.now, occurrences: 1 }) },
  ChangeFreeze: { check: fromBeforeTo("startsAt", "endsAt") },
  OnCallShift: { check: fromBeforeTo("startsAt", "endsAt") },
  OnCallOverride: { check: fromBeforeTo("startsAt", "endsAt") },
  AlertSuppression: { check: fromBeforeTo("startsAt", "endsAt") },
};

/** The rule of a noun; most have none. */
export function ruleOf(noun: string): Rule {
  return rules[noun] ?? {};
}

function parentOf(context: Context, noun: string, param: string): Row {
  const row = context.store.get(context.caller.organisationId, noun, context.path[param] ?? "");
  if (row === undefined) throw new ApiFailure(404, "not_found", `there is no ${noun} ${context.path[param]}`);
  return row;
}

function takeOver(context: Context, noun: string, id: Json | undefined, patch: Patch): void {
  const row = context.store.get(context.caller.organisationId, noun, String(id));
  if (row !== undefined) change(context, nounNamed(noun), row, patch);
}

function fromBeforeTo(from: string, to: string): (row: Row) => void {
  return (row) => {
    if (Date.parse(String(row[from])) >= Date.parse(String(row[to]))) {
      const details = [{ path: `/${to}`, message: `must be after ${from}` }];
      throw new ApiFailure(400, "invalid_request", `${to} must be after ${from}`, details);
    }
  };
}
