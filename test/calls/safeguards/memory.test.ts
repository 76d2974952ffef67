import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryOnce } from "../../../src/calls/safeguards/once.memory.ts";
import { createMemorySeen } from "../../../src/calls/safeguards/seen.memory.ts";
import { type Stores, storesContract } from "./contract.ts";

describe("the stores of safeguards in memory", () => {
  let stores: Stores;
  let now = 0;
  beforeEach(() => {
    now = 0;
    const clock = (): number => now;
    stores = { seen: [createMemorySeen({ now: clock, mostPlaces: 3 })], once: [createMemoryOnce(clock)] };
  });
  storesContract(() => stores);

  it("forget what was shown too long ago", async () => {
    const [seen] = stores.seen;
    const ann = { principalId: "ann", place: "p" };
    await seen?.record(ann, ["a"], 60_000);
    now = 30_000;
    await seen?.record(ann, ["b"], 60_000);
    now = 60_000;
    expect(await seen?.unseen(ann, ["a", "b"], 60_000)).toEqual([]);
    now = 60_001;
    expect(await seen?.unseen(ann, ["a", "b"], 60_000)).toEqual(["a"]);
  });

  it("hold a bounded number of principals, the latest", async () => {
    const [seen] = stores.seen;
    for (const name of ["a", "b", "c", "d"]) await seen?.record({ principalId: name, place: "p" }, ["1"], 60_000);
    const unseen = async (name: string): Promise<unknown> =>
      seen?.unseen({ principalId: name, place: "p" }, ["1"], 60_000);
    expect([await unseen("a"), await unseen("b"), await unseen("d")]).toEqual([["1"], [], []]);
  });

  it("forget a token when it could not be used any more", async () => {
    const [once] = stores.once;
    await once?.use("t", 1_000);
    now = 999;
    expect(await once?.use("t", 1_000)).toBe(false);
    now = 1_000;
    expect(await once?.use("t", 1_000)).toBe(true);
  });
});
