import { hash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { GatewayKeyRow, KeyStore } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { type GatewayKey, looksLikeGatewayKey, parseGatewayKey } from "./gatewayKey.ts";
import { hashSecret, isOldHash, matchesHash } from "./keyHash.ts";
import type { Keys } from "./keys.ts";
import type { BoundArguments, Principal } from "./principal.ts";
import type { Revocations } from "./revocations.ts";
import { open, seal } from "./seal.ts";

/** Keys with which gateway keys are kept; of each the first makes, all verify. */
export interface KeyRing {
  /** Purpose `pepper`. */
  readonly peppers: Keys;
  /** Purpose `credential`: encrypts upstream credentials. */
  readonly seals: Keys;
}

export interface GatewayKeyAuthOptions {
  /** `sg`, or the API owner's own. */
  readonly prefix: string;
  readonly ring: KeyRing;
  readonly store: Pick<KeyStore, "byId" | "replaceCredential" | "replaceHash">;
  readonly revocations: Pick<Revocations, "listen">;
  /** Told of each request with a good key. */
  readonly used?: (keyId: string) => void;
  readonly logger?: Pick<Logger, "error" | "info">;
  /** How long a key is believed before the store is asked again, milliseconds; default 5,000. Revoked keys are told of besides. */
  readonly freshMs?: number;
  /** Keys remembered. Default 10,000. */
  readonly cacheSize?: number;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** Principals of gateway keys. */
export interface GatewayKeyAuth {
  /** Whether a credential is meant as a gateway key, which must never be passed on. */
  readonly takes: (credential: Secret) => boolean;
  /** Whether it begins as keys of this gateway do, such as one that was cut off early. */
  readonly mayTake: (credential: Secret) => boolean;
  /** Whether it was good when it was looked at last. */
  readonly wasGood: (credential: Secret) => boolean;
  /**
   * The Principal; null for a key that is mistyped (the store is not asked), unknown, revoked, expired, of another prefix or
   * another secret. Throws `store_unavailable` when the database does not answer and the key was not seen good within 5 s.
   */
  readonly identify: (credential: Secret) => Promise<Principal | null>;
  /** Hears of no more revocations. */
  readonly close: () => void;
}

/** How long a key that was good is believed while the database is away (reliability.md §4). */
const believedMs = 5_000;

interface Entry {
  readonly principal: Principal;
  /** When the store said so. */
  readonly at: number;
}

/** {@link GatewayKeyAuth} over the store. Requests with one key at the same time share one look; what is not good is not kept. */
export function createGatewayKeyAuth(options: GatewayKeyAuthOptions): GatewayKeyAuth {
  const { prefix, ring, store, revocations, freshMs = believedMs, cacheSize = 10_000, now = Date.now } = options;
  const entries = new Map<string, Entry>();
  const looks = new Map<string, Promise<Principal | null>>();
  /** Counts revocations: what was read before one of them is not kept after it. */
  let revoked = 0;
  const close = revocations.listen((id) => {
    revoked += 1;
    for (const [entry, { principal }] of entries) if (principal.id === id) entries.delete(entry);
  });
  const keep = (entry: string, principal: Principal, at: number): void => {
    entries.delete(entry);
    entries.set(entry, { principal, at });
    const oldest = entries.keys().next();
    if (entries.size > cacheSize && oldest.done !== true) entries.delete(oldest.value);
  };
  const look = async (entry: string, key: GatewayKey): Promise<Principal | null> => {
    const [before, at] = [revoked, now()];
    const row = await store.byId(key.id);
    const principal = row !== null && isGood(row, key, ring, now()) ? principalOf(row, options) : null;
    if (principal !== null && row !== null) renew(row, key, options);
    if (principal === null) entries.delete(entry);
    else if (revoked === before) keep(entry, principal, at);
    return principal;
  };
  const shared = (entry: string, key: GatewayKey): Promise<Principal | null> => {
    const known = looks.get(entry);
    if (known !== undefined) return known;
    const looking = look(entry, key).finally(() => looks.delete(entry));
    looks.set(entry, looking);
    return looking;
  };
  /** A key that was good, while the store cannot be asked. */
  const believed = (entry: string, thrown: unknown): Principal => {
    const known = entries.get(entry);
    const isAway = thrown instanceof GatewayError && thrown.code === "store_unavailable";
    if (isAway && known !== undefined && known.at + believedMs > now() && !hasExpired(known.principal, now()))
      return known.principal;
    throw thrown;
  };
  return {
    close,
    takes: (credential) => looksLikeGatewayKey(credential.reveal(), prefix),
    mayTake: (credential) => credential.reveal().startsWith(`${prefix}_`),
    wasGood: (credential) => entries.has(entryOf(credential)),
    identify: async (credential) => {
      const key = parseGatewayKey(credential.reveal());
      if (key === null || key.prefix !== prefix) return null;
      const entry = entryOf(credential);
      const known = entries.get(entry);
      const isFresh = known !== undefined && known.at + freshMs > now() && !hasExpired(known.principal, now());
      const principal = isFresh
        ? known.principal
        : await shared(entry, key).catch((thrown: unknown) => believed(entry, thrown));
      if (principal !== null) options.used?.(principal.id);
      return principal;
    },
  };
}

/** Within the process a plain hash will do. */
function entryOf(credential: Secret): string {
  return hash("sha256", credential.reveal(), "base64url");
}

function hasExpired({ expiresAtMs }: Principal, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

function isGood(row: GatewayKeyRow, { id, secret }: GatewayKey, { peppers }: KeyRing, nowMs: number): boolean {
  const isItself = matchesHash(peppers, row, id, secret.reveal());
  return isItself && row.revokedAt === null && (row.expiresAt === null || Date.parse(row.expiresAt) > nowMs);
}

/** What was hashed under an older secret is hashed under the first when it is used, so that the older one can go. */
function renew(row: GatewayKeyRow, { id, secret }: GatewayKey, { ring, store, logger }: GatewayKeyAuthOptions): void {
  if (!isOldHash(ring.peppers, row)) return;
  const renewed = store.replaceHash(id, row.hash, hashSecret(ring.peppers, id, secret.reveal()));
  renewed.catch((thrown: unknown) => logger?.info({ keyId: id, err: thrown }, "a key was not hashed anew"));
}

function principalOf(row: GatewayKeyRow, options: GatewayKeyAuthOptions): Principal {
  const credential = credentialOf(row, options);
  return {
    kind: "key",
    id: row.id,
    user: row.owner,
    organisation: row.organisation,
    scopes: row.scopes,
    ...(row.boundArguments !== null && { boundArguments: row.boundArguments as BoundArguments }), // checked when it was made
    ...(credential !== undefined && { credential }),
    ...(row.expiresAt !== null && { expiresAtMs: Date.parse(row.expiresAt) }),
  };
}

/** Never falls back to the gateway's own credential: that may be allowed more. */
function credentialOf(row: GatewayKeyRow, { ring, store, logger }: GatewayKeyAuthOptions): Secret | undefined {
  const { id, upstreamCredential: sealed } = row;
  if (sealed === null) return undefined;
  const opened = open(ring.seals, sealed, id);
  if (opened === null) {
    logger?.error(
      { keyId: id },
      "the upstream credential of a key cannot be decrypted; its secret left SPECGATE_SECRET",
    );
    throw new GatewayError("internal", "internal error", { cause: new Error("a credential cannot be decrypted") });
  }
  if (opened.isOld) {
    const resealed = store.replaceCredential(id, sealed, seal(ring.seals, opened.secret, id));
    resealed.catch((thrown: unknown) =>
      logger?.info({ keyId: id, err: thrown }, "a credential was not encrypted anew"),
    );
  }
  return opened.secret;
}
