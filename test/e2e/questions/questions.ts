import { expect } from "vitest";

type Given = Readonly<Record<string, unknown>>;

/** An answer to look into. */
export interface Item {
  readonly [field: string]: unknown;
  readonly id: string;
}

/** What a model has in its hands, and what the test has to see what came of it. */
export interface Hands {
  /** Runs a tool by its typed name; throws for an error. */
  readonly run: (tool: string, args?: Given) => Promise<Given>;
  /** The items of a list. */
  readonly list: (tool: string, args?: Given) => Promise<readonly Item[]>;
  /** The item of a get, a create, an update or an action. */
  readonly item: (tool: string, args?: Given) => Promise<Item>;
  /** Beacon's own answer, asked without the gateway. */
  readonly direct: (path: string) => Promise<unknown>;
}

/** A sample question, as tool calls on Tuesday 2026-03-10 at noon, UTC. */
export interface Question {
  readonly document: "oneuptime" | "opstrails" | "openstatus";
  readonly ask: string;
  /** What is searched for in the compact style, and the resource type that it must lead to. */
  readonly find: Readonly<Record<string, string>>;
  readonly script: (hands: Hands) => Promise<void>;
}

const ids = (items: readonly Item[]): readonly string[] => items.map(({ id }) => id);
const pageId = "page_acme_api";

const oneuptime: readonly Omit<Question, "document">[] = [
  {
    ask: "status of all monitors",
    find: { "monitor status": "Monitor" },
    script: async ({ list }) => {
      const monitors = await list("list_monitors", { limit: 200, fields: ["id", "name", "status"] });
      expect(monitors).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: "mon_acme_payments", status: "down" }),
          expect.objectContaining({ id: "mon_acme_auth", status: "degraded" }),
          expect.objectContaining({ id: "mon_acme_website", status: "operational" }),
          expect.objectContaining({ id: "mon_acme_backup", status: "paused" }),
        ]),
      );
    },
  },
  {
    ask: "incidents from the last 24 hours",
    find: { incidents: "Incident" },
    script: async ({ list, run }) => {
      const found = await list("list_incidents", { startedAfter: "2026-03-09T12:00:00Z" });
      expect(ids(found)).toEqual(["inc_acme_payments", "inc_acme_latency", "inc_acme_database", "inc_acme_images"]);
      const empty = await run("list_incidents", { startedBefore: "2020-01-01T00:00:00Z" });
      expect(empty.notes).toContainEqual(expect.stringContaining("Searched: startedBefore 2020-01-01T00:00:00Z"));
    },
  },
  {
    ask: "list projects",
    find: { projects: "Project" },
    script: async ({ list }) =>
      expect((await list("list_projects")).map(({ slug }) => slug).toSorted()).toEqual(["platform", "storefront"]),
  },
  {
    ask: "create a website monitor that checks every 5 minutes",
    find: { "create a new website monitor": "Monitor" },
    script: async ({ item, direct }) => {
      const made = await item("create_monitor", {
        name: "example.com",
        type: "website",
        url: "https://example.com",
        intervalSeconds: 300,
      });
      expect(await direct(`/monitors/${made.id}`)).toMatchObject({
        type: "website",
        url: "https://example.com",
        intervalSeconds: 300,
      });
    },
  },
  {
    ask: "set up an API monitor with a 30-second timeout",
    find: { "api monitor": "Monitor" },
    script: async ({ item, direct }) => {
      const made = await item("create_monitor", {
        name: "Health",
        type: "api",
        url: "https://api.example.com/health",
        timeoutSeconds: 30,
      });
      expect(await direct(`/monitors/${made.id}`)).toMatchObject({ type: "api", timeoutSeconds: 30 });
    },
  },
  {
    ask: "change the interval of the website monitor to 2 minutes",
    find: { "monitoring interval of a monitor": "Monitor" },
    script: async ({ list, run, direct }) => {
      const found = await list("list_monitors", { q: "website" });
      expect(ids(found)).toEqual(["mon_acme_website"]);
      await run("update_monitor", { monitorId: found[0]?.id, intervalSeconds: 120 });
      expect(await direct("/monitors/mon_acme_website")).toMatchObject({ intervalSeconds: 120, name: "Website" });
    },
  },
  {
    ask: "disable the monitor for staging.example.com",
    find: { "disable a monitor": "Monitor" },
    script: async ({ list, run, direct }) => {
      const [monitor] = await list("list_monitors", { q: "staging.example.com" });
      await run("pause_monitor", { monitorId: monitor?.id, reason: "maintenance" });
      expect(await direct("/monitors/mon_acme_staging")).toMatchObject({ enabled: false, status: "paused" });
    },
  },
  {
    ask: "create a high-priority incident for the database outage",
    find: { "create an incident": "Incident" },
    script: async ({ item, direct }) => {
      const made = await item("create_incident", {
        title: "Database outage affects sign-in",
        severity: "critical",
        priority: "high",
        pageId,
        notify: false,
      });
      expect(await direct(`/incidents/${made.id}`)).toMatchObject({
        priority: "high",
        status: "investigating",
        number: 1001,
      });
      expect(await direct("/outbox/count")).toEqual({ count: 0 });
    },
  },
  {
    ask: "add a note to incident #123",
    find: { "incident note": "IncidentNote" },
    script: async ({ list, run, direct }) => {
      const [incident] = await list("list_incidents", { number: 123 });
      const note = "Database connection restored, monitoring for stability";
      await run("create_incident_note", { incidentId: incident?.id, note });
      expect(await direct("/incidents/inc_acme_database/notes")).toEqual(
        expect.objectContaining({
          items: expect.arrayContaining([expect.objectContaining({ note, authorId: "usr_ada" })]),
        }),
      );
    },
  },
  {
    ask: "mark incident #456 as resolved",
    find: { "resolve an incident": "Incident" },
    script: async ({ list, run, direct }) => {
      const [incident] = await list("list_incidents", { number: 456 });
      await run("resolve_incident", { incidentId: incident?.id, notify: false });
      expect(await direct("/incidents/inc_acme_latency")).toMatchObject({
        status: "resolved",
        state: "resolved",
        number: 456,
      });
    },
  },
  {
    ask: "assign the payment gateway incident to the infrastructure team",
    find: { "assign incident": "Incident", team: "Team" },
    script: async ({ list, run, direct }) => {
      const found = await list("list_incidents", { q: "payment gateway", state: ["active"] });
      expect(ids(found)).toEqual(["inc_acme_payments"]);
      const [team] = await list("list_teams", { q: "infrastructure" });
      await run("assign_incident", { incidentId: found[0]?.id, teamId: team?.id });
      expect(await direct("/incidents/inc_acme_payments")).toMatchObject({ teamId: "team_acme_infrastructure" });
    },
  },
  {
    ask: "members of the infrastructure team",
    find: { "team members": "TeamMember" },
    script: async ({ list }) => {
      const [team] = await list("list_teams", { q: "infrastructure" });
      const members = await list("list_team_members", { teamId: team?.id, fields: ["role", "userId", "user"] });
      expect(members).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ role: "lead", userId: "usr_mina" }),
          expect.objectContaining({ role: "member", userId: "usr_ada" }),
        ]),
      );
    },
  },
  {
    ask: "who is on call for the infrastructure team",
    find: { "currently on call": "CurrentOnCall" },
    script: async ({ list }) => {
      const [team] = await list("list_teams", { q: "infrastructure" });
      const now = await list("list_current_on_calls", { teamId: team?.id });
      expect(now).toMatchObject([{ user: { name: "Mina Park" }, endsAt: "2026-03-14T12:00:00.000Z" }]);
    },
  },
  {
    ask: "the on-call schedule of this week",
    find: { "on-call schedule": "OnCallSchedule", "on-call shift": "OnCallShift" },
    script: async ({ list }) => {
      expect(await list("list_on_call_schedules")).not.toEqual([]);
      const week = { endsAfter: "2026-03-09T00:00:00Z", startsBefore: "2026-03-16T00:00:00Z" };
      const shifts = await list("list_on_call_shifts", {
        teamId: "team_acme_infrastructure",
        ...week,
        sort: "startsAt",
        order: "asc",
      });
      expect(ids(shifts)).toEqual(["shf_acme_now", "shf_acme_next"]);
    },
  },
  {
    ask: "show Investigating Payment Issues for the payment service on the status page",
    find: { "status page component": "StatusPageComponent" },
    script: async ({ list, run, direct }) => {
      const [component] = await list("list_status_page_components", { pageId, q: "payment" });
      const change = { statusMessage: "Investigating Payment Issues", status: "degraded" };
      await run("update_status_page_component", { pageId, componentId: component?.id, ...change });
      expect(await direct(`/status-pages/${pageId}/components/cmp_acme_payments`)).toMatchObject(change);
    },
  },
  {
    ask: "announce the maintenance of this weekend",
    find: { "status page announcement": "StatusPageAnnouncement" },
    script: async ({ item, direct }) => {
      const text = { title: "Maintenance this weekend", message: "Saturday, 2 to 4 AM." };
      const made = await item("create_status_page_announcement", { pageId, ...text, notify: false });
      expect(await direct(`/status-pages/${pageId}/announcements/${made.id}`)).toMatchObject(text);
    },
  },
  {
    ask: "a maintenance window on Saturday that disables all monitors for api.example.com, and the status page",
    find: { "scheduled maintenance": "Maintenance", monitor: "Monitor" },
    script: async ({ list, item, direct }) => {
      const monitors = await list("list_monitors", { q: "api.example.com", sort: "name", order: "asc" });
      expect(ids(monitors)).toEqual(["mon_acme_api_orders", "mon_acme_api"]);
      const window = { pageId, from: "2026-03-14T02:00:00Z", to: "2026-03-14T04:00:00Z", monitorIds: ids(monitors) };
      const text = { title: "API work", message: "Saturday night" };
      const made = await item("create_maintenance", { ...window, ...text, pauseMonitors: true, notify: false });
      expect(await direct(`/maintenances/${made.id}`)).toMatchObject({
        state: "scheduled",
        pauseMonitors: true,
        monitorIds: ids(monitors),
      });
      const summary = await item("get_status_page_summary", { pageId });
      expect(JSON.stringify(summary)).toContain(made.id);
    },
  },
  {
    ask: "monitors down in the last hour, and incidents for those without one",
    find: { "monitors that are down": "Monitor", incident: "Incident" },
    script: async ({ list, run, direct }) => {
      const down = await list("list_monitors", {
        status: ["down"],
        downSinceAfter: "2026-03-10T11:00:00Z",
        sort: "name",
        order: "asc",
      });
      expect(ids(down)).toEqual(["mon_acme_payments", "mon_acme_search"]);
      for (const { id } of down) {
        const there = await list("list_incidents", { state: ["active"], monitorIds: [id] });
        if (there.length > 0) continue;
        await run("create_incident", {
          title: `${id} is down`,
          severity: "major",
          pageId,
          monitorIds: [id],
          notify: false,
        });
      }
      expect(await direct("/incidents?state=active&monitorIds=mon_acme_search")).toMatchObject({
        items: [{ monitorIds: ["mon_acme_search"], severity: "major" }],
      });
      expect(await direct("/incidents/count?state=active&monitorIds=mon_acme_payments")).toEqual({ count: 1 });
    },
  },
];

const opstrails: readonly Omit<Question, "document">[] = [
  {
    ask: "deployed today",
    find: { "what was deployed": "Deployment" },
    script: async ({ list }) => {
      const today = { kind: "deployment", occurredAfter: "2026-03-10T00:00:00Z" };
      expect(ids(await list("list_events", today))).toEqual(["evt_acme_checkout", "evt_acme_payments"]);
      const deployments = await list("list_deployments", {
        environment: "production",
        startedAfter: "2026-03-10T00:00:00Z",
      });
      expect(deployments).toContainEqual(
        expect.objectContaining({ version: "2.18.0", serviceId: "srv_acme_payments" }),
      );
    },
  },
  {
    ask: "recent events for the production environment",
    find: { "recent events": "Event" },
    script: async ({ list }) =>
      expect(ids(await list("list_events", { environment: "production", limit: 4 }))).toEqual([
        "evt_acme_scaling",
        "evt_acme_incident",
        "evt_acme_flag",
        "evt_acme_payments",
      ]),
  },
  {
    ask: "did the error rate change after the last deployment",
    find: { "deployment impact": "DeploymentImpact", metric: "Metric" },
    script: async ({ list, item }) => {
      const [last] = await list("list_deployments", {
        environment: "production",
        limit: 1,
        sort: "startedAt",
        order: "desc",
      });
      const impact = await item("get_deployment_impact", { deploymentId: last?.id });
      expect(impact.metrics).toContainEqual(
        expect.objectContaining({ name: "http.error_rate", before: 0.408, after: 6.63 }),
      );
      const from = "2026-03-10T10:00:00Z";
      const series = await item("query_metrics", {
        metric: "http.error_rate",
        from,
        to: "2026-03-10T12:00:00Z",
        stepMinutes: 60,
      });
      expect(series).toMatchObject({ unit: "percent", points: [{}, { value: 6.63 }] });
    },
  },
  {
    ask: "what changed in the last 2 hours",
    find: { events: "Event" },
    script: async ({ list, run }) => {
      const found = await list("list_events", { occurredAfter: "2026-03-10T10:00:00Z" });
      expect(ids(found)).toEqual([
        "evt_acme_scaling",
        "evt_acme_incident",
        "evt_acme_flag",
        "evt_acme_checkout",
        "evt_acme_payments",
      ]);
      const empty = await run("list_events", { occurredAfter: "2026-03-10T11:59:59Z" });
      expect(empty.notes).toContainEqual(
        expect.stringContaining("Searched: occurredAfter 2026-03-10T11:59:59Z; it is "),
      );
    },
  },
];

const openstatus: readonly Omit<Question, "document">[] = [
  {
    ask: "list status pages",
    find: { "status pages": "StatusPage" },
    script: async ({ list }) =>
      expect(await list("list_status_pages", { fields: ["id", "slug"] })).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ id: pageId, slug: "api" }),
          expect.objectContaining({ id: "page_acme_main", slug: "acme" }),
        ]),
      ),
  },
  {
    ask: "draft a status report on the api page without telling subscribers",
    find: { "status report": "StatusReport" },
    script: async ({ list, item, direct }) => {
      const [page] = await list("list_status_pages", { slug: "api" });
      const draft = {
        title: "Elevated latency",
        status: "investigating",
        message: "Elevated latency on the payment endpoint.",
      };
      const made = await item("create_status_report", { ...draft, pageId: page?.id, notify: false });
      expect(await direct(`/status-reports/${made.id}`)).toMatchObject({ status: "investigating", pageId });
      expect(await direct("/outbox/count")).toEqual({ count: 0 });
    },
  },
  {
    ask: "turn engineers' shorthand into an update and post it once it is approved",
    find: { "status report update": "StatusReportUpdate" },
    script: async ({ list, run, direct }) => {
      const [report] = await list("list_status_reports", { pageId });
      const update = { status: "identified", message: "Some payments take longer than usual." };
      await run("create_status_report_update", { statusReportId: report?.id, ...update, notify: true });
      expect(await direct("/status-reports/rep_acme_payments")).toMatchObject({ status: "identified" });
      expect(await direct("/outbox/count")).toEqual({ count: 1 });
    },
  },
  {
    ask: "summarize the last 7 days of incidents on the api page",
    find: { "incidents of the last days": "Incident" },
    script: async ({ list }) => {
      const [page] = await list("list_status_pages", { slug: "api" });
      const found = await list("list_incidents", { pageId: page?.id, startedAfter: "2026-03-03T12:00:00Z" });
      expect(ids(found)).toEqual(["inc_acme_payments", "inc_acme_latency", "inc_acme_database"]);
    },
  },
];

/** The sample questions of the product documents. */
export const questions: readonly Question[] = [
  ...oneuptime.map((one) => ({ document: "oneuptime" as const, ...one })),
  ...opstrails.map((one) => ({ document: "opstrails" as const, ...one })),
  ...openstatus.map((one) => ({ document: "openstatus" as const, ...one })),
];
