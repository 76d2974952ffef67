import type { IncomingMessage } from "node:http";
import express, { type Router } from "express";
import type { Provider } from "oidc-provider";
import type { KeyRing } from "../auth/gatewayKeyAuth.ts";
import type { Keys } from "../auth/keys.ts";
import type { Revocations } from "../auth/revocations.ts";
import type { ScopesConfig } from "../config/config.ts";
import type { ServerOAuthConfig } from "../config/oauth.ts";
import type { Store } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import { createOAuthAdapter } from "./adapter.ts";
import { createDocumentFetch, type FetchDocument } from "./clientDocument.ts";
import {
  type ConnectionActor,
  type ConnectionChange,
  changedConnection,
  createConnections,
} from "./connectionViews.ts";
import { createInteractions } from "./interactions.ts";
import type { OAuthLimits } from "./limits.ts";
import { type OAuthSurface, resourceMetadata, resourceMetadataRouter } from "./metadata.ts";
import { interactionPath } from "./paths.ts";
import type { Interactions, OAuth } from "./port.ts";
import { createProvider } from "./provider.ts";
import { serverRouter } from "./serverRouter.ts";
import { createSigningKeys, type SigningKey } from "./signingKeys.ts";
import { createTokens, type TokensOptions } from "./tokens.ts";
import { createUpstreamKeys, type UpstreamKeys, type UpstreamKeysOptions } from "./upstreamKeys.ts";

export interface AuthorizationServerOptions {
  readonly config: ServerOAuthConfig;
  readonly scopes: ScopesConfig;
  /** Every scope that a client may ask for. */
  readonly allScopes: ReadonlySet<string>;
  /** Those that take tokens; the first is meant where a client names none. */
  readonly surfaces: readonly OAuthSurface[];
  /** Origin of every URL of ours; known when the server listens. */
  readonly publicUrl: () => string;
  readonly store: Pick<Store, "oauth" | "keys">;
  readonly revocations: Revocations;
  readonly ring: Pick<KeyRing, "seals">;
  /** Purpose `oauth signing`: encrypts the private keys at rest. */
  readonly signingSeals: Keys;
  /** Purpose `oauth cookies`; the first signs, all verify. */
  readonly cookieKeys: Keys;
  readonly limits: OAuthLimits;
  readonly networkOf: (req: IncomingMessage) => string | undefined;
  readonly brand: { readonly name: string; readonly supportUrl?: string };
  /** Sign-in and consent, served below `/mcp/oauth/interaction`. */
  readonly pages?: (interactions: Interactions) => Router;
  /** Told of each request with a good token, by the id of its Connection. */
  readonly used?: (connectionId: string) => void;
  readonly refreshUpstream?: TokensOptions["refreshUpstream"];
  /** Deletes a key that was made at the upstream for a Connection. Absent: none are made. */
  readonly deleteUpstreamKey?: UpstreamKeysOptions["deleteKey"];
  readonly freshMs?: number;
  /** Milliseconds between tidyings; for tests. Default ten minutes. */
  readonly sweepMs?: number;
  /** Takes each change of a Connection once it is stored. */
  readonly onChange?: (change: ConnectionChange) => void;
  /** Clients that registered by themselves and are kept at once. Default 10,000. */
  readonly mostClients?: number;
  /** Default: `safeFetch` with the trust of a document. */
  readonly fetchDocument?: FetchDocument;
  readonly logger?: Pick<Logger, "error" | "warn">;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** Tells that a Connection ended, and why. */
type Ended = (
  connectionId: string,
  by: { readonly actor: ConnectionActor; readonly reason?: NonNullable<ConnectionChange["reason"]> },
) => Promise<void>;

const itself: ConnectionActor = { kind: "gateway", id: "gateway" };

/** {@link OAuth} with the gateway's own authorization server. Nothing is read or sent before the first request. */
export function createAuthorizationServer(options: AuthorizationServerOptions): OAuth {
  const { config, scopes, surfaces, publicUrl, store, revocations, now = Date.now } = options;
  const at = (ms: number): string => new Date(ms).toISOString();
  const upstreamKeys = upstreamKeysOf(options);
  const ended: Ended = async (connectionId, by) => {
    await revocations.publish(connectionId);
    upstreamKeys?.ended(connectionId);
    if (options.onChange === undefined) return;
    const stored = await store.oauth.connection(connectionId).catch(() => null);
    const { actor, reason } = by;
    const facts = changedConnection(connectionId, stored);
    options.onChange({ type: "ended", ...facts, actor, ...(reason && { reason }), at: at(now()) });
  };
  const page = {
    brand: options.brand.name,
    ...(options.brand.supportUrl !== undefined && { supportUrl: options.brand.supportUrl }),
  };
  const resources = (): ReadonlyMap<string, string> =>
    new Map(surfaces.map(({ path }) => [path, `${publicUrl()}${path}`] as const));
  const server = servedBy(options, { ended, page, resources });
  const tokens = createTokens({
    store: store.oauth,
    keys: store.keys,
    seals: options.ring.seals,
    revocations,
    now,
    ...(options.used && { used: options.used }),
    ...(options.refreshUpstream && { refreshUpstream: options.refreshUpstream }),
    ...(options.freshMs !== undefined && { freshMs: options.freshMs }),
  });
  const interactions = createInteractions({
    provider: server.provider,
    adapter: server.adapter,
    store: store.oauth,
    seals: options.ring.seals,
    config,
    scopes,
    allScopes: options.allScopes,
    resources,
    now,
    ...(options.onChange && { onChange: options.onChange }),
  });
  const described = {
    publicUrl,
    authorizationServers: () => [publicUrl()],
    surfaces,
    scopes: [scopes.effects.read],
  };
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(resourceMetadataRouter(described));
  if (options.pages !== undefined) router.use(interactionPath, options.pages(interactions));
  router.use(
    serverRouter({
      provider: server.provider,
      publicUrl,
      limits: options.limits,
      networkOf: options.networkOf,
      registration: config.registration,
      hasRoom: async () => (await store.oauth.count("Client")) < (options.mostClients ?? 10_000),
      defaultScopes: described.scopes,
      page,
      logFault: (err) => options.logger?.error({ err }, "a request of OAuth failed"),
    }),
  );
  const sweep = async (): Promise<void> => {
    for (const id of await store.oauth.sweep()) await ended(id, { actor: itself, reason: "unused" });
    await upstreamKeys?.retry();
  };
  const timer = setInterval(() => void sweep().catch(() => undefined), options.sweepMs ?? 600_000); // the store logs that it is away
  timer.unref();
  return {
    takes: tokens.takes,
    wasGood: tokens.wasGood,
    verify: tokens.verify,
    metadata: (path) => resourceMetadata(described, path),
    router,
    revokeConnection: async (id, { kind = "operator", id: by }) => {
      const isFirst = await store.oauth.endConnection(id);
      if (isFirst) await ended(id, { actor: { kind, id: by } });
      return isFirst;
    },
    keyRevoked: (id) => upstreamKeys?.ended(id),
    interactions,
    connections: createConnections(store.oauth),
    close: async () => {
      clearInterval(timer);
      tokens.close();
    },
  };
}

/** Undefined where none are made at the upstream. */
function upstreamKeysOf(options: AuthorizationServerOptions): UpstreamKeys | undefined {
  const { store, ring, deleteUpstreamKey, onChange, logger, now = Date.now } = options;
  if (deleteUpstreamKey === undefined) return undefined;
  return createUpstreamKeys({
    store: store.oauth,
    seals: ring.seals,
    deleteKey: deleteUpstreamKey,
    now,
    ...(onChange && { onChange }),
    ...(logger && { logger }),
  });
}

interface Surroundings {
  readonly ended: Ended;
  readonly page: { readonly brand: string; readonly supportUrl?: string };
  readonly resources: () => ReadonlyMap<string, string>;
}

interface ServedBy {
  /** The library's server, built again when the signing keys are others: all else of it is in the store. */
  readonly provider: () => Promise<Provider>;
  readonly adapter: ReturnType<typeof createOAuthAdapter>;
}

function servedBy(options: AuthorizationServerOptions, { ended, page, resources }: Surroundings): ServedBy {
  const { config, scopes, store, publicUrl, now = Date.now } = options;
  const signing = createSigningKeys({ store: store.oauth, seals: options.signingSeals, now });
  const fetchDocument = createDocumentFetch({ now, ...(options.fetchDocument && { fetch: options.fetchDocument }) });
  const adapter = createOAuthAdapter({
    store: store.oauth,
    isAsked: async () => (await import("oidc-provider")).Provider.ctx?.oidc.route === "revocation",
    ended: (id, isReuse) =>
      ended(id, isReuse ? { actor: itself, reason: "reuse" } : { actor: { kind: "connection", id } }),
    now,
    alreadyUsed: async () => new (await import("oidc-provider")).errors.InvalidGrant("it was used before"),
  });
  const build = (signingKeys: readonly SigningKey[]): Promise<Provider> =>
    createProvider({
      config,
      publicUrl: publicUrl(),
      resources: [...resources().values()],
      scopes: broadScopes(scopes),
      allScopes: [...options.allScopes],
      adapter,
      signingKeys,
      cookieKeys: options.cookieKeys.map((key) => key.export().toString("base64url")),
      fetchDocument,
      page,
      logFault: (err) => options.logger?.error({ err }, "a request of OAuth failed"),
    });
  let built: { readonly name: string; readonly provider: Promise<Provider> } | undefined;
  return {
    adapter,
    provider: async () => {
      const keys = await signing.current();
      const name = [publicUrl(), ...keys.map(({ kid }) => kid)].join(" ");
      if (built?.name !== name) built = { name, provider: build(keys) };
      return built.provider;
    },
  };
}

/** Those that the configuration names: a large API has a thousand of single ResourceTypes besides. */
function broadScopes({ effects, hierarchy, tools = [] }: ScopesConfig): readonly string[] {
  const named = [
    ...Object.values(effects),
    ...Object.entries(hierarchy).flatMap(([one, included]) => [one, ...included]),
    ...tools.map(({ scope }) => scope),
  ];
  return [...new Set(named)];
}
