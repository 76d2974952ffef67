import { type Json, listOf, object, parseField, type Row, type Schema } from "../model/fields.ts";
import { nounNamed } from "../model/index.ts";
import { bodyOf, schemaRef } from "../nounRoutes.ts";
import { ApiFailure, type Context, type Route } from "../route.ts";
import { found, shown } from "../rows.ts";

/** Questions over several nouns: who is on call, how a metric went, what a deployment did. They read only. */
export const questionRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/incidents/search",
    operationId: "searchIncidents",
    tag: "Incidents",
    summary: "Search incidents by words, labels and time",
    description: "Reads only. Newest first.",
    scope: "read",
    body: bodyOf({
      text: parseField("text? Words in title or description"),
      labels: parseField("text[] Any of these labels"),
      startedAfter: parseField("time? At or after this time"),
      limit: parseField("int(1..100) At most this many; 20 if not given"),
    }),
    success: {
      status: 200,
      description: "What was found",
      schema: {
        type: "object",
        properties: { items: { type: "array", items: schemaRef("Incident") }, total: { type: "integer" } },
        required: ["items", "total"],
      },
    },
    answer: searchIncidents,
  },
  {
    method: "GET",
    path: "/on-call/now",
    operationId: "listCurrentOnCalls",
    tag: "On-call",
    summary: "Who is on call now",
    description: "One entry per shift that covers the present moment, overrides included.",
    scope: "read",
    query: {
      teamId: parseField("->Team Only for this team"),
      scheduleId: parseField("->OnCallSchedule Only for this schedule"),
    },
    success: {
      status: 200,
      description: "Who is on call",
      schema: { type: "array", items: schemaRef("CurrentOnCall") },
    },
    answer: (context) => ({ status: 200, body: onCallNow(context) }),
  },
  {
    method: "GET",
    path: "/monitors/{monitorId}/summary",
    operationId: "getMonitorSummary",
    tag: "Monitoring",
    summary: "Uptime, checks and latency of a monitor over some time",
    scope: "read",
    query: { timeRange: parseField("1d|7d|14d Time to look back; 1d if not given") },
    success: { status: 200, description: "The figures", schema: schemaRef("MonitorSummary") },
    answer: (context) => ({ status: 200, body: monitorSummary(context) }),
  },
  {
    method: "POST",
    path: "/metrics/query",
    operationId: "queryMetrics",
    tag: "Telemetry",
    summary: "Values of a metric over a time, put together per step",
    description: "Reads only. The metric is given by name, such as http.error_rate.",
    scope: "read",
    body: bodyOf({
      metric: parseField("text! Name of the metric"),
      environment: parseField("production|staging|development Environment; production if not given"),
      from: parseField("time! Beginning"),
      to: parseField("time? End; now, unless given"),
      stepMinutes: parseField("int(1..1440) Minutes per value; 5 if not given"),
      aggregate: parseField("avg|min|max|sum How values are put together; avg if not given"),
    }),
    success: { status: 200, description: "The values, oldest first", schema: schemaRef("MetricSeries") },
    answer: queryMetrics,
  },
  {
    method: "GET",
    path: "/deployments/{deploymentId}/impact",
    operationId: "getDeploymentImpact",
    tag: "Changes",
    summary: "How metrics of the environment changed after a deployment",
    description: "Compares the mean of each metric in the window before the deployment with the one after it.",
    scope: "read",
    query: { windowMinutes: parseField("int(5..1440) Minutes before and after; 60 if not given") },
    success: { status: 200, description: "Before and after, per metric", schema: schemaRef("DeploymentImpact") },
    answer: (context) => ({ status: 200, body: deploymentImpact(context) }),
  },
];

/** Component schemas of these operations. */
export const questionSchemas: Readonly<Record<string, Schema>> = {
  CurrentOnCall: object("Who is on call", {
    user: object(
      "The person",
      { id: "text! Id", name: "text! Name", email: "email! Address", phone: "text? Number" },
      "!",
    ),
    team: object("The team", { id: "text! Id", name: "text! Name" }),
    scheduleId: "text! The schedule",
    startsAt: "time! Since",
    endsAt: "time! Until",
    isOverride: "bool! Whether the person stepped in",
  }).schema,
  MonitorSummary: object("Figures of a monitor", {
    monitorId: "text! The monitor",
    timeRange: "1d|7d|14d! Time looked back",
    status: "text! Current status",
    checks: "int! Checks that are kept",
    failed: "int! Those of them that failed",
    uptimePercent: "num? Share that passed; null without checks",
    averageLatencyMs: "num? Mean latency",
    maxLatencyMs: "num? Worst latency",
  }).schema,
  MetricSeries: object("Values of a metric", {
    metricId: "text! The metric",
    unit: "text! Unit",
    points: listOf("Values, oldest first", { at: "time! Beginning of the step", value: "num! Value" }, "!"),
  }).schema,
  DeploymentImpact: object("What a deployment did", {
    deploymentId: "text! The deployment",
    deployedAt: "time! When",
    metrics: listOf(
      "Per metric",
      {
        metricId: "text! Metric",
        name: "text! Name",
        unit: "text! Unit",
        before: "num? Mean before",
        after: "num? Mean after",
        change: "num? After less before",
      },
      "!",
    ),
  }).schema,
};

function searchIncidents(context: Context): ReturnType<Route["answer"]> {
  const { text, labels, startedAfter, limit } = context.body;
  const where = [
    ...(typeof text === "string" ? [{ fields: ["title", "description"], op: "like", value: text } as const] : []),
    ...(Array.isArray(labels) && labels.length > 0
      ? [{ field: "labels", op: "has", value: labels as readonly Json[] } as const]
      : []),
    ...(typeof startedAfter === "string"
      ? [{ field: "startedAt", op: "after", value: new Date(startedAfter).toISOString() } as const]
      : []),
  ];
  const query = { organisationId: context.caller.organisationId, noun: "Incident", where };
  const rows = context.store.find({
    ...query,
    sort: { field: "startedAt", descending: true },
    limit: Number(limit ?? 20),
  });
  const items = rows.map((row) => shown(context.store, nounNamed("Incident"), row));
  return { status: 200, body: { items, total: context.store.count(query) } };
}

function onCallNow({ store, caller, query, now }: Context): Json {
  const where = [
    { field: "startsAt", op: "before", value: now } as const,
    { field: "endsAt", op: "after", value: now } as const,
    ...["teamId", "scheduleId"]
      .filter((name) => query[name] !== undefined)
      .map((field) => ({ field, op: "is", value: query[field] ?? null }) as const),
  ];
  const shifts = store.find({ organisationId: caller.organisationId, noun: "OnCallShift", where });
  return shifts.map((shift) => {
    const user = store.get(caller.organisationId, "User", String(shift.userId));
    const team = store.get(caller.organisationId, "Team", String(shift.teamId));
    return {
      user: { id: user?.id ?? null, name: user?.name ?? null, email: user?.email ?? null, phone: user?.phone ?? null },
      team: { id: team?.id ?? null, name: team?.name ?? null },
      scheduleId: shift.scheduleId ?? null,
      startsAt: shift.startsAt ?? null,
      endsAt: shift.endsAt ?? null,
      isOverride: shift.isOverride ?? false,
    };
  });
}

function monitorSummary(context: Context): Row {
  const monitor = found(context, nounNamed("Monitor"), context.path.monitorId);
  const timeRange = String(context.query.timeRange ?? "1d");
  const from = new Date(Date.parse(context.now) - Number.parseInt(timeRange, 10) * 86_400_000).toISOString();
  const logs = context.store.find({
    organisationId: context.caller.organisationId,
    noun: "ResponseLog",
    where: [
      { field: "monitorId", op: "is", value: String(monitor.id) },
      { field: "checkedAt", op: "after", value: from },
    ],
  });
  const failed = logs.filter((log) => log.success === false).length;
  const latencies = logs.map((log) => Number(log.latencyMs));
  return {
    monitorId: monitor.id ?? null,
    timeRange,
    status: monitor.status ?? null,
    checks: logs.length,
    failed,
    uptimePercent: logs.length === 0 ? null : rounded((100 * (logs.length - failed)) / logs.length),
    averageLatencyMs: aggregates.avg?.(latencies) ?? null,
    maxLatencyMs: aggregates.max?.(latencies) ?? null,
  };
}

const aggregates: Readonly<Record<string, (values: readonly number[]) => number | null>> = {
  avg: (values) =>
    values.length === 0 ? null : rounded(values.reduce((sum, value) => sum + value, 0) / values.length),
  min: (values) => (values.length === 0 ? null : Math.min(...values)),
  max: (values) => (values.length === 0 ? null : Math.max(...values)),
  sum: (values) => rounded(values.reduce((sum, value) => sum + value, 0)),
};

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function pointsOf(
  { store, caller }: Context,
  metricId: string,
  from: string,
  to: string,
): readonly { at: number; value: number }[] {
  const rows = store.find({
    organisationId: caller.organisationId,
    noun: "MetricPoint",
    where: [
      { field: "metricId", op: "is", value: metricId },
      { field: "at", op: "after", value: from },
      { field: "at", op: "before", value: to },
    ],
    sort: { field: "at", descending: false },
  });
  return rows.map((row) => ({ at: Date.parse(String(row.at)), value: Number(row.value) }));
}

function queryMetrics(context: Context): ReturnType<Route["answer"]> {
  const { metric, environment = "production", from, to, stepMinutes = 5, aggregate = "avg" } = context.body;
  const named = [
    { field: "name", op: "is", value: metric ?? null },
    { field: "environment", op: "is", value: environment },
  ] as const;
  const found = context.store.find({ organisationId: context.caller.organisationId, noun: "Metric", where: named })[0];
  if (found === undefined) throw new ApiFailure(404, "not_found", `there is no Metric ${metric} in ${environment}`);
  const step = Number(stepMinutes) * 60_000;
  const isoFrom = new Date(String(from)).toISOString();
  const isoTo = typeof to === "string" ? new Date(to).toISOString() : context.now;
  const steps = Map.groupBy(
    pointsOf(context, String(found.id), isoFrom, isoTo),
    (point) => Math.floor(point.at / step) * step,
  );
  const points = [...steps].map(([at, values]) => ({
    at: new Date(at).toISOString(),
    value: aggregates[String(aggregate)]?.(values.map((point) => point.value)) ?? null,
  }));
  return { status: 200, body: { metricId: found.id ?? null, unit: found.unit ?? null, points } };
}

function deploymentImpact(context: Context): Row {
  const deployment = found(context, nounNamed("Deployment"), context.path.deploymentId);
  const deployedAt = String(deployment.finishedAt ?? deployment.startedAt);
  const span = Number(context.query.windowMinutes ?? 60) * 60_000;
  const shift = (milliseconds: number): string => new Date(Date.parse(deployedAt) + milliseconds).toISOString();
  const metrics = context.store.find({
    organisationId: context.caller.organisationId,
    noun: "Metric",
    where: [{ field: "environment", op: "is", value: deployment.environment ?? null }],
  });
  const average = (metricId: string, from: string, to: string): number | null =>
    aggregates.avg?.(pointsOf(context, metricId, from, to).map((point) => point.value)) ?? null;
  return {
    deploymentId: deployment.id ?? null,
    deployedAt,
    metrics: metrics.map(({ id = "", name = null, unit = null }) => {
      const before = average(String(id), shift(-span), deployedAt);
      const after = average(String(id), deployedAt, shift(span));
      return {
        metricId: id,
        name,
        unit,
        before,
        after,
        change: before === null || after === null ? null : rounded(after - before),
      };
    }),
  };
}
