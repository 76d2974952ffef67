import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Secret } from "../telemetry/secret.ts";
import { keyName } from "./keyHash.ts";
import type { Keys } from "./keys.ts";

/** A secret that was sealed, and whether it should be sealed anew because another key encrypts by now. */
export interface Opened {
  readonly secret: Secret;
  readonly isOld: boolean;
}

const cipher = "aes-256-gcm";
const ivBytes = 12;
const tagBytes = 16;

/**
 * `secret` encrypted by AES-256-GCM under the first of `keys`, as `<name of the key>.<base64url of iv, tag, text>`. `owner`, the
 * id of the row it stands in, is authenticated with it: copied to another row it cannot be opened.
 */
export function seal(keys: Keys, secret: Secret, owner: string): string {
  const key = keys[0];
  if (key === undefined) throw new Error("no key to encrypt with");
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, key, iv).setAAD(Buffer.from(owner));
  const text = Buffer.concat([sealing.update(secret.reveal(), "utf8"), sealing.final()]);
  return `${keyName(keys, 0)}.${Buffer.concat([iv, sealing.getAuthTag(), text]).toString("base64url")}`;
}

/** What {@link seal} was given, by any of `keys`; null where none of them opens it, or `owner` is another. */
export function open(keys: Keys, sealed: string, owner: string): Opened | null {
  const dot = sealed.indexOf(".");
  const index = keys.findIndex((_, at) => keyName(keys, at) === sealed.slice(0, dot));
  const key = keys[index];
  const bytes = Buffer.from(sealed.slice(dot + 1), "base64url");
  if (key === undefined || bytes.length < ivBytes + tagBytes) return null;
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, ivBytes)).setAAD(Buffer.from(owner));
  opening.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  try {
    const text = Buffer.concat([opening.update(bytes.subarray(ivBytes + tagBytes)), opening.final()]);
    return { secret: new Secret(text.toString("utf8")), isOld: index > 0 };
  } catch {
    return null; // the tag does not fit: it was changed, or belongs to another row
  }
}
