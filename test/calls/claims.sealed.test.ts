import { describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { createMemoryClaims } from "../../src/calls/claims.memory.ts";
import { sealedClaims } from "../../src/calls/claims.sealed.ts";
import type { Action } from "../../src/calls/claims.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { claimsContract } from "./claimsContract.ts";

const keysOf = (...secrets: readonly string[]) =>
  deriveKeys(
    secrets.map((one) => new Secret(one)),
    "idempotency",
  );
let now = 0;

claimsContract({
  name: "memory, sealed",
  shared: false,
  make: async () => sealedClaims(createMemoryClaims({ now: () => now }), keysOf("one")),
  pass: async (ms) => {
    now += ms;
  },
});

describe("sealed claims", () => {
  const action: Action = { mode: "keyed", principalId: "ann", id: "a", args: "1", isRepeatable: false };
  const end = { state: "done", result: '{"outcome":{"structured":{"key":"shown once"}}}' } as const;

  it("keep results encrypted, and give them after a rotation of secrets", async () => {
    const inner = createMemoryClaims();
    const before = sealedClaims(inner, keysOf("old"));
    await before.claim(action, "o", 1_000);
    await before.settle(action, "o", end);
    expect(JSON.stringify(await inner.claim(action, "p", 1_000))).not.toContain("shown once");
    expect(await sealedClaims(inner, keysOf("new", "old")).claim(action, "p", 1_000)).toEqual(end);
  });

  it("tell a result that no key opens as done", async () => {
    const inner = createMemoryClaims();
    const before = sealedClaims(inner, keysOf("old"));
    await before.claim(action, "o", 1_000);
    await before.settle(action, "o", end);
    const claim = await sealedClaims(inner, keysOf("new")).claim(action, "p", 1_000);
    expect(claim).toMatchObject({ state: "done", result: expect.stringContaining("cannot be read any more") });
  });
});
