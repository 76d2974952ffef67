import type { IncomingMessage } from "node:http";
import type { Router } from "express";
import type { Accounts } from "../auth/account.ts";
import type { Failures } from "../auth/failures.ts";
import type { GatewayKeyAuth } from "../auth/gatewayKeyAuth.ts";
import type { Keys } from "../auth/keys.ts";
import type { BrandConfig, ScopesConfig } from "../config/config.ts";
import type { ServerOAuthConfig } from "../config/oauth.ts";
import { GatewayError } from "../errors.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { type Account, type AccountOptions, createAccount } from "./account/account.ts";
import { signInRouter } from "./account/signInRouter.ts";
import { interactionRouter, signedInPath } from "./interaction/routes.ts";
import type { Interactions, UpstreamGrant } from "./port.ts";
import { type BrowserSessions, createBrowserSessions, type SignedIn } from "./signIn/browserSession.ts";
import { type Away, createOidcSignIn } from "./signIn/oidcSignIn.ts";
import { createIdentityProvider, type IdentityProvider } from "./signIn/provider.ts";
import { createRecords, type RecordsOptions } from "./signIn/records.ts";
import type { MintedKey } from "./upstreamKeys.ts";

export interface SignInPagesOptions {
  readonly config: Pick<ServerOAuthConfig, "signIn" | "bind">;
  readonly scopes: ScopesConfig;
  readonly brand: BrandConfig;
  /** What the API says of people. */
  readonly accounts: Accounts;
  readonly gatewayKeys: Pick<GatewayKeyAuth, "takes" | "mayTake" | "identify">;
  readonly store: RecordsOptions["store"];
  /** Keys of the purpose `credential`. */
  readonly seals: Keys;
  /** Keys of the purpose `csrf`. */
  readonly csrfKeys: Keys;
  /** Origin of every URL of ours; known when the server listens. */
  readonly publicUrl: () => string;
  /** Counts keys that were refused, by network. */
  readonly failures: Failures;
  /** Undefined where a proxy of ours hides it. */
  readonly networkOf: (req: IncomingMessage) => string | undefined;
  readonly log?: Pick<Logger, "error" | "info" | "warn">;
}

/** People in browsers: who they are, and what they decide. */
export interface SignInPages {
  /** To be mounted at `interactionPath`. */
  readonly router: (interactions: Interactions) => Router;
  /** Who is signed in at the gateway's own pages. */
  readonly sessions: BrowserSessions;
  /** Sign-in and sign-out of those pages, below `/account`. */
  readonly signIn: Router;
  /** What they do about their keys and Connections. */
  readonly account: (parts: Pick<AccountOptions, "keys" | "oauth">) => Account;
  /** Gets the provider's access token of a Connection anew. Absent where none is kept. */
  readonly refreshUpstream?: (grant: UpstreamGrant) => Promise<UpstreamGrant>;
  /** Deletes a key that was made at the API for a Connection. Absent where the API was not asked to. */
  readonly deleteUpstreamKey?: (key: MintedKey) => Promise<void>;
}

/** {@link SignInPages} as the configuration wants them. Nothing is sent now. */
export function createSignInPages(options: SignInPagesOptions): SignInPages {
  const { config, store, seals, csrfKeys, accounts, publicUrl } = options;
  const { oidc: oidcConfig, key, upstreamCredential, consent, adminClaim } = config.signIn;
  const sessions = createBrowserSessions({
    records: createRecords<SignedIn>({ store, seals, model: "BrowserSession" }),
    csrfKeys,
  });
  const provider =
    oidcConfig && createIdentityProvider({ config: oidcConfig, redirectUri: () => `${publicUrl()}${signedInPath}` });
  const oidc =
    provider &&
    createOidcSignIn({
      provider,
      accounts,
      records: createRecords<Away>({ store, seals, model: "SignIn" }),
      ...(adminClaim && { adminClaim }),
    });
  const pageArgument = config.bind.pages?.argument;
  const ways = { keySignIn: key, blamedFor: options.networkOf, ...(oidc && { oidc }) };
  return {
    sessions,
    signIn: signInRouter({ ...options, ...ways, sessions }),
    account: (parts) => createAccount({ ...options, ...parts, brand: options.brand.name }),
    router: (interactions) =>
      interactionRouter({
        ...options,
        interactions,
        sessions,
        consent,
        ...ways,
        mints: upstreamCredential === "mint",
        ...(pageArgument !== undefined && { pageArgument }),
      }),
    ...(provider && { refreshUpstream: refreshing(provider) }),
    ...(accounts.unmint && { deleteUpstreamKey: deleting(accounts.unmint) }),
  };
}

/**
 * The key itself is asked first, for nobody of those who could delete it is there any more; where the API does not let it, the
 * gateway's own credential is. One that the API no longer accepts is as good as deleted.
 */
function deleting(unmint: NonNullable<Accounts["unmint"]>): (key: MintedKey) => Promise<void> {
  return async ({ keyRef, credential, user, organisation }) => {
    const by = async (own: Secret | null): Promise<unknown> => {
      try {
        await unmint({ credential: own, kind: "key", user, organisation }, keyRef);
        return undefined;
      } catch (thrown) {
        return GatewayError.from(thrown).code === "upstream_not_found" ? undefined : thrown;
      }
    };
    const first = credential === null ? undefined : await by(credential);
    if (credential !== null && first === undefined) return;
    const status = GatewayError.from(first).facts.upstreamStatus;
    if (credential !== null && status !== 401 && status !== 403) throw first;
    const second = await by(null);
    if (second !== undefined && status !== 401) throw first ?? second;
  };
}

/** A provider that rotates refresh tokens gives a new one; one that does not gives none, and the old one stays good. */
function refreshing(provider: IdentityProvider): (grant: UpstreamGrant) => Promise<UpstreamGrant> {
  return async (grant) => {
    if (grant.refresh === undefined) return grant;
    const { token, refreshToken = grant.refresh.token, expiresAtMs } = await provider.refresh(grant.refresh.token);
    // One of which nothing is said is taken to live a few minutes.
    return {
      ...grant,
      credential: token,
      refresh: { token: refreshToken, expiresAtMs: expiresAtMs ?? Date.now() + 300_000 },
    };
  };
}
