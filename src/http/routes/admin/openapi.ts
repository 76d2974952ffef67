/** A part of an OpenAPI document. */
type Part = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const time = { type: "string", format: "date-time" };
const nullable = (schema: Part): Part => ({ anyOf: [schema, { type: "null" }] });
const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });
const closed = (properties: Part, optional: readonly string[] = []): Part => ({
  type: "object",
  additionalProperties: false,
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const json = (schema: Part): Part => ({ "application/json": { schema } });

const view: Part = {
  id: { ...text, pattern: "^[0-9A-Za-z]{12}$", description: "Public. The part of the key by which it is found." },
  start: { ...text, description: "How the key begins, to recognise it by. Absent for a connection, which has no key." },
  kind: {
    enum: ["key", "connection"],
    description: "connection: it belongs to an OAuth client, and can only be revoked.",
  },
  name: text,
  status: {
    enum: ["active", "rotated", "expired", "revoked"],
    description: "`rotated`: another key takes its place, and it is good until `expiresAt`.",
  },
  user: nullable(ref("Party")),
  organisation: nullable(ref("Party")),
  scopes: { type: "array", items: text },
  boundArguments: nullable(ref("BoundArguments")),
  upstreamCredential: {
    enum: ["own", "gateway"],
    description: "What the API is sent for it: a credential kept with the key, or the gateway's own.",
  },
  createdBy: nullable({ ...text, description: "`admin`, `cli`, or the id of a key." }),
  createdAt: time,
  expiresAt: nullable(time),
  revokedAt: nullable(time),
  rotatedTo: nullable({ ...text, description: "Id of the key that takes its place." }),
  lastUsedAt: nullable(time),
  calls: closed({ last24Hours: ref("Calls"), last30Days: ref("Calls") }),
};

const auditRecord: Part = {
  event_id: text,
  kind: { enum: ["intent", "outcome", "call"] },
  at: time,
  actor_type: {
    enum: ["mcp", "user", "operator", "gateway"],
    description: "`mcp` of every call; the others of changes to keys and connections.",
  },
  actor_kind: { enum: ["passthrough", "key", "connection", "stdio", "user", "operator", "gateway"] },
  actor_id: {
    ...text,
    description: "The key or Connection; of an API's own key its HMAC; the user; `admin`, `cli` or `gateway`.",
  },
  actor_user_id: nullable(text),
  organisation: nullable(text),
  client: nullable({ type: "object", properties: { name: text, version: text } }),
  client_host: nullable(text),
  session: nullable({ ...text, description: "Hash of the session id." }),
  request_id: text,
  surface: text,
  tool: text,
  effect: { enum: ["read", "write", "destroy"] },
  resource: text,
  resource_id: nullable(text),
  args_hash: { ...text, description: "HMAC of the tool and its arguments." },
  values: { type: "object", description: "Of the arguments that `audit.values` names." },
  notify: { type: "boolean" },
  confirmed_by: { enum: ["elicitation", "token"] },
  idempotency_key: { ...text, description: "Hash." },
  upstream: text,
  deadline: time,
  outcome: {
    enum: ["ok", "refused", "failed", "cancelled_before_send", "client_gone", "unknown", "replayed", "dry_run"],
  },
  code: text,
  change: { enum: ["none", "answered", "unknown"] },
  upstream_status: { type: "integer" },
  upstream_request_id: text,
  duration_ms: { type: "integer" },
  writer: text,
  seq: { type: "integer" },
  prev_hash: text,
  hash: text,
};

const schemas: Part = {
  Key: closed(view, ["start"]),
  IssuedKey: closed({ key: { ...text, description: "The key itself. It is shown this once." }, ...view }),
  KeyPage: closed(
    { items: { type: "array", items: ref("Key") }, nextCursor: { ...text, description: "Absent at the end." } },
    ["nextCursor"],
  ),
  Connection: closed({
    id: { ...text, description: "Also that of its key." },
    keyName: text,
    user: nullable(ref("Party")),
    organisation: nullable(ref("Party")),
    pages: { type: "array", items: ref("Party") },
    scopes: { type: "array", items: text },
    clientId: text,
    clientName: { ...text, description: "As the client says it." },
    clientHost: nullable({ ...text, description: "The https host that vouches for the client; null: nobody does." }),
    redirectHost: text,
    resource: text,
    upstreamKeyRef: nullable(text),
    createdAt: time,
    expiresAt: nullable(time),
    lastUsedAt: nullable(time),
    revokedAt: nullable(time),
  }),
  ConnectionPage: closed(
    {
      items: { type: "array", items: ref("Connection") },
      nextCursor: { ...text, description: "Absent at the end." },
    },
    ["nextCursor"],
  ),
  NewKey: closed(
    {
      name: { ...text, minLength: 1, maxLength: 100 },
      user: { ...ref("Party"), description: "Whom the key acts for: `actor_user_id` in the audit log." },
      organisation: ref("Party"),
      scopes: {
        description:
          "Scopes by name, or `read`, `write`, `delete` and `full` for the configured ones. `read write` leaves delete out.",
        anyOf: [
          { type: "array", minItems: 1, maxItems: 50, items: text },
          { ...text, minLength: 1 },
        ],
      },
      boundArguments: ref("BoundArguments"),
      expiresAt: time,
      upstreamCredential: {
        ...text,
        minLength: 1,
        maxLength: 1024,
        description: "Sent to the API for this key. Encrypted at rest, never shown. Default: the gateway's own.",
      },
    },
    ["organisation", "boundArguments", "expiresAt", "upstreamCredential"],
  ),
  Rotation: closed(
    {
      overlapSeconds: {
        type: "integer",
        minimum: 0,
        maximum: 2_592_000,
        default: 86_400,
        description: "Both keys are good for so long; 0 ends the old one at once.",
      },
    },
    ["overlapSeconds"],
  ),
  Party: closed({ id: { ...text, minLength: 1, maxLength: 200 }, name: { ...text, minLength: 1, maxLength: 200 } }, [
    "name",
  ]),
  BoundArguments: {
    type: "object",
    description:
      "By the name of a tool's argument. `fixed` leaves the schema and is filled in; `within` stays and must be one of the values. Tools without the argument are hidden, unless `elsewhere` allows them.",
    maxProperties: 10,
    additionalProperties: {
      oneOf: [
        closed({ fixed: ref("BoundValue"), elsewhere: { const: "allow" } }, ["elsewhere"]),
        closed(
          {
            within: { type: "array", minItems: 1, maxItems: 1000, items: ref("BoundValue") },
            elsewhere: { const: "allow" },
          },
          ["elsewhere"],
        ),
      ],
    },
  },
  BoundValue: { anyOf: [{ ...text, minLength: 1, maxLength: 512 }, { type: "number" }, { type: "boolean" }] },
  Calls: closed({
    read: { type: "integer", minimum: 0 },
    write: { type: "integer", minimum: 0 },
    destroy: { type: "integer", minimum: 0 },
  }),
  AuditRecord: {
    type: "object",
    description:
      "One record: `intent` before a change is sent, `outcome` after it, `call` for a refusal or a read. `event_id` ties an intent to its outcome; `writer`, `seq`, `prev_hash` and `hash` are its place in a hash chain.",
    properties: auditRecord,
    required: ["event_id", "kind", "at", "actor_type", "actor_id", "actor_user_id", "tool", "effect", "resource"],
  },
  AuditPage: closed(
    { items: { type: "array", items: ref("AuditRecord") }, nextCursor: { ...text, description: "Absent at the end." } },
    ["nextCursor"],
  ),
  Error: closed({ code: text, message: text, next: { ...text, description: "What to do about it." } }, ["next"]),
};

const errors = {
  400: "What was sent cannot be; the message names it.",
  401: "No credential, or none that is good.",
  403: "The credential may not do this.",
  404: "There is no such key, or it is another organisation's. Also every answer where no admin API is configured.",
  405: "A key cannot be changed.",
  409: "The key is over, or was rotated before.",
  413: "The body is larger than 256 KiB.",
  415: "The body is in an encoding that is not known.",
  429: "Too many credentials from this address were refused.",
  503: "The database is away; nothing was done that is not stored.",
} as const;

const retryAfter = { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } };

function refusals(...statuses: readonly (keyof typeof errors)[]): Part {
  const all = [...new Set([...statuses, 400, 401, 403, 404, 429, 503] as const)].sort();
  return Object.fromEntries(
    all.map((status) => [
      status,
      {
        description: errors[status],
        content: json(ref("Error")),
        ...((status === 429 || status === 503) && { headers: retryAfter }),
      },
    ]),
  );
}

const id = { name: "id", in: "path", required: true, schema: text };
const query = (name: string, schema: Part, description: string): Part => ({ name, in: "query", schema, description });
const answer = (status: number, description: string, schema: Part): Part => ({
  [status]: { description, content: json(schema) },
});
const body = (schema: Part, required = true): Part => ({ required, content: json(schema) });

const refused = (operationId: string): Part => ({
  operationId,
  summary: "Refused: a key cannot be changed",
  parameters: [id],
  responses: refusals(405),
});

const auditFilters: readonly Part[] = [
  query("actor", text, "Of this key or Connection."),
  query("user", text, "Of this user."),
  query("organisation", text, "Of this organisation."),
  query("tool", text, "Of this tool."),
  query("effect", { enum: ["read", "write", "destroy"] }, "Of this effect."),
  query("resource", text, "Of this noun, such as Monitor."),
  query("resource_id", text, "Of this object."),
  query("outcome", auditRecord.outcome as Part, "That came to this."),
  query("event", text, "Of one call."),
  query("kind", auditRecord.kind as Part, "Of this kind."),
  query("from", text, "From this moment or day on, or from so long ago: 24h."),
  query("to", text, "Before this moment or day."),
];

const paths: Part = {
  "/openapi.json": {
    get: {
      operationId: "getAdminDocument",
      summary: "This document",
      responses: { ...answer(200, "The document.", { type: "object" }), ...refusals() },
    },
  },
  "/audit": {
    get: {
      operationId: "listAuditRecords",
      summary: "List records of the audit log, newest first",
      description: "A gateway key sees those of its own organisation.",
      parameters: [
        ...auditFilters,
        query("limit", { type: "integer", minimum: 1, maximum: 500, default: 50 }, "Records in one answer."),
        query("cursor", text, "`nextCursor` of the answer before."),
      ],
      responses: { ...answer(200, "A page of records.", ref("AuditPage")), ...refusals() },
    },
  },
  "/audit/export": {
    get: {
      operationId: "exportAuditRecords",
      summary: "All records that the filters give, newest first, as a file",
      description: "`jsonl`: one record per line, as listed. `csv`: what people read of them, for a spreadsheet.",
      parameters: [query("format", { enum: ["jsonl", "csv"], default: "jsonl" }, "Of the file."), ...auditFilters],
      responses: {
        200: {
          description: "The file.",
          content: { "application/jsonl": { schema: text }, "text/csv": { schema: text } },
        },
        ...refusals(),
      },
    },
  },
  "/connections": {
    get: {
      operationId: "listConnections",
      summary: "List OAuth connections, newest first",
      parameters: [
        query("user", text, "Connections of this user."),
        query("organisation", text, "Connections of this organisation."),
        query("search", text, "With this text in a name or id."),
        query("includeEnded", { type: "boolean", default: false }, "Revoked and expired ones too."),
        query("limit", { type: "integer", minimum: 1, maximum: 200, default: 50 }, "Connections in one answer."),
        query("cursor", text, "`nextCursor` of the answer before."),
      ],
      responses: { ...answer(200, "A page of connections.", ref("ConnectionPage")), ...refusals() },
    },
  },
  "/keys": {
    get: {
      operationId: "listKeys",
      summary: "List keys, newest first",
      parameters: [
        query("user", text, "Keys of this user."),
        query("organisation", text, "Keys of this organisation."),
        query("search", text, "With this text in a name or id."),
        query("includeEnded", { type: "boolean", default: false }, "Revoked and expired ones too."),
        query("limit", { type: "integer", minimum: 1, maximum: 200, default: 50 }, "Keys in one answer."),
        query("cursor", text, "`nextCursor` of the answer before."),
      ],
      responses: { ...answer(200, "A page of keys.", ref("KeyPage")), ...refusals() },
    },
    post: {
      operationId: "createKey",
      summary: "Make a key",
      requestBody: body(ref("NewKey")),
      responses: { ...answer(201, "The key, shown this once.", ref("IssuedKey")), ...refusals(413, 415) },
    },
  },
  "/keys/{id}": {
    get: {
      operationId: "getKey",
      summary: "Read one key",
      parameters: [id],
      responses: { ...answer(200, "The key.", ref("Key")), ...refusals() },
    },
    put: refused("replaceKey"),
    patch: refused("updateKey"),
  },
  "/keys/{id}/rotate": {
    post: {
      operationId: "rotateKey",
      summary: "Make the key that takes another's place",
      description: "Same owner, scopes and bounds. Both are good until the overlap ends.",
      parameters: [id],
      requestBody: body(ref("Rotation"), false),
      responses: { ...answer(201, "The new key, shown this once.", ref("IssuedKey")), ...refusals(409, 413, 415) },
    },
  },
  "/keys/{id}/revoke": {
    post: {
      operationId: "revokeKey",
      summary: "End a key",
      description: "On every replica within a second: streams are closed and reads ended. Again changes nothing.",
      parameters: [id],
      responses: { ...answer(200, "The key as it is now.", ref("Key")), ...refusals() },
    },
  },
};

/** The OpenAPI 3.1 document of the admin API. `brand` and `version` are those of the API behind the gateway. */
export function adminDocument({ brand, version }: { readonly brand: string; readonly version: string }): Part {
  return {
    openapi: "3.1.0",
    info: {
      title: `${brand} admin API`,
      version,
      description:
        "Keys for the users and organisations of an API, and the audit log of what was done with them. Server to server: the token must not reach a browser.",
    },
    servers: [{ url: "/api/v1/admin" }],
    security: [{ adminToken: [] }, { gatewayKey: [] }],
    paths,
    components: {
      securitySchemes: {
        adminToken: { type: "http", scheme: "bearer", description: "SPECGATE_ADMIN_TOKEN" },
        gatewayKey: {
          type: "apiKey",
          in: "header",
          name: "x-api-key",
          description: "A gateway key with the scope admin.keys, for the keys of its own organisation.",
        },
      },
      schemas,
    },
  };
}
