import type { Schema } from "../descriptor.ts";
import { codegenSchema } from "./codegen.ts";
import { oauthSchema } from "./oauth.ts";
import { stdioSchema } from "./stdio.ts";

const text: Schema = { type: "string", minLength: 1 };
const texts: Schema = { type: "array", items: text };
const count: Schema = { type: "integer", minimum: 1 };
const rate: Schema = { anyOf: [count, { const: "off" }] };
const closed = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});

const errorCode: Schema = {
  enum: [
    "invalid_arguments",
    "not_permitted",
    "upstream_rejected",
    "upstream_unauthorized",
    "upstream_not_found",
    "upstream_conflict",
    "upstream_rate_limited",
    "upstream_failed",
    "upstream_unavailable",
  ],
};

const upstream: Schema = closed(
  {
    url: text,
    credential: closed({ header: text, prefix: { type: "string" } }, ["header"]),
    headers: { type: "object", additionalProperties: { type: "string" } },
    errors: {
      anyOf: [
        { type: "object", additionalProperties: errorCode },
        {
          type: "array",
          items: closed(
            { status: { type: "integer", minimum: 300, maximum: 599 }, message: text, code: errorCode, next: text },
            ["status", "code"],
          ),
        },
      ],
    },
    limits: closed({
      responseBytes: count,
      fileBytes: count,
      totalMs: count,
      connectMs: count,
      headersMs: count,
      idleMs: count,
      running: count,
      queued: { type: "integer", minimum: 0 },
      queueMs: count,
      runningPerPrincipal: count,
    }),
    tls: closed({ caFile: text }),
    proxy: text,
  },
  ["url"],
);

const credentials: Schema = closed({
  headers: { ...texts, minItems: 1 },
  required: { type: "boolean" },
  passThrough: { type: "boolean" },
  check: closed(
    {
      operation: text,
      user: text,
      userName: text,
      organisation: text,
      organisationName: text,
      scopes: {
        anyOf: [text, closed({ path: text, map: { type: "object", additionalProperties: text } }, ["path"])],
      },
      cacheSeconds: { type: "integer", minimum: 0, maximum: 3600 },
      refusedStatuses: { type: "array", items: { type: "integer", minimum: 400, maximum: 499 } },
    },
    ["operation"],
  ),
});

const toolName: Schema = { type: "string", pattern: "^[a-z][a-z0-9_]{0,55}$" };
const argument: Schema = {
  ...closed({
    name: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$" },
    description: text,
    fixed: {},
    hidden: { const: true },
    default: {},
    enum: { type: "array", minItems: 1 },
    required: { const: true },
  }),
  minProperties: 1,
};

const surface: Schema = closed({
  path: { type: "string", pattern: "^/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$" },
  style: { enum: ["typed", "compact"] },
  pinned: { ...texts, minItems: 1 },
  outputSchemas: { enum: ["always", "never", "auto"] },
  upstream: text,
  credentials,
  tools: closed({
    allow: { ...texts, minItems: 1 },
    deny: texts,
    toolsets: { ...texts, minItems: 1 },
    rename: {
      type: "object",
      additionalProperties: {
        anyOf: [toolName, closed({ name: toolName, title: text, description: text })],
      },
    },
    arguments: { type: "object", additionalProperties: { type: "object", additionalProperties: argument } },
  }),
  limits: closed({
    bodyBytes: count,
    depth: count,
    tokens: count,
    resultBytes: count,
    readsPerMinute: rate,
    writesPerMinute: rate,
  }),
  readOnly: { type: "boolean" },
  sessions: { enum: ["on", "off"] },
  oauth: { type: "boolean" },
  instructions: text,
  pageSize: { type: "integer", minimum: 1, maximum: 10_000 },
  serverInfo: closed({ name: text, title: text, version: text }),
  resources: texts,
  prompts: texts,
});

/** RFC 6749 §3.3: scopes travel in one text, with spaces between them. */
const scopeName: Schema = { type: "string", pattern: "^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$" };
/** It is shown on pages that load nothing else, so it is a file of the web or stands here itself. */
const brandLogo: Schema = {
  type: "string",
  pattern: "^(https://[^\\s\"';,]+|data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+)$",
};
const brandColour: Schema = { type: "string", pattern: "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$" };
const oneOrMore: Schema = { anyOf: [text, { ...texts, minItems: 1 }] };
const flag = { inverted: { type: "boolean" }, alerts: text } as const;

const safeguard: Schema = {
  ...closed(
    {
      match: oneOrMore,
      surfaces: { ...texts, minItems: 1 },
      notify: {
        anyOf: [
          closed({ field: text, ...flag }, ["field"]),
          closed({ query: text, ...flag }, ["query"]),
          closed({ header: text, ...flag }, ["header"]),
          closed({ never: text }, ["never"]),
        ],
      },
      lookup: closed(
        {
          argument: oneOrMore,
          tools: { ...texts, minItems: 1 },
          field: text,
          minutes: { type: "integer", minimum: 1, maximum: 1440 },
        },
        ["argument", "tools"],
      ),
      confirm: { enum: ["always", "destroy", "never"] },
      dryRun: { type: "boolean" },
    },
    ["match"],
  ),
  minProperties: 2,
};

const header: Schema = { type: "string", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" };
const given: Schema = { anyOf: [header, { const: false }] };
const attributed = ["actorType", "actorId", "actorUserId", "requestId", "eventId", "client", "tool"];

/** How a variable of a resource, or an argument of a prompt, is completed. */
export const completeSchema: Schema = {
  anyOf: [
    text,
    { ...texts, minItems: 1 },
    closed({ tool: text, value: text, labels: oneOrMore, search: text, arguments: { type: "object" } }, ["tool"]),
  ],
};

const resource: Schema = {
  ...closed(
    {
      uri: text,
      uriTemplate: text,
      name: text,
      title: text,
      description: text,
      tool: text,
      arguments: { type: "object" },
      parameters: {
        type: "object",
        additionalProperties: closed(
          { default: { type: "integer" }, min: { type: "integer" }, max: { type: "integer" } },
          ["default", "max"],
        ),
      },
      bound: oneOrMore,
      scope: oneOrMore,
      path: text,
      verify: closed(
        {
          fields: { type: "object", minProperties: 1, additionalProperties: text },
          tool: text,
          arguments: { type: "object" },
        },
        ["fields"],
      ),
      poll: { type: "string", pattern: "^[1-9][0-9]{0,5}(s|m|h)$" },
      complete: { type: "object", additionalProperties: completeSchema },
    },
    ["name", "tool"],
  ),
};

/** JSON Schema 2020-12 of `gateway.yaml` (DESIGN §6.5). Unknown keys are faults, so that a typing error is never ignored. */
export const gatewaySchema: Schema = closed(
  {
    api: { type: "string", pattern: "^[a-z][a-z0-9-]*$" },
    codegen: codegenSchema,
    upstreams: { type: "object", minProperties: 1, additionalProperties: upstream },
    credentials,
    scopes: closed({
      effects: closed({ read: text, write: text, destroy: text }, ["read", "write", "destroy"]),
      hierarchy: { type: "object", additionalProperties: texts },
      tools: { type: "array", items: closed({ match: oneOrMore, scope: scopeName }, ["match", "scope"]) },
      fromSpec: { type: "boolean" },
    }),
    oauth: oauthSchema,
    keys: closed({ prefix: { type: "string", pattern: "^[a-z][a-z0-9]{0,15}$" } }),
    surfaces: { type: "object", minProperties: 1, additionalProperties: surface },
    hooks: text,
    stdio: stdioSchema,
    search: closed({
      aliases: { type: "object", additionalProperties: { ...texts, minItems: 1 } },
    }),
    toolsEndpoint: closed({ anonymous: { enum: ["names", "deny"] } }),
    brand: closed({ name: text, logo: brandLogo, colour: brandColour, supportUrl: text, keyPageUrl: text }),
    limits: closed({
      bodyBytes: count,
      depth: count,
      tokens: count,
      resultBytes: count,
      countPages: count,
      runningCalls: count,
      inFlight: count,
      inFlightPerPrincipal: count,
      shedAboveDelayMs: rate,
      shedAboveHeapPercent: rate,
      readsPerMinute: rate,
      writesPerMinute: rate,
      requestsPerMinutePerAddress: rate,
      failuresPerMinute: rate,
      sessionsPerPrincipal: count,
      streamsPerPrincipal: count,
      streamsPerAddress: count,
      streams: count,
    }),
    safeguards: { type: "array", items: safeguard },
    audit: closed({
      reads: { type: "boolean" },
      values: texts,
      requestIdHeaders: { type: "array", items: header },
      keepDays: count,
      attribution: {
        anyOf: [{ type: "boolean" }, closed(Object.fromEntries(attributed.map((name) => [name, given])))],
      },
      sinks: closed({ stdout: { type: "boolean" }, webhook: closed({ url: text }, ["url"]) }),
    }),
    idempotency: closed({ onStoreDown: { enum: ["reject", "allow"] }, neverShare: texts }),
    resources: { type: "array", items: resource },
    prompts: text,
    whoami: {
      anyOf: [
        { type: "boolean" },
        closed({
          uri: text,
          windowDays: count,
          from: closed({ tool: text, fields: { type: "object", additionalProperties: text } }, ["tool", "fields"]),
        }),
      ],
    },
    readiness: closed({ strict: { type: "boolean" } }),
    metrics: closed({ toolNames: { type: "boolean" } }),
  },
  ["api"],
);
