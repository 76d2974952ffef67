import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { CredentialsConfig } from "./config.ts";
import type { Source } from "./faults.ts";
import { resolveSignIn, type SignInConfig, type SignInFile, signInProperties } from "./signIn.ts";

/** How OAuth clients get in (oauth.md). `off`: not at all, and nothing of it is served. */
export type OAuthConfig = { readonly mode: "off" } | ServerOAuthConfig | ResourceOAuthConfig;

/** The gateway's own authorization server. */
export interface ServerOAuthConfig {
  readonly mode: "server";
  /** Clients known beforehand; public ones, with PKCE. Default none. */
  readonly clients: readonly ConfiguredClient[];
  /** Whether clients may register by themselves (RFC 7591). Default true: Cursor and older clients know no other way. */
  readonly registration: boolean;
  /** Whose client id metadata documents are fetched. Default `open`. */
  readonly clientDocuments: "open" | "off" | { readonly hosts: readonly string[] };
  /** Schemes of programs that codes may be sent to, lower case: `cursor`. Default none: any program can claim one. */
  readonly extraRedirectSchemes: readonly string[];
  /** Which arguments of Tools what the user picked is bound to. Default: none, and the upstream's credential alone decides. */
  readonly bind: { readonly organisation?: BoundTo; readonly pages?: BoundTo };
  /** How its users sign in, and what they are asked. */
  readonly signIn: SignInConfig;
}

export interface ConfiguredClient {
  readonly id: string;
  /** Default: the id. */
  readonly name?: string;
  readonly redirectUris: readonly string[];
}

export interface BoundTo {
  readonly argument: string;
  /** What becomes of Tools without the argument, which could reach what it keeps out. Default `hide`. */
  readonly elsewhere: "hide" | "allow";
}

/** Somebody else's authorization server; the gateway takes its JWTs. */
export interface ResourceOAuthConfig {
  readonly mode: "resource";
  readonly issuer: string;
  /** What `aud` must be. Has no default: many providers ignore `resource`, and another service's tokens would be good here. */
  readonly audience: string;
  /** Default: what the metadata of the issuer says. */
  readonly jwksUri?: string;
  /** The `typ` of the header; `any` for providers that set none of RFC 9068. Default `at+jwt`. */
  readonly tokenType: string;
  /** Default 30, the most there may be. */
  readonly clockToleranceSeconds: number;
  /** Dot paths into the claims. */
  readonly claims: {
    /** Default `sub`. */
    readonly user: string;
    readonly userName?: string;
    readonly organisation?: string;
    readonly organisationName?: string;
    /** A list, or a text with spaces. Default `scope`. */
    readonly scopes: string;
    /** What each scope of the provider means here; what it does not name means nothing. Default: they have the same names. */
    readonly map?: { readonly [value: string]: string };
  };
  readonly upstream: UpstreamTokenConfig;
}

/** Where the credential for the upstream comes from; the inbound token is never sent there. */
export type UpstreamTokenConfig =
  /** RFC 8693, with `OAUTH_EXCHANGE_SECRET`. */
  | { readonly exchange: TokenExchangeConfig }
  /** `OAUTH_UPSTREAM_KEYS`: JSON, by the value of this claim. */
  | { readonly keys: { readonly claim: string } }
  /** `UPSTREAM_API_KEY`, the same for everybody. */
  | "gateway";

export interface TokenExchangeConfig {
  /** Default: what the metadata of the issuer says. */
  readonly tokenEndpoint?: string;
  readonly clientId: string;
  readonly audience?: string;
  readonly scope?: string;
}

/** `oauth` as written. */
export interface OAuthFile extends SignInFile {
  readonly mode?: "off" | "server" | "resource";
  readonly clients?: readonly ConfiguredClient[];
  readonly registration?: boolean;
  readonly clientDocuments?: ServerOAuthConfig["clientDocuments"];
  readonly extraRedirectSchemes?: readonly string[];
  readonly bind?: { readonly organisation?: BoundFile; readonly pages?: BoundFile };
  readonly issuer?: string;
  readonly audience?: string;
  readonly jwksUri?: string;
  readonly tokenType?: string;
  readonly clockToleranceSeconds?: number;
  readonly claims?: Partial<ResourceOAuthConfig["claims"]>;
  readonly upstream?: UpstreamTokenConfig;
}

type BoundFile = string | { readonly argument: string; readonly elsewhere?: BoundTo["elsewhere"] };

const text: Schema = { type: "string", minLength: 1 };
const closed = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});
const bound: Schema = {
  anyOf: [text, closed({ argument: text, elsewhere: { enum: ["hide", "allow"] } }, ["argument"])],
};

/** JSON Schema of `oauth`. Which keys belong to which mode: {@link oauthFaults}. */
export const oauthSchema: Schema = closed({
  mode: { enum: ["off", "server", "resource"] },
  clients: {
    type: "array",
    items: closed({ id: text, name: text, redirectUris: { type: "array", items: text, minItems: 1 } }, [
      "id",
      "redirectUris",
    ]),
  },
  registration: { type: "boolean" },
  clientDocuments: {
    anyOf: [{ enum: ["open", "off"] }, closed({ hosts: { type: "array", items: text, minItems: 1 } }, ["hosts"])],
  },
  extraRedirectSchemes: { type: "array", items: { type: "string", pattern: "^[a-z][a-z0-9+.-]*$" } },
  bind: closed({ organisation: bound, pages: bound }),
  ...signInProperties,
  issuer: text,
  audience: text,
  jwksUri: text,
  tokenType: text,
  clockToleranceSeconds: { type: "integer", minimum: 0, maximum: 30 },
  claims: closed({
    user: text,
    userName: text,
    organisation: text,
    organisationName: text,
    scopes: text,
    map: { type: "object", additionalProperties: text },
  }),
  upstream: {
    anyOf: [
      { const: "gateway" },
      closed({ exchange: closed({ tokenEndpoint: text, clientId: text, audience: text, scope: text }, ["clientId"]) }, [
        "exchange",
      ]),
      closed({ keys: closed({ claim: text }, ["claim"]) }, ["keys"]),
    ],
  },
});

const keysOf = {
  server: [
    "clients",
    "registration",
    "clientDocuments",
    "extraRedirectSchemes",
    "bind",
    "signIn",
    "upstreamCredential",
    "consent",
    "adminClaim",
  ],
  resource: ["issuer", "audience", "jwksUri", "tokenType", "clockToleranceSeconds", "claims", "upstream"],
} as const;

/** Schemes that run code or read files wherever they are opened. */
const forbiddenSchemes = ["javascript", "data", "file", "about", "blob", "vbscript", "http", "https"];

/** What the schema cannot say of `oauth`, each with file and line. */
export function oauthFaults(source: Source, file: OAuthFile): readonly string[] {
  const { mode = "off" } = file;
  const faults: string[] = [];
  const fault = (path: readonly string[], what: string): void => {
    const at = ["oauth", ...path];
    faults.push(`${source.file}:${source.lineOf(at)}: ${at.join(".")} ${what}`);
  };
  for (const [owner, keys] of Object.entries(keysOf))
    for (const key of keys.filter((one) => file[one] !== undefined && owner !== mode && mode !== "off"))
      fault([key], `belongs to mode ${owner}, and the mode is ${mode}`);
  for (const scheme of file.extraRedirectSchemes ?? [])
    if (forbiddenSchemes.includes(scheme)) fault(["extraRedirectSchemes"], `names ${scheme}, which is never allowed`);
  if (mode !== "resource") return faults;
  if (file.issuer === undefined)
    fault([], 'lacks "issuer": the URL of the authorization server whose tokens are taken');
  if (file.audience === undefined)
    fault([], 'lacks "audience": without it a token that was issued for another service would be good here');
  if (file.upstream === undefined)
    fault([], 'lacks "upstream": exchange, keys or gateway, since the token itself is never sent to the API');
  for (const [path, url] of [
    [["issuer"], file.issuer],
    [["jwksUri"], file.jwksUri],
    [["upstream", "exchange", "tokenEndpoint"], exchangeOf(file.upstream)?.tokenEndpoint],
  ] as const)
    if (url !== undefined && !isTrustedUrl(url)) fault(path, "is not an https URL without user, query and fragment");
  return faults;
}

function exchangeOf(upstream: UpstreamTokenConfig | undefined): TokenExchangeConfig | undefined {
  return typeof upstream === "object" && "exchange" in upstream ? upstream.exchange : undefined;
}

/** https; on this machine http too. */
function isTrustedUrl(url: string): boolean {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.username !== "" || parsed.search !== "" || parsed.hash !== "") return false;
  return parsed.protocol === "https:" || (parsed.protocol === "http:" && isLoopbackName(parsed.hostname));
}

function isLoopbackName(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}

/** What of the process OAuth depends on. */
export interface OAuthSurroundings {
  readonly host: string;
  readonly publicUrl?: string;
  readonly hasSecret: boolean;
  readonly isInMemory: boolean;
  readonly exchangeSecret?: Secret;
  /** Of the client at the provider of `oauth.signIn.oidc`. */
  readonly oidcClientSecret?: Secret;
  readonly check?: CredentialsConfig["check"];
  readonly upstreamKeys?: ReadonlyMap<string, Secret>;
}

/**
 * `oauth` with every default filled in. Throws `invalid_request` where tokens would travel openly, or what is needed for the mode is
 * not in the environment.
 */
export function resolveOAuth(file: OAuthFile | undefined, surroundings: OAuthSurroundings): OAuthConfig {
  const { mode = "off" } = file ?? {};
  if (file === undefined || mode === "off") return { mode: "off" };
  refuseOpenUrl(surroundings);
  return mode === "server" ? serverOf(file, surroundings) : resourceOf(file, surroundings);
}

function refuse(message: string): never {
  throw new GatewayError("invalid_request", message, { data: { usage: true } });
}

function refuseOpenUrl({ host, publicUrl }: OAuthSurroundings): void {
  if (publicUrl === undefined) {
    if (host === "localhost" || host === "::1" || isLoopbackName(host)) return;
    refuse("oauth is on, but PUBLIC_URL is not set: clients need the https URL that they reach the gateway by");
  }
  const url = new URL(publicUrl);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    refuse("oauth needs a PUBLIC_URL without a path: well-known documents are served at the root of a host");
  if (url.protocol !== "https:" && !isLoopbackName(url.hostname))
    refuse("oauth is on, so PUBLIC_URL must begin with https://; http is for localhost alone");
}

function serverOf(file: OAuthFile, surroundings: OAuthSurroundings): ServerOAuthConfig {
  const { hasSecret, isInMemory, check, oidcClientSecret: clientSecret } = surroundings;
  if (!hasSecret && !isInMemory)
    refuse(
      "oauth.mode is server, and what it keeps outlives this process, but SPECGATE_SECRET is not set: set it, e.g. to the output of: openssl rand -base64 32",
    );
  const { organisation, pages } = file.bind ?? {};
  return {
    mode: "server",
    clients: file.clients ?? [],
    registration: file.registration ?? true,
    clientDocuments: file.clientDocuments ?? "open",
    extraRedirectSchemes: file.extraRedirectSchemes ?? [],
    bind: {
      ...(organisation !== undefined && { organisation: boundTo(organisation) }),
      ...(pages !== undefined && { pages: boundTo(pages) }),
    },
    signIn: resolveSignIn(file, { ...(check && { check }), ...(clientSecret && { clientSecret }) }),
  };
}

function boundTo(file: BoundFile): BoundTo {
  return { elsewhere: "hide", ...(typeof file === "string" ? { argument: file } : file) };
}

function resourceOf(file: OAuthFile, surroundings: OAuthSurroundings): ResourceOAuthConfig {
  const { issuer = "", audience = "", upstream = "gateway" } = file; // oauthFaults has refused a file without them
  if (exchangeOf(upstream) !== undefined && surroundings.exchangeSecret === undefined)
    refuse("oauth.upstream is exchange, but OAUTH_EXCHANGE_SECRET, the secret of its client, is not set");
  if (typeof upstream === "object" && "keys" in upstream && surroundings.upstreamKeys === undefined)
    refuse('oauth.upstream is keys, but OAUTH_UPSTREAM_KEYS is not set: JSON such as {"<value of the claim>":"<key>"}');
  return {
    mode: "resource",
    issuer,
    audience,
    ...(file.jwksUri !== undefined && { jwksUri: file.jwksUri }),
    tokenType: file.tokenType ?? "at+jwt",
    clockToleranceSeconds: file.clockToleranceSeconds ?? 30,
    claims: { user: "sub", scopes: "scope", ...file.claims },
    upstream,
  };
}
