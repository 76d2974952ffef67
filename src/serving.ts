import { createHash, randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { type AccessChange, accessEvent } from "./audit/accessEvent.ts";
import type { AuditLog, ReadAudit } from "./audit/event.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { createFailures } from "./auth/failures.ts";
import { createGatewayKeyAuth, type GatewayKeyAuth, type KeyRing } from "./auth/gatewayKeyAuth.ts";
import { createGatewayKeys } from "./auth/gatewayKeys.ts";
import { deriveKeys } from "./auth/keys.ts";
import type { KeyUse } from "./auth/keyUse.ts";
import type { Revocations } from "./auth/revocations.ts";
import { adminScope, includedScopes, scopesOfWords } from "./auth/scopes.ts";
import { createAccounts } from "./calls/accounts.ts";
import { assertScopeRules, createAuthorize, knownScopes } from "./calls/authorize.ts";
import { type Arguments, applyInterceptors, type HandTool, type Outcome } from "./calls/call.ts";
import type { Claims } from "./calls/claims.ts";
import { customising } from "./calls/customTool.ts";
import { createDriftReport } from "./calls/drift.ts";
import { createHolds } from "./calls/holds.ts";
import { hookIndex, type ToolHook } from "./calls/hooks.ts";
import { countingKeyCalls, untilRevoked } from "./calls/keyCalls.ts";
import type { CallRates } from "./calls/rateLimit.ts";
import { createRunCall } from "./calls/runCall.ts";
import { guardTools } from "./calls/safeguards/guarding.ts";
import type { SafeguardStores } from "./calls/safeguards/safeguard.ts";
import { createSurfaceKeys } from "./calls/surfaceKeys.ts";
import { tracking } from "./calls/tracking.ts";
import { createCatalog } from "./catalog/catalog.ts";
import { assertAliases } from "./catalog/search/search.ts";
import { createValidator } from "./catalog/validator.ts";
import type { Config, LimitsConfig, SurfaceConfig, WhoamiConfig } from "./config/config.ts";
import type { Api } from "./descriptor.ts";
import { GatewayError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import type { AuthenticateAt } from "./http/authenticateAt.ts";
import { edgePolicy } from "./http/edge.ts";
import type { McpView } from "./http/mcp/listener.ts";
import { adminRouter } from "./http/routes/admin/admin.ts";
import type { HostedResource } from "./http/routes/admin/hostedMcp.ts";
import type { Health, Readiness } from "./http/routes/health.ts";
import { setupPage } from "./http/routes/page.ts";
import { peopleRouter } from "./http/routes/people.ts";
import { createOAuth, type OAuthParts } from "./oauth/create.ts";
import { createHostedMcp } from "./oauth/hostedMcp.ts";
import { surfaceFacts } from "./oauth/metadata.ts";
import { createSignInPages, type SignInPages } from "./oauth/signInPages.ts";
import { switchedBy } from "./oauth/switched.ts";
import type { KeyStore, Store } from "./storage/port.ts";
import { permitsWithin } from "./surfaces/narrowing.ts";
import { offerTools } from "./surfaces/offered.ts";
import type { Prompt } from "./surfaces/prompts/prompt.ts";
import type { Resource } from "./surfaces/resources/resource.ts";
import { tellingSearchWindow } from "./surfaces/searchWindow.ts";
import { createStyledSurface } from "./surfaces/styled.ts";
import type { Principal, Surface } from "./surfaces/surface.ts";
import { assertWhoami, createWhoamiResource, createWhoamiTool, type WhoamiParts } from "./surfaces/whoami.ts";
import { shownText, withViews } from "./surfaces/withViews.ts";
import type { Logger } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Secret } from "./telemetry/secret.ts";
import { createUpstream } from "./upstream/client.ts";
import { createConnections } from "./upstream/dispatch.ts";
import { measured } from "./upstream/measured.ts";
import { type ObservedUpstream, observed } from "./upstream/observed.ts";

/** What is served: a Spec as data, and the decisions about it. */
export interface Served {
  readonly api: Api;
  readonly config: Config;
  /** Tools written by hand, offered beside those of the API. */
  readonly tools?: readonly HandTool[];
  /** The API owner's code around Tools. */
  readonly hooks?: readonly ToolHook[];
  /** Resources written by hand, on every Surface beside the configured ones. */
  readonly resources?: readonly Resource[];
  /** Likewise prompts. */
  readonly prompts?: readonly Prompt[];
}

/** What lives as long as the process, whatever is served meanwhile. */
export interface Standing {
  readonly logger: Logger;
  readonly secrets: readonly Secret[];
  readonly claims: Claims;
  readonly audit: AuditLog;
  readonly readAudit: ReadAudit;
  readonly safeguards: SafeguardStores;
  readonly keys: StandingKeys;
  readonly oauth: StandingOAuth;
  /** What one principal may call in a minute. Counted anew after a reload where it is counted in this process. */
  /** `surface` names one that has limits of its own, and counts by itself. */
  readonly rates: (limits: LimitsConfig, surface?: string) => CallRates;
  readonly metrics: Metrics | undefined;
  /** The URL that clients are told. */
  readonly url: () => string;
  /** Aborts when Calls that still run have to end, since the process does. */
  readonly ending: AbortSignal;
  readonly ready: () => Promise<Readiness>;
  /** Throws when a list is not served to a request from there. */
  readonly admit: (network: string | undefined) => void;
  /** The fields of a Surface's health that say nothing of the Surface. */
  readonly health: (
    upstream: Health["upstream"],
  ) => Promise<Pick<Health, "status" | "sessions" | "upstream" | "store">>;
}

/** What OAuth is kept and held by. */
export type StandingOAuth = Pick<
  OAuthParts,
  | "store"
  | "revocations"
  | "ring"
  | "signingSeals"
  | "cookieKeys"
  | "limits"
  | "networkOf"
  | "freshMs"
  | "fetchDocument"
> & { readonly store: Pick<Store, "settings"> };

/** What gateway keys are kept and known by. */
export interface StandingKeys {
  readonly ring: KeyRing;
  readonly store: KeyStore;
  readonly revocations: Revocations;
  readonly use: KeyUse;
  /** How long a key is believed before the store is asked again. */
  readonly freshMs: number;
}

/** One Catalog under one configuration, ready to serve. A reload makes another and swaps them. */
export interface Serving {
  readonly config: Config;
  readonly surfaces: readonly Surface[];
  /** For the MCP listener. */
  readonly view: McpView;
  /** Every other route; answers 404 itself. */
  readonly app: RequestListener;
  /**
   * SHA-256 of what clients are shown: those of the lists of tools, prompts and resources with dots between. Each changes exactly
   * when a list of its kind does. Computed on first use.
   */
  readonly hash: () => string;
  /**
   * Runs a Tool of the Catalog that reads, whatever the Surface offers; authorised and recorded like any other Call. Throws
   * `invalid_request` for any other Tool.
   */
  readonly read: (reading: {
    surface: string;
    tool: string;
    args: Arguments;
    principal: Principal;
  }) => Promise<Outcome>;
  /** Resolves when no Call runs in it, or after `withinMs`. */
  readonly finished: (withinMs: number) => Promise<void>;
  /** Closes the connections to its upstreams. */
  readonly close: () => Promise<void>;
}

/**
 * Wires what follows from `api` and `config`. Nothing is sent. Throws `invalid_request` when the Config names something that
 * the API does not have.
 */
export function createServing(served: Served, standing: Standing): Serving {
  const { api, config, hooks = [] } = served;
  const { secrets, logger, metrics, url } = standing;
  const { limits, server } = config;
  const dispatchers = new Map(Object.entries(config.upstreams).map(([name, one]) => [name, createConnections(one)]));
  const upstreams = new Map(
    Object.entries(config.upstreams).map(([name, one]) => [
      name,
      measuredBy(metrics, name, observed(createUpstream(one, { dispatcher: found(dispatchers.get(name)) }))),
    ]),
  );
  const upstreamOf = ({ upstream }: SurfaceConfig): ObservedUpstream => found(upstreams.get(upstream));
  const surfaceConfig = (name: string): SurfaceConfig => found(config.surfaces[name]);
  const whoamiParts = (own: WhoamiConfig): WhoamiParts => ({
    config: own,
    environmentOf: (name) => surfaceConfig(name).upstream,
    keyNameOf: async (id) => (await standing.keys.store.byId(id).catch(() => null))?.name ?? null,
    find: (name) => catalog.find(name),
    run: (call) => run(call),
  });

  const whoami = config.whoami && createWhoamiTool(whoamiParts(config.whoami));
  const catalog = createCatalog(api, [...(served.tools ?? []), ...(whoami === undefined ? [] : [whoami])]);
  if (config.whoami) assertWhoami(config.whoami, catalog.find);
  const validator = createValidator();
  const commonRates = standing.rates(limits);
  const rates = new Map(
    Object.entries(config.surfaces).map(([name, { ownRates, limits: own }]) => [
      name,
      ownRates ? standing.rates(own, name) : commonRates,
    ]),
  );
  const calls = tracking(
    createRunCall({
      upstreamFor: (call) => upstreamOf(surfaceConfig(call.surface)),
      scopes: config.scopes,
      validator,
      cursorKeys: deriveKeys(secrets, "cursor"),
      limits,
      rates: ({ surface }) => found(rates.get(surface)),
      resultBytesOf: ({ surface }) => surfaceConfig(surface).limits.resultBytes,
      onDrift: createDriftReport(logger, metrics?.drift),
      hooks: hookIndex(hooks, catalog),
      audit: { log: standing.audit, keys: deriveKeys(secrets, "audit"), config: config.audit },
      safeguards: standing.safeguards,
      idempotency: {
        ...config.idempotency,
        claims: standing.claims,
        upstreamName: (call) => surfaceConfig(call.surface).upstream,
      },
    }),
  );
  const stop = (): void => {
    calls.stop();
    // A change that was sent heeds nothing else.
    for (const dispatcher of dispatchers.values()) void dispatcher.destroy();
  };
  standing.ending.addEventListener("abort", stop, { once: true });
  assertScopeRules(config.scopes, catalog.tools);
  const authorize = createAuthorize(config.scopes);
  const permits = permitsWithin(authorize);
  const { keys } = standing;
  const run = applyInterceptors(
    [
      countingKeyCalls(keys.use.called),
      untilRevoked(keys.revocations),
      ...(config.whoami ? [tellingSearchWindow(whoamiParts(config.whoami))] : []),
      customising(),
    ],
    calls.run,
  );
  const answered = new Set(hooks.filter(({ hook }) => hook.instead !== undefined).map(({ tool }) => tool));
  const toolsOf = guardTools(config.safeguards, { catalog, surfaces: Object.keys(config.surfaces), answered });
  const offered = offerTools(config, toolsOf);
  const holds = createHolds(config.scopes);
  const { aliases } = config.search;
  assertAliases(aliases, catalog.tools);
  const surfaces = Object.entries(config.surfaces).map(([name, surface]) => {
    const own = toolsOf(name);
    const { resources = [], prompts = [] } = served;
    const me = whoami && config.whoami ? [createWhoamiResource(whoami, { config: config.whoami }, run)] : [];
    const told = { config: config.oauth, publicUrl: url, readScope: config.scopes.effects.read };
    const facts = surface.oauth && config.oauth.mode !== "off" && { oauth: surfaceFacts(told, surface.path) };
    const { bodyBytes: bytes, depth, tokens } = surface.limits;
    const view = withViews(
      createStyledSurface({ name, ...surface, all: own, tools: offered(name), aliases, validator, permits, run }),
      {
        resources: config.resources,
        prompts: config.prompts,
        own: { resources: [...resources, ...me], prompts },
        names: surface,
        find: (wanted) => own.find((tool) => tool.name === wanted || tool.aliases.includes(wanted)),
        permits: authorize,
        holds,
        resultBytes: surface.limits.resultBytes,
        pageSize: surface.pageSize,
      },
    );
    const limited = { ...view, body: { bytes, depth, tokens } };
    return facts
      ? offering(limited, () => (hosted === undefined || hosted.wasOn() ? facts.oauth : undefined))
      : limited;
  });

  const scopesThere = [
    ...knownScopes(config.scopes, catalog.tools),
    ...[...config.resources, ...config.prompts].flatMap((one) => one.scopes),
  ];
  const gatewayKeys = createGatewayKeyAuth({ ...keys, ...config.keys, used: keys.use.used, logger });
  const signIn = createSignIn({ ...served, standing, gatewayKeys, upstreams, dispatchers });
  const hosted =
    signIn &&
    createHostedMcp({
      store: standing.oauth.store,
      revocations: keys.revocations,
      onChange: ({ isOn, changedBy, at }) => {
        const what = { what: "hosted_mcp", id: "hosted-mcp", type: isOn ? "turned_on" : "turned_off" } as const;
        const actor = { kind: "user", id: changedBy } as const;
        recordAccess({ ...what, actor, at, name: null, user: null, organisation: null, scopes: [] }, standing);
      },
    });
  const created = createOAuth({
    ...standing.oauth,
    ...(signIn && { pages: signIn.router }),
    ...(signIn?.refreshUpstream && { refreshUpstream: signIn.refreshUpstream }),
    ...(signIn?.deleteUpstreamKey && { deleteUpstreamKey: signIn.deleteUpstreamKey }),
    config: config.oauth,
    scopes: config.scopes,
    allScopes: new Set(scopesThere.filter((scope) => scope !== adminScope)),
    surfaces: Object.values(config.surfaces).flatMap(({ path, oauth: isOn, serverInfo }) =>
      isOn ? [{ path, title: serverInfo.title ?? config.brand.name }] : [],
    ),
    publicUrl: url,
    brand: config.brand,
    used: keys.use.used,
    onChange: ({ connectionId: id, ...change }) => recordAccess({ what: "connection", id, ...change }, standing),
    ...(server.exchangeSecret && { exchangeSecret: server.exchangeSecret }),
    ...(server.upstreamKeys && { upstreamKeys: server.upstreamKeys }),
    logger,
  });
  const oauth = created && hosted ? switchedBy(hosted, created) : created;
  const furtherHeaders = oauth === undefined ? [] : oauthHeaders;
  const keyHeaders = Object.values(config.surfaces).flatMap(({ credentials }) => credentials.headers);
  const credentialHeaders = [...new Set([...keyHeaders, ...furtherHeaders])];
  const failuresPerMinute = limits.failuresPerMinute === "off" ? Number.POSITIVE_INFINITY : limits.failuresPerMinute;
  const keysAt = createSurfaceKeys({
    api,
    config,
    upstreamNamed: (name) => found(upstreams.get(name)),
    keysFor: (purpose) => deriveKeys(secrets, purpose),
    furtherHeaders,
    common: {
      gatewayKeys,
      failuresPerMinute,
      ...(oauth && { tokens: oauth }),
      ...(config.brand.keyPageUrl !== undefined && { keyPageUrl: config.brand.keyPageUrl }),
    },
  });
  const authenticate: AuthenticateAt = (surface, rawHeaders, from) =>
    keysAt(surface.name)(rawHeaders, from, surface.oauth?.resource);

  const gatewayKeyring = createGatewayKeys({
    ...keys,
    ...config.keys,
    knownScopes: new Set([
      ...knownScopes(config.scopes, catalog.tools),
      ...[...config.resources, ...config.prompts].flatMap((one) => one.scopes),
    ]),
    onChange: ({ kind, keyId: id, ...change }) => {
      const isConnection = kind === "connection";
      if (isConnection) created?.keyRevoked?.(id);
      recordAccess({ ...change, id, ...(isConnection ? ended : { what: "key" }) }, standing);
    },
  });
  const admin = adminRouter({
    ...(signIn && { sessions: signIn.sessions }),
    ...(oauth?.connections && { connections: oauth.connections }),
    brand: config.brand.name,
    readAudit: standing.readAudit,
    ...(server.adminToken && { token: server.adminToken }),
    authenticate: createAuthenticate({
      keys: deriveKeys(secrets, "principal"),
      gatewayKeys,
      failuresPerMinute,
      headers: adminHeaders,
      required: true,
      passThrough: false,
    }),
    mayAdminister: (scopes) => includedScopes(scopes, config.scopes.hierarchy).has(adminScope),
    keys: gatewayKeyring,
    scopesOf: (words) => scopesOfWords(words, config.scopes),
    version: api.version,
    log: logger,
  });

  const people =
    signIn && hosted && oauth
      ? peopleRouter({
          signIn: signIn.signIn,
          sessions: signIn.sessions,
          account: signIn.account({ keys: gatewayKeyring, oauth }),
          hosted,
          oauth,
          resources: () => surfaces.flatMap((surface) => hostedResource(config, surface, url)),
          credentialHeaders,
          brand: config.brand,
          scopes: config.scopes,
          endpoint: () => endpointOf(config, url),
          log: logger,
        })
      : undefined;

  const page = (surface: Surface): string =>
    setupPage(surface, {
      ...config.brand,
      brand: config.brand.name,
      url: `${url()}${surface.path}`,
      keyHeader: surfaceConfig(surface.name).credentials.headers[0] ?? "x-api-key",
    });
  const shared = {
    surfaces,
    authenticate,
    edge: edgePolicy({ ...server, credentialHeaders }),
    credentialHeaders,
    page,
  };
  const app = createApp({
    ...shared,
    log: logger,
    anonymousTools: config.toolsEndpoint.anonymous,
    ready: standing.ready,
    strictReadiness: config.readiness.strict,
    admit: standing.admit,
    admin,
    ...(people && { people }),
    ...(oauth && { oauth: oauth.router }),
    health: async (surface) => ({
      version: api.version,
      tools: surface.tools.length,
      ...(await standing.health(upstreamOf(surfaceConfig(surface.name)).health())),
    }),
  });
  let hash: string | undefined;
  return {
    config,
    surfaces,
    view: { ...shared, body: { bytes: limits.bodyBytes, depth: limits.depth, tokens: limits.tokens } },
    app,
    hash: () => {
      hash ??= hashOf(surfaces, config);
      return hash;
    },
    read: async ({ surface, tool: name, args, principal }) => {
      const tool = catalog.find(name);
      if (tool?.effect !== "read")
        throw new GatewayError(
          "invalid_request",
          `there is no tool ${name} that reads; specgate tools list shows the names`,
        );
      const signal = standing.ending;
      return run({
        tool,
        args,
        principal,
        surface,
        signal,
        requestId: randomUUID(),
        notify: () => undefined,
        ask: nobodyThere,
      });
    },
    finished: calls.finished,
    close: async () => {
      standing.ending.removeEventListener("abort", stop);
      gatewayKeys.close();
      hosted?.close();
      await oauth?.close();
      if (standing.ending.aborted) return;
      await Promise.all([...upstreams.values()].map((one) => one.close()));
    },
  };
}

interface SignInParts extends Pick<Served, "api" | "config"> {
  readonly standing: Standing;
  readonly gatewayKeys: GatewayKeyAuth;
  readonly upstreams: ReadonlyMap<string, ObservedUpstream>;
  readonly dispatchers: ReadonlyMap<string, ReturnType<typeof createConnections>>;
}

/** A Connection ends with its key. */
const ended = { what: "connection", type: "ended" } as const;

function recordAccess(change: AccessChange, { audit, logger }: Pick<Standing, "audit" | "logger">): void {
  logger.info(change, "%s %s: %s", change.what, change.id, change.type);
  audit.record(accessEvent(change));
}

/** Sign-in and consent, where the gateway is its own authorization server. People are known by the first Upstream, as keys are. */
function createSignIn({
  api,
  config,
  standing,
  gatewayKeys,
  upstreams,
  dispatchers,
}: SignInParts): SignInPages | undefined {
  const { oauth, limits, scopes, brand } = config;
  if (oauth.mode !== "server") return undefined;
  const { secrets, logger, url } = standing;
  const { consent } = oauth.signIn;
  const upstream = found(Object.values(config.upstreams)[0]);
  const dispatcher = found(dispatchers.values().next().value);
  return createSignInPages({
    config: oauth,
    scopes,
    brand,
    accounts: createAccounts({
      api,
      consent,
      forKeys: found(upstreams.values().next().value),
      forTokens: createUpstream({ ...upstream, credential: consent.credential }, { dispatcher }),
    }),
    gatewayKeys,
    store: standing.oauth.store.oauth,
    seals: standing.oauth.ring.seals,
    csrfKeys: deriveKeys(secrets, "csrf"),
    publicUrl: url,
    failures: createFailures({
      perMinute: limits.failuresPerMinute === "off" ? Number.POSITIVE_INFINITY : limits.failuresPerMinute,
      size: 10_000,
      now: Date.now,
    }),
    networkOf: standing.oauth.networkOf,
    log: logger,
  });
}

/** A Surface that tells of OAuth as far as that is turned on. */
function offering(surface: Surface, oauth: () => Surface["oauth"]): Surface {
  return {
    ...surface,
    get oauth() {
      return oauth();
    },
  };
}

function hostedResource(config: Config, { name, path }: Surface, publicUrl: () => string): readonly HostedResource[] {
  const { oauth, serverInfo } = found(config.surfaces[name]);
  if (!oauth) return [];
  const told = { config: config.oauth, publicUrl, readScope: config.scopes.effects.read };
  const { resource, metadataUrl } = surfaceFacts(told, path);
  return [{ title: serverInfo.title ?? config.brand.name, url: resource, metadataUrl }];
}

/** Where users connect to: the first Surface, with a key. */
function endpointOf(config: Config, url: () => string): { readonly url: string; readonly keyHeader: string } {
  const first = found(Object.values(config.surfaces)[0]);
  return { url: `${url()}${first.path}`, keyHeader: first.credentials.headers[0] ?? "x-api-key" };
}

/** Access tokens come in no other header (RFC 6750 §2.1). */
const oauthHeaders = ["authorization"];

async function nobodyThere(): Promise<never> {
  throw new GatewayError("confirmation_required", "the gateway itself calls; there is nobody to ask");
}

/** Of the admin API: what OpenAPI clients send, whatever headers the API's own keys travel in. */
const adminHeaders = ["authorization", "x-api-key"];

/** What a caller sees follows from the Surfaces, the definitions and what scopes mean. */
function hashOf(surfaces: readonly Surface[], { scopes, resources, prompts }: Config): string {
  const hash = createHash("sha256").update(JSON.stringify(scopes));
  for (const { path, tools } of surfaces) {
    hash.update(`\n${path}\n`);
    for (const { definition, aliases } of tools) hash.update(JSON.stringify([definition, aliases])).update("\n");
  }
  // Who sees one follows from the scopes that it asks for, too.
  const gates = [scopes, resources.map((one) => [one.tool, one.scopes, one.bound])];
  const gatesOf = { resources: gates, prompts: [gates, prompts.map((one) => [one.scopes, one.resources])] };
  const lists = (["prompts", "resources"] as const).map((list) => {
    const shown = surfaces.map((one) => [one.path, shownText(one, list)]);
    return createHash("sha256").update(
      JSON.stringify([shown, shown.every(([, text]) => text === "[]") || gatesOf[list]]),
    );
  });
  return [hash, ...lists].map((one) => one.digest("hex")).join(".");
}

function measuredBy(metrics: Metrics | undefined, name: string, upstream: ObservedUpstream): ObservedUpstream {
  return metrics === undefined
    ? upstream
    : measured(upstream, (measure) => metrics.upstream({ upstream: name, ...measure }));
}

/** Names of Surfaces and Upstreams are checked when the Config is read. */
function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new GatewayError("internal", "the configuration names a part that was not made");
  return value;
}
