import * as client from "openid-client";
import type { OidcConfig } from "../../config/signIn.ts";
import { GatewayError } from "../../errors.ts";
import { safeFetch } from "../../safeFetch.ts";
import { Secret } from "../../telemetry/secret.ts";

/** What is kept while somebody is away at the provider. */
export interface Departure {
  readonly nonce: string;
  readonly verifier: string;
}

/** Somebody who came back. */
export interface Arrival {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly token: Secret;
  readonly refreshToken?: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs?: number;
}

/** The API owner's OpenID Connect provider, as a client of it. */
export interface IdentityProvider {
  /** On the button. */
  readonly name: string;
  /**
   * Where to send the browser: `keep` stores what is needed when it returns and resolves to the `state`. Throws
   * `upstream_unavailable` when the provider cannot be reached; then nothing was kept.
   * @param again asks for a sign-in even where the provider remembers one
   */
  readonly depart: (keep: (departure: Departure) => Promise<string>, again: boolean) => Promise<string>;
  /** @param query of the request that came back. Throws `not_permitted` when the provider or the person refused. */
  readonly arrive: (query: string, state: string, departure: Departure) => Promise<Arrival>;
  /** A new access token. Throws `unauthenticated` when the provider gives none any more. */
  readonly refresh: (refreshToken: Secret) => Promise<Omit<Arrival, "claims">>;
}

export interface IdentityProviderOptions {
  readonly config: OidcConfig;
  /** Registered with the provider. */
  readonly redirectUri: () => string;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const timeoutMs = 3_000;
const maxBytes = 65_536;

/**
 * {@link IdentityProvider} by the authorization code flow with PKCE, state and nonce. The provider's metadata is fetched on first use
 * and again after a failure. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
export function createIdentityProvider(options: IdentityProviderOptions): IdentityProvider {
  const { config, redirectUri, now = Date.now } = options;
  let discovered: Promise<client.Configuration> | undefined;
  const discover = (): Promise<client.Configuration> => {
    discovered ??= discovery(config).catch((thrown: unknown) => {
      discovered = undefined;
      throw new GatewayError("upstream_unavailable", "the sign-in provider does not answer", {
        next: "Try again shortly.",
        cause: thrown,
      });
    });
    return discovered;
  };
  const arrivalOf = (
    tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
  ): Omit<Arrival, "claims"> => {
    const seconds = tokens.expiresIn();
    return {
      token: new Secret(tokens.access_token),
      ...(tokens.refresh_token !== undefined && { refreshToken: new Secret(tokens.refresh_token) }),
      ...(seconds !== undefined && { expiresAtMs: now() + seconds * 1_000 }),
    };
  };
  return {
    name: config.name ?? new URL(config.issuer).host,
    depart: async (keep, again) => {
      const provider = await discover();
      const departure = { nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() };
      const url = client.buildAuthorizationUrl(provider, {
        ...config.parameters,
        redirect_uri: redirectUri(),
        scope: config.scopes.join(" "),
        state: await keep(departure),
        nonce: departure.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(departure.verifier),
        code_challenge_method: "S256",
        ...(again && { prompt: "login" }),
      });
      return url.href;
    },
    arrive: async (query, state, { nonce, verifier }) => {
      const provider = await discover();
      const back = new URL(redirectUri());
      back.search = query;
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      // `resource` and the like go with the token request as well.
      const tokens = await client
        .authorizationCodeGrant(provider, back, checks, { ...config.parameters })
        .catch((thrown: unknown) => {
          throw refusedBy(thrown);
        });
      return { ...arrivalOf(tokens), claims: { ...tokens.claims() } };
    },
    refresh: async (refreshToken) => {
      const provider = await discover();
      const tokens = await client.refreshTokenGrant(provider, refreshToken.reveal()).catch((thrown: unknown) => {
        throw new GatewayError("unauthenticated", "the sign-in provider gives no new token", { cause: thrown });
      });
      return arrivalOf(tokens);
    },
  };
}

function discovery({ issuer, clientId, clientSecret }: OidcConfig): Promise<client.Configuration> {
  const authentication = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret.reveal());
  return client.discovery(new URL(issuer), clientId, {}, authentication, {
    [client.customFetch]: fetchNamedByOperator,
    timeout: timeoutMs / 1_000,
    // The configuration takes http for this machine alone.
    ...(issuer.startsWith("http:") && { execute: [client.allowInsecureRequests] }),
  });
}

const fetchNamedByOperator: client.CustomFetch = async (url, { method, headers, body }) => {
  const bytes = await safeFetch(url, {
    trust: "operator",
    maxBytes,
    timeoutMs,
    headers,
    ...(method === "POST" && { method: "POST" as const, body: String(body ?? "") }),
  });
  return new Response(new Uint8Array(bytes), { status: 200, headers: { "content-type": "application/json" } });
};

function refusedBy(thrown: unknown): GatewayError {
  const isDenied = thrown instanceof client.AuthorizationResponseError && thrown.error === "access_denied";
  return new GatewayError("not_permitted", isDenied ? "you did not sign in" : "the sign-in did not work", {
    next: "Go back to where you came from and start again.",
    cause: thrown,
  });
}
