import type { Table } from "./oneuptimeTables.ts";

type SchemaLike = Readonly<Record<string, unknown>>;

interface Model {
  readonly name: string;
  readonly tag?: string;
  readonly path: string;
  readonly columns: Readonly<Record<string, SchemaLike>>;
  readonly required?: readonly string[];
  readonly kinds?: readonly Kind[];
  /** Answers plain dates, declares its get without `/get-item`, and offers nothing to create or update. */
  readonly analytics?: true;
}

type Kind = "list" | "count" | "get" | "create" | "update" | "delete";

const rights = "Permissions - Create: [Project Owner], Read: [Project Owner, Project Member], Update: [Project Owner]";
const id: SchemaLike = {
  type: "string",
  description: "A unique identifier for an object, represented as a UUID.",
  example: "123e4567-e89b-12d3-a456-426614174000",
  format: "uuid",
};
const date: SchemaLike = {
  type: "object",
  description: "A date time object.",
  example: { _type: "DateTime", value: "2026-01-01T12:00:00Z" },
};
const text = (about: string, more: SchemaLike = {}): SchemaLike => ({
  type: "string",
  description: `${about}. ${rights}`,
  example: "Example short text",
  ...more,
});
const relation = (about: string): SchemaLike => ({
  type: "array",
  description: `${about}. ${rights}`,
  items: {
    type: "object",
    properties: { _id: { type: "string", format: "uuid", description: "Unique identifier for the entity" } },
  },
  example: [{ _id: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" }],
});
/** How the bodies of such a document show a relation, although the server reads `_id`. */
const writtenItem: SchemaLike = { type: "object", properties: { id: { type: "string" } } };
const anything = (about: string): SchemaLike => ({
  type: "object",
  description: `${about}. ${rights}`,
  example: { key: "value", nested: { data: 123 } },
});
const log = {
  time: { type: "string", format: "date-time", description: "Time" },
  body: { type: "string", description: "Log Body" },
};

const models: readonly Model[] = [
  {
    name: "Incident",
    path: "/incident",
    required: ["title", "incidentSeverityId"],
    columns: {
      title: text("Title of this incident"),
      description: text("Markdown, visible on the status page", {
        example: "# Heading\n\nThis is **markdown** content",
      }),
      slug: text("Friendly globally unique name", { readOnly: true }),
      incidentSeverityId: id,
      labels: relation("Labels of this incident"),
      monitors: relation("Monitors affected"),
      onCallDutyPolicies: relation("Policies executed"),
      statusPages: relation("Status pages it is shown on"),
      statusPageResources: relation("Resources of those pages"),
      downtimeMonitorStatuses: relation("Statuses that count as down"),
      telemetryServices: relation("Services it comes from"),
      isVisibleOnStatusPage: { type: "boolean", description: `Visible to customers?. ${rights}`, default: true },
      incidentNumber: { type: "number", description: `Number of this incident. ${rights}`, readOnly: true },
      customFields: anything("Custom fields"),
      resolvedAt: date,
    },
  },
  {
    name: "Label",
    path: "/label",
    required: ["name", "color"],
    columns: {
      name: text("Any friendly name"),
      color: { type: "object", description: `Color. ${rights}`, example: { _type: "Color", value: "#3498db" } },
    },
  },
  {
    name: "TableView",
    path: "/table-view",
    required: ["name"],
    columns: {
      name: text("Any friendly name"),
      query: anything("Filters for this table view"),
      sort: anything("Sort"),
    },
  },
  {
    name: "ApiKey",
    path: "/api-key",
    required: ["name"],
    columns: { name: text("Any friendly name"), apiKey: { ...id, readOnly: true }, expiresAt: date },
  },
  {
    name: "User",
    path: "/user",
    kinds: ["list", "count"],
    columns: { name: text("Name"), password: text("Password"), backupCodes: anything("Codes") },
  },
  {
    name: "OnCallDutyPolicyOwnerUser",
    tag: "On-Call Policy Owner",
    path: "/onCallDutyPolicy-owner-user",
    columns: { userId: id, isOwnerNotified: { type: "boolean", description: `Notified?. ${rights}`, readOnly: true } },
  },
  { name: "LogItem", tag: "Log", path: "/logs", analytics: true, columns: log },
  { name: "SpanItem", tag: "Span", path: "/span", analytics: true, columns: log },
  { name: "MetricItem", tag: "Metric", path: "/metrics", analytics: true, columns: log },
  { name: "TelemetryAttribute", path: "/telemetry-attributes", analytics: true, columns: log },
  { name: "ExceptionItem", tag: "Exception", path: "/exceptions", analytics: true, columns: log },
  { name: "MonitorLog", path: "/monitor-log", analytics: true, columns: log },
];

/** The tables of {@link oneUptimeStyleSpec} as the stub's server knows them, with what its document does not say. */
export const oneUptimeStyleTables: readonly Table[] = models.map((model) => ({
  path: model.path,
  name: model.tag ?? model.name,
  columns: Object.keys(columnsOf(model)),
  ...(model.analytics && { plainDates: true }),
  ...(model.name === "Label" && { wrappers: { color: "Color" } }),
}));

/**
 * A document of twelve tables written in the manner of OneUptime's (upstream-apis.md §1.5), every trap included: POST reads,
 * Query schemas without properties, wrapped values known by their example alone, phantom gets, tags that are not table names.
 */
export function oneUptimeStyleSpec(): Record<string, unknown> {
  return {
    openapi: "3.0.0",
    info: { title: "OneUptime style API", version: "1.0.0", description: "Written by hand for tests." },
    servers: [{ url: "https://uptime.example.com/api" }],
    tags: models.map(({ name, tag }) => ({ name: tag ?? name })),
    components: {
      securitySchemes: { ApiKey: { type: "apiKey", in: "header", name: "APIKey" } },
      schemas: Object.assign({}, ...models.map(schemasOf)),
    },
    paths: Object.assign({}, ...models.map(pathsOf)),
    security: [{ ApiKey: [] }],
  };
}

function columnsOf({ columns, analytics }: Model): Readonly<Record<string, SchemaLike>> {
  return analytics
    ? { projectId: { type: "string", description: "Project ID" }, ...columns }
    : {
        _id: id,
        createdAt: date,
        updatedAt: date,
        projectId: id,
        createdByUserId: id,
        deletedByUserId: id,
        ...columns,
      };
}

const setByServer: readonly string[] = ["_id", "createdAt", "updatedAt", "resolvedAt"];

function schemasOf(model: Model): Record<string, SchemaLike> {
  const { name, analytics, required = [] } = model;
  const columns = columnsOf(model);
  const written = Object.entries(columns)
    .filter(([key, value]) => value.readOnly !== true && !setByServer.includes(key))
    .map(([key, value]) => [key, value.type === "array" ? { ...value, items: writtenItem } : value] as const);
  const bare = (kind: string): SchemaLike => ({
    type: "object",
    description: `${kind} schema for ${name}.`,
    additionalProperties: false,
    example: { _id: "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa" },
  });
  const body = (entries: readonly (readonly [string, SchemaLike])[], needed: readonly string[]): SchemaLike =>
    analytics
      ? bare("Write")
      : { ...bare("Write"), properties: Object.fromEntries(entries), ...(needed.length > 0 && { required: needed }) };
  return {
    [name]: { type: "object", properties: columns },
    [`${name}CreateSchema`]: body(written, required),
    [`${name}UpdateSchema`]: body([["_id", id], ...written.filter(([key]) => key !== "projectId")], []),
    [`${name}ReadSchema`]: { type: "object", properties: columns, additionalProperties: false },
    ...Object.fromEntries(["Query", "Select", "Sort", "GroupBy"].map((kind) => [`${name}${kind}Schema`, bare(kind)])),
  };
}

function pathsOf(model: Model): Record<string, SchemaLike> {
  const { name, tag = name, path, analytics, kinds = ["list", "count", "get", "create", "update", "delete"] } = model;
  const schema = (kind: string): SchemaLike => ({ $ref: `#/components/schemas/${name}${kind}` });
  const idParameter = { name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } };
  const operation = (kind: Kind, more: SchemaLike, answer: SchemaLike | undefined, status = 200): SchemaLike => ({
    operationId: `${kind}${name}`,
    summary: `${kind} ${tag}`,
    tags: [tag],
    ...more,
    responses: {
      [status]: { description: "ok", ...(answer && { content: { "application/json": { schema: answer } } }) },
      400: { description: "Bad request." },
      422: { description: "Not authorized." },
    },
  });
  const body = (properties: SchemaLike, required = false): SchemaLike => ({
    requestBody: {
      required,
      content: {
        "application/json": { schema: { type: "object", properties, ...(required && { required: ["data"] }) } },
      },
    },
  });
  const object = (properties: SchemaLike): SchemaLike => ({ type: "object", properties });
  const at = { parameters: [idParameter] };
  const readBody = { query: schema("QuerySchema"), select: schema("SelectSchema"), sort: schema("SortSchema") };
  const listed = object({ data: { type: "array", items: schema("") }, count: { type: "number" } });
  const get = operation("get", { ...at, ...body({ select: schema("SelectSchema") }) }, object({ data: schema("") }));
  const item = {
    put: operation(
      "update",
      { ...at, ...body({ data: schema("UpdateSchema") }, true) },
      object({ data: schema("ReadSchema") }),
    ),
    delete: operation("delete", at, undefined),
    ...(analytics && { post: get }),
  };
  const all: Record<string, SchemaLike> = {
    [`${path}/get-list`]: {
      post: operation("list", body({ ...readBody, ...(analytics && { groupBy: schema("GroupBySchema") }) }), listed),
    },
    [`${path}/count`]: {
      post: operation("count", body({ query: schema("QuerySchema") }), object({ count: { type: "number" } })),
    },
    ...(kinds.includes("create") && {
      [path]: {
        post: operation(
          "create",
          body({ data: schema("CreateSchema") }, true),
          object({ data: schema("ReadSchema") }),
          201,
        ),
      },
      [`${path}/{id}`]: item,
      ...(!analytics && { [`${path}/{id}/get-item`]: { post: get } }),
    }),
  };
  return all;
}
