import { object, parseField, type Row, type Schema } from "../model/fields.ts";
import { nounNamed } from "../model/index.ts";
import { bodyOf, schemaRef } from "../nounRoutes.ts";
import type { Context, Route } from "../route.ts";
import { found } from "../rows.ts";

const brandingFields = {
  colour: parseField("text(4..7)! Hex colour"),
  logoUrl: parseField("url? Logo"),
  faviconUrl: parseField("url? Icon"),
  footerText: parseField("text? Words at the bottom"),
};

const page = (
  part: string,
  operationId: string,
  summary: string,
  schema: string,
  answer: (context: Context, page: Row) => Row,
): Route => ({
  method: "GET",
  path: `/status-pages/{pageId}/${part}`,
  operationId,
  tag: "Status pages",
  summary,
  scope: "read",
  success: { status: 200, description: summary, schema: schemaRef(schema) },
  answer: (context) => ({
    status: 200,
    body: answer(context, found(context, nounNamed("StatusPage"), context.path.pageId)),
  }),
});

/** What is told of one status page as a whole, and its branding (a singleton below a page). */
export const pageRoutes: readonly Route[] = [
  page(
    "summary",
    "getStatusPageSummary",
    "Status of a page and its components, with what is going on",
    "StatusPageSummary",
    summary,
  ),
  page(
    "hierarchy",
    "getStatusPageHierarchy",
    "Groups and components of a page as a tree",
    "StatusPageHierarchy",
    hierarchy,
  ),
  page(
    "subscribers/summary",
    "getSubscriberSummary",
    "How many subscribers a page has, by channel",
    "SubscriberSummary",
    subscriberSummary,
  ),
  {
    ...page(
      "analytics/summary",
      "getStatusPageAnalytics",
      "Incidents, time to resolve and uptime of a page over some days",
      "StatusPageAnalytics",
      analytics,
    ),
    query: { windowDays: { ...parseField("int(1..90) Days to look back; 30 if not given") } },
    permission: "analytics.read",
  },
  page("branding", "getStatusPageBranding", "Looks of a page", "StatusPageBranding", brandingOf),
  {
    method: "PUT",
    path: "/status-pages/{pageId}/branding",
    operationId: "updateStatusPageBranding",
    tag: "Status pages",
    summary: "Set the looks of a page",
    scope: "write",
    body: bodyOf(brandingFields),
    success: { status: 200, description: "The looks as they are now", schema: schemaRef("StatusPageBranding") },
    answer: (context) => {
      const { id = "" } = found(context, nounNamed("StatusPage"), context.path.pageId);
      context.store.remove(context.caller.organisationId, "StatusPageBranding", String(id));
      context.store.insert(context.caller.organisationId, "StatusPageBranding", { ...context.body, id });
      return { status: 200, body: brandingOf(context, { id }) };
    },
  },
];

const reference = {
  type: "object",
  properties: { id: { type: "string" }, title: { type: "string" } },
  required: ["id", "title"],
} as const;

/** Component schemas of these operations. */
export const pageSchemas: Readonly<Record<string, Schema>> = {
  StatusPageSummary: {
    type: "object",
    properties: {
      pageId: { type: "string" },
      name: { type: "string" },
      status: { type: "string" },
      components: {
        type: "array",
        items: object("", {
          id: "text! Id",
          name: "text! Name",
          status: "text! Status",
          statusMessage: "text? Words beside it",
        }).schema,
      },
      activeIncidents: { type: "array", items: reference },
      activeMaintenances: { type: "array", items: reference },
      upcomingMaintenances: { type: "array", items: reference },
    },
    required: [
      "pageId",
      "name",
      "status",
      "components",
      "activeIncidents",
      "activeMaintenances",
      "upcomingMaintenances",
    ],
  },
  HierarchyNode: {
    type: "object",
    description: "A group with what is inside it, or a component",
    properties: {
      type: { type: "string", enum: ["group", "component"] },
      id: { type: "string" },
      name: { type: "string" },
      status: { type: ["string", "null"] },
      children: { type: "array", items: schemaRef("HierarchyNode") },
    },
    required: ["type", "id", "name", "children"],
  },
  StatusPageHierarchy: {
    type: "object",
    properties: { pageId: { type: "string" }, tree: { type: "array", items: schemaRef("HierarchyNode") } },
    required: ["pageId", "tree"],
  },
  SubscriberSummary: object("Subscribers of a page", {
    pageId: "text! The page",
    confirmed: "int! Confirmed",
    unconfirmed: "int! Not confirmed yet",
    byChannel: object(
      "Confirmed, by channel",
      { email: "int! E-mail", sms: "int! Text message", webhook: "int! Webhook", slack: "int! Slack" },
      "!",
    ),
  }).schema,
  StatusPageAnalytics: object("Figures of a page", {
    pageId: "text! The page",
    windowDays: "int! Days looked back",
    from: "time! Beginning of the window",
    to: "time! End of the window",
    incidents: "int! Incidents that began",
    resolvedIncidents: "int! Those of them that are resolved",
    meanMinutesToResolve: "num? Mean minutes from start to resolution; null without one",
    maintenances: "int! Maintenances that began",
    uptimePercent: "num? Mean uptime of the components",
  }).schema,
  StatusPageBranding: object("Looks of a page", brandingFields).schema,
};

function rowsOf({ store, caller }: Context, noun: string, pageId: unknown): readonly Row[] {
  return store.find({
    organisationId: caller.organisationId,
    noun,
    where: [{ field: "pageId", op: "is", value: String(pageId) }],
  });
}

function titled(rows: readonly Row[]): { id: string; title: string }[] {
  return rows.map((row) => ({ id: String(row.id), title: String(row.title) }));
}

function summary(context: Context, { id, name = null, status = null }: Row): Row {
  const components = rowsOf(context, "StatusPageComponent", id);
  const maintenances = rowsOf(context, "Maintenance", id);
  return {
    pageId: id ?? null,
    name,
    status,
    components: components.map((row) => ({
      id: row.id ?? null,
      name: row.name ?? null,
      status: row.status ?? null,
      statusMessage: row.statusMessage ?? null,
    })),
    activeIncidents: titled(rowsOf(context, "Incident", id).filter((row) => row.state === "active")),
    activeMaintenances: titled(maintenances.filter((row) => row.state === "active")),
    upcomingMaintenances: titled(maintenances.filter((row) => row.state === "scheduled")),
  };
}

function hierarchy(context: Context, { id }: Row): Row {
  const groups = rowsOf(context, "StatusPageGroup", id);
  const components = rowsOf(context, "StatusPageComponent", id);
  const below = (parent: unknown): Row[] => [
    ...groups
      .filter((group) => (group.parentId ?? null) === parent)
      .map((group) => ({
        type: "group",
        id: group.id ?? null,
        name: group.name ?? null,
        status: null,
        children: below(group.id),
      })),
    ...components
      .filter((component) => (component.groupId ?? null) === parent)
      .map((component) => ({
        type: "component",
        id: component.id ?? null,
        name: component.name ?? null,
        status: component.status ?? null,
        children: [],
      })),
  ];
  return { pageId: id ?? null, tree: below(null) };
}

function subscriberSummary(context: Context, { id }: Row): Row {
  const subscribers = rowsOf(context, "StatusPageSubscriber", id);
  const confirmed = subscribers.filter((row) => row.confirmed === true);
  const by = (channel: string): number => confirmed.filter((row) => row.channel === channel).length;
  const byChannel = { email: by("email"), sms: by("sms"), webhook: by("webhook"), slack: by("slack") };
  return {
    pageId: id ?? null,
    confirmed: confirmed.length,
    unconfirmed: subscribers.length - confirmed.length,
    byChannel,
  };
}

function analytics(context: Context, { id }: Row): Row {
  const windowDays = Number(context.query.windowDays ?? 30);
  const from = new Date(Date.parse(context.now) - windowDays * 86_400_000).toISOString();
  const incidents = rowsOf(context, "Incident", id).filter((row) => String(row.startedAt) >= from);
  const minutes = incidents
    .filter((row) => typeof row.resolvedAt === "string")
    .map((row) => (Date.parse(String(row.resolvedAt)) - Date.parse(String(row.startedAt))) / 60_000);
  const uptimes = rowsOf(context, "StatusPageComponent", id).map((row) => Number(row.uptimePercent90d));
  return {
    pageId: id ?? null,
    windowDays,
    from,
    to: context.now,
    incidents: incidents.length,
    resolvedIncidents: minutes.length,
    meanMinutesToResolve: mean(minutes),
    maintenances: rowsOf(context, "Maintenance", id).filter(
      (row) => String(row.from) >= from && String(row.from) <= context.now,
    ).length,
    uptimePercent: mean(uptimes),
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 100) / 100;
}

function brandingOf({ store, caller }: Context, { id }: Row): Row {
  const { id: _page, ...stored } = store.get(caller.organisationId, "StatusPageBranding", String(id)) ?? {};
  return { colour: "#2563eb", logoUrl: null, faviconUrl: null, footerText: null, ...stored };
}
