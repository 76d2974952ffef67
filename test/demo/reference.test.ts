import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nounNamed } from "../../demo/model/index.ts";
import type { Beacon } from "../../demo/server.ts";
import { call, itemsOf, type Tree, testBeacon } from "./beacon.ts";

/*
 * What the product reference documents name, and where Beacon has it. Each row: the document, the noun, resource URI or
 * question, the requests that answer it, and what the seeded answer must hold. The test time is Tuesday 2026-03-10, noon.
 */

type Product = "oneuptime" | "openstatus" | "opstrails" | "statibeat";

/** A request, its body if it has one, and what the answer must match. */
interface Step {
  readonly ask: string;
  readonly body?: unknown;
  readonly want: unknown;
}

interface Promised {
  readonly document: Product;
  readonly promise: string;
  readonly steps: readonly Step[];
}

/** Matches an answer that holds, among others, an item with these fields. */
const listed = (...items: readonly unknown[]): unknown =>
  expect.toSatisfy((body: Tree) => {
    const found = itemsOf(body);
    for (const item of items) expect(found).toContainEqual(expect.objectContaining(item as object));
    return true;
  });

/** Matches an answer that holds exactly the items of these ids, in this order. */
const exactly = (...ids: readonly string[]): unknown =>
  expect.toSatisfy((body: Tree) => {
    expect(itemsOf(body).map((item) => item.id)).toEqual(ids);
    return true;
  });

const some: unknown = expect.toSatisfy((body: Tree) => itemsOf(body).length > 0);

const page = "/status-pages/page_acme_api";
const draft = {
  title: "Elevated latency",
  status: "investigating",
  message: "Latency on the payment endpoint is elevated.",
  pageId: "page_acme_api",
};

const promises: readonly Promised[] = [
  // Questions of the OneUptime document.
  {
    document: "oneuptime",
    promise: "current status of all my monitors",
    steps: [
      {
        ask: "GET /monitors",
        want: listed(
          { id: "mon_acme_payments", status: "down" },
          { id: "mon_acme_auth", status: "degraded" },
          { id: "mon_acme_website", status: "operational" },
          { id: "mon_acme_backup", status: "paused" },
        ),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "incidents from the last 24 hours",
    steps: [
      {
        ask: "GET /incidents?startedAfter=2026-03-09T12:00:00Z",
        want: exactly("inc_acme_payments", "inc_acme_latency", "inc_acme_database", "inc_acme_images"),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "list my projects",
    steps: [{ ask: "GET /projects", want: listed({ slug: "storefront" }, { slug: "platform" }) }],
  },
  {
    document: "oneuptime",
    promise: "create a website monitor that checks every 5 minutes",
    steps: [
      {
        ask: "POST /monitors",
        body: { name: "example.com", type: "website", url: "https://example.com", intervalSeconds: 300 },
        want: { type: "website", intervalSeconds: 300, status: "pending" },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "set up an API monitor with a 30-second timeout",
    steps: [
      {
        ask: "POST /monitors",
        body: { name: "Health", type: "api", url: "https://api.example.com/health", timeoutSeconds: 30 },
        want: { type: "api", timeoutSeconds: 30 },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "change the interval of my website monitor to every 2 minutes",
    steps: [
      { ask: "GET /monitors?q=website", want: exactly("mon_acme_website") },
      {
        ask: "PATCH /monitors/mon_acme_website",
        body: { intervalSeconds: 120 },
        want: { intervalSeconds: 120, name: "Website" },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "disable the monitor for staging.example.com during maintenance",
    steps: [
      { ask: "GET /monitors?q=staging.example.com", want: exactly("mon_acme_staging") },
      {
        ask: "POST /monitors/mon_acme_staging/pause",
        body: { reason: "maintenance" },
        want: { enabled: false, status: "paused" },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "create a high-priority incident for the database outage",
    steps: [
      {
        ask: "POST /incidents",
        body: {
          title: "Database outage affects sign-in",
          severity: "critical",
          priority: "high",
          pageId: "page_acme_api",
          notify: false,
        },
        want: { priority: "high", status: "investigating", number: 1001 },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "add a note to incident #123",
    steps: [
      { ask: "GET /incidents?number=123", want: exactly("inc_acme_database") },
      {
        ask: "POST /incidents/inc_acme_database/notes",
        body: { note: "Database connection restored" },
        want: { visibility: "internal", authorId: "usr_ada" },
      },
      { ask: "GET /incidents/inc_acme_database/notes", want: listed({ note: "Database connection restored" }) },
    ],
  },
  {
    document: "oneuptime",
    promise: "mark incident #456 as resolved",
    steps: [
      { ask: "GET /incidents?number=456", want: exactly("inc_acme_latency") },
      {
        ask: "POST /incidents/inc_acme_latency/resolve",
        body: { notify: false },
        want: { status: "resolved", number: 456 },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "assign the current payment gateway incident to the infrastructure team",
    steps: [
      { ask: "GET /incidents?q=payment%20gateway&state=active", want: exactly("inc_acme_payments") },
      { ask: "GET /teams?q=infrastructure", want: exactly("team_acme_infrastructure") },
      {
        ask: "POST /incidents/inc_acme_payments/assign",
        body: { teamId: "team_acme_infrastructure" },
        want: { team: { name: "Infrastructure" } },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "members of the infrastructure team",
    steps: [
      {
        ask: "GET /teams/team_acme_infrastructure/members",
        want: listed(
          { role: "lead", user: { id: "usr_mina", name: "Mina Park" } },
          { role: "member", user: { id: "usr_ada", name: "Ada Lindqvist" } },
        ),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "who is on call for the infrastructure team now",
    steps: [
      {
        ask: "GET /on-call/now?teamId=team_acme_infrastructure",
        want: [
          {
            user: { name: "Mina Park" },
            team: { name: "Infrastructure" },
            startsAt: "2026-03-07T12:00:00.000Z",
            endsAt: "2026-03-14T12:00:00.000Z",
          },
        ],
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "the on-call schedule of this week",
    steps: [
      {
        ask: "GET /on-call-schedules",
        want: listed({ team: { id: "team_acme_infrastructure", name: "Infrastructure" } }),
      },
      {
        ask: "GET /on-call-shifts?teamId=team_acme_infrastructure&endsAfter=2026-03-09T00:00:00Z&startsBefore=2026-03-16T00:00:00Z&sort=startsAt&order=asc",
        want: exactly("shf_acme_now", "shf_acme_next"),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "show Investigating Payment Issues for the payment service on our status page",
    steps: [
      { ask: `GET ${page}/components?q=payment`, want: listed({ id: "cmp_acme_payments" }) },
      {
        ask: `PATCH ${page}/components/cmp_acme_payments`,
        body: { statusMessage: "Investigating Payment Issues", status: "degraded" },
        want: { statusMessage: "Investigating Payment Issues" },
      },
      { ask: `GET ${page}/summary`, want: { status: "degraded" } },
    ],
  },
  {
    document: "oneuptime",
    promise: "announce the maintenance of this weekend on the status page",
    steps: [
      {
        ask: `POST ${page}/announcements`,
        body: { title: "Maintenance this weekend", message: "Saturday, 2 to 4 AM.", notify: false },
        want: { pageId: "page_acme_api" },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "a maintenance window on Saturday 2-4 AM that disables all monitors for api.example.com",
    steps: [
      {
        ask: "GET /monitors?q=api.example.com&sort=name&order=asc",
        want: exactly("mon_acme_api_orders", "mon_acme_api"),
      },
      {
        ask: "POST /maintenances",
        body: {
          title: "API work",
          message: "Saturday night",
          pageId: "page_acme_api",
          from: "2026-03-14T02:00:00Z",
          to: "2026-03-14T04:00:00Z",
          monitorIds: ["mon_acme_api", "mon_acme_api_orders"],
          pauseMonitors: true,
          notify: false,
        },
        want: { state: "scheduled", pauseMonitors: true },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "monitors down in the last hour, and incidents for those without one",
    steps: [
      {
        ask: "GET /monitors?status=down&downSinceAfter=2026-03-10T11:00:00Z&sort=name&order=asc",
        want: exactly("mon_acme_payments", "mon_acme_search"),
      },
      { ask: "GET /incidents?state=active&monitorIds=mon_acme_payments", want: exactly("inc_acme_payments") },
      { ask: "GET /incidents?state=active&monitorIds=mon_acme_search", want: exactly() },
      {
        ask: "POST /incidents",
        body: {
          title: "Search is down",
          severity: "major",
          pageId: "page_acme_api",
          monitorIds: ["mon_acme_search"],
          notify: false,
        },
        want: { monitorIds: ["mon_acme_search"] },
      },
    ],
  },
  { document: "oneuptime", promise: "check notification logs", steps: [{ ask: "GET /notification-logs", want: some }] },
  { document: "oneuptime", promise: "configure alert rules", steps: [{ ask: "GET /alert-rules", want: some }] },
  {
    document: "oneuptime",
    promise: "manage escalation policies",
    steps: [
      {
        ask: "GET /on-call-policies/ocp_acme_infrastructure/escalation-rules",
        want: exactly("esc_acme_first", "esc_acme_second"),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "deploy probes across locations",
    steps: [
      {
        ask: "GET /probes",
        want: listed({
          location: { city: "Tokyo", country: "JP", latitude: 35.68, longitude: 139.69 },
          status: "disconnected",
        }),
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "generate reports",
    steps: [
      {
        ask: "POST /reports",
        body: { name: "March", kind: "incidents", from: "2026-03-10", to: "2026-03-10" },
        want: { state: "ready", summary: { incidents: 3 } },
      },
    ],
  },
  {
    document: "oneuptime",
    promise: "an API key with read access alone, one with write, one with delete",
    steps: [
      {
        ask: "GET /api-keys?perPage=200",
        want: listed({ scopes: ["read"] }, { scopes: ["read", "write"] }, { scopes: ["read", "write", "delete"] }),
      },
    ],
  },

  // The openstatus guides.
  {
    document: "openstatus",
    promise: "list my status pages: slugs and ids",
    steps: [
      {
        ask: "GET /status-pages",
        want: listed({ id: "page_acme_api", slug: "api" }, { id: "page_acme_main", slug: "acme" }),
      },
    ],
  },
  {
    document: "openstatus",
    promise: "list status reports of a page",
    steps: [{ ask: "GET /status-reports?pageId=page_acme_api", want: exactly("rep_acme_payments") }],
  },
  {
    document: "openstatus",
    promise: "list maintenances",
    steps: [
      { ask: "GET /maintenances?pageId=page_acme_api", want: listed({ state: "active" }, { state: "scheduled" }) },
    ],
  },
  {
    document: "openstatus",
    promise: "draft a status report on the api page without telling subscribers",
    steps: [
      {
        ask: "POST /status-reports",
        body: { ...draft, notify: false },
        want: { status: "investigating", page: { id: "page_acme_api" } },
      },
      { ask: "GET /outbox/count", want: { count: 0 } },
    ],
  },
  {
    document: "openstatus",
    promise: "a status report that tells subscribers",
    steps: [
      { ask: "POST /status-reports", body: { ...draft, notify: true }, want: { status: "investigating" } },
      { ask: "GET /outbox/count", want: { count: 1 } },
    ],
  },
  {
    document: "openstatus",
    promise: "a report without notify is refused",
    steps: [{ ask: "POST /status-reports", body: draft, want: { error: { code: "invalid_request" } } }],
  },
  {
    document: "openstatus",
    promise: "a page id that was guessed is not found",
    steps: [
      {
        ask: "POST /status-reports",
        body: { ...draft, pageId: "page_guess", notify: false },
        want: { error: { code: "not_found" } },
      },
    ],
  },
  {
    document: "openstatus",
    promise: "add an update to a status report",
    steps: [
      {
        ask: "POST /status-reports/rep_acme_payments/updates",
        body: { status: "identified", message: "Found it", notify: false },
        want: { status: "identified" },
      },
      { ask: "GET /status-reports/rep_acme_payments", want: { status: "identified" } },
    ],
  },
  {
    document: "openstatus",
    promise: "update a status report",
    steps: [
      {
        ask: "PATCH /status-reports/rep_acme_payments",
        body: { title: "Payments fail" },
        want: { title: "Payments fail" },
      },
    ],
  },
  {
    document: "openstatus",
    promise: "resolve a status report",
    steps: [
      {
        ask: "POST /status-reports/rep_acme_payments/resolve",
        body: { message: "Over", notify: false },
        want: { status: "resolved" },
      },
    ],
  },
  {
    document: "openstatus",
    promise: "summarize the last 7 days of incidents on my API page",
    steps: [
      {
        ask: "GET /incidents?pageId=page_acme_api&startedAfter=2026-03-03T12:00:00Z",
        want: exactly("inc_acme_payments", "inc_acme_latency", "inc_acme_database"),
      },
    ],
  },
  {
    document: "openstatus",
    promise: "p99 latency of the payment API rose to 6 s",
    steps: [{ ask: "GET /metrics?name=http.latency_p99", want: listed({ unit: "ms", environment: "production" }) }],
  },
  {
    document: "openstatus",
    promise: "audit rows with actor type mcp",
    steps: [{ ask: "GET /audit-logs?actorType=mcp", want: listed({ action: "Incident.create" }) }],
  },

  // The OpsTrails guide.
  {
    document: "opstrails",
    promise: "what was deployed today",
    steps: [
      {
        ask: "GET /events?kind=deployment&occurredAfter=2026-03-10T00:00:00Z",
        want: exactly("evt_acme_checkout", "evt_acme_payments"),
      },
      {
        ask: "GET /deployments?environment=production&startedAfter=2026-03-10T00:00:00Z",
        want: listed({ version: "2.18.0", service: { id: "srv_acme_payments", name: "Payments" } }),
      },
    ],
  },
  {
    document: "opstrails",
    promise: "recent events for the production environment",
    steps: [
      {
        ask: "GET /events?environment=production&limit=4",
        want: exactly("evt_acme_scaling", "evt_acme_incident", "evt_acme_flag", "evt_acme_payments"),
      },
    ],
  },
  {
    document: "opstrails",
    promise: "did the error rate change after the last deployment",
    steps: [
      {
        ask: "GET /deployments?environment=production&limit=1&sort=startedAt&order=desc",
        want: exactly("dep_acme_payments"),
      },
      {
        ask: "GET /deployments/dep_acme_payments/impact",
        want: {
          metrics: expect.arrayContaining([
            expect.objectContaining({ name: "http.error_rate", before: 0.408, after: 6.63 }),
          ]),
        },
      },
      {
        ask: "POST /metrics/query",
        body: { metric: "http.error_rate", from: "2026-03-10T10:00:00Z", to: "2026-03-10T12:00:00Z", stepMinutes: 60 },
        want: {
          unit: "percent",
          points: [
            { at: "2026-03-10T10:00:00.000Z", value: expect.any(Number) },
            { at: "2026-03-10T11:00:00.000Z", value: 6.63 },
          ],
        },
      },
      {
        ask: "GET /metrics/met_acme_error_rate/points?after=2026-03-10T10:30:00Z&limit=1000",
        want: { meta: { total: 19 } },
      },
    ],
  },
  {
    document: "opstrails",
    promise: "what changed in the last 2 hours",
    steps: [
      {
        ask: "GET /events?occurredAfter=2026-03-10T10:00:00Z",
        want: exactly(
          "evt_acme_scaling",
          "evt_acme_incident",
          "evt_acme_flag",
          "evt_acme_checkout",
          "evt_acme_payments",
        ),
      },
    ],
  },
  { document: "opstrails", promise: "show me all events", steps: [{ ask: "GET /events/count", want: { count: 28 } }] },
  {
    document: "opstrails",
    promise: "retention by plan: 7, 30 and 90 days",
    steps: [
      {
        ask: "GET /retention-plans",
        want: listed(
          { slug: "free", retentionDays: 7 },
          { slug: "starter", retentionDays: 30, current: true },
          { slug: "pro", retentionDays: 90 },
        ),
      },
    ],
  },
  {
    document: "opstrails",
    promise: "the organisation to connect",
    steps: [{ ask: "GET /organisations", want: listed({ id: "org_acme", name: "Acme Cloud" }) }],
  },
  {
    document: "opstrails",
    promise: "the key of the connection, visible among the API keys",
    steps: [{ ask: "GET /api-keys?q=Claude", want: listed({ name: "MCP — Claude.ai", scopes: ["read"] }) }],
  },
  {
    document: "opstrails",
    promise: "revoking by deleting that key",
    steps: [{ ask: "DELETE /api-keys/key_acme_claude", want: { deleted: true, id: "key_acme_claude" } }],
  },
  {
    document: "opstrails",
    promise: "send a test event",
    steps: [
      {
        ask: "POST /events",
        body: { kind: "deployment", environment: "staging", title: "Test" },
        want: { title: "Test", severity: "info" },
      },
    ],
  },

  // The StatiBeat reference: its resource URIs, then its tools.
  {
    document: "statibeat",
    promise: "me",
    steps: [
      {
        ask: "GET /me",
        want: {
          user: { id: "usr_ada" },
          organisation: { id: "org_acme" },
          permissions: expect.arrayContaining(["incident.manage"]),
        },
      },
    ],
  },
  {
    document: "statibeat",
    promise: "pages",
    steps: [{ ask: "GET /status-pages", want: listed({ id: "page_acme_api" }) }],
  },
  {
    document: "statibeat",
    promise: "summary",
    steps: [
      {
        ask: `GET ${page}/summary`,
        want: {
          status: "partial_outage",
          activeIncidents: [{}, {}, {}],
          activeMaintenances: [{ id: "mnt_acme_network" }],
          upcomingMaintenances: [{ id: "mnt_acme_database" }],
        },
      },
    ],
  },
  {
    document: "statibeat",
    promise: "status-definitions",
    steps: [{ ask: `GET ${page}/status-definitions`, want: listed({ key: "major_outage", name: "Outage" }) }],
  },
  {
    document: "statibeat",
    promise: "lifecycle/stages",
    steps: [{ ask: `GET ${page}/lifecycle-stages`, want: listed({ key: "resolved", terminal: true }) }],
  },
  {
    document: "statibeat",
    promise: "maintenance-lifecycle/stages",
    steps: [{ ask: `GET ${page}/maintenance-stages`, want: listed({ key: "cancelled", terminal: true }) }],
  },
  {
    document: "statibeat",
    promise: "hierarchy/tree",
    steps: [
      {
        ask: `GET ${page}/hierarchy`,
        want: {
          tree: [
            {
              name: "Public API",
              children: [
                { name: "Money", children: [{ name: "Payment service" }, { name: "Billing" }] },
                { name: "Sign-in" },
              ],
            },
            { name: "Documentation" },
          ],
        },
      },
    ],
  },
  {
    document: "statibeat",
    promise: "incidents/active",
    steps: [
      {
        ask: "GET /incidents?pageId=page_acme_api&state=active",
        want: exactly("inc_acme_payments", "inc_acme_latency", "inc_acme_database"),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "incidents/resolved?limit",
    steps: [
      {
        ask: "GET /incidents?pageId=page_acme_api&state=resolved&limit=2",
        want: exactly("inc_acme_past_2", "inc_acme_past_3"),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "incidents/{incident_id}",
    steps: [
      { ask: "GET /incidents/inc_acme_payments", want: { severity: "critical", impact: { affectedCustomers: 1200 } } },
    ],
  },
  {
    document: "statibeat",
    promise: "incidents/{incident_id}/updates?limit",
    steps: [{ ask: "GET /incidents/inc_acme_database/updates?limit=1", want: exactly("inu_acme_database_2") }],
  },
  {
    document: "statibeat",
    promise: "maintenances/active",
    steps: [{ ask: "GET /maintenances?pageId=page_acme_api&state=active", want: exactly("mnt_acme_network") }],
  },
  {
    document: "statibeat",
    promise: "maintenances/upcoming",
    steps: [
      {
        ask: "GET /maintenances?pageId=page_acme_api&state=scheduled&fromAfter=2026-03-10T12:00:00Z",
        want: exactly("mnt_acme_database"),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "maintenances past",
    steps: [
      {
        ask: "GET /maintenances?pageId=page_acme_api&state=completed,cancelled",
        want: listed({ id: "mnt_acme_cache" }, { id: "mnt_acme_dns" }),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "maintenances/{maintenance_id}",
    steps: [
      { ask: "GET /maintenances/mnt_acme_database", want: { pauseMonitors: true, monitorIds: ["mon_acme_database"] } },
    ],
  },
  {
    document: "statibeat",
    promise: "maintenances/{maintenance_id}/updates?limit",
    steps: [{ ask: "GET /maintenances/mnt_acme_network/updates?limit=20", want: exactly("mnu_acme_network_1") }],
  },
  {
    document: "statibeat",
    promise: "analytics/summary?window_days",
    steps: [
      { ask: `GET ${page}/analytics/summary?windowDays=7`, want: { windowDays: 7, incidents: 3 } },
      { ask: `GET ${page}/analytics/summary`, want: { windowDays: 30 } },
      { ask: `GET ${page}/analytics/summary?windowDays=91`, want: { error: { code: "invalid_request" } } },
    ],
  },
  {
    document: "statibeat",
    promise: "beats",
    steps: [
      {
        ask: "GET /beats?pageId=page_acme_api",
        want: listed({ id: "beat_acme_checkout", health: "failing" }, { id: "beat_acme_signin", health: "healthy" }),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "beat-groups",
    steps: [{ ask: "GET /beat-groups?pageId=page_acme_api", want: exactly("bgr_acme_checkout", "bgr_acme_account") }],
  },
  {
    document: "statibeat",
    promise: "beats/pending-actions",
    steps: [
      {
        ask: "GET /beat-actions?pageId=page_acme_api&state=pending",
        want: listed({ kind: "open_incident" }, { kind: "update_component" }),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "beats/recent-failures?limit",
    steps: [{ ask: "GET /beat-failures?pageId=page_acme_api&perPage=2", want: exactly("bfa_acme_1", "bfa_acme_2") }],
  },
  {
    document: "statibeat",
    promise: "beats/{monitor_id}/recent-events?limit",
    steps: [
      {
        ask: "GET /beats/beat_acme_checkout/events?limit=2",
        want: exactly("bev_acme_checkout_1", "bev_acme_checkout_2"),
      },
    ],
  },
  {
    document: "statibeat",
    promise: "subscribers/summary",
    steps: [
      {
        ask: `GET ${page}/subscribers/summary`,
        want: { confirmed: 3, unconfirmed: 1, byChannel: { email: 2, webhook: 1, sms: 0, slack: 0 } },
      },
    ],
  },
  { document: "statibeat", promise: "embeds", steps: [{ ask: `GET ${page}/embeds`, want: listed({ kind: "badge" }) }] },
  {
    document: "statibeat",
    promise: "create_incident and add_incident_update",
    steps: [
      {
        ask: "POST /incidents",
        body: { title: "x", severity: "minor", pageId: "page_acme_api", notify: false },
        want: { id: "inc_10001" },
      },
      {
        ask: "POST /incidents/inc_10001/updates",
        body: { status: "monitoring", message: "y", notify: false },
        want: { status: "monitoring" },
      },
      { ask: "GET /incidents/inc_10001", want: { status: "monitoring" } },
    ],
  },
  {
    document: "statibeat",
    promise: "update_incident and delete_incident",
    steps: [
      { ask: "PATCH /incidents/inc_acme_latency", body: { severity: "major" }, want: { severity: "major" } },
      { ask: "DELETE /incidents/inc_acme_latency", want: null },
    ],
  },
  {
    document: "statibeat",
    promise: "acknowledge_incident, resolve_incident, reopen_incident",
    steps: [
      { ask: "POST /incidents/inc_acme_payments/acknowledge", want: { acknowledgedById: "usr_ada" } },
      { ask: "POST /incidents/inc_acme_payments/resolve", body: { notify: false }, want: { state: "resolved" } },
      { ask: "POST /incidents/inc_acme_payments/reopen", body: { notify: false }, want: { state: "active" } },
    ],
  },
  {
    document: "statibeat",
    promise: "schedule_maintenance, update_maintenance, add_maintenance_update",
    steps: [
      {
        ask: "POST /maintenances",
        body: {
          title: "x",
          message: "y",
          pageId: "page_acme_api",
          from: "2026-04-01T00:00:00Z",
          to: "2026-04-01T01:00:00Z",
          notify: false,
        },
        want: { id: "mnt_10001" },
      },
      { ask: "PATCH /maintenances/mnt_10001", body: { title: "z" }, want: { title: "z" } },
      {
        ask: "POST /maintenances/mnt_10001/updates",
        body: { message: "soon", notify: false },
        want: { state: "scheduled" },
      },
    ],
  },
  {
    document: "statibeat",
    promise: "complete_maintenance, cancel_maintenance, delete_maintenance",
    steps: [
      { ask: "POST /maintenances/mnt_acme_network/complete", body: { notify: false }, want: { state: "completed" } },
      { ask: "POST /maintenances/mnt_acme_database/cancel", body: { notify: false }, want: { state: "cancelled" } },
      { ask: "DELETE /maintenances/mnt_acme_dns", want: null },
    ],
  },
  {
    document: "statibeat",
    promise: "run_beat",
    steps: [{ ask: "POST /beats/beat_acme_home/run", want: { id: "beat_acme_home" } }],
  },
  {
    document: "statibeat",
    promise: "approve_beat_action and reject_beat_action",
    steps: [
      { ask: "POST /beat-actions/bac_acme_component/approve", want: { state: "approved" } },
      { ask: "POST /beat-actions/bac_acme_incident/reject", want: { state: "rejected" } },
    ],
  },
];

describe("a promise of the reference documents", () => {
  let beacon: Beacon;
  beforeEach(async () => {
    beacon = await testBeacon();
  });
  afterEach(() => beacon.close());

  for (const { document, promise, steps } of promises) {
    it(`${document}: ${promise}`, async () => {
      for (const { ask, body, want } of steps) {
        const answer = await call(beacon, beacon.keys.full, ask, body);
        const isPattern = typeof want === "object" && want !== null && !("asymmetricMatch" in want);
        if (isPattern) expect(answer.body).toMatchObject(want);
        else expect(answer.body).toEqual(want);
      }
    });
  }
});

/** The nouns the OneUptime document lists, and where rows of each are. */
const nouns: readonly (readonly [noun: string, name: string, path: string])[] = [
  ["Monitor", "Monitor", "/monitors"],
  ["MonitorStatus", "MonitorStatus", "/monitor-statuses"],
  ["MonitorGroup", "MonitorGroup", "/monitor-groups"],
  ["Probe", "Probe", "/probes"],
  ["Incident", "Incident", "/incidents"],
  ["IncidentState", "IncidentState", "/incident-states"],
  ["IncidentNote", "IncidentNote", "/incidents/inc_acme_database/notes"],
  ["IncidentTemplate", "IncidentTemplate", "/incident-templates"],
  ["Alert", "Alert", "/alerts"],
  ["AlertState", "AlertState", "/alert-states"],
  ["AlertSeverity", "AlertSeverity", "/alert-severities"],
  ["StatusPage", "StatusPage", "/status-pages"],
  ["StatusPageAnnouncement", "StatusPageAnnouncement", `${page}/announcements`],
  ["StatusPageSubscriber", "StatusPageSubscriber", `${page}/subscribers`],
  ["On-CallPolicy", "OnCallPolicy", "/on-call-policies"],
  ["EscalationRule", "EscalationRule", "/on-call-policies/ocp_acme_infrastructure/escalation-rules"],
  ["On-CallSchedule", "OnCallSchedule", "/on-call-schedules"],
  ["Team", "Team", "/teams"],
  ["TeamMember", "TeamMember", "/teams/team_acme_payments/members"],
  ["TeamPermission", "TeamPermission", "/teams/team_acme_infrastructure/permissions"],
  ["TelemetryService", "TelemetryService", "/telemetry-services"],
  ["Log", "Log", "/logs"],
  ["Span", "Span", "/spans"],
  ["Metric", "Metric", "/metrics"],
  ["Workflow", "Workflow", "/workflows"],
  ["WorkflowVariable", "WorkflowVariable", "/workflow-variables"],
  ["WorkflowLog", "WorkflowLog", "/workflow-logs"],
];

describe("a noun of the OneUptime document", () => {
  let beacon: Beacon;
  beforeAll(async () => {
    beacon = await testBeacon();
  });
  afterAll(() => beacon.close());

  it.each(nouns)("%s has rows, and is listed, read, created, updated and deleted", async (_noun, name, path) => {
    expect((await call(beacon, beacon.keys.readOnly, `GET ${path}`)).body).toEqual(some);
    // Count is an operation, or the gateway derives it from the list.
    expect(nounNamed(name).kinds).toEqual(expect.arrayContaining(["list", "get", "create", "update", "delete"]));
  });
});
