import type { BoundArguments, Principal } from "../auth/principal.ts";
import type { Revocations } from "../auth/revocations.ts";
import type { TokenVerifier } from "../auth/tokenVerifier.ts";
import { GatewayError } from "../errors.ts";
import type { Access, OAuthStore } from "../storage/oauthPort.ts";
import { artifactHash } from "./adapter.ts";
import { looksLikeToken } from "./tokenForm.ts";
import { type CredentialOf, createUpstreamCredential, type UpstreamCredentialOptions } from "./upstreamCredential.ts";

export interface TokensOptions extends Omit<UpstreamCredentialOptions, "now"> {
  readonly store: Pick<OAuthStore, "access" | "claim" | "letGo">;
  readonly revocations: Pick<Revocations, "listen">;
  /** Told of each request with a good token, by the id of its Connection. */
  readonly used?: (connectionId: string) => void;
  /** How long a good token is believed; default and at most 5,000. */
  readonly freshMs?: number;
  /** Tokens remembered, good ones and bad ones each. Default 10,000. */
  readonly cacheSize?: number;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** {@link TokenVerifier} that can be let go. */
export interface Tokens extends TokenVerifier {
  readonly close: () => void;
}

const believedMs = 5_000;
const refusedMs = 2_000;

interface Known {
  readonly principal: Principal;
  readonly resource: string;
  readonly at: number;
}

/**
 * Opaque tokens by one read of the store (oauth.md §10): good ones are believed 5 s, bad ones 2 s, and a Connection that is told to
 * have ended is forgotten at once. While the store is away good ones are believed as long; then it throws `store_unavailable`.
 */
export function createTokens(options: TokensOptions): Tokens {
  const { store, revocations, cacheSize = 10_000, now = Date.now } = options;
  const freshMs = Math.min(options.freshMs ?? believedMs, believedMs);
  const good = new Map<string, Known>();
  const bad = new Map<string, number>();
  const looks = new Map<string, Promise<Known | null>>();
  /** Counts what ended: what was read before is not kept after. */
  let ended = 0;
  const credentialOf = createUpstreamCredential({ ...options, now });
  const unlisten = revocations.listen((id) => {
    ended += 1;
    for (const [entry, { principal }] of good) if (principal.id === id) good.delete(entry);
  });
  const look = async (entry: string): Promise<Known | null> => {
    const [before, at] = [ended, now()];
    const access = await store.access(entry);
    if (access === null) {
      good.delete(entry);
      keep(bad, entry, at, cacheSize);
      return null;
    }
    const principal = await principalOf(access, credentialOf, at);
    const known = { principal, resource: String(access.payload.aud), at };
    if (ended === before) keep(good, entry, known, cacheSize);
    return known;
  };
  const shared = (entry: string): Promise<Known | null> => {
    const looking = looks.get(entry) ?? look(entry).finally(() => looks.delete(entry));
    looks.set(entry, looking);
    return looking;
  };
  /** One that was good, while the store cannot be asked. */
  const believed = (entry: string, thrown: unknown): Known => {
    const known = good.get(entry);
    const isAway = thrown instanceof GatewayError && thrown.code === "store_unavailable";
    if (isAway && known !== undefined && known.at + believedMs > now() && !isOver(known, now())) return known;
    throw thrown;
  };
  return {
    takes: (credential) => looksLikeToken(credential.reveal()),
    wasGood: (credential) => good.has(artifactHash(credential.reveal())),
    verify: async (credential, resource) => {
      const entry = artifactHash(credential.reveal());
      if ((bad.get(entry) ?? Number.NEGATIVE_INFINITY) + refusedMs > now()) return null;
      const remembered = good.get(entry);
      const isFresh = remembered !== undefined && remembered.at + freshMs > now() && !isOver(remembered, now());
      const known = isFresh ? remembered : await shared(entry).catch((thrown: unknown) => believed(entry, thrown));
      if (known === null || known.resource !== resource) return null;
      options.used?.(known.principal.id);
      return known.principal;
    },
    close: unlisten,
  };
}

function keep<Value>(entries: Map<string, Value>, name: string, value: Value, size: number): void {
  entries.delete(name);
  entries.set(name, value);
  const oldest = entries.keys().next();
  if (entries.size > size && oldest.done !== true) entries.delete(oldest.value);
}

function isOver({ principal: { expiresAtMs } }: Known, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

/** What the token was given, and no more than its Connection has: neither widens the other. */
async function principalOf(
  { key, payload, leftMs }: Access,
  credentialOf: CredentialOf,
  nowMs: number,
): Promise<Principal> {
  const granted = typeof payload.scope === "string" ? payload.scope.split(" ") : [];
  const credential = await credentialOf(key);
  return {
    kind: "connection",
    id: key.id,
    user: key.owner,
    organisation: key.organisation,
    scopes: granted.filter((scope) => key.scopes.includes(scope)),
    ...(key.boundArguments !== null && { boundArguments: key.boundArguments as BoundArguments }), // made by approve
    ...(credential !== undefined && { credential }),
    expiresAtMs: nowMs + leftMs,
  };
}
