import { createSecretKey, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSessionIds, type SessionIds } from "../../src/session/id.ts";

const keyOf = (byte: number): KeyObject => createSecretKey(new Uint8Array(32).fill(byte));
const key = keyOf(1);
const ids = createSessionIds([key]);
const owner = { kind: "passthrough", id: "ann", organisation: null };
const ann = ids.principalHash(owner);
const owns = (id: string, nowMs: number, from: SessionIds = ids): boolean => from.ownerOf(id, owner, nowMs) !== null;
const now = Date.UTC(2026, 0, 1);

describe("a session id", () => {
  it("is visible ASCII, and never the same twice", () => {
    const many = new Set(Array.from({ length: 1_000 }, () => ids.mint(ann, now)));
    expect(many.size).toBe(1_000);
    for (const id of many) expect(id).toMatch(/^[\x21-\x7e]{70,90}$/);
  });

  it("belongs to its principal for a day and ten minutes", () => {
    const id = ids.mint(ann, now);
    expect(owns(id, now)).toBe(true);
    expect(owns(id, now + 86_999_000)).toBe(true);
    expect(owns(id, now + 87_000_000)).toBe(false);
  });

  it("is refused with any one character changed, cut or added", () => {
    const id = ids.mint(ann, now);
    for (let i = 0; i < id.length; i++) {
      for (const substitute of ["A", "b", "0", ".", "_"]) {
        if (substitute === id[i]) continue;
        expect([i, substitute, owns(id.slice(0, i) + substitute + id.slice(i + 1), now)]).toEqual([
          i,
          substitute,
          false,
        ]);
      }
      expect(owns(id.slice(0, i), now)).toBe(false);
    }
    expect(owns(`${id}A`, now)).toBe(false);
  });

  it("is refused for any other principal", () => {
    const given = { kind: "key", id: "k", organisation: { id: "o" } };
    const id = ids.mint(ids.principalHash(given), now);
    const others = [
      { ...given, kind: "passthrough" },
      { ...given, id: "k2" },
      { ...given, organisation: { id: "o2" } },
      { ...given, organisation: null },
      { kind: "key", id: 'k","o', organisation: null },
    ];
    for (const other of others) expect(ids.ownerOf(id, other, now)).toBeNull();
    expect(ids.ownerOf(id, { ...given }, now)).toBe(ids.principalHash(given));
  });

  it("for show is refused", () => {
    expect(owns(ids.show(ann, now), now)).toBe(false);
  });

  it("outlives the rotation of its key under the hash it had, and dies with the key", () => {
    const id = ids.mint(ann, now);
    const next = keyOf(2);
    const rotated = createSessionIds([next, key]);
    // The id of a pass-through key is an HMAC as well, so it rotates too.
    const later = { ...owner, id: "ann under the next secret", formerIds: ["ann"] };
    expect(rotated.ownerOf(id, later, now)).toBe(ann);
    expect(rotated.ownerOf(id, owner, now)).toBe(ann);
    expect(rotated.ownerOf(id, { ...later, formerIds: ["bob"] }, now)).toBeNull();
    expect(rotated.ownerOf(rotated.mint(rotated.principalHash(later), now), later, now)).not.toBe(ann);
    expect(createSessionIds([next]).ownerOf(id, owner, now)).toBeNull();
    expect(() => createSessionIds([])).toThrow("need a key");
  });
});
