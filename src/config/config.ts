import type { Json } from "../descriptor.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { CodegenConfig } from "./codegen.ts";
import type { OAuthConfig } from "./oauth.ts";

/**
 * Everything Specgate is told, validated and frozen: `gateway.yaml` and the environment.
 * Precedence: flag, environment, file, default. Secrets come from the environment alone.
 */
export interface Config {
  /** Name of the API: its folder under `openapi/` and `generated/`. */
  readonly api: string;
  readonly codegen: CodegenConfig;
  readonly upstreams: { readonly [name: string]: UpstreamConfig };
  readonly credentials: CredentialsConfig;
  readonly scopes: ScopesConfig;
  readonly keys: KeysConfig;
  readonly oauth: OAuthConfig;
  readonly surfaces: { readonly [name: string]: SurfaceConfig };
  readonly narrowing: NarrowingConfig;
  readonly stdio: StdioConfig;
  readonly search: SearchConfig;
  readonly toolsEndpoint: { readonly anonymous: "names" | "deny" };
  readonly brand: BrandConfig;
  readonly limits: LimitsConfig;
  readonly idempotency: IdempotencyConfig;
  readonly audit: AuditConfig;
  readonly safeguards: readonly SafeguardConfig[];
  readonly resources: readonly ResourceConfig[];
  readonly prompts: readonly PromptConfig[];
  /** Absent: neither the tool nor the resource is offered. */
  readonly whoami?: WhoamiConfig;
  readonly readiness: ReadinessConfig;
  readonly metrics: MetricsConfig;
  readonly server: ServerConfig;
  /** What a fault found after the file was read begins with, by the path of its value: `gateway.yaml:12: `; empty without a file. */
  readonly where: (path: readonly string[]) => string;
}

/** One instance of the API behind the gateway. */
export interface UpstreamConfig {
  /** Base URL; Operation paths are appended to its path. The only origin requests ever go to (security.md F10). */
  readonly url: string;
  /** How the caller's key is sent. Default: by the Spec's security schemes. */
  readonly credential?: {
    readonly header: string;
    /** Text before the key, e.g. `Bearer `. Default none. */
    readonly prefix?: string;
  };
  /**
   * Key of the gateway's own, sent when the caller brings none of their own: `UPSTREAM_API_KEY` of the first upstream,
   * `UPSTREAM_API_KEY_<NAME>` of any.
   */
  readonly apiKey?: Secret;
  /** Headers sent with every request; `{user.id}`, `{organisation.id}` and `{principal.id}` are filled in. */
  readonly headers: { readonly [name: string]: string };
  /** What the API means by a status, where the standard meaning is wrong. */
  readonly errors: readonly UpstreamErrorRule[];
  readonly limits: {
    /** Default 4 MiB, decoded. */
    readonly responseBytes: number;
    /** One file that a call sends. Default 10 MiB; in base64 it must fit into `limits.bodyBytes` too. */
    readonly fileBytes: number;
    /** Default 30,000; per operation at most 120,000. */
    readonly totalMs: number;
    /** Default 2,000. */
    readonly connectMs: number;
    /** Default 10,000. */
    readonly headersMs: number;
    /** Default 15,000. */
    readonly idleMs: number;
    /** Requests that run at once. Default 64. */
    readonly running: number;
    /** Requests that wait for one of those to end; more are `overloaded`. Default 128. */
    readonly queued: number;
    /** How long they wait, milliseconds. Default 1,000. */
    readonly queueMs: number;
    /** Requests of one principal that run at once. Default 8. */
    readonly runningPerPrincipal: number;
  };
  readonly tls: {
    /** PEM file of the certificate authorities to trust instead of the system's. */
    readonly caFile?: string;
  };
  /** Forward proxy, `http://host:port`. */
  readonly proxy?: string;
}

/** `{ status: 422, code: not_permitted }`, or narrowed by a text that the answer's message contains. */
export interface UpstreamErrorRule {
  readonly status: number;
  /** The answer's message contains this, ignoring case. */
  readonly message?: string;
  readonly code: UpstreamErrorCode;
  /** Advice that replaces the standard one. */
  readonly next?: string;
}

export type UpstreamErrorCode =
  | "invalid_arguments"
  | "not_permitted"
  | "upstream_rejected"
  | "upstream_unauthorized"
  | "upstream_not_found"
  | "upstream_conflict"
  | "upstream_rate_limited"
  | "upstream_failed"
  | "upstream_unavailable";

/** Which headers carry keys, and how a pass-through key is checked. */
export interface CredentialsConfig {
  /** Lower case. Default `["x-api-key", "authorization"]`. */
  readonly headers: readonly string[];
  readonly check?: {
    /** Id of a read Operation that answers who the key is. */
    readonly operation: string;
    /** Dot paths into its answer. */
    readonly user?: string;
    readonly userName?: string;
    readonly organisation?: string;
    readonly organisationName?: string;
    /** Path to the scope or scopes, and what each value means here. Absent: full access. */
    readonly scopes?: { readonly path: string; readonly map?: { readonly [value: string]: string } };
    /** Default 60. */
    readonly cacheSeconds: number;
    /** Statuses that mean "not a valid key". Default 401 and 403. */
    readonly refusedStatuses: readonly number[];
  };
  /** False: requests without a key are served, as nobody (a public API). Default true. */
  readonly required: boolean;
  /** False: gateway keys alone are good; keys of the API itself are refused and sent nowhere. Default true. */
  readonly passThrough: boolean;
}

/** Scope names by Effect, and which scope includes which. */
export interface ScopesConfig {
  /** Default `{ read: mcp.read, write: mcp.write, destroy: mcp.delete }`. */
  readonly effects: { readonly read: string; readonly write: string; readonly destroy: string };
  /** Scope → scopes it includes. Default: `mcp.delete` ⊃ `mcp.write` ⊃ `mcp.read`. */
  readonly hierarchy: { readonly [scope: string]: readonly string[] };
  /** Tools that ask for a scope of their own instead of their Effect's; the first rule that matches applies. Default none. */
  readonly tools?: readonly ScopeRule[];
  /** Operations whose security requirement in the Spec names scopes ask for those instead. Default false. */
  readonly fromSpec?: boolean;
}

export interface ScopeRule {
  /** Globs of Tool names; at least one Tool must match each. */
  readonly match: readonly string[];
  readonly scope: string;
}

/** Keys of the gateway's own. */
export interface KeysConfig {
  /** What they begin with: `os` makes `os_…`. Default `sg`. */
  readonly prefix: string;
}

/** A named view of the Catalog served at a path. */
export interface SurfaceConfig {
  /** Default `/mcp`. */
  readonly path: string;
  /** `typed`: every Tool listed. `compact`: `search` `describe` `read` `write` `delete` in their place. Default `typed`. */
  readonly style: "typed" | "compact";
  /** Globs of Tools that style `compact` lists beside its five. Default none. */
  readonly pinned: readonly string[];
  /**
   * Whether `tools/list` carries output schemas: `auto` while the Surface has few Tools (see `mostWithOutput`), since they are half
   * of what a list costs. `describe` and `/mcp/tools` give them anyway. Default `auto`.
   */
  readonly outputSchemas: "always" | "never" | "auto";
  readonly upstream: string;
  /** Default, each part by itself: those of the whole configuration. Keys are asked about at its own upstream. */
  readonly credentials: CredentialsConfig;
  /** Which Tools it has. Default: all. */
  readonly tools: SurfaceToolsConfig;
  /** Default, each by itself: those of the whole configuration. */
  readonly limits: LimitsConfig;
  /** Calls are counted here by themselves, since a limit of a minute is the Surface's own. */
  readonly ownRates: boolean;
  readonly readOnly: boolean;
  /**
   * `off`: session-era clients get no session id and may send every request to any replica without Redis; there are no GET
   * streams, no questions to the user and no resuming. Default `on`.
   */
  readonly sessions: "on" | "off";
  readonly instructions?: string;
  /** Tools per page of `tools/list`; default 1,000, since many clients read only the first page. */
  readonly pageSize: number;
  /**
   * False: keys alone, and nothing of OAuth is told, for clients that ignore a key where OAuth is offered. Default true at the
   * first upstream, to which the credentials of Connections belong, and false at others.
   */
  readonly oauth: boolean;
  readonly serverInfo: { readonly name: string; readonly title?: string; readonly version: string };
  /** Globs of the names of the resources it has. Default: all. */
  readonly resources?: readonly string[];
  /** Likewise of prompts. */
  readonly prompts?: readonly string[];
}

/** A Tool is offered where `allow` or `toolsets` takes it in, or neither is given, and `deny` does not name it. */
export interface SurfaceToolsConfig {
  /** Names or globs of Tools. */
  readonly allow?: readonly string[];
  /** Names or globs of Tools; default none. */
  readonly deny: readonly string[];
  /** Names of ResourceTypes, tags, or globs of Tools. */
  readonly toolsets?: readonly string[];
  /** By the Tool's name in the Catalog, what it is called here. Default none. */
  readonly rename: { readonly [tool: string]: ToolCustomConfig };
  /** By name or glob of Tools, then by the argument's name in the Catalog; the first that names both applies. Default none. */
  readonly arguments: { readonly [tool: string]: { readonly [arg: string]: ArgumentConfig } };
}

/** What of a Tool is another at a Surface. */
export interface ToolCustomConfig {
  readonly name?: string;
  readonly title?: string;
  readonly description?: string;
}

/** What of an argument is another at a Surface. */
export interface ArgumentConfig {
  readonly name?: string;
  readonly description?: string;
  /** It leaves the schema and is sent with every call. */
  readonly fixed?: Json;
  /** It leaves the schema and is never sent. */
  readonly hidden?: true;
  /** Sent where it is left out. */
  readonly default?: Json;
  /** The values that are left of those that the API takes. */
  readonly enum?: readonly Json[];
  /** It must be given here, though the API does not ask for it. */
  readonly required?: true;
}

/** What flags and environment leave of the Tools of every Surface (ecosystem.md §6). */
export interface NarrowingConfig {
  readonly toolsets?: readonly string[];
  readonly tools?: readonly string[];
  readonly exclude: readonly string[];
  /** What the operator knows each of them by, where that is not the usual flag and variable. */
  readonly saidBy?: { readonly [setting in "toolsets" | "tools" | "excludeTools"]?: string };
}

/** The stdio server: which Surface it serves, and what it is told at its start. */
export interface StdioConfig {
  /** Name of the Surface. Default: the first. */
  readonly surface?: string;
  /** By the name of the flag, without `--`. */
  readonly settings: { readonly [flag: string]: StdioSetting };
  /** How a setting that nobody gave is found, tried in this order. */
  readonly resolve: readonly StdioLookup[];
}

export interface StdioSetting {
  /** Name of the environment variable. Absent: the flag alone. */
  readonly env?: string;
  /** Default false. */
  readonly required: boolean;
  readonly description?: string;
  /** What it is for. Absent: lookups alone use it. */
  readonly to?: StdioTarget;
}

/**
 * `url`: base URL of the API · `credential`: the key sent to it · `tools` `toolsets` `excludeTools` `readOnly`: as the flags of those
 * names · `actor`: the id of the user on whose behalf a trusted program calls · `argument`: a fixed value of the Tools' argument of
 * that name · `header`: a header of every request to the API · `basePath`: what is added to the base URL, `{}` for the value ·
 * `host`: the host of the base URL, likewise.
 */
export type StdioTarget =
  | "url"
  | "credential"
  | "tools"
  | "toolsets"
  | "excludeTools"
  | "readOnly"
  | "actor"
  | { readonly argument: string; readonly elsewhere?: "allow" }
  | { readonly header: string }
  | { readonly basePath: string }
  | { readonly host: string };

/** A Tool that finds the value of a setting, where all that it asks for is given. */
export interface StdioLookup {
  readonly setting: string;
  /** A Tool that reads, by its name in the Catalog. */
  readonly tool: string;
  /** `{public-slug}` stands for another setting, `{host}` for the host of the base URL. */
  readonly arguments: { readonly [arg: string]: string };
  /** What the item found must have, by dot paths, with the same placeholders. */
  readonly match: { readonly [path: string]: string };
  /** Dot path of the value in the item. Default `id`. */
  readonly value: string;
}

/** What search knows of the API's own words. */
export interface SearchConfig {
  /** By name of a ResourceType, what its users call it. Default none. */
  readonly aliases: { readonly [resource: string]: readonly string[] };
}

export interface BrandConfig {
  /** Default `Specgate`. */
  readonly name: string;
  /** An https URL, or `data:image/…;base64,…`; on the pages that people see. Default: the first letter of the name. */
  readonly logo?: string;
  /** `#2563eb`: of buttons and marks on those pages. */
  readonly colour?: string;
  readonly supportUrl?: string;
  /** Where a user makes a key. */
  readonly keyPageUrl?: string;
}

/** A number from 1, of what the name says; or no limit. */
export type Rate = number | "off";

export interface LimitsConfig {
  /** Request body, bytes. Default 1 MiB. */
  readonly bodyBytes: number;
  /** JSON depth of a request body. Default 64. */
  readonly depth: number;
  /** JSON tokens of a request body. Default 200,000. */
  readonly tokens: number;
  /** Result budget, bytes of JSON text. Default 61,440. */
  readonly resultBytes: number;
  /** Pages a derived Count walks. Default 20. */
  readonly countPages: number;
  /** Calls that run at once in this process. Default 512. */
  readonly runningCalls: number;
  /** Requests to MCP endpoints that are served at once in this process, open streams not counted. Default 512. */
  readonly inFlight: number;
  /** Those of one principal, so that one who does not wait for answers leaves places to others. Default 64. */
  readonly inFlightPerPrincipal: number;
  /** Delay of the event loop, 99th percentile in ms, beyond which new calls are refused. Default 200. */
  readonly shedAboveDelayMs: Rate;
  /** Part of the heap that V8 may take, in percent, beyond which they are too. Default 85. */
  readonly shedAboveHeapPercent: Rate;
  /** Calls of one principal that read, by all replicas together. Default 120. */
  readonly readsPerMinute: Rate;
  /** Calls of one principal that write or destroy. Default 30. */
  readonly writesPerMinute: Rate;
  /** Requests to an MCP endpoint from one address (an IPv6 /64 is one), whatever keys they bring. Default 3,000. */
  readonly requestsPerMinutePerAddress: Rate;
  /** Refused keys from one address before further unknown ones are not looked at, by each replica. Default 20. */
  readonly failuresPerMinute: Rate;
  /** Sessions of one principal. Default 50. */
  readonly sessionsPerPrincipal: number;
  /** Open streams of one principal. Default 5. */
  readonly streamsPerPrincipal: number;
  /** Open streams from one address that is not of the local network. Default 50. */
  readonly streamsPerAddress: number;
  /** Open streams of this process. Default 2,000. */
  readonly streams: number;
}

/** What `/readyz` answers. */
export interface ReadinessConfig {
  /** 503 instead of 200 `degraded` while a store is down. Default false: what can be served without it is. */
  readonly strict: boolean;
}

/** What the metrics tell apart. Where they are served is the environment's to say (`METRICS_PORT`). */
export interface MetricsConfig {
  /** Durations by the name of the tool too. Default false: by ResourceType and kind, since each tool makes 17 series more. */
  readonly toolNames: boolean;
}

/** How actions are kept from being done twice (reliability.md §6). */
export interface IdempotencyConfig {
  /**
   * A write with an `idempotency_key` while Redis is down: `reject` it, or `allow` it with what this process alone remembers.
   * Default `reject`.
   */
  readonly onStoreDown: "reject" | "allow";
  /** Globs of Tool names whose identical creates are all meant: one that arrives while the first runs is done too. Default none. */
  readonly neverShare: readonly string[];
}

/** What the audit log holds, and who else hears of it (reliability.md §9). */
export interface AuditConfig {
  /** Whether calls that only read are recorded too. Default false. */
  readonly reads: boolean;
  /** Globs of argument names whose values are recorded; of all others there is a hash. Default none; never a secret. */
  readonly values: readonly string[];
  /** Headers, lower case, in which the API tells its own id of a request. Default: what most APIs use. */
  readonly requestIdHeaders: readonly string[];
  /** Days that are kept, whole ones by UTC. Absent: all. */
  readonly keepDays?: number;
  /** Headers that tell the API who acts. Absent: none are sent. */
  readonly attribution?: AttributionNames;
  readonly sinks: {
    /** Default false. */
    readonly stdout: boolean;
    /** Signed with `AUDIT_WEBHOOK_SECRET`. */
    readonly webhook?: { readonly url: string };
  };
}

/** The header of each fact; a fact without one is not sent. */
export interface AttributionNames {
  /** Always `mcp`. */
  readonly actorType?: string;
  readonly actorId?: string;
  readonly actorUserId?: string;
  readonly requestId?: string;
  /** Of the event in the audit log. */
  readonly eventId?: string;
  /** `name/version` as the client says them. */
  readonly client?: string;
  readonly tool?: string;
}

/**
 * A rule on calls: explicit argument, lookup first, confirmation, dry run. For each of the four the first rule that matches a
 * Tool applies; lookups add up, one for each argument.
 */
export interface SafeguardConfig {
  /** Globs of Tool names; at least one Tool must match each. */
  readonly match: readonly string[];
  /** Names of the Surfaces it holds on. Default: all. */
  readonly surfaces?: readonly string[];
  /** The Tools that change something take a required `notify`; see {@link NotifyConfig}. */
  readonly notify?: NotifyConfig;
  /** The Tools that change something take only ids that their caller was shown. */
  readonly lookup?: LookupConfig;
  /** What needs the user's yes: every write and destroy, only what destroys, or nothing. */
  readonly confirm?: "always" | "destroy" | "never";
  /** True: the Tools take `dry_run`. */
  readonly dryRun?: boolean;
}

/**
 * The upstream's own flag behind `notify`, by its name on the wire in the body, the query or the headers; or why the API never
 * alerts anybody.
 */
export type NotifyConfig =
  | (NotifyFlag & {
      /** The flag means the opposite (`silent`). Default false. */
      readonly inverted?: boolean;
      /** Who is alerted: "the page's subscribers". Default "people". */
      readonly alerts?: string;
    })
  | { readonly never: string };

export type NotifyFlag = { readonly field: string } | { readonly query: string } | { readonly header: string };

export interface LookupConfig {
  /** Arguments that hold an id, or several. */
  readonly argument: readonly string[];
  /** Tools that show the ids. */
  readonly tools: readonly string[];
  /** The field of their items that is the id. Default: what the ResourceType calls its ids, `id` and `_id`. */
  readonly field?: string;
  /** How long an id that was shown counts. Default 30. */
  readonly minutes: number;
}

/** A view over a Tool that reads, at a URI of its own. */
export interface ResourceConfig {
  /** With variables: a template of many. `beacon://pages/{page_id}/incidents/active{?limit}` */
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly tool: string;
  /** Arguments of the Tool. A variable that is named by none of them fills the argument of its own name. */
  readonly arguments: { readonly [arg: string]: ResourceValue };
  /** Variables that are whole numbers. */
  readonly parameters: { readonly [variable: string]: ParameterConfig };
  /** Arguments that the principal has bound to one value; the resource is there for no one else. */
  readonly bound: readonly string[];
  /** Asked for beyond what the Tool asks for. */
  readonly scopes: readonly string[];
  /** The part of the result that it shows, by dots. Default: all. */
  readonly path?: string;
  /** Fields that must be what the URI says: what lies under a page has to be of that page. Default: none. */
  readonly verify?: VerifyConfig;
  /** How often it is looked at for those who subscribed. Absent: nobody can. */
  readonly pollMs?: number;
  readonly complete: { readonly [variable: string]: CompleteConfig };
  /** Where it stands, `gateway.yaml:41`, by its parts; `""` is the whole. */
  readonly lines: { readonly [part: string]: string };
}

/**
 * A constant; text with `{variable}` in it; the time so many days ago, of a number or a variable (`{ daysAgo }`); or what a word stands
 * for (`{ choice: "{filter}", values: { past: [completed, cancelled] } }`), any other word being refused.
 */
export type ResourceValue =
  | string
  | number
  | boolean
  | null
  | readonly ResourceValue[]
  | { readonly [key: string]: ResourceValue };

/** What does not fit is a resource that does not exist. */
export interface VerifyConfig {
  /** Paths into the result, and what has to be there or, of a list, among what is there. */
  readonly fields: { readonly [path: string]: string };
  /** A Tool that reads and whose result has the fields, asked first. Default: that of the resource. */
  readonly tool?: string;
  readonly arguments?: { readonly [arg: string]: ResourceValue };
}

/** What is above `max` is cut down to it and said; what is below `min` is refused. */
export interface ParameterConfig {
  readonly default: number;
  /** Default 1. */
  readonly min: number;
  readonly max: number;
}

/** Where values come from while somebody types: a list, or a list tool. */
export type CompleteConfig =
  | { readonly values: readonly string[] }
  | {
      readonly tool: string;
      /** The field of an item that is the value. Default `id`. */
      readonly value: string;
      /** Fields that people know it by. Default `name`, `title` and `slug`. */
      readonly labels: readonly string[];
      /** The argument that takes what was typed. Default: what is listed is looked through. */
      readonly search?: string;
      /** Further arguments, `{variable}` for another one that is known already. */
      readonly arguments: { readonly [arg: string]: ResourceValue };
    };

/** A Markdown file with front matter. */
export interface PromptConfig {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly arguments: readonly PromptArgumentConfig[];
  /** Asked for beyond what its resources ask for. */
  readonly scopes: readonly string[];
  /** What it has the model read: each is embedded unless it says otherwise. */
  readonly resources: readonly { readonly uri: string; readonly embed: boolean }[];
  /** With `{{argument}}` in it. */
  readonly text: string;
  /** See {@link ResourceConfig.lines}. */
  readonly lines: { readonly [part: string]: string };
}

export interface PromptArgumentConfig {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** Default false. */
  readonly required: boolean;
  /** Where it is left out. */
  readonly default?: string;
  readonly complete?: CompleteConfig;
}

/** The tool `whoami` and the resource that says the same. */
export interface WhoamiConfig {
  /** Default `<api>://me`. */
  readonly uri: string;
  /** How far back searches reach, in days. */
  readonly windowDays?: number;
  /** A tool without required arguments whose answer says more, and where in it. */
  readonly from?: { readonly tool: string; readonly fields: { readonly [name: string]: string } };
}

/** What the environment says of the process. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  /** Port of `/metrics`, which is served nowhere else; 0 is any free one. Absent: nothing is measured. */
  readonly metricsPort?: number;
  /** The URL clients use, without trailing slash; default `http://localhost:<port>`. */
  readonly publicUrl?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly logLevel: string;
  /** Master secrets; the first mints, all verify. */
  readonly secrets: readonly Secret[];
  /** What the admin API takes; absent: only gateway keys with the scope `admin.keys`. */
  readonly adminToken?: Secret;
  readonly redisUrl?: Secret;
  /** Where keys and audit are. Default `sqlite:./data/specgate.db`; `sqlite::memory:` under `serve --spec`. */
  readonly databaseUrl: Secret;
  /** Signs what is sent to `audit.sinks.webhook`. */
  readonly webhookSecret?: Secret;
  /** Secret of the client that exchanges tokens for the upstream's (`oauth.upstream.exchange`). */
  readonly exchangeSecret?: Secret;
  /** Keys of the upstream by the value of a claim (`oauth.upstream.keys`). */
  readonly upstreamKeys?: ReadonlyMap<string, Secret>;
  /** Replicas that serve beside each other, this one included. Default 1. */
  readonly instances: number;
  readonly drain: DrainConfig;
}

/** How SIGTERM ends the process, both counted from the signal (reliability.md §8). */
export interface DrainConfig {
  /** How long it says that it is not ready, and serves all the same, so that load balancers see it. Default 5,000. */
  readonly readyMs: number;
  /** How long calls may finish; what is left is ended, and the process within 5 s more. Default 30,000. */
  readonly graceMs: number;
}
