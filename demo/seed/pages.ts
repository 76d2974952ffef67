import { day, type SeedRow, type World } from "./world.ts";

/** Two status pages with all that belongs on them, and maintenances before, now and later. */
export function pages(world: World): readonly SeedRow[] {
  const { id, name, slug, domain } = world;
  const page = (part: string, title: string, pageSlug: string, status: string, more: SeedRow[1]): SeedRow => [
    "StatusPage",
    {
      id: id("page", part),
      name: title,
      slug: pageSlug,
      url: `https://${pageSlug}.status.example.com`,
      status,
      theme: { colour: "#2563eb", logoUrl: null, dark: false },
      ...more,
    },
  ];
  return [
    page("main", name, slug, "operational", {
      description: "Everything customers use",
      customDomain: `status.${domain}`,
      projectId: id("prj", "storefront"),
      subscriberCount: 2,
      labels: ["public"],
    }),
    page("api", `${name} API`, slug === "acme" ? "api" : `${slug}-api`, "partial_outage", {
      description: "For developers",
      projectId: id("prj", "platform"),
      subscriberCount: 3,
    }),
    ...components(world),
    ...["main", "api"].flatMap((part) => definitions(world, part)),
    ...audience(world),
    ...maintenances(world),
  ];
}

function components({ id }: World): readonly SeedRow[] {
  const component = (
    name: string,
    title: string,
    part: string,
    groupId: string | null,
    status: string,
    order: number,
  ): SeedRow => [
    "StatusPageComponent",
    {
      id: id("cmp", name),
      pageId: id("page", part),
      name: title,
      groupId,
      status,
      order,
      monitorIds: [id("mon", name === "website" ? "website" : "api")],
      uptimePercent90d: 99.9,
    },
  ];
  return [
    [
      "StatusPageGroup",
      {
        id: id("cgr", "api"),
        pageId: id("page", "api"),
        name: "Public API",
        order: 1,
        collapsed: false,
        parentId: null,
      },
    ],
    [
      "StatusPageGroup",
      {
        id: id("cgr", "money"),
        pageId: id("page", "api"),
        name: "Money",
        order: 2,
        collapsed: false,
        parentId: id("cgr", "api"),
      },
    ],
    component("payments", "Payment service", "api", id("cgr", "money"), "partial_outage", 1),
    component("billing", "Billing", "api", id("cgr", "money"), "operational", 2),
    component("auth", "Sign-in", "api", id("cgr", "api"), "degraded", 3),
    component("docs", "Documentation", "api", null, "operational", 4),
    component("website", "Website", "main", null, "operational", 1),
    component("orders", "Orders", "main", null, "operational", 2),
  ];
}

function definitions({ id }: World, part: string): readonly SeedRow[] {
  const pageId = id("page", part);
  const definition = (key: string, name: string, color: string, rank: number): SeedRow => [
    "StatusDefinition",
    { id: id("sdf", `${part}_${key}`), pageId, key, name, color, rank },
  ];
  const stage = (key: string, name: string, order: number): SeedRow => [
    "LifecycleStage",
    { id: id("lcs", `${part}_${key}`), pageId, key, name, order, terminal: key === "resolved" },
  ];
  const work = (key: string, name: string, order: number): SeedRow => [
    "MaintenanceStage",
    { id: id("mns", `${part}_${key}`), pageId, key, name, order, terminal: order > 2 },
  ];
  return [
    definition("operational", "Operational", "#16a34a", 1),
    definition("degraded", "Slow", "#ca8a04", 2),
    definition("partial_outage", "Partial outage", "#ea580c", 3),
    definition("major_outage", "Outage", "#dc2626", 4),
    definition("maintenance", "Maintenance", "#2563eb", 5),
    stage("investigating", "Investigating", 1),
    stage("identified", "Identified", 2),
    stage("monitoring", "Monitoring", 3),
    stage("resolved", "Resolved", 4),
    work("scheduled", "Planned", 1),
    work("active", "In progress", 2),
    work("completed", "Done", 3),
    work("cancelled", "Called off", 4),
  ];
}

function audience({ id, ago, domain }: World): readonly SeedRow[] {
  const subscriber = (name: string, part: string, more: SeedRow[1]): SeedRow => [
    "StatusPageSubscriber",
    { id: id("sub", name), pageId: id("page", part), channel: "email", confirmed: true, ...more },
  ];
  return [
    subscriber("lee", "api", { email: "lee@customer.example" }),
    subscriber("kim", "api", { email: "kim@customer.example" }),
    subscriber("hook", "api", { channel: "webhook", webhookUrl: "https://hooks.customer.example/status" }),
    subscriber("new", "api", { email: "new@customer.example", confirmed: false }),
    subscriber("sam", "main", { email: "sam@customer.example" }),
    subscriber("pat", "main", { channel: "sms", phone: "+15550000003" }),
    [
      "StatusPageAnnouncement",
      {
        id: id("ann", "terms"),
        pageId: id("page", "main"),
        title: "New terms from next month",
        message: "Our terms change on the first of next month.",
        showFrom: ago(3 * day),
        labels: [],
      },
    ],
    [
      "StatusPageAnnouncement",
      {
        id: id("ann", "v1"),
        pageId: id("page", "api"),
        title: "API v1 ends in June",
        message: "Move to v2 by then.",
        showFrom: ago(30 * day),
        labels: ["deprecation"],
      },
    ],
    [
      "StatusPageEmbed",
      {
        id: id("emb", "badge"),
        pageId: id("page", "api"),
        name: "Badge in the documentation",
        kind: "badge",
        theme: "auto",
        allowedOrigins: [`https://docs.${domain}`],
        snippet: '<script src="https://embed.example.com/badge.js"></script>',
      },
    ],
    [
      "StatusPageEmbed",
      {
        id: id("emb", "banner"),
        pageId: id("page", "main"),
        name: "Banner on the website",
        kind: "banner",
        theme: "light",
        allowedOrigins: [`https://www.${domain}`],
        snippet: '<div data-status="banner"></div>',
      },
    ],
  ];
}

function maintenances({ id, ago }: World): readonly SeedRow[] {
  const maintenance = (
    name: string,
    title: string,
    state: string,
    from: number,
    to: number,
    more: SeedRow[1] = {},
  ): SeedRow => [
    "Maintenance",
    {
      id: id("mnt", name),
      title,
      message: `${title}. Short interruptions are possible.`,
      pageId: id("page", "api"),
      pageComponentIds: [id("cmp", "billing")],
      state,
      from: ago(from),
      to: ago(to),
      monitorIds: [],
      ...more,
    },
  ];
  return [
    maintenance("network", "Network work in Frankfurt", "active", 30, -90),
    maintenance("database", "Database upgrade", "scheduled", -3 * day, -3 * day - 120, {
      monitorIds: [id("mon", "database")],
      pauseMonitors: true,
    }),
    maintenance("cache", "Cache replacement", "completed", 10 * day, 10 * day - 60, {
      completedAt: ago(10 * day - 55),
    }),
    maintenance("dns", "DNS move", "cancelled", 20 * day, 20 * day - 60, {
      cancelledAt: ago(21 * day),
      cancelReason: "Provider not ready",
    }),
    [
      "MaintenanceUpdate",
      {
        id: id("mnu", "network_1"),
        maintenanceId: id("mnt", "network"),
        pageId: id("page", "api"),
        state: "active",
        message: "The work has begun.",
        publishedAt: ago(30),
      },
    ],
  ];
}
