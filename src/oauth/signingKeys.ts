import { createHash, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import type { Keys } from "../auth/keys.ts";
import { open, seal } from "../auth/seal.ts";
import type { OAuthStore, SigningKeyRow } from "../storage/oauthPort.ts";
import { Secret } from "../telemetry/secret.ts";

/** Private JWKs of the authorization server; the first signs, all are published. */
export interface SigningKeys {
  /** The keys by now; asks the store every few minutes at most. Throws `store_unavailable`. */
  readonly current: () => Promise<readonly SigningKey[]>;
}

export interface SigningKey extends JsonWebKey {
  readonly kid: string;
}

export interface SigningKeysOptions {
  readonly store: Pick<OAuthStore, "signingKeys" | "addSigningKey" | "deleteSigningKeys">;
  /** Encrypts them at rest; the first encrypts, all decrypt. */
  readonly seals: Keys;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const hourMs = 3_600_000;
/** A new key every so often. */
const rotateMs = 90 * 24 * hourMs;
/** A new key is published this long before it signs, so that nobody meets a signature of a key they have not fetched. */
const publishedMs = hourMs;
/** An old key stays published as long as anything it signed may live, and amply. */
const keptMs = 24 * hourMs;
/** How soon a replica learns of another's new key: far within the time that it is published before use. */
const believedMs = 10 * 60_000;

/** {@link SigningKeys} in the store, made and followed by new ones as time goes by. Replicas agree by the generation of a key. */
export function createSigningKeys({ store, seals, now = Date.now }: SigningKeysOptions): SigningKeys {
  let known: { readonly keys: Promise<readonly SigningKey[]>; readonly at: number } | undefined;
  const add = (generation: number, activeMs: number): Promise<boolean> =>
    store.addSigningKey(sealedKey(seals, generation, activeMs));
  const load = async (): Promise<readonly SigningKey[]> => {
    const rows = await store.signingKeys();
    const opened = rows.flatMap((row) => openedKey(seals, row));
    const newest = opened.at(-1);
    const next = (rows.at(-1)?.generation ?? 0) + 1;
    if (newest === undefined) {
      // There is none yet, or the secret that they were encrypted with is gone.
      await add(next, now());
      return load();
    }
    if (newest.activeMs + rotateMs <= now()) {
      await add(next, now() + publishedMs);
      return load();
    }
    const signing = opened.findLast(({ activeMs }) => activeMs <= now()) ?? newest;
    if (signing.activeMs + keptMs <= now() && opened[0] !== signing) await store.deleteSigningKeys(signing.generation);
    const kept = opened.filter((one) => one.generation >= signing.generation || signing.activeMs + keptMs > now());
    return [signing, ...kept.filter((one) => one !== signing)].map(({ key }) => key);
  };
  return {
    current: () => {
      if (known !== undefined && known.at + believedMs > now()) return known.keys;
      const loading = load();
      const entry = { keys: loading, at: now() };
      known = entry;
      loading.catch(() => {
        if (known === entry) known = undefined;
      });
      return loading;
    },
  };
}

interface OpenedKey {
  readonly generation: number;
  readonly activeMs: number;
  readonly key: SigningKey;
}

function sealedKey(seals: Keys, generation: number, activeMs: number): SigningKeyRow {
  const jwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const kid = thumbprint(jwk);
  const secret = new Secret(JSON.stringify({ ...jwk, kid, alg: "ES256", use: "sig" }));
  return { generation, keyId: kid, sealed: seal(seals, secret, kid), activeAt: new Date(activeMs).toISOString() };
}

function openedKey(seals: Keys, { generation, keyId, sealed, activeAt }: SigningKeyRow): readonly OpenedKey[] {
  const opened = open(seals, sealed, keyId);
  if (opened === null) return [];
  const key = JSON.parse(opened.secret.reveal()) as SigningKey; // written by sealedKey
  return [{ generation, activeMs: Date.parse(activeAt), key }];
}

/** https://www.rfc-editor.org/rfc/rfc7638 */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}
