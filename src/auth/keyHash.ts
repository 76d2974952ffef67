import { type Keys, sign, verifies } from "./keys.ts";

/** Keyed hashes of key secrets. 256 random bits need no slow hash; the pepper makes a stolen table worthless on its own. */
export interface KeyHash {
  readonly hash: string;
  /** Names the pepper it was made with, and tells nothing of it. */
  readonly pepperId: string;
}

/** The hash of a secret under the first of `peppers`, for the key `id`: moved to another row it is worthless. */
export function hashSecret(peppers: Keys, id: string, secret: string): KeyHash {
  return { hash: sign(peppers, bound(id, secret)), pepperId: keyName(peppers, 0) };
}

/**
 * Whether `stored` is the hash of `secret` for the key `id`. False too where the pepper has left `SPECGATE_SECRET`. Compares in
 * constant time.
 */
export function matchesHash(peppers: Keys, stored: KeyHash, id: string, secret: string): boolean {
  const index = peppers.findIndex((_, at) => keyName(peppers, at) === stored.pepperId);
  const pepper = peppers[index];
  return pepper !== undefined && verifies([pepper], bound(id, secret), stored.hash);
}

/** Whether a hash was made under another pepper than the one that makes hashes now. */
export function isOldHash(peppers: Keys, { pepperId }: Pick<KeyHash, "pepperId">): boolean {
  return pepperId !== keyName(peppers, 0);
}

/** A public name of the key at `index`, 8 characters: the same in every process that has the same secret. */
export function keyName(keys: Keys, index: number): string {
  const key = keys[index];
  return key === undefined ? "" : sign([key], "the name of this key").slice(0, 8);
}

function bound(id: string, secret: string): string {
  return `${id}|${secret}`;
}
