import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";
import type { CodegenConfig } from "./codegen.ts";
import type {
  AttributionNames,
  AuditConfig,
  Config,
  CredentialsConfig,
  DrainConfig,
  LookupConfig,
  PromptConfig,
  SafeguardConfig,
  SurfaceConfig,
  ToolCustomConfig,
  UpstreamConfig,
  UpstreamErrorCode,
  UpstreamErrorRule,
  WhoamiConfig,
} from "./config.ts";
import type { Environment } from "./environment.ts";
import { checkSource, parseSource, type Source } from "./faults.ts";
import { type OAuthFile, oauthFaults, resolveOAuth } from "./oauth.ts";
import { readPrompts } from "./prompts.ts";
import {
  type ResourceFile,
  resolveResource,
  resolveWhoami,
  resourceFaults,
  type WhoamiFile,
  withLines,
} from "./resources.ts";
import { gatewaySchema } from "./schema.ts";
import { resolveStdio, type StdioFile, stdioFaults } from "./stdio.ts";

/** `gateway.yaml` as written, after its schema has been checked: everything but `api` may be absent. */
export interface GatewayFile {
  readonly api: string;
  readonly codegen?: CodegenConfig;
  readonly upstreams?: Readonly<Record<string, UpstreamFile>>;
  readonly credentials?: Partial<Omit<CredentialsConfig, "check">> & { readonly check?: CheckFile };
  readonly scopes?: Partial<Omit<Config["scopes"], "tools">> & { readonly tools?: readonly ScopeRuleFile[] };
  readonly keys?: Partial<Config["keys"]>;
  readonly oauth?: OAuthFile;
  readonly surfaces?: Readonly<Record<string, SurfaceFile>>;
  readonly search?: Partial<Config["search"]>;
  readonly stdio?: StdioFile;
  readonly toolsEndpoint?: Partial<Config["toolsEndpoint"]>;
  /** A TypeScript or JavaScript file, relative to gateway.yaml, that exports `hooks`. Run as the gateway, so trusted like it. */
  readonly hooks?: string;
  readonly brand?: Partial<Config["brand"]>;
  readonly limits?: Partial<Config["limits"]>;
  readonly idempotency?: Partial<Config["idempotency"]>;
  readonly audit?: AuditFile;
  readonly safeguards?: readonly SafeguardFile[];
  readonly resources?: readonly ResourceFile[];
  /** A folder of Markdown files with front matter, relative to gateway.yaml. */
  readonly prompts?: string;
  /** What is in it; see {@link withPrompts}. */
  readonly promptFiles?: readonly PromptConfig[];
  readonly whoami?: WhoamiFile;
  /** What a fault that only the API shows begins with; see {@link Config}. */
  readonly where?: Config["where"];
  readonly readiness?: Partial<Config["readiness"]>;
  readonly metrics?: Partial<Config["metrics"]>;
}

type CheckFile = Partial<Omit<NonNullable<CredentialsConfig["check"]>, "scopes">> & {
  readonly operation: string;
  readonly scopes?: string | { readonly path: string; readonly map?: Readonly<Record<string, string>> };
};

type AuditFile = Partial<Omit<AuditConfig, "attribution" | "sinks">> & {
  readonly attribution?: boolean | { readonly [fact in keyof AttributionNames]?: string | false };
  readonly sinks?: Partial<AuditConfig["sinks"]>;
};

interface ScopeRuleFile {
  readonly match: string | readonly string[];
  readonly scope: string;
}

type CredentialsFile = NonNullable<GatewayFile["credentials"]>;

type SurfaceFile = Partial<Omit<SurfaceConfig, "tools" | "credentials" | "serverInfo" | "limits" | "ownRates">> & {
  readonly limits?: Partial<SurfaceConfig["limits"]>;
  readonly credentials?: CredentialsFile;
  readonly tools?: Partial<Omit<SurfaceConfig["tools"], "rename">> & {
    readonly rename?: Readonly<Record<string, string | ToolCustomConfig>>;
  };
  readonly serverInfo?: Partial<SurfaceConfig["serverInfo"]>;
};

type SafeguardFile = Omit<SafeguardConfig, "match" | "lookup"> & {
  readonly match: string | readonly string[];
  readonly lookup?: Omit<LookupConfig, "argument" | "minutes"> & {
    readonly argument: string | readonly string[];
    readonly minutes?: number;
  };
};

type UpstreamFile = Partial<Omit<UpstreamConfig, "errors" | "limits">> & {
  readonly url: string;
  readonly errors?: Readonly<Record<string, UpstreamErrorCode>> | readonly UpstreamErrorRule[];
  readonly limits?: Partial<UpstreamConfig["limits"]>;
};

/** Reads and checks `gateway.yaml`. Throws `invalid_request` with every fault, each with file and line. */
export function readGatewayFile(file: string, schema: Schema = gatewaySchema): GatewayFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    throw new GatewayError("invalid_request", `cannot read ${file} (${code}); name a gateway.yaml with --config`);
  }
  const value = parseGatewayFile(file, text, schema);
  return withPrompts(value, dirname(file));
}

/** `file` with its prompts, where it has some; `folder` is what their path is relative to. */
export function withPrompts(file: GatewayFile, folder: string): GatewayFile {
  return file.prompts === undefined ? file : { ...file, promptFiles: readPrompts(join(folder, file.prompts)) };
}

/** The same from text in hand. */
export function parseGatewayFile(file: string, text: string, schema: Schema = gatewaySchema): GatewayFile {
  const source = parseSource(file, text);
  checkSource(source, schema);
  const value = source.value as GatewayFile; // the schema has just been checked
  checkNames(source, value);
  const where: Config["where"] = (path) => `${source.file}:${source.lineOf(path)}: `;
  return { ...value, ...(value.resources && { resources: withLines(source, value.resources) }), where };
}

/** References between parts of the file that a schema cannot express. */
function checkNames(source: Source, file: GatewayFile): void {
  const upstreams = Object.keys(file.upstreams ?? {});
  const faults = Object.entries(file.surfaces ?? {}).flatMap(([name, { upstream }]) =>
    upstream === undefined || upstreams.includes(upstream)
      ? []
      : [
          `${source.file}:${source.lineOf(["surfaces", name, "upstream"])}: surfaces.${name}.upstream is "${upstream}"; ` +
            `declared upstreams: ${upstreams.join(", ") || "none"}`,
        ],
  );
  const paths = Object.entries(file.surfaces ?? {}).map(([name, { path = "/mcp" }]) => ({ name, path }));
  for (const { name, path } of paths.filter((one, at) => paths.findIndex((other) => other.path === one.path) < at))
    faults.push(
      `${source.file}:${source.lineOf(["surfaces", name])}: surfaces.${name} has the path ${path} of another surface`,
    );
  for (const [name, { pinned, style }] of Object.entries(file.surfaces ?? {}))
    if (pinned !== undefined && style !== "compact")
      faults.push(
        `${source.file}:${source.lineOf(["surfaces", name, "pinned"])}: surfaces.${name}.pinned is for style: compact; ` +
          "style typed lists every tool",
      );
  for (const [name, { upstream, oauth }] of Object.entries(file.surfaces ?? {}))
    if (oauth === true && upstream !== undefined && upstream !== upstreams[0])
      faults.push(
        `${source.file}:${source.lineOf(["surfaces", name, "oauth"])}: surfaces.${name}.oauth is on, but the credentials of ` +
          `OAuth belong to the first upstream, ${upstreams[0]}; run another gateway for ${upstream}, or leave it to keys`,
      );
  const surfaces = Object.keys(file.surfaces ?? { default: {} });
  for (const [index, safeguard] of (file.safeguards ?? []).entries())
    for (const name of (safeguard.surfaces ?? []).filter((one) => !surfaces.includes(one)))
      faults.push(
        `${source.file}:${source.lineOf(["safeguards", String(index), "surfaces"])}: safeguards.${index}.surfaces names ` +
          `"${name}"; declared surfaces: ${surfaces.join(", ")}`,
      );
  faults.push(...stdioFaults(source, file.stdio, surfaces));
  faults.push(...oauthFaults(source, file.oauth ?? {}));
  faults.push(...resourceFaults(source, file.resources));
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
}

/** `DATABASE_URL` where it is not set. The folder is made when the file is. */
export const defaultDatabaseUrl: string = "sqlite:./data/specgate.db";

/** What the command line adds: each beats the environment, which beats the file. */
export interface Flags {
  readonly port?: number;
  readonly host?: string;
  readonly upstreamUrl?: string;
  readonly readOnly?: boolean;
  readonly toolsets?: readonly string[];
  readonly tools?: readonly string[];
  readonly excludeTools?: readonly string[];
  readonly saidBy?: Config["narrowing"]["saidBy"];
  /** Without DATABASE_URL nothing is written: to try an API out leaves no file behind. Default false. */
  readonly inMemory?: boolean;
}

/**
 * The file, the environment and the flags as one frozen Config with every default filled in.
 * Throws `invalid_request` when no upstream URL is given anywhere, or when replicas could not share what they must.
 */
export function resolveConfig(file: GatewayFile, environment: Environment, flags: Flags, apiVersion = "0.0.0"): Config {
  const databaseUrl =
    environment.databaseUrl ?? new Secret(flags.inMemory === true ? "sqlite::memory:" : defaultDatabaseUrl);
  refuseUnshared(environment, databaseUrl);
  const upstreams = resolveUpstreams(file, environment, flags);
  const readOnly = flags.readOnly ?? environment.readOnly;
  const brand = { name: "Specgate", ...file.brand };
  const port = flags.port ?? environment.port ?? 3000;
  const host = flags.host ?? environment.host ?? "127.0.0.1";
  const credentials = resolveCredentials(file);
  return deepFreeze({
    api: file.api,
    codegen: file.codegen ?? {},
    upstreams,
    credentials,
    scopes: resolveScopes(file),
    keys: { prefix: "sg", ...file.keys },
    oauth: resolveOAuth(file.oauth, {
      ...environment,
      ...(credentials.check && { check: credentials.check }),
      host,
      hasSecret: environment.secrets.length > 0,
      isInMemory: databaseUrl.reveal() === "sqlite::memory:",
    }),
    surfaces: resolveSurfaces(file, Object.keys(upstreams), readOnly, brand.name, apiVersion),
    narrowing: resolveNarrowing(environment, flags),
    stdio: resolveStdio(file.stdio),
    where: file.where ?? (() => ""),
    search: { aliases: {}, ...file.search },
    toolsEndpoint: { anonymous: "names", ...file.toolsEndpoint },
    brand,
    limits: { ...defaultLimits, ...file.limits },
    idempotency: { onStoreDown: "reject", neverShare: [], ...file.idempotency },
    audit: resolveAudit(file, environment),
    safeguards: resolveSafeguards(file),
    resources: (file.resources ?? []).map(resolveResource),
    prompts: file.promptFiles ?? [],
    ...(file.whoami && { whoami: resolveWhoami(file.whoami, file.api) as WhoamiConfig }), // not false
    readiness: { strict: false, ...file.readiness },
    metrics: { toolNames: false, ...file.metrics },
    server: {
      host,
      port,
      ...metricsPortOf(environment, port),
      ...(environment.publicUrl !== undefined && { publicUrl: environment.publicUrl }),
      allowedHosts: environment.allowedHosts,
      allowedOrigins: environment.allowedOrigins,
      logLevel: environment.logLevel ?? "info",
      secrets: environment.secrets,
      ...(environment.adminToken && { adminToken: environment.adminToken }),
      ...(environment.redisUrl !== undefined && { redisUrl: environment.redisUrl }),
      databaseUrl,
      ...(environment.webhookSecret !== undefined && { webhookSecret: environment.webhookSecret }),
      ...(environment.exchangeSecret && { exchangeSecret: environment.exchangeSecret }),
      ...(environment.upstreamKeys && { upstreamKeys: environment.upstreamKeys }),
      drain: resolveDrain(environment),
      instances: environment.instances,
    },
  });
}

/** Each setting of its own: a flag beats the variable, and both only take away from what the file offers. */
function resolveNarrowing(environment: Environment, flags: Flags): Config["narrowing"] {
  const toolsets = flags.toolsets ?? environment.toolsets;
  const tools = flags.tools ?? environment.tools;
  return {
    ...(toolsets && { toolsets }),
    ...(tools && { tools }),
    exclude: flags.excludeTools ?? environment.excludeTools ?? [],
    ...(flags.saidBy && { saidBy: flags.saidBy }),
  };
}

function resolveDrain({ drainReadyMs: readyMs = 5_000, drainGraceMs: graceMs = 30_000 }: Environment): DrainConfig {
  if (readyMs <= graceMs) return { readyMs, graceMs };
  throw new GatewayError(
    "invalid_request",
    `DRAIN_GRACE_MS is ${graceMs}, less than DRAIN_READY_MS, ${readyMs}: it is the whole time from the signal, so give more`,
    { data: { usage: true } },
  );
}

/** On a port of its own, so that what faces clients never shows it. */
function metricsPortOf({ metricsPort }: Environment, port: number): { readonly metricsPort?: number } {
  if (metricsPort === undefined) return {};
  if (metricsPort === port && port !== 0)
    throw new GatewayError(
      "invalid_request",
      `METRICS_PORT and the port of the gateway are both ${port}: give the metrics a port of their own`,
      { data: { usage: true } },
    );
  return { metricsPort };
}

/** The limits of security.md §6 that this process enforces. */
const defaultLimits: Config["limits"] = {
  bodyBytes: 1_048_576,
  depth: 64,
  tokens: 200_000,
  resultBytes: 61_440,
  countPages: 20,
  runningCalls: 512,
  inFlight: 512,
  inFlightPerPrincipal: 64,
  shedAboveDelayMs: 200,
  shedAboveHeapPercent: 85,
  readsPerMinute: 120,
  writesPerMinute: 30,
  requestsPerMinutePerAddress: 3_000,
  failuresPerMinute: 20,
  sessionsPerPrincipal: 50,
  streamsPerPrincipal: 5,
  streamsPerAddress: 50,
  streams: 2_000,
};

/**
 * What must be shared between replicas, or outlive the process, needs a place and a secret that do too (DESIGN §6.4).
 * `data.usage`: the command line answers it with exit code 2.
 */
function refuseUnshared({ instances, redisUrl, databaseUrl, secrets, adminToken }: Environment, used: Secret): void {
  const refuse = (message: string): never => {
    throw new GatewayError("invalid_request", message, { data: { usage: true } });
  };
  if (instances > 1 && redisUrl === undefined)
    refuse(
      `INSTANCES is ${instances}, but without REDIS_URL sessions are kept in one process: set REDIS_URL, or run one replica`,
    );
  if (instances > 1 && !/^postgres(ql)?:/i.test(databaseUrl?.reveal() ?? ""))
    refuse(
      `INSTANCES is ${instances}, but DATABASE_URL names no PostgreSQL, so each replica would have keys and an audit log of its own: set it to postgres://…, or run one replica`,
    );
  if (databaseUrl !== undefined && databaseUrl.reveal() !== "sqlite::memory:" && secrets.length === 0)
    refuse(
      "DATABASE_URL is set, so gateway keys outlive this process, but SPECGATE_SECRET is not: set it, e.g. to the output of: openssl rand -base64 32",
    );
  if (adminToken !== undefined && used.reveal() !== "sqlite::memory:" && secrets.length === 0)
    refuse(
      "SPECGATE_ADMIN_TOKEN is set, so gateway keys can be made that outlive this process, but SPECGATE_SECRET is not: set it, e.g. to the output of: openssl rand -base64 32",
    );
  if (redisUrl !== undefined && secrets.length === 0)
    refuse(
      "REDIS_URL is set, so sessions outlive this process, but SPECGATE_SECRET is not: set it, e.g. to the output of: openssl rand -base64 32",
    );
}

function resolveUpstreams(file: GatewayFile, environment: Environment, flags: Flags): Config["upstreams"] {
  const override = flags.upstreamUrl ?? environment.upstreamUrl;
  const declared = Object.entries(file.upstreams ?? {}).map(([name, one]): [string, UpstreamFile] => {
    const url = environment.upstreamUrls.get(variableName(name));
    return [name, url === undefined ? one : { ...one, url }];
  });
  const [first] = declared;
  if (first && override !== undefined) declared[0] = [first[0], { ...first[1], url: override }];
  if (!first && override !== undefined) declared.push(["default", { url: override }]);
  if (declared.length === 0)
    throw new GatewayError(
      "invalid_request",
      "no upstream: give --upstream URL, UPSTREAM_URL, or upstreams in gateway.yaml",
    );
  return Object.fromEntries(
    declared.map(([name, one], index) => {
      const apiKey =
        environment.upstreamApiKeys.get(variableName(name)) ?? (index === 0 ? environment.upstreamApiKey : undefined);
      return [name, resolveUpstream(name, one, apiKey)];
    }),
  );
}

/** `eu-staging` as variables spell it: `EU_STAGING`. */
function variableName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

function resolveUpstream(name: string, file: UpstreamFile, apiKey: Secret | undefined): UpstreamConfig {
  const url = URL.parse(file.url);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
    throw new GatewayError(
      "invalid_request",
      `upstreams.${name}.url is not an http(s) URL without user, query and fragment; give one such as https://api.example.com/v1`,
    );
  return {
    ...file,
    url: file.url.replace(/\/+$/, ""),
    ...(apiKey && { apiKey }),
    headers: file.headers ?? {},
    errors: resolveErrors(file.errors),
    limits: {
      responseBytes: 4_194_304,
      fileBytes: 10_485_760,
      totalMs: 30_000,
      connectMs: 2_000,
      headersMs: 10_000,
      idleMs: 15_000,
      running: 64,
      queued: 128,
      queueMs: 1_000,
      runningPerPrincipal: 8,
      ...file.limits,
    },
    tls: file.tls ?? {},
  };
}

function resolveErrors(errors: UpstreamFile["errors"]): readonly UpstreamErrorRule[] {
  if (errors === undefined) return [];
  if (Array.isArray(errors)) return errors;
  return Object.entries(errors as Readonly<Record<string, UpstreamErrorCode>>).map(([status, code]) => ({
    status: Number(status),
    code,
  }));
}

/** The `scopes` of a file with every default filled in. Names and hierarchy replace the standard ones as a whole. */
export function resolveScopes({ scopes = {} }: Pick<GatewayFile, "scopes">): Config["scopes"] {
  return {
    effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
    hierarchy: { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] },
    fromSpec: false,
    ...scopes,
    tools: (scopes.tools ?? []).map(({ match, scope }) => ({ match: listOf(match), scope })),
  };
}

function resolveCredentials({ credentials = {} }: { readonly credentials?: CredentialsFile }): CredentialsConfig {
  const { check, headers = ["x-api-key", "authorization"], required = true, passThrough = true } = credentials;
  return {
    headers: headers.map((name) => name.toLowerCase()),
    required,
    passThrough,
    ...(check && {
      check: {
        cacheSeconds: 60,
        refusedStatuses: [401, 403],
        ...check,
        scopes: typeof check.scopes === "string" ? { path: check.scopes } : check.scopes,
      } as NonNullable<CredentialsConfig["check"]>, // exactOptionalPropertyTypes: an undefined `scopes` reads as absent
    }),
  };
}

const standardAttribution: AttributionNames = {
  actorType: "X-Actor-Type",
  actorId: "X-Actor-Id",
  actorUserId: "X-Actor-User-Id",
  requestId: "X-Request-Id",
  eventId: "X-Audit-Event-Id",
  client: "X-Actor-Client",
  tool: "X-Actor-Tool",
};

/** Where APIs, load balancers and clouds put the id of a request. */
const requestIdHeaders: readonly string[] = [
  "x-request-id",
  "request-id",
  "x-correlation-id",
  "x-amzn-requestid",
  "x-amz-request-id",
  "cf-ray",
];

function resolveAudit({ audit = {} }: GatewayFile, { webhookSecret }: Environment): AuditConfig {
  const { attribution = false, sinks = {}, ...rest } = audit;
  const { webhook } = sinks;
  if (webhook !== undefined) checkWebhook(webhook.url, webhookSecret);
  const names = attribution === true ? {} : attribution;
  return {
    reads: false,
    values: [],
    ...rest,
    requestIdHeaders: (rest.requestIdHeaders ?? requestIdHeaders).map((name) => name.toLowerCase()),
    ...(names !== false && { attribution: namesOf({ ...standardAttribution, ...names }) }),
    sinks: { stdout: false, ...sinks },
  };
}

function namesOf(names: Exclude<AuditFile["attribution"], boolean>): AttributionNames {
  return Object.fromEntries(Object.entries(names ?? {}).filter(([, header]) => header !== false)) as AttributionNames; // no false is left
}

/** What is signed with a secret that may be read on the way proves nothing, so plain HTTP is for this machine alone. */
function checkWebhook(text: string, secret: Secret | undefined): void {
  const url = URL.parse(text);
  const isLocal = url?.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url === null || !(url.protocol === "https:" || isLocal) || url.username !== "" || url.hash !== "")
    throw new GatewayError(
      "invalid_request",
      "audit.sinks.webhook.url is not an https URL without user and fragment; give one such as https://logs.example.com/specgate",
    );
  if (secret === undefined)
    throw new GatewayError(
      "invalid_request",
      "audit.sinks.webhook is set, but AUDIT_WEBHOOK_SECRET is not: set it, e.g. to the output of: openssl rand -base64 32",
      { data: { usage: true } },
    );
}

/** The `safeguards` of a file with every default filled in. */
export function resolveSafeguards({ safeguards = [] }: Pick<GatewayFile, "safeguards">): readonly SafeguardConfig[] {
  return safeguards.map(({ match, lookup, ...rest }) => ({
    ...rest,
    match: listOf(match),
    ...(lookup && { lookup: { minutes: 30, ...lookup, argument: listOf(lookup.argument) } }),
  }));
}

function listOf(given: string | readonly string[]): readonly string[] {
  return typeof given === "string" ? [given] : given;
}

function resolveSurfaces(
  file: GatewayFile,
  upstreams: readonly string[],
  readOnly: boolean,
  brand: string,
  version: string,
): Config["surfaces"] {
  const declared: readonly (readonly [string, SurfaceFile])[] = Object.entries(file.surfaces ?? { default: {} });
  return Object.fromEntries(
    declared.map(([name, surface]) => [
      name,
      {
        path: "/mcp",
        style: "typed" as const,
        pinned: [],
        outputSchemas: "auto" as const,
        sessions: "on" as const,
        upstream: upstreams[0] ?? "default",
        pageSize: 1_000,
        oauth: surface.upstream === undefined || surface.upstream === upstreams[0],
        ...surface,
        serverInfo: {
          name: brand.toLowerCase().replace(/[^a-z0-9]+/g, "-") || file.api,
          title: brand,
          version,
          ...surface.serverInfo,
        },
        credentials: resolveCredentials({ credentials: { ...file.credentials, ...surface.credentials } }),
        tools: {
          deny: [],
          arguments: {},
          ...surface.tools,
          rename: Object.fromEntries(
            Object.entries(surface.tools?.rename ?? {}).map(([tool, to]) => [
              tool,
              typeof to === "string" ? { name: to } : to,
            ]),
          ),
        },
        limits: { ...defaultLimits, ...file.limits, ...surface.limits },
        ownRates: (surface.limits?.readsPerMinute ?? surface.limits?.writesPerMinute) !== undefined,
        readOnly: readOnly || (surface.readOnly ?? false),
      },
    ]),
  );
}

/** Config is handed everywhere, so nobody may change it. Secrets are left alone: freezing them would change nothing. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
