/** What a create does beyond storing what was sent: initial states, numbers, and effects on the row it belongs to. */
import type { Json, Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import { ApiFailure, type Context } from "./route.ts";
import { add, change, type Patch } from "./rows.ts";

/** Fields the server sets, given what the caller sent; and what else changes once the row is stored. */
interface Rule {
  readonly initial?: (context: Context, sent: Row) => Patch;
  readonly after?: (context: Context, row: Row) => void;
  /** Keeps what is derived from it right, after any change of it: create, update, delete, action. */
  readonly settle?: (context: Context, row: Row) => void;
  /** What an action does beyond the row. */
  readonly acted?: (context: Context, verb: string, row: Row) => void;
  /** Holds for update as well: throws when the fields contradict each other. */
  readonly check?: (row: Row) => void;
}

/** Numbers of new incidents begin here, above the seed's. */
const firstIncidentNumber = 1_001;

const author = (context: Context): Patch => ({ authorId: context.caller.user.id ?? null });

const rules: Readonly<Record<string, Rule>> = {
  Incident: {
    initial: (context, sent) => ({
      number: context.store.nextNumber(`incident ${context.caller.organisationId}`, firstIncidentNumber),
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
  StatusPageComponent: {
    settle: (context, row) => {
      const shown = rowsWith(context, "StatusPageComponent", "pageId", row.pageId).map((component) =>
        String(component.status),
      );
      const worst = pageStatuses.find((status) => shown.includes(status)) ?? "operational";
      takeOver(context, "StatusPage", row.pageId, { status: worst });
    },
  },
  StatusPageSubscriber: {
    settle: (context, row) => {
      const confirmed = rowsWith(context, "StatusPageSubscriber", "pageId", row.pageId).filter(
        (one) => one.confirmed === true,
      );
      takeOver(context, "StatusPage", row.pageId, { subscriberCount: confirmed.length });
    },
  },
  TeamMember: {
    settle: (context, row) => {
      const members = rowsWith(context, "TeamMember", "teamId", row.teamId);
      takeOver(context, "Team", row.teamId, { memberCount: members.length });
    },
  },
  BeatAction: {
    acted: (context, verb, row) => {
      if (verb === "approve") carryOut(context, row);
    },
  },
  Report: { initial: (context, sent) => ({ state: "ready", summary: figures(context, sent) }) },
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

/** Statuses of a page, the worst first. */
const pageStatuses = ["major_outage", "partial_outage", "degraded", "maintenance"];

function rowsWith({ store, caller }: Context, noun: string, field: string, value: Json | undefined): readonly Row[] {
  return store.find({
    organisationId: caller.organisationId,
    noun,
    where: [{ field, op: "is", value: value ?? null }],
  });
}

/** Does what an approved action proposes. Nobody is alerted by it; paging goes through the on-call policy. */
function carryOut(context: Context, { kind, pageId = null, proposal }: Row): void {
  if (typeof proposal !== "object" || proposal === null || Array.isArray(proposal)) return;
  const proposed = proposal as Patch;
  if (kind === "open_incident") {
    const number = context.store.nextNumber(`incident ${context.caller.organisationId}`, firstIncidentNumber);
    add(context, nounNamed("Incident"), {
      title: "Opened by a beat",
      severity: "minor",
      ...proposed,
      pageId,
      number,
      status: "investigating",
    });
  }
  if (kind !== "update_component") return;
  takeOver(context, "StatusPageComponent", proposed.componentId, { status: proposed.status ?? "degraded" });
  ruleOf("StatusPageComponent").settle?.(context, { pageId });
}

/** What a report tells about the days it is over. */
function figures({ store, caller }: Context, { kind = "", from = "", to = "" }: Row): Json {
  const organisationId = caller.organisationId;
  const end = new Date(Date.parse(String(to)) + 86_400_000).toISOString();
  const within = (noun: string, field: string): readonly Row[] =>
    store.find({
      organisationId,
      noun,
      where: [
        { field, op: "after", value: new Date(String(from)).toISOString() },
        { field, op: "before", value: end },
      ],
    });
  switch (kind) {
    case "uptime":
      return { uptimePercent: mean(store.find({ organisationId, noun: "Monitor" }), "uptimePercent30d") };
    case "response_time":
      return { meanLatencyMs: mean(within("ResponseLog", "checkedAt"), "latencyMs") };
    case "on_call":
      return { shifts: within("OnCallShift", "startsAt").length };
    default:
      return { incidents: within("Incident", "startedAt").length };
  }
}

function mean(rows: readonly Row[], field: string): number | null {
  const values = rows.map((row) => Number(row[field]));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
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
