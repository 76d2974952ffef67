import { GatewayError } from "../../errors.ts";
import { safeFetch } from "../../safeFetch.ts";

/** Gets what an URL of the operator's answers. Throws where it cannot be had. */
export type FetchTrusted = (
  url: string,
  options?: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
) => Promise<Uint8Array>;

/** What an authorization server says of itself, as far as it matters here. https://www.rfc-editor.org/rfc/rfc8414#section-2 */
export interface IssuerMetadata {
  readonly jwksUri?: string;
  readonly tokenEndpoint?: string;
  /** Clients may come without the operator's doing. */
  readonly takesUnknownClients: boolean;
}

const maxBytes = 64 * 1024;
const timeoutMs = 3_000;

/** The operator named the issuer, so any address and http are meant; nothing is followed elsewhere, and little is read. */
export const fetchTrusted: FetchTrusted = (url, sent) =>
  safeFetch(url, { trust: "operator", maxBytes, timeoutMs, ...(sent && { ...sent, method: "POST" as const }) });

/**
 * The metadata of `issuer`: at the place of RFC 8414, else at that of OpenID Connect. Throws `invalid_request` where neither answers
 * with a document of this issuer: a document that names another would lead to another's keys.
 */
export async function issuerMetadata(issuer: string, fetch: FetchTrusted): Promise<IssuerMetadata> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  let why: unknown;
  for (const place of places) {
    try {
      return read(issuer, JSON.parse(Buffer.from(await fetch(place)).toString("utf8")));
    } catch (thrown) {
      why = thrown;
    }
  }
  throw new GatewayError("invalid_request", "the metadata of oauth.issuer cannot be had", { cause: why });
}

function read(issuer: string, document: unknown): IssuerMetadata {
  const given = (typeof document === "object" && document !== null ? document : {}) as Readonly<
    Record<string, unknown>
  >; // just checked
  if (given.issuer !== issuer) throw new Error("the document is another issuer's");
  const text = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === "string" ? value : undefined;
  };
  const [jwksUri, tokenEndpoint] = [text("jwks_uri"), text("token_endpoint")];
  return {
    ...(jwksUri !== undefined && { jwksUri }),
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    takesUnknownClients:
      text("registration_endpoint") !== undefined || given.client_id_metadata_document_supported === true,
  };
}
