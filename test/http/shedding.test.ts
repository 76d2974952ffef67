import { describe, expect, it } from "vitest";
import { nextShares, type Shares, type Strain } from "../../src/http/shedding.ts";

const calm: Strain = { delayMs: 12, heapShare: 0.3 };
const slow: Strain = { ...calm, delayMs: 201 };
const full: Strain = { ...calm, heapShare: 0.86 };

const cases: readonly { name: string; given: readonly Strain[]; want: Shares }[] = [
  { name: "nothing while there is no strain", given: [calm, calm], want: { call: 0, list: 0 } },
  {
    name: "nothing at the very bounds",
    given: [
      { delayMs: 200, heapShare: 0.85 },
      { delayMs: 200, heapShare: 0.85 },
    ],
    want: { call: 0, list: 0 },
  },
  { name: "half of the calls first", given: [slow], want: { call: 0.5, list: 0 } },
  { name: "every call next, and no list", given: [slow, slow], want: { call: 1, list: 0 } },
  { name: "lists too when refusing every call did not help", given: [slow, slow, slow], want: { call: 1, list: 1 } },
  { name: "the same for a heap that is full", given: [full, full, full], want: { call: 1, list: 1 } },
  { name: "no list once it is over, and fewer calls", given: [full, full, full, calm], want: { call: 0.75, list: 0 } },
  { name: "nothing four looks later", given: [slow, slow, slow, calm, calm, calm, calm], want: { call: 0, list: 0 } },
];

describe("a process under strain refuses", () => {
  for (const { name, given, want } of cases)
    it(name, () => expect(given.reduce<Shares>(nextShares, { call: 0, list: 0 })).toEqual(want));
});
