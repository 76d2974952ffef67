import { hash } from "node:crypto";
import express from "express";
import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Principal } from "../../auth/principal.ts";
import type { ResourceOAuthConfig } from "../../config/oauth.ts";
import { GatewayError } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Secret } from "../../telemetry/secret.ts";
import { type OAuthSurface, resourceMetadata, resourceMetadataRouter } from "../metadata.ts";
import type { OAuth } from "../port.ts";
import { principalOf, providerScope } from "./claims.ts";
import { type FetchTrusted, fetchTrusted, type IssuerMetadata, issuerMetadata } from "./issuer.ts";
import { createKeySet } from "./keySet.ts";
import { createUpstreamToken } from "./upstreamToken.ts";

export interface ResourceServerOptions {
  readonly config: ResourceOAuthConfig;
  /** Scope to read, by our name. */
  readonly readScope: string;
  readonly surfaces: readonly OAuthSurface[];
  readonly publicUrl: () => string;
  readonly exchangeSecret?: Secret;
  readonly upstreamKeys?: ReadonlyMap<string, Secret>;
  readonly logger?: Pick<Logger, "info" | "warn">;
  /** Default: `safeFetch` with the operator's trust. */
  readonly fetch?: FetchTrusted;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const algorithms = ["ES256", "RS256", "PS256", "EdDSA"];
/** Longer ones are refused before anything is computed. */
const mostBytes = 16 * 1024;
const believedMs = 5_000;
const mostKept = 10_000;

interface Known {
  readonly principal: Principal;
  readonly at: number;
}

/**
 * {@link OAuth} in front of somebody else's authorization server: takes its JWTs, keeps nothing (oauth.md §10, mode B). What it
 * calls a revoked Connection ends when its token does. Logs whether unknown clients can get in there.
 */
export function createResourceServer(options: ResourceServerOptions): OAuth {
  const { config, fetch = fetchTrusted, now = Date.now, publicUrl, surfaces } = options;
  const metadata = discovery(config.issuer, fetch);
  void tellClients(metadata, options.logger);
  const keys = createKeySet({
    fetch,
    now,
    jwksUri: async () => config.jwksUri ?? required((await metadata()).jwksUri, "jwks_uri"),
  });
  const upstreamToken = createUpstreamToken({
    ...options,
    fetch,
    tokenEndpoint: async () => required((await metadata()).tokenEndpoint, "token_endpoint"),
  });
  const known = new Map<string, Known>();
  const look = async (token: Secret): Promise<Principal | null> => {
    const claims = await verifiedClaims(token, config, keys, now());
    const principal = claims && principalOf(claims, config);
    if (claims === null || principal === null) return null;
    const credential = await upstreamToken(token, claims);
    return { ...principal, ...(credential !== undefined && { credential }) };
  };
  const described = {
    publicUrl,
    authorizationServers: () => [config.issuer],
    surfaces,
    scopes: [providerScope(options.readScope, config.claims.map)],
  };
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(resourceMetadataRouter(described));
  return {
    // Any JWT is meant for us, good or bad, signed or not: as a key of the API it would be sent there.
    takes: (credential) => /^eyJ[\w-]*(\.[\w-]*){2,4}$/.test(credential.reveal()),
    wasGood: (credential) => known.has(entryOf(credential)),
    verify: async (credential) => {
      const entry = entryOf(credential);
      const remembered = known.get(entry);
      if (remembered !== undefined && isFresh(remembered, now())) return remembered.principal;
      known.delete(entry);
      const principal = await look(credential);
      if (principal === null) return null;
      known.set(entry, { principal, at: now() });
      const oldest = known.keys().next();
      if (known.size > mostKept && oldest.done !== true) known.delete(oldest.value);
      return principal;
    },
    metadata: (path) => resourceMetadata(described, path),
    router,
    revokeConnection: async () => false,
    close: async () => known.clear(),
  };
}

function isFresh({ principal, at }: Known, nowMs: number): boolean {
  return at + believedMs > nowMs && (principal.expiresAtMs ?? 0) > nowMs;
}

function entryOf(credential: Secret): string {
  return hash("sha256", credential.reveal(), "base64url");
}

/** The claims of a token that is good, else null. Throws `store_unavailable` where nobody can say. */
async function verifiedClaims(
  token: Secret,
  config: ResourceOAuthConfig,
  keys: Parameters<typeof jwtVerify>[1],
  nowMs: number,
): Promise<JWTPayload | null> {
  if (token.reveal().length > mostBytes) return null;
  try {
    const { payload } = await jwtVerify(token.reveal(), keys, {
      issuer: config.issuer,
      audience: config.audience,
      algorithms,
      requiredClaims: ["exp"],
      clockTolerance: config.clockToleranceSeconds,
      currentDate: new Date(nowMs),
      ...(config.tokenType !== "any" && { typ: config.tokenType }),
    });
    return payload;
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return null;
    throw thrown;
  }
}

/** The metadata of the issuer, asked for until it was had. */
function discovery(issuer: string, fetch: FetchTrusted): () => Promise<IssuerMetadata> {
  let found: Promise<IssuerMetadata> | undefined;
  return () => {
    const asked = found ?? issuerMetadata(issuer, fetch);
    found = asked;
    asked.catch(() => {
      found = undefined;
    });
    return asked;
  };
}

async function tellClients(
  metadata: () => Promise<IssuerMetadata>,
  logger: ResourceServerOptions["logger"],
): Promise<void> {
  try {
    const { takesUnknownClients } = await metadata();
    if (takesUnknownClients) logger?.info("oauth: clients can register at the identity provider by themselves");
    else
      logger?.warn(
        "oauth: the identity provider takes neither client metadata documents nor registrations, so Claude, ChatGPT and others each need a client that is registered there beforehand",
      );
  } catch (thrown) {
    logger?.warn(
      { err: thrown },
      "oauth: the identity provider does not answer; tokens are refused with 503 until it does",
    );
  }
}

function required(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw new GatewayError("invalid_request", `the metadata of oauth.issuer names no ${name}`);
}
