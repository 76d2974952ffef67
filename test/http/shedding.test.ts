import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createShedding, nextShed, nothingShed, type Shedding, type SheddingOptions } from "../../src/http/shedding.ts";

/** What each look finds: strain, or none. */
const cases: readonly { name: string; given: readonly boolean[]; want: { call: number; list: number } }[] = [
  { name: "nothing while there is no strain", given: [false, false], want: { call: 0, list: 0 } },
  {
    name: "nothing for strain that does not last",
    given: [true, false, true, false, true],
    want: { call: 0, list: 0 },
  },
  { name: "half of the calls first", given: [true, true], want: { call: 0.5, list: 0 } },
  { name: "every call next, and no list", given: [true, true, true], want: { call: 1, list: 0 } },
  { name: "lists too when that did not help", given: [true, true, true, true], want: { call: 1, list: 1 } },
  {
    name: "no list once it is over, and fewer calls",
    given: [true, true, true, true, false],
    want: { call: 0.75, list: 0 },
  },
  {
    name: "nothing four looks later",
    given: [true, true, true, true, false, false, false, false],
    want: { call: 0, list: 0 },
  },
];

describe("a process under strain refuses", () => {
  for (const { name, given, want } of cases)
    it(name, () => expect(given.reduce(nextShed, nothingShed)).toMatchObject(want));
});

describe("strain is", () => {
  const watch = (options: SheddingOptions): Shedding => {
    const shedding = createShedding({ mostDelayMs: Number.POSITIVE_INFINITY, everyMs: 10, ...options });
    onTestFinished(shedding.close);
    return shedding;
  };
  const refuses = (shedding: Shedding, kind: "call" | "list"): void =>
    expect(() => shedding.assertTakes(kind)).toThrow(
      expect.objectContaining({ code: "overloaded", facts: { change: "none", retryAfterSeconds: 1 } }),
    );

  it("a heap that is full: calls are refused, then lists", async () => {
    const shedding = watch({ mostHeapShare: 0 });
    shedding.assertTakes("call");
    await vi.waitFor(() => refuses(shedding, "call"), { timeout: 10_000, interval: 5 });
    await vi.waitFor(() => refuses(shedding, "list"), { timeout: 10_000, interval: 5 });
  });

  it("an event loop that is late", async () => {
    const shedding = watch({ mostDelayMs: 1, everyMs: 100 });
    await vi.waitFor(() => refuses(shedding, "call"), { timeout: 10_000, interval: 5 });
  });

  it("nothing where both are off", async () => {
    const shedding = watch({ mostHeapShare: Number.POSITIVE_INFINITY });
    await new Promise((later) => setTimeout(later, 100));
    for (const kind of ["call", "list"] as const) shedding.assertTakes(kind);
  });
});
