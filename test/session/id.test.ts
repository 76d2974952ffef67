import { createSecretKey, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSessionIds } from "../../src/session/id.ts";

const keyOf = (byte: number): KeyObject => createSecretKey(new Uint8Array(32).fill(byte));
const key = keyOf(1);
const ids = createSessionIds([key]);
const ann = ids.principalHash({ kind: "passthrough", id: "ann", organisation: null });
const now = Date.UTC(2026, 0, 1);

describe("a session id", () => {
  it("is visible ASCII, and never the same twice", () => {
    const many = new Set(Array.from({ length: 1_000 }, () => ids.mint(ann, now)));
    expect(many.size).toBe(1_000);
    for (const id of many) expect(id).toMatch(/^[\x21-\x7e]{70,90}$/);
  });

  it("belongs to its principal for a day and ten minutes", () => {
    const id = ids.mint(ann, now);
    expect(ids.owns(id, ann, now)).toBe(true);
    expect(ids.owns(id, ann, now + 86_999_000)).toBe(true);
    expect(ids.owns(id, ann, now + 87_000_000)).toBe(false);
  });

  it("is refused with any one character changed, cut or added", () => {
    const id = ids.mint(ann, now);
    for (let i = 0; i < id.length; i++) {
      for (const substitute of ["A", "b", "0", ".", "_"]) {
        if (substitute === id[i]) continue;
        expect([i, substitute, ids.owns(id.slice(0, i) + substitute + id.slice(i + 1), ann, now)]).toEqual([
          i,
          substitute,
          false,
        ]);
      }
      expect(ids.owns(id.slice(0, i), ann, now)).toBe(false);
    }
    expect(ids.owns(`${id}A`, ann, now)).toBe(false);
  });

  it("is refused for any other principal", () => {
    const owner = { kind: "key", id: "k", organisation: { id: "o" } };
    const id = ids.mint(ids.principalHash(owner), now);
    const others = [
      { ...owner, kind: "passthrough" },
      { ...owner, id: "k2" },
      { ...owner, organisation: { id: "o2" } },
      { ...owner, organisation: null },
      { kind: "key", id: 'k","o', organisation: null },
    ];
    for (const other of others) expect(ids.owns(id, ids.principalHash(other), now)).toBe(false);
    expect(ids.owns(id, ids.principalHash({ ...owner }), now)).toBe(true);
  });

  it("for show is refused", () => {
    expect(ids.owns(ids.show(ann, now), ann, now)).toBe(false);
  });

  it("outlives the rotation of its key, and dies with it", () => {
    const id = ids.mint(ann, now);
    const next = keyOf(2);
    expect(createSessionIds([next, key]).owns(id, ann, now)).toBe(true);
    expect(createSessionIds([next]).owns(id, ann, now)).toBe(false);
    expect(() => createSessionIds([])).toThrow("need a key");
  });
});
