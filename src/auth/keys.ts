import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Secret } from "../telemetry/secret.ts";

/**
 * Keys of one purpose: the first signs, all verify, so that a secret can be rotated. 32 bytes each. Key objects, since an
 * HMAC with raw bytes makes one each time and costs seven times as much.
 */
export type Keys = readonly KeyObject[];

/**
 * The keys of `purpose`, one per master secret, by HKDF-SHA-256 (RFC 5869). Two purposes never share a key, so a text
 * signed for one is worthless for another.
 */
export function deriveKeys(secrets: readonly Secret[], purpose: string): Keys {
  return secrets.map((secret) =>
    createSecretKey(new Uint8Array(hkdfSync("sha256", secret.reveal(), "specgate", purpose, 32))),
  );
}

/** HMAC-SHA-256 of `text` under the signing key, base64url, 43 characters. */
export function sign(keys: Keys, text: string): string {
  const key = keys[0];
  if (key === undefined) throw new Error("no key to sign with");
  return mac(key, text);
}

/** Whether `signature` is that of `text` under any of the keys. Compares the text in constant time: one spelling is accepted. */
export function verifies(keys: Keys, text: string, signature: string): boolean {
  const given = Buffer.from(signature);
  return keys.some((key) => {
    const expected = Buffer.from(mac(key, text));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

function mac(key: KeyObject, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}
