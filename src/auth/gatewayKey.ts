import { randomBytes, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import { Secret } from "../telemetry/secret.ts";

/**
 * A key of the gateway's own: `sg_<12-character id>_<43-character secret><6-character checksum>` (security.md §5). The id is
 * public and finds the key; the secret is 256 random bits in base64url; the checksum tells a mistyped or cut key from one that
 * was revoked, without a look into the store. It keeps nobody out.
 */
export interface GatewayKey {
  readonly id: string;
  readonly secret: Secret;
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const form = /^([a-z][a-z0-9]{0,15})_([0-9A-Za-z]{12})_([\w-]{43})([0-9A-Za-z]{6})$/;

/** A fresh key, never to be shown twice: `text` is what its owner gets, `key` what is kept for a moment. */
export function mintGatewayKey(prefix: string): { readonly text: Secret; readonly key: GatewayKey } {
  const id = mintKeyId();
  const secret = randomBytes(32).toString("base64url");
  const body = `${prefix}_${id}_${secret}`;
  return { text: new Secret(body + checksum(body)), key: { id, secret: new Secret(secret) } };
}

/** A fresh id, 12 characters. */
export function mintKeyId(): string {
  return Array.from({ length: 12 }, () => digits[randomInt(digits.length)]).join("");
}

/** What a text with a key's form and a right checksum says, whatever prefix it has; null for every other text. */
export function parseGatewayKey(text: string): (GatewayKey & { readonly prefix: string }) | null {
  const [, prefix, id, secret, sum] = form.exec(text) ?? [];
  if (prefix === undefined || id === undefined || secret === undefined) return null;
  return checksum(`${prefix}_${id}_${secret}`) === sum ? { prefix, id, secret: new Secret(secret) } : null;
}

/**
 * Whether a text is meant as a gateway key: one of `prefix` as far as its id, or a whole one of any prefix, such as another
 * environment's. Such a text is never passed on to an upstream. A key of the API's own may begin with the same prefix.
 */
export function looksLikeGatewayKey(text: string, prefix: string): boolean {
  return (text.startsWith(`${prefix}_`) && /^[0-9A-Za-z]{12}_/.test(text.slice(prefix.length + 1))) || form.test(text);
}

/** CRC-32 in six digits of base 62, as GitHub's tokens have it. */
function checksum(text: string): string {
  let rest = crc32(text);
  let sum = "";
  for (let place = 0; place < 6; place++) {
    sum = digits[rest % 62] + sum;
    rest = Math.floor(rest / 62);
  }
  return sum;
}
