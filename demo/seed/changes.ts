import { day, type SeedRow, type World } from "./world.ts";

/** Minutes before the base time at which the last deployment went live, unless that was yesterday. */
const usualDeploymentAge = 90;

/** Services, events, deployments, and metrics whose values change with the last deployment. */
export function changes(world: World, base: Date): readonly SeedRow[] {
  const minutesToday =
    (base.getTime() - Date.UTC(base.getUTCFullYear(), base.getUTCMonth(), base.getUTCDate())) / 60_000;
  // "What was deployed today?" has an answer just after midnight too.
  const deployed = Math.min(usualDeploymentAge, Math.floor(minutesToday));
  return [...services(world), ...events(world, deployed), ...metrics(world, deployed)];
}

function services({ id }: World): readonly SeedRow[] {
  const service = (slug: string, name: string, tier: string, team: string): SeedRow => [
    "Service",
    { id: id("srv", slug), name, slug, tier, teamId: id("team", team), labels: [] },
  ];
  const telemetry = (slug: string, language: string): SeedRow => [
    "TelemetryService",
    { id: id("tsv", slug), name: slug, language, serviceId: id("srv", slug.split("-")[0] ?? slug) },
  ];
  return [
    service("payments", "Payments", "1", "payments"),
    service("checkout", "Checkout", "1", "payments"),
    service("api", "Public API", "1", "infrastructure"),
    service("auth", "Sign-in", "2", "infrastructure"),
    service("search", "Search", "3", "infrastructure"),
    telemetry("payments-api", "go"),
    telemetry("checkout-web", "typescript"),
    telemetry("auth-service", "java"),
  ];
}

function events({ id, ago }: World, deployed: number): readonly SeedRow[] {
  const event = (
    name: string,
    kind: string,
    environment: string,
    title: string,
    minutes: number,
    more: SeedRow[1] = {},
  ): SeedRow => [
    "Event",
    {
      id: id("evt", name),
      kind,
      environment,
      title,
      occurredAt: ago(minutes),
      createdAt: ago(minutes),
      actor: { type: "ci", name: "GitHub Actions" },
      labels: [],
      data: {},
      ...more,
    },
  ];
  const deployment = (
    name: string,
    service: string,
    version: string,
    environment: string,
    minutes: number,
    state: string,
  ): SeedRow => [
    "Deployment",
    {
      id: id("dep", name),
      serviceId: id("srv", service),
      environment,
      version,
      state,
      commit: "4f1c2ab",
      deployedBy: "GitHub Actions",
      startedAt: ago(minutes + 3),
      finishedAt: ago(minutes),
      createdAt: ago(minutes + 3),
    },
  ];
  return [
    deployment("payments", "payments", "2.18.0", "production", deployed, "succeeded"),
    deployment("checkout", "checkout", "5.4.1", "staging", deployed, "succeeded"),
    deployment("search", "search", "1.9.0", "production", 2 * day, "failed"),
    event("payments", "deployment", "production", "Payments 2.18.0 deployed to production", deployed, {
      serviceId: id("srv", "payments"),
      version: "2.18.0",
    }),
    event("checkout", "deployment", "staging", "Checkout 5.4.1 deployed to staging", deployed, {
      serviceId: id("srv", "checkout"),
      version: "5.4.1",
    }),
    event("flag", "feature_flag", "production", "Instant refunds switched on for 10 percent", 50, {
      actor: { type: "user", name: "Ada Lindqvist" },
    }),
    event("scaling", "scaling", "production", "API scaled from 6 to 9 instances", 25, {
      serviceId: id("srv", "api"),
      actor: { type: "system", name: "autoscaler" },
    }),
    event("incident", "incident", "production", "Payment gateway answers with errors", 33, {
      severity: "critical",
      serviceId: id("srv", "payments"),
    }),
    event("config", "config_change", "staging", "Timeout of staging gateway raised", 5 * 60),
    event("search", "deployment", "production", "Search 1.9.0 failed to deploy", 2 * day, {
      severity: "error",
      serviceId: id("srv", "search"),
      version: "1.9.0",
    }),
    event("rollback", "rollback", "production", "Search rolled back to 1.8.7", 2 * day - 10, {
      severity: "warning",
      serviceId: id("srv", "search"),
      version: "1.8.7",
    }),
    ...Array.from({ length: 20 }, (_, index) =>
      event(`past_${index + 1}`, "deployment", "development", `Nightly build ${120 - index}`, (index + 3) * day),
    ),
  ];
}

/** Before the deployment the error rate stays near 0.4 percent and p99 near 220 ms; after it both are far higher. */
function metrics({ id, ago }: World, deployed: number): readonly SeedRow[] {
  const serviceId = id("tsv", "payments-api");
  const series = (part: string, name: string, unit: string, before: number, after: number): readonly SeedRow[] => {
    const ages = Array.from({ length: 49 }, (_, index) => deployed + 120 - index * 5).filter((age) => age >= 0);
    const valueAt = (age: number): number =>
      Math.round((age > deployed ? before : after) * (1 + (age % 3) / 50) * 1000) / 1000;
    const points = ages.map(
      (age, index): SeedRow => [
        "MetricPoint",
        {
          id: id("mpt", `${part}_${index + 1}`),
          metricId: id("met", part),
          value: valueAt(age),
          at: ago(age),
          deploymentId: age > deployed ? null : id("dep", "payments"),
        },
      ],
    );
    const metric = {
      id: id("met", part),
      name,
      unit,
      kind: "gauge",
      serviceId,
      environment: "production",
      latest: valueAt(ages.at(-1) ?? deployed),
    };
    return [["Metric", { ...metric, dimensions: [{ key: "service", values: ["payments-api"] }] }], ...points];
  };
  const log = (index: number, level: string, message: string, minutes: number): SeedRow => [
    "Log",
    {
      id: id("log", index),
      serviceId,
      level,
      message,
      attributes: { version: "2.18.0" },
      traceId: "7b1f00d2a1",
      spanId: null,
      loggedAt: ago(minutes),
    },
  ];
  const span = (index: number, name: string, durationMs: number, statusCode: string): SeedRow => [
    "Span",
    {
      id: id("spn", index),
      traceId: "7b1f00d2a1",
      name,
      serviceId,
      parentSpanId: null,
      kind: "server",
      statusCode,
      durationMs,
      startedAt: ago(32),
    },
  ];
  return [
    ...series("error_rate", "http.error_rate", "percent", 0.4, 6.5),
    ...series("latency_p99", "http.latency_p99", "ms", 220, 6_000),
    log(1, "error", "upstream timed out after 6000 ms", 32),
    log(2, "error", "upstream timed out after 6000 ms", 30),
    log(3, "warn", "retrying charge", 31),
    log(4, "info", "started version 2.18.0", deployed),
    span(1, "POST /charges", 6_004, "error"),
    span(2, "GET /charges", 41, "ok"),
  ];
}
