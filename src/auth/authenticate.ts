import { hash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { Secret } from "../telemetry/secret.ts";
import { readCredential } from "./credential.ts";
import { createFailures } from "./failures.ts";
import type { GatewayKeyAuth } from "./gatewayKeyAuth.ts";
import { type Keys, sign } from "./keys.ts";
import type { Principal } from "./principal.ts";
import { createPrincipalCache } from "./principalCache.ts";
import type { TokenVerifier } from "./tokenVerifier.ts";

/** Who a key belongs to, as `credentials.check` learnt it. */
export interface Identity {
  readonly user: Principal["user"];
  readonly organisation: Principal["organisation"];
  /** Null: the check says nothing of scopes, the upstream decides. */
  readonly scopes: readonly string[] | null;
}

/** Asks the upstream who a key is. Null when it refuses the key; throws `upstream_*` when it cannot say. */
export type CredentialCheck = (credential: Secret) => Promise<Identity | null>;

export interface AuthenticateOptions {
  /** Header names that carry keys, lower case, in the order in which a 401 names them. */
  readonly headers: readonly string[];
  /** False: a request without a key is served as nobody ({@link anonymous}). */
  readonly required: boolean;
  /** Keys of the purpose `principal`: principal ids are HMACs, so that none tells anything of its key. */
  readonly keys: Keys;
  /** Absent: the key is *unverified*; its Principal has no user and no scopes, and the upstream decides. */
  readonly check?: CredentialCheck;
  /** Keys of the gateway's own. Absent: there are none, and every key is passed through. */
  readonly gatewayKeys?: GatewayKeyAuth;
  /** Access tokens of OAuth. Absent: there are none. */
  readonly tokens?: TokenVerifier;
  /** False: gateway keys alone are good, and no other key is sent anywhere. Default true. */
  readonly passThrough?: boolean;
  /** How long an accepted key is believed. Default 60: what `credentials.check.cacheSeconds` says. */
  readonly cacheSeconds?: number;
  /** Principals kept. Default 10,000, some 10 MB. */
  readonly cacheSize?: number;
  /** Refused keys per minute and network before other unknown keys from there are 429 (security.md §6). Default 20. */
  readonly failuresPerMinute?: number;
  /** Where a user makes a key; named in the 401 when given. */
  readonly keyPageUrl?: string;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * The Principal of a request, from its raw header list. Throws `unauthenticated`, `invalid_request`, or `rate_limited` when
 * too many keys from the network `from` were refused; without `from` nothing is counted. A key that was good before is not
 * held to it, so one client with a bad key does not lock out its neighbours; nor is one that cannot be a key at all, whose
 * owner should read what is wrong with it. `resource` is the URL that an access token must be for; without it none is good.
 */
export type Authenticate = (rawHeaders: readonly string[], from?: string, resource?: string) => Promise<Principal>;

/** How long a refused key is remembered: long enough for a client that retries in a loop, short enough for a key just made. */
const refusedSeconds = 5;

/** Who calls a public API without a key. */
export const anonymous: Principal = {
  kind: "passthrough",
  id: "anonymous",
  user: null,
  organisation: null,
  scopes: null,
};

/**
 * {@link Authenticate} for access tokens, gateway keys and pass-through keys, side by side. The id of a pass-through key's Principal is the HMAC of the key. Checks of one key that run at the
 * same time share one request to the upstream. A fault of the upstream is not remembered.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { headers, required, keys, check, gatewayKeys, tokens, passThrough = true } = options;
  const lives = { accepted: (options.cacheSeconds ?? 60) * 1_000, refused: refusedSeconds * 1_000 };
  const now = options.now ?? Date.now;
  const cache = createPrincipalCache({ size: options.cacheSize ?? 10_000, lives, now });
  const failures = createFailures({ perMinute: options.failuresPerMinute ?? 20, size: 10_000, now });
  const identify = async (credential: Secret): Promise<Principal | null> => {
    const identity = check === undefined ? unverified : await check(credential);
    if (identity === null) return null;
    const id = sign(keys, credential.reveal());
    const formerIds = keys.slice(1).map((key) => sign([key], credential.reveal()));
    return { kind: "passthrough", id, ...(formerIds.length > 0 && { formerIds }), ...identity, credential };
  };
  /** A cut key of ours must not become an unverified one. */
  const isOurs = (credential: Secret): boolean =>
    gatewayKeys !== undefined &&
    (!passThrough || gatewayKeys.takes(credential) || (check === undefined && gatewayKeys.mayTake(credential)));
  const known = (
    credential: Secret,
    resource: string | undefined,
  ): { wasGood: () => boolean; get: () => Principal | null | Promise<Principal | null> } => {
    if (tokens?.takes(credential) === true) {
      const verify = (): Promise<Principal | null> | null =>
        resource === undefined ? null : tokens.verify(credential, resource);
      return { wasGood: () => tokens.wasGood(credential), get: verify };
    }
    if (gatewayKeys !== undefined && isOurs(credential))
      return { wasGood: () => gatewayKeys.wasGood(credential), get: () => gatewayKeys.identify(credential) };
    // Within the process a hash will do, at a third of the cost of the HMAC that the id is.
    const entry = hash("sha256", credential.reveal(), "base64url");
    return { wasGood: () => cache.wasGood(entry), get: () => cache.get(entry, () => identify(credential)) };
  };
  return async (rawHeaders, from, resource) => {
    const credential = readCredential(rawHeaders, headers);
    if (credential === null) {
      if (!required) return anonymous;
      throw noCredential(headers, options.keyPageUrl);
    }
    const one = known(credential, resource);
    if (from !== undefined && !one.wasGood()) failures.assertFew(from);
    const principal = await one.get();
    if (principal === null) {
      if (from !== undefined) failures.add(from);
      throw refused();
    }
    return principal;
  };
}

const unverified: Identity = { user: null, organisation: null, scopes: null };

function noCredential(headers: readonly string[], keyPageUrl: string | undefined): GatewayError {
  const forms = headers.map((name) =>
    name === "authorization" ? "`Authorization: Bearer <key>`" : `\`${name}: <key>\``,
  );
  const where = keyPageUrl === undefined ? "" : ` Make a key at ${keyPageUrl}.`;
  return new GatewayError("unauthenticated", `no key was sent; send it as ${forms.join(" or ")}.${where}`, {
    data: { reason: "missing" },
  });
}

function refused(): GatewayError {
  return new GatewayError(
    "unauthenticated",
    "the key is not valid: it is mistyped or cut off, was revoked, has expired, or belongs to another environment",
    { data: { reason: "refused" } },
  );
}
