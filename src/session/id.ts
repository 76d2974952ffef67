import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";

/** Makes and checks session ids (reliability.md §2). Needs no store: whose an id is and how old stands in the id itself. */
export interface SessionIds {
  /** A fresh id for the principal of this hash, good for 24 h. Visible ASCII, 128 random bits, signed. */
  readonly mint: (principalHash: string, nowMs: number) => string;
  /** Whether the id is one of ours, belongs to that principal and is not past its age. Says nothing of its being alive. */
  readonly owns: (id: string, principalHash: string, nowMs: number) => boolean;
  /** An id for the key check to show. It looks the same, is never stored, and {@link SessionIds.owns} refuses it. */
  readonly show: (principalHash: string, nowMs: number) => string;
  /** The hash that binds a session to a principal: kind, organisation and id, so that no session moves between tenants. */
  readonly principalHash: (principal: SessionOwner) => string;
}

/** What of a Principal a session is bound to. */
export interface SessionOwner {
  readonly kind: string;
  readonly id: string;
  readonly organisation: { readonly id: string } | null;
}

/** 24 h and 10 minutes of slack for skewed clocks, in seconds. The store's own expiry decides. */
const lifeSeconds = 87_000;
const form = /^(v1\.[\w-]{22}\.([0-9a-z]{6,9}))\.([\w-]{43})$/;

/** {@link SessionIds} under `keys`: the first signs, all verify. */
export function createSessionIds(keys: readonly KeyObject[]): SessionIds {
  const [first] = keys;
  if (first === undefined) throw new Error("session ids need a key");
  const make = (label: string, principalHash: string, nowMs: number): string => {
    const expiry = (Math.floor(nowMs / 1_000) + lifeSeconds).toString(36);
    const body = `v1.${randomBytes(16).toString("base64url")}.${expiry}`;
    return `${body}.${mac(first, label, body, principalHash)}`;
  };
  const owners = new WeakMap<SessionOwner, string>();
  return {
    mint: (principalHash, nowMs) => make("session", principalHash, nowMs),
    show: (principalHash, nowMs) => make("show", principalHash, nowMs),
    owns: (id, principalHash, nowMs) => {
      const match = form.exec(id);
      if (match === null) return false;
      const [, body, expiry, given] = match as unknown as [string, string, string, string];
      if (Number.parseInt(expiry, 36) * 1_000 <= nowMs) return false;
      return keys.some((key) => same(given, mac(key, "session", body, principalHash)));
    },
    principalHash: (owner) => {
      const known = owners.get(owner);
      if (known !== undefined) return known;
      const hash = mac(first, "principal", JSON.stringify([owner.kind, owner.organisation?.id ?? null, owner.id]), "");
      owners.set(owner, hash);
      return hash;
    },
  };
}

/** The label keeps a text that was signed for one purpose from passing for another. */
function mac(key: KeyObject, label: string, body: string, principalHash: string): string {
  return createHmac("sha256", key).update(`${label}|${body}|${principalHash}`).digest("base64url");
}

/** Compares texts, not decoded bytes: the last base64url character has several spellings of the same bytes. */
function same(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
