import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";

/** Makes and checks session ids (reliability.md §2). Needs no store: whose an id is and how old stands in the id itself. */
export interface SessionIds {
  /** A fresh id for the principal of this hash, good for 24 h. Visible ASCII, 128 random bits, signed. */
  readonly mint: (principalHash: string, nowMs: number) => string;
  /**
   * The principal hash under which the id was minted, where it is one of ours, belongs to that principal and is not past its
   * age; else null. After a rotation of the secret it is another than {@link SessionIds.principalHash} gives now. Says
   * nothing of the session's being alive.
   */
  readonly ownerOf: (id: string, principal: SessionOwner, nowMs: number) => string | null;
  /** An id for the key check to show. It looks the same, is never stored, and {@link SessionIds.ownerOf} refuses it. */
  readonly show: (principalHash: string, nowMs: number) => string;
  /** The hash that binds a new session to a principal: kind, organisation and id, so that no session moves between tenants. */
  readonly principalHash: (principal: SessionOwner) => string;
}

/** What of a Principal a session is bound to. */
export interface SessionOwner {
  readonly kind: string;
  readonly id: string;
  readonly organisation: { readonly id: string } | null;
  /** See `src/auth/principal.ts`. */
  readonly formerIds?: readonly string[];
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
  const owners = new WeakMap<SessionOwner, readonly string[]>();
  /** One hash per key, in their order. */
  const hashesOf = (owner: SessionOwner): readonly string[] => {
    const known = owners.get(owner);
    if (known !== undefined) return known;
    const hashes = keys.map((key, index) => mac(key, "principal", ownerText(owner, index), ""));
    owners.set(owner, hashes);
    return hashes;
  };
  return {
    mint: (principalHash, nowMs) => make("session", principalHash, nowMs),
    show: (principalHash, nowMs) => make("show", principalHash, nowMs),
    ownerOf: (id, owner, nowMs) => {
      const match = form.exec(id);
      if (match === null) return null;
      const [, body, expiry, given] = match as unknown as [string, string, string, string];
      if (Number.parseInt(expiry, 36) * 1_000 <= nowMs) return null;
      const hashes = hashesOf(owner);
      const index = keys.findIndex((key, at) => same(given, mac(key, "session", body, hashes[at] as string)));
      return hashes[index] ?? null;
    },
    principalHash: (owner) => hashesOf(owner)[0] as string,
  };
}

/** What of the owner the hash under the key at `index` covers: the id that a pass-through key had under that secret. */
function ownerText({ kind, organisation, id, formerIds }: SessionOwner, index: number): string {
  return JSON.stringify([kind, organisation?.id ?? null, index === 0 ? id : (formerIds?.[index - 1] ?? id)]);
}

/** The label keeps a text that was signed for one purpose from passing for another. */
function mac(key: KeyObject, label: string, body: string, principalHash: string): string {
  return createHmac("sha256", key).update(`${label}|${body}|${principalHash}`).digest("base64url");
}

/** Compares texts, not decoded bytes: the last base64url character has several spellings of the same bytes. */
function same(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
