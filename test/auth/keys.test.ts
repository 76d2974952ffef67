import { describe, expect, it } from "vitest";
import { challengeOf } from "../../src/auth/challenge.ts";
import { deriveKeys, sign, verifies } from "../../src/auth/keys.ts";
import { GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/telemetry/secret.ts";

describe("derived keys", () => {
  const [one, two] = [new Secret("one"), new Secret("two")];

  it("differ by purpose and by secret, and are the same on every replica", () => {
    const key = (secret: Secret, purpose: string): string =>
      deriveKeys([secret], purpose)[0]?.export().toString("hex") ?? "";
    expect(new Set([key(one, "a"), key(one, "b"), key(two, "a")]).size).toBe(3);
    expect(key(one, "a")).toBe(key(new Secret("one"), "a"));
    expect(key(one, "a")).toHaveLength(64);
  });

  it("verify what any of them signed, so that a secret can be rotated, and nothing else", () => {
    const [old, rotated] = [deriveKeys([one], "a"), deriveKeys([two, one], "a")];
    const signature = sign(old, "text");
    expect(signature).toMatch(/^[\w-]{43}$/);
    expect([verifies(rotated, "text", signature), verifies(rotated, "texts", signature)]).toEqual([true, false]);
    expect(verifies(deriveKeys([two], "a"), "text", signature)).toBe(false);
    for (const other of ["", signature.slice(1), `${signature}A`, signature.toLowerCase()]) {
      expect(verifies(old, "text", other)).toBe(false);
    }
    expect(() => sign([], "text")).toThrow("no key to sign with");
  });
});

describe("a challenge", () => {
  const cases = [
    {
      name: "without a key names no error",
      error: new GatewayError("unauthenticated", "no key was sent", { data: { reason: "missing" } }),
      want: [401, 'Bearer realm="x"'],
    },
    {
      name: "after a bad key says what is wrong, in characters that a header may hold",
      error: new GatewayError("unauthenticated", 'the "key" is bäd\r\n'),
      want: [401, `Bearer realm="x", error="invalid_token", error_description="the 'key' is b?d??"`],
    },
    {
      name: "for a missing scope names every scope that is needed",
      error: new GatewayError("insufficient_scope", "needs more", { data: { scopes: ["a", "b"] } }),
      want: [403, 'Bearer realm="x", error="insufficient_scope", error_description="needs more", scope="a b"'],
    },
  ];
  for (const { name, error, want } of cases) {
    it(name, () => {
      const { status, header } = challengeOf(error, "x");
      expect([status, header]).toEqual(want);
    });
  }
});
