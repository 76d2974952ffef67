import { day, type SeedRow, type World } from "./world.ts";

/** A demo key. Public on purpose: these keys open nothing but a Beacon that was started for a demo or a test. */
export interface DemoKey {
  readonly key: string;
  readonly organisation: string;
  readonly row: {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly userId: string;
  };
}

const demoKey = (
  organisation: string,
  part: string,
  name: string,
  userId: string,
  scopes: readonly string[],
): DemoKey => ({
  key: `bk_demo_${part}_${organisation}`,
  organisation,
  row: { id: `key_${organisation}_${part}`, name, scopes, userId },
});

const all = ["read", "write", "delete"];

/** Every key of the demo, for both organisations. */
export const demoKeys: readonly DemoKey[] = [
  ...["acme", "globex"].flatMap((organisation) => [
    demoKey(organisation, "read", "Demo, read-only", "usr_ada", ["read"]),
    demoKey(organisation, "write", "Demo, read & write", "usr_ada", ["read", "write"]),
    demoKey(organisation, "full", "Demo, full access", "usr_ada", all),
    demoKey(organisation, "viewer", "Vic's key", "usr_vic", all),
  ]),
  demoKey("acme", "member", "Mina's key", "usr_mina", all),
  demoKey("acme", "claude", "MCP — Claude.ai", "usr_ada", ["read"]),
];

/** Ada administers both organisations, Vic may look at both, Mina responds to incidents in Acme alone. */
export function people(world: World): readonly SeedRow[] {
  const isAcme = world.slug === "acme";
  const responder = isAcme ? "usr_mina" : "usr_ada";
  const { id, ago } = world;
  const users: readonly SeedRow[] = [
    [
      "User",
      {
        id: "usr_ada",
        name: "Ada Lindqvist",
        email: "ada@acme.example",
        role: "admin",
        title: "Head of platform",
        timezone: "Europe/Stockholm",
        phone: "+46700000001",
      },
    ],
    [
      "User",
      {
        id: "usr_vic",
        name: "Vic Moreau",
        email: "vic@acme.example",
        role: "viewer",
        title: "Customer success",
        timezone: "Europe/Paris",
      },
    ],
    [
      "User",
      {
        id: "usr_mina",
        name: "Mina Park",
        email: "mina@acme.example",
        role: "responder",
        title: "Site reliability engineer",
        timezone: "Asia/Seoul",
        phone: "+82100000002",
      },
    ],
  ];
  const team = (slug: string, name: string, description: string, leadId: string): SeedRow => [
    "Team",
    { id: id("team", slug), name, slug, description, leadId, memberCount: 2 },
  ];
  const member = (teamSlug: string, userId: string, role: string): SeedRow => [
    "TeamMember",
    {
      id: id("tmm", `${teamSlug}_${userId.slice(4)}`),
      teamId: id("team", teamSlug),
      userId,
      role,
      joinedAt: ago(200 * day),
    },
  ];
  return [
    [
      "Organisation",
      {
        id: `org_${world.slug}`,
        name: world.name,
        slug: world.slug,
        planId: id("plan", planOf(world)),
        region: "eu",
        contactEmail: `ops@${world.domain}`,
      },
    ],
    ...users.filter(([, user]) => isAcme || user.id !== "usr_mina"),
    team("infrastructure", "Infrastructure", "Runs databases, networks and clusters", responder),
    team("payments", "Payments", "Runs the payment gateway and billing", "usr_ada"),
    member("infrastructure", responder, "lead"),
    member("infrastructure", isAcme ? "usr_ada" : "usr_vic", "member"),
    member("payments", "usr_ada", "lead"),
    member("payments", "usr_vic", "member"),
    [
      "Project",
      {
        id: id("prj", "storefront"),
        name: `${world.name} storefront`,
        slug: "storefront",
        description: "What customers buy with",
        teamId: id("team", "payments"),
      },
    ],
    [
      "Project",
      {
        id: id("prj", "platform"),
        name: `${world.name} platform`,
        slug: "platform",
        description: "What everything runs on",
        teamId: id("team", "infrastructure"),
      },
    ],
    ...demoKeys
      .filter((key) => key.organisation === world.slug)
      .map(({ key, row }): SeedRow => ["ApiKey", { ...row, start: key.slice(0, 8) }]),
    ...onCall(world, responder),
    ...plans(world),
    [
      "AuditLog",
      {
        id: id("aud", 1),
        actorType: "mcp",
        actorId: id("key", "write"),
        action: "Incident.create",
        entityType: "Incident",
        entityId: id("inc", "payments"),
        changedFields: [],
      },
    ],
    [
      "AuditLog",
      {
        id: id("aud", 2),
        actorType: "user",
        actorId: "usr_ada",
        action: "Monitor.update",
        entityType: "Monitor",
        entityId: id("mon", "website"),
        changedFields: ["intervalSeconds"],
      },
    ],
  ];
}

function onCall({ id, ago }: World, responder: string): readonly SeedRow[] {
  const scheduleId = id("sch", "infrastructure");
  const teamId = id("team", "infrastructure");
  const shift = (name: string, userId: string, from: number, to: number): SeedRow => [
    "OnCallShift",
    { id: id("shf", name), scheduleId, teamId, userId, startsAt: ago(from), endsAt: ago(to), isOverride: false },
  ];
  return [
    [
      "OnCallSchedule",
      {
        id: scheduleId,
        name: "Infrastructure, around the clock",
        teamId,
        timezone: "UTC",
        layers: [{ name: "Week", userIds: [responder, "usr_ada"], rotation: "weekly", handoffAt: "09:00" }],
        currentUserId: responder,
      },
    ],
    [
      "OnCallSchedule",
      {
        id: id("sch", "payments"),
        name: "Payments, office hours",
        teamId: id("team", "payments"),
        timezone: "Europe/Stockholm",
        layers: [{ name: "Day", userIds: ["usr_ada"], rotation: "weekly", handoffAt: "08:00" }],
        currentUserId: "usr_ada",
      },
    ],
    shift("before", "usr_ada", 10 * day, 3 * day),
    shift("now", responder, 3 * day, -4 * day),
    shift("next", "usr_ada", -4 * day, -11 * day),
    [
      "OnCallShift",
      {
        id: id("shf", "payments"),
        scheduleId: id("sch", "payments"),
        teamId: id("team", "payments"),
        userId: "usr_ada",
        startsAt: ago(2 * day),
        endsAt: ago(-5 * day),
        isOverride: false,
      },
    ],
    [
      "OnCallPolicy",
      {
        id: id("ocp", "infrastructure"),
        name: "Infrastructure",
        description: "Databases, networks, clusters",
        teamId,
        scheduleIds: [scheduleId],
        repeat: { times: 2, afterMinutes: 15 },
      },
    ],
    [
      "OnCallPolicy",
      {
        id: id("ocp", "payments"),
        name: "Payments",
        teamId: id("team", "payments"),
        scheduleIds: [id("sch", "payments")],
        repeat: { times: 1, afterMinutes: 10 },
      },
    ],
    [
      "EscalationRule",
      {
        id: id("esc", "first"),
        onCallPolicyId: id("ocp", "infrastructure"),
        name: "Page who is on call",
        order: 1,
        afterMinutes: 0,
        scheduleIds: [scheduleId],
      },
    ],
    [
      "EscalationRule",
      {
        id: id("esc", "second"),
        onCallPolicyId: id("ocp", "infrastructure"),
        name: "Page the lead",
        order: 2,
        afterMinutes: 15,
        userIds: ["usr_ada"],
      },
    ],
  ];
}

/** Which plan an organisation is on: Acme on Starter, Globex on Free. */
function planOf({ slug }: World): string {
  return slug === "acme" ? "starter" : "free";
}

/** Free keeps 7 days, Starter 30, Pro 90. */
function plans(world: World): readonly SeedRow[] {
  const plan = (slug: string, name: string, retentionDays: number, maxEventsPerMonth: number | null): SeedRow => [
    "RetentionPlan",
    { id: world.id("plan", slug), name, slug, retentionDays, maxEventsPerMonth, current: slug === planOf(world) },
  ];
  return [plan("free", "Free", 7, 1_000), plan("starter", "Starter", 30, 50_000), plan("pro", "Pro", 90, null)];
}
