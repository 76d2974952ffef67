import { type Authenticate, type AuthenticateOptions, createAuthenticate } from "../auth/authenticate.ts";
import type { GatewayKeyAuth } from "../auth/gatewayKeyAuth.ts";
import type { Keys } from "../auth/keys.ts";
import type { Config, CredentialsConfig } from "../config/config.ts";
import type { Api } from "../descriptor.ts";
import type { Upstream } from "../upstream/client.ts";
import { createCredentialCheck } from "./credentialCheck.ts";

export interface SurfaceKeysOptions {
  readonly api: Api;
  readonly config: Pick<Config, "surfaces" | "upstreams">;
  readonly upstreamNamed: (name: string) => Upstream;
  /** Keys of the purpose. */
  readonly keysFor: (purpose: string) => Keys;
  /** Headers beside the configured ones that carry credentials. */
  readonly furtherHeaders: readonly string[];
  /** What is the same at every Surface. */
  readonly common: Pick<AuthenticateOptions, "tokens" | "failuresPerMinute" | "keyPageUrl"> & {
    readonly gatewayKeys: GatewayKeyAuth;
  };
}

/**
 * `Authenticate` by the name of a Surface. A key is asked about at the Surface's own upstream and is nobody at another: Principals
 * of two upstreams never have one id, and what is known of a key at one is not believed at the other (security.md F14). Surfaces of
 * one upstream with the same rules share what they know. Gateway keys are kept for the first upstream, and refused elsewhere.
 */
export function createSurfaceKeys(options: SurfaceKeysOptions): (surface: string) => Authenticate {
  const { surfaces, upstreams } = options.config;
  const [first] = Object.keys(upstreams);
  const made = new Map<string, Authenticate>();
  const bySurface = new Map<string, Authenticate>();
  for (const [name, { upstream, credentials }] of Object.entries(surfaces)) {
    const rules = JSON.stringify([upstream, credentials]);
    const authenticate = made.get(rules) ?? authenticateAt(upstream, credentials, upstream === first, options);
    made.set(rules, authenticate);
    bySurface.set(name, authenticate);
  }
  return (surface) => {
    const authenticate = bySurface.get(surface);
    if (authenticate === undefined) throw new Error(`there is no surface ${surface}`);
    return authenticate;
  };
}

function authenticateAt(
  upstream: string,
  { check, headers, required, passThrough }: CredentialsConfig,
  isFirst: boolean,
  { api, upstreamNamed, keysFor, furtherHeaders, common }: SurfaceKeysOptions,
): Authenticate {
  return createAuthenticate({
    ...common,
    headers: [...new Set([...headers, ...furtherHeaders])],
    required,
    passThrough,
    keys: keysFor(isFirst ? "principal" : `principal ${upstream}`),
    gatewayKeys: isFirst ? common.gatewayKeys : refusing(common.gatewayKeys),
    ...(check && {
      check: createCredentialCheck(api, check, upstreamNamed(upstream)),
      cacheSeconds: check.cacheSeconds,
    }),
  });
}

/** Knows what a gateway key is, so that none is passed on, and takes none. */
function refusing(gatewayKeys: GatewayKeyAuth): GatewayKeyAuth {
  return { ...gatewayKeys, wasGood: () => false, identify: async () => null };
}
