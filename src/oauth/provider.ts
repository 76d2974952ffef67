import type { Configuration, JWK, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { ServerOAuthConfig } from "../config/oauth.ts";
import { GatewayError } from "../errors.ts";
import type { OAuthAdapter } from "./adapter.ts";
import { type ErrorPage, errorPage, errorPageHeaders } from "./errorPage.ts";
import { endpoints, interactionPath } from "./paths.ts";
import { isRegistered, redirectFault } from "./redirectUri.ts";
import type { SigningKey } from "./signingKeys.ts";
import { tokenPrefixes } from "./tokenForm.ts";

export interface ProviderOptions {
  readonly config: ServerOAuthConfig;
  /** The issuer, and the origin of every endpoint: `https://gw.example`. */
  readonly publicUrl: string;
  /** URLs of the Surfaces that take tokens; the first is meant where a client names none. */
  readonly resources: readonly string[];
  /** Scopes that the metadata names, the broad ones. */
  readonly scopes: readonly string[];
  /** Every scope that a client may ask for. */
  readonly allScopes: readonly string[];
  readonly adapter: OAuthAdapter;
  readonly signingKeys: readonly SigningKey[];
  /** The first signs cookies, all verify. */
  readonly cookieKeys: readonly string[];
  readonly fetchDocument: (url: string | URL) => Promise<Response>;
  readonly page: ErrorPage;
  /** Hears of faults of ours. */
  readonly logFault?: (thrown: unknown) => void;
}

const hour = 3_600;
const day = 24 * hour;

/** Seconds (oauth.md §9). A Grant outlives every refresh token, or a used connection would die with it. */
const lives = {
  AccessToken: hour,
  AuthorizationCode: 600,
  RefreshToken: 30 * day,
  Grant: 365 * day,
  Interaction: 600,
  Session: hour,
  IdToken: hour,
} as const;

/** Our one extra member of client metadata: declared so that the library runs the validator. */
const checkedMember = "redirect_uris_checked";

/**
 * The authorization server of the library, configured as oauth.md §4 says; each option has its reason there. The library is loaded
 * here and not before, since nobody else needs it.
 */
export async function createProvider(options: ProviderOptions): Promise<Provider> {
  const library = await import("oidc-provider");
  const { config, publicUrl } = options;
  const provider = new library.Provider(publicUrl, configurationOf(options, library.errors));
  // Safe only because the router overwrites the headers that this trusts.
  provider.proxy = true;
  provider.Client.prototype.redirectUriAllowed = function (uri) {
    return redirectFault(uri, config.extraRedirectSchemes) === null && isRegistered(uri, this.redirectUris ?? []);
  };
  for (const [model, prefix] of Object.entries(tokenPrefixes))
    prefixIds(provider[model as keyof typeof tokenPrefixes].prototype, prefix); // its own keys
  provider.on("server_error", (ctx, thrown) => {
    if (isOutage(thrown)) answerOutage(ctx, thrown);
    else options.logFault?.(thrown);
  });
  return provider;
}

/** A store that does not answer is 503, and never a reason to throw a token away (oauth.md A8). */
function answerOutage(ctx: KoaContextWithOIDC, { facts }: GatewayError): void {
  ctx.status = 503;
  ctx.set("retry-after", String(facts.retryAfterSeconds ?? 2));
  if (ctx.type !== "text/html") ctx.body = { error: "temporarily_unavailable", error_description: "try again shortly" };
}

/** Puts `prefix` before the ids of tokens, which are what their bearers send. The library has no option for it. */
function prefixIds(model: object, prefix: string): void {
  const { generateTokenId } = model as { generateTokenId: () => string }; // every model of the library has it
  Object.assign(model, {
    generateTokenId(this: object): string {
      return `${prefix}${generateTokenId.call(this)}`;
    },
  });
}

function isOutage(thrown: Error): thrown is GatewayError {
  return thrown instanceof GatewayError && thrown.code === "store_unavailable";
}

type Errors = typeof import("oidc-provider").errors;

function configurationOf(options: ProviderOptions, errors: Errors): Configuration {
  const { config, publicUrl, page } = options;
  const cookie = { httpOnly: true, sameSite: "lax", signed: true, overwrite: true } as const;
  const prefix = publicUrl.startsWith("https:") ? "__Secure-" : "";
  return {
    adapter: options.adapter.of,
    clients: config.clients.map(({ id, name = id, redirectUris }) => ({
      client_id: id,
      client_name: name,
      redirect_uris: [...redirectUris],
      token_endpoint_auth_method: "none",
    })),
    clientAuthMethods: ["none", "private_key_jwt"],
    clientDefaults: {
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
    },
    claims: { openid: ["sub"] },
    cookies: {
      keys: [...options.cookieKeys],
      long: cookie,
      short: cookie,
      names: {
        session: `${prefix}oauth_session`,
        interaction: `${prefix}oauth_interaction`,
        resume: `${prefix}oauth_resume`,
      },
    },
    expiresWithSession: async () => false,
    extraClientMetadata: {
      properties: [checkedMember],
      validator: (_ctx, _key, _value, metadata) => {
        for (const uri of metadata.redirect_uris ?? []) {
          const fault = redirectFault(String(uri), config.extraRedirectSchemes);
          if (fault !== null) throw new errors.InvalidRedirectUri(`a redirect URI is refused: ${fault}`);
        }
        delete metadata[checkedMember];
      },
    },
    features: featuresOf(options, errors),
    fetch: (input) => options.fetchDocument(input instanceof Request ? input.url : input),
    fetchResponseBodyLimits: { "client_id metadata document": 5 * 1024, jwks_uri: 64 * 1024 },
    findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `${interactionPath}/${uid}` },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    jwks: { keys: options.signingKeys as readonly JWK[] }, // Node's type of a JWK names fewer members
    loadExistingGrant: async ({ oidc }) => {
      const grantId = oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId);
    },
    pkce: { required: () => true },
    renderError: (ctx, out, thrown) => {
      const outage = isOutage(thrown);
      if (outage) ctx.status = 503;
      ctx.type = "html";
      ctx.set({ ...errorPageHeaders });
      ctx.body = errorPage(outage ? { error: "temporarily_unavailable" } : out, page);
    },
    responseTypes: ["code"],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes: endpoints,
    scopes: ["offline_access", ...options.scopes],
    ttl: lives,
  };
}

function featuresOf(
  { config, publicUrl, resources, allScopes }: ProviderOptions,
  errors: Errors,
): Configuration["features"] {
  const { clientDocuments, registration } = config;
  const off = { enabled: false } as const;
  return {
    devInteractions: off,
    userinfo: off,
    rpInitiatedLogout: off,
    pushedAuthorizationRequests: off,
    claimsParameter: off,
    requestObjects: off,
    dPoP: off,
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    registration: registration ? { enabled: true, issueRegistrationAccessToken: false } : off,
    clientIdMetadataDocument:
      clientDocuments === "off"
        ? off
        : {
            enabled: true,
            ack: "draft-02",
            allowFetch: (_ctx, id) => mayFetch(id, clientDocuments),
            cacheDuration: { min: 30, max: hour },
          },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resources[0] ?? publicUrl,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (!resources.includes(resource)) throw new errors.InvalidTarget();
        return {
          scope: ["offline_access", ...allScopes].join(" "),
          audience: resource,
          accessTokenFormat: "opaque",
          accessTokenTTL: lives.AccessToken,
        };
      },
    },
  };
}

/** By host policy, and not of an address: the check on connect is what keeps private ones out, this keeps odd ones from being tried. */
function mayFetch(id: string, policy: "open" | { readonly hosts: readonly string[] }): boolean {
  const url = URL.parse(id);
  if (url === null || url.protocol !== "https:") return false;
  return policy === "open" || policy.hosts.includes(url.host);
}
