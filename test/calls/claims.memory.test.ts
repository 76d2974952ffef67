import { describe, expect, it } from "vitest";
import { createMemoryClaims } from "../../src/calls/claims.memory.ts";
import type { Action } from "../../src/calls/claims.ts";
import { claimsContract } from "./claimsContract.ts";

let now = 0;

claimsContract({
  name: "memory",
  shared: false,
  make: async () => createMemoryClaims({ now: () => now }),
  pass: async (ms) => {
    now += ms;
  },
});

describe("claims in memory", () => {
  const action = (index: number): Action => ({
    mode: "keyed",
    principalId: "ann",
    id: `action-${index}`,
    args: "a",
    isRepeatable: false,
  });

  it("stay within their bytes and their number: the oldest ended ones go, none that runs", async () => {
    for (const bounds of [{ maxBytes: 100_000 }, { maxActions: 100 }]) {
      const claims = createMemoryClaims({ now: () => now, ...bounds });
      await claims.claim(action(0), "runs", 60_000);
      for (let index = 1; index <= 1_000; index++) {
        await claims.claim(action(index), "owner", 60_000);
        await claims.settle(action(index), "owner", { state: "done", result: "x".repeat(1_000) });
      }
      expect((await claims.claim(action(0), "second", 60_000)).state).toBe("inflight");
      expect((await claims.claim(action(1), "second", 60_000)).state).toBe("run");
      expect((await claims.claim(action(1_000), "second", 60_000)).state).toBe("done");
    }
  });

  it("forget what is over as they go", async () => {
    const claims = createMemoryClaims({ now: () => now, maxActions: 3 });
    for (let index = 0; index < 10; index++) {
      await claims.claim(action(index), "owner", 1_000);
      now += 90_000_000;
    }
    expect((await claims.claim(action(9), "second", 1_000)).state).toBe("run");
  });
});
