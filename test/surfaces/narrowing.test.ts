import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globPattern, matchesGlob } from "../../src/calls/glob.ts";

describe("a glob", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "_", "*"), maxLength: 8 });
  it("of a request takes what the same glob of the configuration takes", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "_"), maxLength: 12 });
    fc.assert(
      fc.property(word, name, (glob, text) => matchesGlob(glob, text) === globPattern(glob).test(text)),
      { numRuns: 2_000 },
    );
  });

  it("of many parts takes no time over a name that it does not fit", () => {
    const started = performance.now();
    expect(matchesGlob(`${"*a".repeat(5_000)}b`, "a".repeat(100))).toBe(false);
    expect(performance.now() - started).toBeLessThan(100);
  });
});
