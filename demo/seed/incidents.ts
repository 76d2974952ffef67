import { day, type SeedRow, type World } from "./world.ts";

/** Incidents that last and incidents that are over, alerts, status reports, and what hangs on them. */
export function incidents(world: World): readonly SeedRow[] {
  return [...states(world), ...current(world), ...past(world), ...alerts(world), ...reports(world)];
}

function states({ id }: World): readonly SeedRow[] {
  const state = (slug: string, name: string, order: number, color: string): SeedRow => [
    "IncidentState",
    { id: id("ist", slug), name, slug, order, color, isInitial: order === 1, isResolved: slug === "resolved" },
  ];
  return [
    state("identified", "Identified", 1, "#dc2626"),
    state("acknowledged", "Acknowledged", 2, "#ca8a04"),
    state("resolved", "Resolved", 3, "#16a34a"),
  ];
}

function current({ id, ago }: World): readonly SeedRow[] {
  const incident = (name: string, number: number, title: string, minutes: number, more: SeedRow[1]): SeedRow => [
    "Incident",
    {
      id: id("inc", name),
      number,
      title,
      pageId: id("page", "api"),
      severity: "major",
      status: "investigating",
      startedAt: ago(minutes),
      createdAt: ago(minutes),
      stateId: id("ist", "identified"),
      ...more,
    },
  ];
  const update = (name: string, incidentName: string, status: string, message: string, minutes: number): SeedRow => [
    "IncidentUpdate",
    {
      id: id("inu", name),
      incidentId: id("inc", incidentName),
      pageId: id("page", "api"),
      status,
      message,
      authorId: "usr_ada",
      publishedAt: ago(minutes),
      createdAt: ago(minutes),
    },
  ];
  return [
    incident("payments", 512, "Payment gateway answers with errors", 33, {
      severity: "critical",
      priority: "high",
      description: "Card payments fail with HTTP 503 since the last deployment.",
      monitorIds: [id("mon", "payments")],
      componentIds: [id("cmp", "payments")],
      labels: ["payments", "production"],
      impact: { summary: "Card payments fail", affectedCustomers: 1_200, regions: ["eu"] },
      links: [{ title: "Dashboard", url: "https://dash.example.com/payments" }],
    }),
    incident("database", 123, "Database connections exhausted", 260, {
      status: "monitoring",
      priority: "high",
      teamId: id("team", "infrastructure"),
      leadId: "usr_ada",
      acknowledgedAt: ago(255),
      acknowledgedById: "usr_ada",
      labels: ["database", "production"],
    }),
    incident("latency", 456, "Elevated latency on the sign-in endpoint", 95, {
      severity: "minor",
      status: "identified",
      monitorIds: [id("mon", "auth")],
      labels: ["auth"],
      stateId: id("ist", "acknowledged"),
      acknowledgedAt: ago(80),
      acknowledgedById: "usr_ada",
    }),
    incident("images", 511, "Product images load slowly", 20 * 60, {
      pageId: id("page", "main"),
      severity: "minor",
      status: "resolved",
      resolvedAt: ago(18 * 60),
      labels: ["storefront"],
    }),
    update(
      "payments_1",
      "payments",
      "investigating",
      "We see failing card payments and are looking for the cause.",
      30,
    ),
    update("database_1", "database", "identified", "A leak of connections was found.", 240),
    update("database_2", "database", "monitoring", "A fix is out; we keep watching.", 60),
    update("images_1", "images", "resolved", "Images load as usual again.", 18 * 60),
    [
      "IncidentNote",
      {
        id: id("ino", 1),
        incidentId: id("inc", "database"),
        note: "Connection pool raised to 200.",
        authorId: "usr_ada",
      },
    ],
  ];
}

const causes = [
  "Slow search results",
  "E-mails arrive late",
  "Checkout errors",
  "API rate limits too low",
  "Stale product prices",
  "Webhook deliveries delayed",
];

/** One resolved incident every three days, sixty days back: more than a page. */
function past({ id, ago }: World): readonly SeedRow[] {
  return Array.from({ length: 22 }, (_, index): SeedRow => {
    const minutes = (index + 2) * 2.75 * day;
    return [
      "Incident",
      {
        id: id("inc", `past_${index + 1}`),
        number: 500 - index,
        title: causes[index % causes.length] ?? "",
        pageId: id("page", index % 3 === 0 ? "main" : "api"),
        severity: index % 4 === 0 ? "major" : "minor",
        status: "resolved",
        startedAt: ago(minutes),
        createdAt: ago(minutes),
        resolvedAt: ago(minutes - 45 - index),
        stateId: id("ist", "resolved"),
        labels: index % 2 === 0 ? ["production"] : [],
      },
    ];
  });
}

function alerts({ id, ago }: World): readonly SeedRow[] {
  return [
    ["AlertSeverity", { id: id("asv", "high"), name: "High", color: "#dc2626", rank: 1 }],
    ["AlertSeverity", { id: id("asv", "low"), name: "Low", color: "#2563eb", rank: 3 }],
    ["AlertState", { id: id("als", "created"), name: "Created", color: "#dc2626", order: 1, isResolved: false }],
    ["AlertState", { id: id("als", "resolved"), name: "Resolved", color: "#16a34a", order: 3, isResolved: true }],
    [
      "Alert",
      {
        id: id("alr", "payments"),
        title: "Payment gateway is down",
        severityId: id("asv", "high"),
        stateId: id("als", "created"),
        state: "firing",
        monitorId: id("mon", "payments"),
        incidentId: id("inc", "payments"),
        labels: ["payments"],
        payload: { consecutiveFailures: 3 },
        firedAt: ago(35),
      },
    ],
    [
      "Alert",
      {
        id: id("alr", "search"),
        title: "Search is down",
        severityId: id("asv", "high"),
        stateId: id("als", "created"),
        state: "firing",
        monitorId: id("mon", "search"),
        labels: [],
        payload: {},
        firedAt: ago(20),
      },
    ],
    [
      "Alert",
      {
        id: id("alr", "disk"),
        title: "Disk 80 percent full",
        severityId: id("asv", "low"),
        stateId: id("als", "resolved"),
        state: "resolved",
        labels: ["database"],
        payload: { percent: 81 },
        firedAt: ago(2 * day),
        resolvedAt: ago(2 * day - 90),
      },
    ],
  ];
}

function reports({ id, ago }: World): readonly SeedRow[] {
  const update = (name: string, report: string, status: string, message: string, minutes: number): SeedRow => [
    "StatusReportUpdate",
    {
      id: id("rpu", name),
      statusReportId: id("rep", report),
      pageId: id("page", "api"),
      status,
      message,
      date: ago(minutes),
      createdAt: ago(minutes),
    },
  ];
  return [
    [
      "StatusReport",
      {
        id: id("rep", "payments"),
        title: "Card payments fail",
        status: "investigating",
        message: "We are looking into failing card payments.",
        pageId: id("page", "api"),
        pageComponentIds: [id("cmp", "payments")],
        componentImpacts: [{ componentId: id("cmp", "payments"), impact: "partial_outage" }],
        date: ago(30),
      },
    ],
    [
      "StatusReport",
      {
        id: id("rep", "images"),
        title: "Images load slowly",
        status: "resolved",
        message: "Images load slowly.",
        pageId: id("page", "main"),
        date: ago(20 * 60),
        resolvedAt: ago(18 * 60),
      },
    ],
    update("payments_1", "payments", "investigating", "We are looking into failing card payments.", 30),
    update("images_1", "images", "resolved", "Images load as usual again.", 18 * 60),
  ];
}
