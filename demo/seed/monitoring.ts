import { day, type SeedRow, type World } from "./world.ts";

/** Monitors in every status, their history, probes, and beats of which one fails. */
export function monitoring(world: World): readonly SeedRow[] {
  return [...probes(world), ...monitors(world), ...history(world), ...beats(world)];
}

function probes({ id, ago }: World): readonly SeedRow[] {
  const probe = (name: string, title: string, location: SeedRow[1], status: string): SeedRow => [
    "Probe",
    { id: id("prb", name), name: title, kind: "shared", status, version: "4.2.0", lastSeenAt: ago(1), location },
  ];
  return [
    probe(
      "frankfurt",
      "Frankfurt 1",
      { city: "Frankfurt", country: "DE", latitude: 50.11, longitude: 8.68 },
      "connected",
    ),
    probe(
      "virginia",
      "Virginia 1",
      { city: "Ashburn", country: "US", latitude: 39.04, longitude: -77.49 },
      "connected",
    ),
    probe("tokyo", "Tokyo 1", { city: "Tokyo", country: "JP", latitude: 35.68, longitude: 139.69 }, "disconnected"),
  ];
}

function monitors({ id, ago, domain }: World): readonly SeedRow[] {
  const pageIds = [id("page", "main"), id("page", "api")];
  const probeIds = [id("prb", "frankfurt"), id("prb", "virginia")];
  const monitor = (name: string, title: string, status: string, more: SeedRow[1]): SeedRow => [
    "Monitor",
    {
      id: id("mon", name),
      name: title,
      type: "api",
      status,
      pageIds,
      probeIds,
      statusSince: ago(12 * day),
      lastCheckedAt: ago(2),
      uptimePercent30d: 99.95,
      latencyMs: 180,
      groupId: id("mgr", "backend"),
      teamId: id("team", "infrastructure"),
      labels: ["production"],
      ...more,
    },
  ];
  const status = (name: string, slug: string, color: string, priority: number, countsAsDown: boolean): SeedRow => [
    "MonitorStatus",
    { id: id("mst", slug), name, slug, color, priority, countsAsDown },
  ];
  return [
    status("Operational", "operational", "#16a34a", 1, false),
    status("Degraded", "degraded", "#ca8a04", 2, false),
    status("Offline", "down", "#dc2626", 3, true),
    [
      "MonitorGroup",
      {
        id: id("mgr", "frontend"),
        name: "Storefront",
        description: "What customers see",
        monitorIds: [id("mon", "website")],
        status: "operational",
      },
    ],
    [
      "MonitorGroup",
      {
        id: id("mgr", "backend"),
        name: "Backend",
        monitorIds: [id("mon", "api"), id("mon", "payments"), id("mon", "database")],
        status: "down",
      },
    ],
    monitor("website", "Website", "operational", {
      type: "website",
      url: `https://www.${domain}`,
      groupId: id("mgr", "frontend"),
      labels: ["production", "customer-facing"],
    }),
    monitor("api", "Public API", "operational", {
      url: "https://api.example.com/health",
      expect: { statusCodes: [200], bodyContains: "ok", maxLatencyMs: 800 },
      serviceId: id("srv", "api"),
    }),
    monitor("api_orders", "Orders API", "operational", {
      url: "https://api.example.com/orders",
      serviceId: id("srv", "api"),
    }),
    monitor("payments", "Payment gateway", "down", {
      url: `https://payments.${domain}/health`,
      statusSince: ago(35),
      downSince: ago(35),
      uptimePercent30d: 99.12,
      serviceId: id("srv", "payments"),
      teamId: id("team", "payments"),
      labels: ["production", "payments"],
    }),
    monitor("search", "Search", "down", {
      url: `https://search.${domain}/ping`,
      statusSince: ago(20),
      downSince: ago(20),
      uptimePercent30d: 99.6,
      serviceId: id("srv", "search"),
    }),
    monitor("auth", "Sign-in", "degraded", {
      url: `https://auth.${domain}/health`,
      statusSince: ago(95),
      latencyMs: 1450,
      serviceId: id("srv", "auth"),
    }),
    monitor("database", "Primary database", "operational", {
      type: "port",
      url: `tcp://db.${domain}:5432`,
      intervalSeconds: 60,
    }),
    monitor("staging", "Staging", "operational", {
      type: "website",
      url: "https://staging.example.com",
      labels: ["staging"],
      groupId: null,
    }),
    monitor("backup", "Nightly backup", "paused", {
      type: "heartbeat",
      url: null,
      enabled: false,
      labels: [],
      groupId: null,
    }),
  ];
}

function history({ id, ago }: World): readonly SeedRow[] {
  const change = (
    name: string,
    monitor: string,
    status: string,
    from: number,
    to: number | null,
    cause: string | null,
  ): SeedRow => [
    "MonitorStatusEvent",
    {
      id: id("mse", name),
      monitorId: id("mon", monitor),
      status,
      startedAt: ago(from),
      endedAt: to === null ? null : ago(to),
      cause,
    },
  ];
  const checks = ["website", "api", "payments"].flatMap((monitor) =>
    Array.from({ length: 30 }, (_, index): SeedRow => {
      const minutes = index * 5 + 2;
      const fails = monitor === "payments" && minutes <= 35;
      return [
        "ResponseLog",
        {
          id: id("rsp", `${monitor}_${index + 1}`),
          monitorId: id("mon", monitor),
          probeId: id("prb", index % 2 === 0 ? "frankfurt" : "virginia"),
          statusCode: fails ? 503 : 200,
          latencyMs: fails ? 6_000 : 140 + ((index * 37) % 90),
          success: !fails,
          error: fails ? "HTTP 503 Service Unavailable" : null,
          timings: { dns: 4, connect: 12, tls: 21, firstByte: 90 },
          checkedAt: ago(minutes),
        },
      ];
    }),
  );
  return [
    change("payments_up", "payments", "operational", 9 * day, 35, null),
    change("payments_down", "payments", "down", 35, null, "HTTP 503 from Frankfurt and Virginia"),
    change("search_up", "search", "operational", 20 * day, 20, null),
    change("search_down", "search", "down", 20, null, "Connection refused"),
    change("auth_slow", "auth", "degraded", 95, null, "Latency above 1000 ms"),
    ...checks,
  ];
}

function beats({ id, ago, domain }: World): readonly SeedRow[] {
  const pageId = id("page", "api");
  const beat = (name: string, title: string, health: string, more: SeedRow[1]): SeedRow => [
    "Beat",
    {
      id: id("beat", name),
      name: title,
      pageId,
      groupId: id("bgr", "checkout"),
      kind: "browser",
      target: `https://www.${domain}/${name}`,
      schedule: { everyMinutes: 5, timezone: "UTC", quietHours: [] },
      health,
      lastRunAt: ago(3),
      consecutiveFailures: 0,
      componentIds: [id("cmp", "payments")],
      ...more,
    },
  ];
  const event = (
    name: string,
    beatName: string,
    type: string,
    outcome: string,
    minutes: number,
    message: string | null,
  ): SeedRow => [
    "BeatEvent",
    {
      id: id("bev", name),
      beatId: id("beat", beatName),
      pageId,
      type,
      outcome,
      message,
      durationMs: 4_200,
      occurredAt: ago(minutes),
    },
  ];
  const failure = (index: number, minutes: number, resolved: boolean): SeedRow => [
    "BeatFailure",
    {
      id: id("bfa", index),
      beatId: id("beat", "checkout"),
      pageId,
      step: "Pay by card",
      error: "Timed out after 30 s waiting for the receipt",
      statusCode: 503,
      failedAt: ago(minutes),
      resolved,
    },
  ];
  return [
    ["BeatGroup", { id: id("bgr", "checkout"), name: "Checkout", pageId, order: 1, health: "failing" }],
    ["BeatGroup", { id: id("bgr", "account"), name: "Account", pageId, order: 2, health: "healthy" }],
    beat("checkout", "Check out with a card", "failing", { lastFailureAt: ago(4), consecutiveFailures: 4 }),
    beat("refund", "Ask for a refund", "degraded", { lastFailureAt: ago(64) }),
    beat("signin", "Sign in", "healthy", {
      groupId: id("bgr", "account"),
      kind: "http",
      componentIds: [id("cmp", "auth")],
    }),
    beat("home", "Open the home page", "healthy", { pageId: id("page", "main"), groupId: null, kind: "http" }),
    event("checkout_1", "checkout", "failure", "failed", 4, "Timed out after 30 s waiting for the receipt"),
    event("checkout_2", "checkout", "failure", "failed", 9, "Timed out after 30 s waiting for the receipt"),
    event("checkout_3", "checkout", "run", "passed", 44, null),
    event("signin_1", "signin", "run", "passed", 3, null),
    failure(1, 4, false),
    failure(2, 9, false),
    failure(3, 3 * day, true),
    [
      "BeatAction",
      {
        id: id("bac", "incident"),
        beatId: id("beat", "checkout"),
        pageId,
        kind: "open_incident",
        state: "pending",
        summary: "Open a major incident: card payments time out",
        proposal: { title: "Card payments time out", severity: "major" },
        expiresAt: ago(-120),
      },
    ],
    [
      "BeatAction",
      {
        id: id("bac", "component"),
        beatId: id("beat", "checkout"),
        pageId,
        kind: "update_component",
        state: "pending",
        summary: "Set the payment service to partial outage",
        proposal: { componentId: id("cmp", "payments"), status: "partial_outage" },
        expiresAt: ago(-120),
      },
    ],
    [
      "BeatAction",
      {
        id: id("bac", "old"),
        beatId: id("beat", "refund"),
        pageId,
        kind: "page_on_call",
        state: "expired",
        summary: "Page who is on call for payments",
        proposal: {},
        expiresAt: ago(2 * day),
      },
    ],
  ];
}
