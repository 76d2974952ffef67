import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { CredentialsConfig } from "./config.ts";

/** How people sign in to the gateway's own pages, and what the API is asked about them (oauth.md §7). */
export interface SignInConfig {
  /** The API owner's OpenID Connect provider. */
  readonly oidc?: OidcConfig;
  /**
   * Whether a key signs its owner in: one of the gateway, and where `consent.me` says whose it is, one of the API. Default: only where
   * there is no `oidc`.
   */
  readonly key: boolean;
  /**
   * What is sent to the API for a Connection of somebody who signed in at `oidc`: a key made there (`mint`), or the provider's
   * access token (`userToken`). Somebody who signed in with a key has that key sent (`pasted`), whatever stands here.
   */
  readonly upstreamCredential: "mint" | "userToken" | "pasted";
  readonly consent: ConsentConfig;
  /** Claims of the ID token that make an administrator, all of them. Absent: nobody is. */
  readonly adminClaim?: Readonly<Record<string, string | number | boolean>>;
}

export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  /** `OIDC_CLIENT_SECRET`; absent: a public client. */
  readonly clientSecret?: Secret;
  /** Default `openid profile email`. */
  readonly scopes: readonly string[];
  /** On the button. Default: the host of the issuer. */
  readonly name?: string;
  /** Added to the authorization request, e.g. `audience`. Default none. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The Operations that say who a user is and what the user may do; each is asked with the user's own credential. */
export interface ConsentConfig {
  /** Default: `credentials.check`. */
  readonly me?: IdentityOperation;
  /** Absent: a user has the organisation that `me` says. */
  readonly organisations?: ListedOperation;
  /** Absent: the API has no pages to choose from. */
  readonly pages?: ListedOperation & {
    /** What people call them. Default `Pages`. */
    readonly label: string;
  };
  readonly mint?: MintOperation;
  /** Deletes a key that `mint` made. Absent: it is left to expire or to be deleted by hand. */
  readonly unmint?: { readonly operation: string; readonly arguments: Templates };
  /** How an access token of the provider is sent. Default `authorization: Bearer <token>`. */
  readonly credential: { readonly header: string; readonly prefix: string };
  /** Sent with it once the organisation is chosen; `{organisation.id}` and `{user.id}` are filled in. Default none. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a scope lets a client do, in words for people, by scope: for those that the standard words do not fit. */
  readonly words: Readonly<Record<string, string>>;
}

export type IdentityOperation = Omit<NonNullable<CredentialsConfig["check"]>, "cacheSeconds">;

/** Arguments by name. In texts `{organisation.id}`, `{user.id}`, `{name}` and `{key}` are filled in; `{scopes}` alone is the list. */
export type Templates = Readonly<Record<string, unknown>>;

export interface ListedOperation {
  /** Id of a read Operation; every page of a list is read. */
  readonly operation: string;
  readonly arguments: Templates;
  /** Dot path to the items, where the Operation is not a list by itself. */
  readonly items?: string;
  /** Dot paths within an item. Default `id` and `name`. */
  readonly id: string;
  readonly name: string;
}

export interface MintOperation {
  readonly operation: string;
  readonly arguments: Templates;
  /** Dot path to the key in the answer. Default `key`. */
  readonly key: string;
  /** Dot path to the name by which it can be deleted. Default `id`. */
  readonly keyRef: string;
  /** What the API calls the rights of each scope; those of all approved ones are `{scopes}`. Default: by their own names. */
  readonly scopes?: Readonly<Record<string, readonly string[]>>;
}

type Optional<Value> = { readonly [name in keyof Value]?: Value[name] };

/** The part of `oauth` in gateway.yaml that is about signing in. */
export interface SignInFile {
  readonly signIn?: {
    readonly oidc?: Optional<Omit<OidcConfig, "clientSecret">> & Pick<OidcConfig, "issuer" | "clientId">;
    readonly key?: boolean;
  };
  readonly upstreamCredential?: SignInConfig["upstreamCredential"];
  readonly consent?: ConsentFile;
  readonly adminClaim?: SignInConfig["adminClaim"];
}

interface ConsentFile {
  readonly me?: Optional<Omit<IdentityOperation, "scopes">> & {
    readonly operation: string;
    readonly scopes?: string | IdentityOperation["scopes"];
  };
  readonly organisations?: ListedFile;
  readonly pages?: ListedFile & { readonly label?: string };
  readonly mint?: Optional<MintOperation> & { readonly operation: string };
  readonly unmint?: ConsentConfig["unmint"];
  readonly credential?: { readonly header: string; readonly prefix?: string };
  readonly headers?: ConsentConfig["headers"];
  readonly words?: ConsentConfig["words"];
}

type ListedFile = Optional<ListedOperation> & { readonly operation: string };

const text: Schema = { type: "string", minLength: 1 };
const texts: Schema = { type: "array", items: text, minItems: 1 };
const textMap: Schema = { type: "object", additionalProperties: text };
const closed = (properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});
const listed: Record<string, Schema> = {
  operation: text,
  arguments: { type: "object" },
  items: text,
  id: text,
  name: text,
};

/** Properties of `oauth` in gateway.yaml, to be spread into its schema. */
export const signInProperties: Readonly<Record<string, Schema>> = {
  signIn: closed({
    oidc: closed({ issuer: text, clientId: text, scopes: texts, name: text, parameters: textMap }, [
      "issuer",
      "clientId",
    ]),
    key: { type: "boolean" },
  }),
  upstreamCredential: { enum: ["mint", "userToken", "pasted"] },
  consent: closed({
    me: closed(
      {
        operation: text,
        user: text,
        userName: text,
        organisation: text,
        organisationName: text,
        scopes: { anyOf: [text, closed({ path: text, map: textMap }, ["path"])] },
        refusedStatuses: { type: "array", items: { type: "integer", minimum: 400, maximum: 499 } },
      },
      ["operation"],
    ),
    organisations: closed(listed, ["operation"]),
    pages: closed({ ...listed, label: text }, ["operation"]),
    mint: closed(
      {
        operation: text,
        arguments: { type: "object" },
        key: text,
        keyRef: text,
        scopes: { type: "object", additionalProperties: texts },
      },
      ["operation"],
    ),
    unmint: closed({ operation: text, arguments: { type: "object" } }, ["operation", "arguments"]),
    credential: closed({ header: text, prefix: { type: "string" } }, ["header"]),
    headers: textMap,
    words: textMap,
  }),
  adminClaim: {
    type: "object",
    minProperties: 1,
    additionalProperties: { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }] },
  },
};

/** What sign-in needs of the rest of the configuration. */
export interface SignInSurroundings {
  readonly check?: CredentialsConfig["check"];
  /** `OIDC_CLIENT_SECRET`. */
  readonly clientSecret?: Secret;
}

/**
 * The `oauth` part of a file with the defaults of sign-in filled in. Throws `invalid_request` where nobody could sign in, or a
 * Connection would have nothing to be sent to the API.
 */
export function resolveSignIn(file: SignInFile, { check, clientSecret }: SignInSurroundings): SignInConfig {
  const { signIn = {}, consent: given = {} } = file;
  const { oidc, key = oidc === undefined } = signIn;
  const consent = resolveConsent(given, check);
  const upstreamCredential = file.upstreamCredential ?? (consent.mint === undefined ? "pasted" : "mint");
  const fault = faultOf({ oidc: oidc !== undefined, key, upstreamCredential, consent });
  if (fault !== undefined) throw new GatewayError("invalid_request", fault);
  return {
    key,
    upstreamCredential,
    consent,
    ...(oidc && { oidc: resolveOidc(oidc, clientSecret) }),
    ...(file.adminClaim && { adminClaim: file.adminClaim }),
  };
}

function faultOf(given: {
  readonly oidc: boolean;
  readonly key: boolean;
  readonly upstreamCredential: SignInConfig["upstreamCredential"];
  readonly consent: ConsentConfig;
}): string | undefined {
  const { oidc, key, upstreamCredential, consent } = given;
  if (!oidc && !key)
    return "oauth.signIn leaves no way to sign in; set oauth.signIn.oidc to your identity provider, or oauth.signIn.key to true";
  if (oidc && upstreamCredential === "pasted")
    return "oauth.upstreamCredential is pasted, but somebody who signs in at oauth.signIn.oidc pastes no key; set it to mint (with oauth.consent.mint) or userToken";
  if (upstreamCredential === "mint" && consent.mint === undefined)
    return "oauth.upstreamCredential is mint, but oauth.consent.mint does not name the operation that makes a key";
  return undefined;
}

function resolveOidc(
  {
    issuer,
    scopes = ["openid", "profile", "email"],
    parameters = {},
    ...rest
  }: NonNullable<NonNullable<SignInFile["signIn"]>["oidc"]>,
  clientSecret: Secret | undefined,
): OidcConfig {
  const url = URL.parse(issuer);
  const isLocal = url?.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (
    url === null ||
    !(url.protocol === "https:" || isLocal) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw new GatewayError(
      "invalid_request",
      "oauth.signIn.oidc.issuer is not an https URL without user, query and fragment; give one such as https://login.example.com",
    );
  return { issuer, scopes, parameters, ...rest, ...(clientSecret && { clientSecret }) } as OidcConfig; // exactOptionalPropertyTypes: an undefined name reads as absent
}

function resolveConsent(file: ConsentFile, check: CredentialsConfig["check"]): ConsentConfig {
  const { me, organisations, pages, mint, unmint, credential, headers = {}, words = {} } = file;
  return {
    ...(me ? { me: identity(me) } : check && { me: check }),
    ...(organisations && { organisations: listOf(organisations) }),
    ...(pages && { pages: { ...listOf(pages), label: pages.label ?? "Pages" } }),
    ...(mint && { mint: { arguments: {}, key: "key", keyRef: "id", ...mint } }),
    ...(unmint && { unmint }),
    credential: credential ? { prefix: "", ...credential } : { header: "authorization", prefix: "Bearer " },
    headers,
    words,
  };
}

function identity(file: NonNullable<ConsentFile["me"]>): IdentityOperation {
  const { scopes } = file;
  return {
    refusedStatuses: [401, 403],
    ...file,
    scopes: typeof scopes === "string" ? { path: scopes } : scopes,
  } as IdentityOperation; // exactOptionalPropertyTypes: an undefined `scopes` reads as absent
}

function listOf(file: ListedFile): ListedOperation {
  return { arguments: {}, id: "id", name: "name", ...file };
}
