import { createHash, randomBytes } from "node:crypto";
import type { Keys } from "../../auth/keys.ts";
import { open, seal } from "../../auth/seal.ts";
import type { OAuthStore } from "../../storage/oauthPort.ts";
import { Secret } from "../../telemetry/secret.ts";

/** What a browser holds the name of, for a while: kept by every replica, readable to none without the secret. */
export interface Records<Value> {
  /** Keeps it; resolves to the name by which it is found, 43 characters that nobody can guess. */
  readonly make: (value: Value, seconds: number) => Promise<string>;
  /** Null when there is none, or it is over. */
  readonly find: (name: string) => Promise<Value | null>;
  /** The same for the first who asks; null ever after. */
  readonly take: (name: string) => Promise<Value | null>;
  readonly end: (name: string) => Promise<void>;
}

export interface RecordsOptions {
  readonly store: Pick<OAuthStore, "put" | "find" | "consume" | "destroy">;
  /** Keys of the purpose `credential`. */
  readonly seals: Keys;
  /** Tells one sort of records from another. */
  readonly model: string;
}

/** {@link Records} of values that JSON can hold. The store sees a hash of the name, and the value encrypted. */
export function createRecords<Value>({ store, seals, model }: RecordsOptions): Records<Value> {
  const find = async (name: string): Promise<Value | null> => {
    const idHash = hashOf(name);
    const found = await store.find(model, idHash);
    if (found === null || found.consumedMs !== null || typeof found.payload.sealed !== "string") return null;
    const opened = open(seals, found.payload.sealed, idHash);
    return opened === null ? null : (JSON.parse(opened.secret.reveal()) as Value); // sealed by `make` alone
  };
  return {
    find,
    make: async (value, seconds) => {
      const name = randomBytes(32).toString("base64url");
      const idHash = hashOf(name);
      const payload = { sealed: seal(seals, new Secret(JSON.stringify(value)), idHash) };
      await store.put({ model, idHash, payload, grantHash: null, seconds });
      return name;
    },
    take: async (name) => {
      const value = await find(name);
      return value !== null && (await store.consume(model, hashOf(name))) ? value : null;
    },
    end: (name) => store.destroy(model, hashOf(name)),
  };
}

/** SHA-256, base64url: of a text that cannot be guessed a plain hash will do. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
