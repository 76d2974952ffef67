import { describe, expect, it } from "vitest";
import { deriveKeys } from "../../../src/auth/keys.ts";
import { checkToken, mintToken, type TokenBinding } from "../../../src/calls/safeguards/token.ts";
import { Secret } from "../../../src/telemetry/secret.ts";

const keysOf = (...secrets: readonly string[]): ReturnType<typeof deriveKeys> =>
  deriveKeys(
    secrets.map((text) => new Secret(text)),
    "confirmation",
  );
const keys = keysOf("a secret of the tests");
const binding: TokenBinding = {
  principalId: "ann",
  surface: "one",
  tool: "delete_widget",
  args: { id: "w1", deep: { a: 1, b: [2] } },
};
const now = 1_700_000_000_000;
const token = mintToken(keys, binding, now);
const why = (given: string, more: Partial<TokenBinding> = {}, at = now): string => {
  const check = checkToken(keys, given, { ...binding, ...more }, at);
  return check.isGood ? "good" : check.why;
};

describe("a confirmation token", () => {
  it("holds for ten minutes, to the millisecond", () => {
    expect(checkToken(keys, token, binding, now)).toEqual({ isGood: true, leftMs: 600_000 });
    expect([why(token, {}, now + 599_999), why(token, {}, now + 600_000)]).toEqual([
      "good",
      "has expired: it is good for 600 s",
    ]);
  });

  const same: readonly { readonly name: string; readonly args: TokenBinding["args"] }[] = [
    { name: "the same arguments in another order", args: { deep: { b: [2], a: 1 }, id: "w1" } },
    { name: "the token itself among them", args: { ...binding.args, confirmation_token: "x" } },
    { name: "an idempotency key", args: { ...binding.args, idempotency_key: "k" } },
  ];
  for (const { name, args } of same) it(`holds for ${name}`, () => expect(why(token, { args })).toBe("good"));

  const other: readonly { readonly name: string; readonly more: Partial<TokenBinding> }[] = [
    { name: "another principal", more: { principalId: "bob" } },
    { name: "another surface", more: { surface: "two" } },
    { name: "another tool", more: { tool: "delete_page" } },
    { name: "another value", more: { args: { ...binding.args, id: "w2" } } },
    { name: "an argument more", more: { args: { ...binding.args, force: true } } },
    { name: "an argument less", more: { args: { id: "w1" } } },
    { name: "a number for a text", more: { args: { ...binding.args, id: 1 } } },
  ];
  for (const { name, more } of other)
    it(`does not hold for ${name}`, () => expect(why(token, more)).toBe("was given for another call"));

  it("does not hold with any one character changed, cut off or added", () => {
    const forged = [...token].map((one, at) => token.slice(0, at) + (one === "A" ? "B" : "A") + token.slice(at + 1));
    for (const one of [...forged, token.slice(1), token.slice(0, -1), `${token}A`, "", ".", `${token}.${token}`])
      expect([one, why(one)]).toEqual([one, "is not one that this gateway gave"]);
  });

  it("holds after a rotation of secrets for as long as the old one is kept", () => {
    const check = (...secrets: readonly string[]): boolean =>
      checkToken(keysOf(...secrets), token, binding, now).isGood;
    expect([check("the next secret", "a secret of the tests"), check("the next secret")]).toEqual([true, false]);
  });

  it("is another one each time, and shows nothing of the call", () => {
    expect(mintToken(keys, binding, now)).not.toBe(token);
    const [body = ""] = token.split(".");
    expect(Buffer.from(body, "base64url").toString()).not.toMatch(/w1|ann|delete/);
  });
});
