import { hash } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Principal } from "../../auth/principal.ts";
import type { ResourceOAuthConfig } from "../../config/oauth.ts";

/** Who a token is of, by the paths of the configuration; null for one that names no user: nobody could be called to account. */
export function principalOf(claims: JWTPayload, { issuer, claims: paths }: ResourceOAuthConfig): Principal | null {
  const user = partyOf(claims, paths.user, paths.userName);
  if (user === null || claims.exp === undefined) return null;
  const client = claims.client_id ?? claims.azp ?? "";
  return {
    kind: "connection",
    // The same for each token of one user and client, so that sessions outlive a refresh.
    id: hash("sha256", JSON.stringify([issuer, user.id, client]), "base64url").slice(0, 22),
    user,
    organisation: paths.organisation === undefined ? null : partyOf(claims, paths.organisation, paths.organisationName),
    scopes: scopesOf(valueAt(claims, paths.scopes), paths.map),
    expiresAtMs: claims.exp * 1_000,
  };
}

/** What the provider calls a scope of ours: the same, unless the configuration maps it. */
export function providerScope(scope: string, map: ResourceOAuthConfig["claims"]["map"]): string {
  return Object.entries(map ?? {}).find(([, ours]) => ours === scope)?.[0] ?? scope;
}

/** A text or number at a dot path. */
export function textAt(claims: JWTPayload, path: string): string | undefined {
  const found = valueAt(claims, path);
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

function partyOf(claims: JWTPayload, id: string, name: string | undefined): Principal["user"] {
  const found = textAt(claims, id);
  if (found === undefined || found === "") return null;
  const called = name === undefined ? undefined : textAt(claims, name);
  return { id: found, ...(called !== undefined && { name: called }) };
}

/** A value that the map does not know grants nothing. */
function scopesOf(found: unknown, map: ResourceOAuthConfig["claims"]["map"]): readonly string[] {
  const words: readonly unknown[] = Array.isArray(found) ? found : typeof found === "string" ? found.split(" ") : [];
  const named = words.filter((word): word is string => typeof word === "string" && word !== "");
  if (map === undefined) return [...new Set(named)];
  return [...new Set(named.flatMap((word) => (Object.hasOwn(map, word) ? [map[word] as string] : [])))]; // hasOwn says so
}

function valueAt(value: unknown, path: string): unknown {
  // A claim whose name has dots, as URLs do, is meant whole.
  if (typeof value === "object" && value !== null && Object.hasOwn(value, path))
    return (value as Readonly<Record<string, unknown>>)[path]; // hasOwn says so
  let inner = value;
  for (const key of path.split(".")) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Readonly<Record<string, unknown>>)[key]; // hasOwn says so
  }
  return inner;
}
