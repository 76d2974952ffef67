import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical } from "../../src/operations/canonical.ts";

const text = (value: unknown): string => JSON.stringify(canonical(value));

describe("canonical", () => {
  it("is the same whatever the order of keys", () =>
    expect(text({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(text({ b: [{ d: 3, c: 2 }], a: 1 })));

  const pairs: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, [["a", 1]]],
    [{ a: 1 }, ["a", 1]],
    [["{", "a", 1], { a: 1 }],
    [[], {}],
    [[[]], []],
    ["1", 1],
  ];
  for (const [one, other] of pairs)
    it(`tells ${JSON.stringify(one)} from ${JSON.stringify(other)}`, () => expect(text(one)).not.toBe(text(other)));

  it("tells any two different values apart", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        (a, b) => JSON.stringify(a) === JSON.stringify(b) || text(a) !== text(b) || equal(a, b),
      ),
    );
  });
});

/** Equal but for the order of keys and the sign of zero. */
function equal(a: unknown, b: unknown): boolean {
  try {
    expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    return true;
  } catch {
    return false;
  }
}
