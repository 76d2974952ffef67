import type { GatewayError } from "../errors.ts";

/** What an HTTP 401 or 403 says: RFC 6750 §3, and an OAuth error body for clients that look there. */
export interface Challenge {
  readonly status: 401 | 403;
  /** The `WWW-Authenticate` header. */
  readonly header: string;
  readonly body: { readonly error: string; readonly error_description: string };
}

/** What an OAuth client has to know to get in: where its metadata is, and what to ask for at first. */
export interface ChallengeFacts {
  /** RFC 9728 §5.1 */
  readonly metadataUrl: string;
  readonly scopes: readonly string[];
  /** What the authorization server calls a scope of ours. Default: the same. */
  readonly nameOf?: (scope: string) => string;
}

/**
 * The challenge for an `unauthenticated` or `insufficient_scope` error. A request without any credential gets no error code
 * in the header (RFC 6750 §3.1). Names the metadata document where `oauth` is given, and scopes: those of the error, which
 * are all that the operation needs, else the first to ask for.
 */
export function challengeOf(error: GatewayError, realm: string, oauth?: ChallengeFacts): Challenge {
  const status = error.code === "insufficient_scope" ? 403 : 401;
  const code = status === 403 ? "insufficient_scope" : "invalid_token";
  const scopes = scopesOf(error, oauth);
  const parts = [`realm="${quoted(realm)}"`];
  if (error.facts.data?.reason !== "missing")
    parts.push(`error="${code}"`, `error_description="${quoted(error.message)}"`);
  if (oauth !== undefined) parts.push(`resource_metadata="${quoted(oauth.metadataUrl)}"`);
  if (scopes !== undefined) parts.push(`scope="${quoted(scopes.join(" "))}"`);
  return { status, header: `Bearer ${parts.join(", ")}`, body: { error: code, error_description: error.message } };
}

function scopesOf({ facts }: GatewayError, oauth: ChallengeFacts | undefined): readonly string[] | undefined {
  const needed = facts.data?.scopes;
  if (!Array.isArray(needed)) return oauth?.scopes;
  const names: readonly string[] = needed.map(String);
  return oauth?.nameOf === undefined ? names : names.map(oauth.nameOf);
}

/** RFC 6750 allows printable ASCII without quote and backslash. */
function quoted(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}
