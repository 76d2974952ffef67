import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { looksLikeGatewayKey, mintGatewayKey, parseGatewayKey } from "../../src/auth/gatewayKey.ts";
import { hashSecret, matchesHash } from "../../src/auth/keyHash.ts";
import { deriveKeys } from "../../src/auth/keys.ts";
import { open, seal } from "../../src/auth/seal.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { draws } from "../fakes/draws.ts";

describe("a gateway key", () => {
  it("has the form that the documentation shows, and reads back as what it was made of", () => {
    const { text, key } = mintGatewayKey("os");
    expect(text.reveal()).toMatch(/^os_[0-9A-Za-z]{12}_[\w-]{43}[0-9A-Za-z]{6}$/);
    const read = parseGatewayKey(text.reveal());
    expect([read?.prefix, read?.id, read?.secret.reveal()]).toEqual(["os", key.id, key.secret.reveal()]);
    expect(mintGatewayKey("os").text.reveal()).not.toBe(text.reveal());
  });

  it("that is cut off or has one character wrong is no key", () => {
    const text = mintGatewayKey("sg").text.reveal();
    const wrong = fc.record({ at: fc.nat(text.length - 1), to: fc.constantFrom(..."0aZ_-") });
    fc.assert(
      fc.property(wrong, fc.nat(text.length - 1), ({ at, to }, length) => {
        expect(parseGatewayKey(text.slice(0, length))).toBeNull();
        if (text[at] !== to) expect(parseGatewayKey(text.slice(0, at) + to + text.slice(at + 1))).toBeNull();
      }),
      draws(500),
    );
  });

  const text = mintGatewayKey("sg").text.reveal();
  const cases = [
    { name: "a whole one", given: text, want: true },
    { name: "one cut in its secret", given: text.slice(0, 30), want: true },
    { name: "one with a wrong checksum", given: `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`, want: true },
    { name: "a whole one of another prefix", given: mintGatewayKey("os").text.reveal(), want: true },
    { name: "one cut in its id, which tells nothing", given: text.slice(0, 9), want: false },
    { name: "a key of the API's own with the same prefix", given: "sg_live_4eC39HqLyjWDarjtT1zdp7dc", want: false },
    { name: "any other key", given: "bk_demo_read_acme", want: false },
  ];
  for (const { name, given, want } of cases)
    it(`${want ? "is told" : "is not seen"} from ${name}`, () => expect(looksLikeGatewayKey(given, "sg")).toBe(want));
});

const secrets = [new Secret("the first of the secrets"), new Secret("the second of the secrets")];
const [one, two, both, turned] = [[0], [1], [0, 1], [1, 0]].map((order) => order.map((at) => secrets[at] as Secret));
const keysOf = (given: readonly Secret[] | undefined, purpose: string): ReturnType<typeof deriveKeys> =>
  deriveKeys(given ?? [], purpose);

describe("the hash of a key", () => {
  it("fits the key it was made of, for its id, under any secret that is still there", () => {
    const stored = hashSecret(keysOf(one, "pepper"), "id", "secret");
    const fits = (given: readonly Secret[] | undefined, id = "id", secret = "secret"): boolean =>
      matchesHash(keysOf(given, "pepper"), stored, id, secret);
    expect([fits(one), fits(both), fits(turned), fits(two), fits(one, "other"), fits(one, "id", "Secret")]).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("a sealed credential", () => {
  const credential = new Secret("bk_upstream_canary");
  it("opens for its own row alone, with any secret that is still there, and says when it should be sealed anew", () => {
    const sealed = seal(keysOf(one, "credential"), credential, "row");
    expect(sealed).not.toContain("canary");
    expect(seal(keysOf(one, "credential"), credential, "row")).not.toBe(sealed);
    const opened = (given: readonly Secret[] | undefined, owner = "row"): unknown => {
      const found = open(keysOf(given, "credential"), sealed, owner);
      return found && [found.secret.reveal(), found.isOld];
    };
    expect(opened(one)).toEqual(["bk_upstream_canary", false]);
    expect(opened(turned)).toEqual(["bk_upstream_canary", true]);
    expect([opened(two), opened(one, "other")]).toEqual([null, null]);
  });

  it("that was changed in any byte does not open", () => {
    const keys = keysOf(one, "credential");
    const sealed = seal(keys, credential, "row");
    const [name = "", body = ""] = sealed.split(".");
    const bytes = Buffer.from(body, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(open(keys, `${name}.${changed.toString("base64url")}`, "row")).toBeNull();
    }
    for (const broken of ["", ".", name, `${name}.`, `${name}.AAAA`, body])
      expect(open(keys, broken, "row")).toBeNull();
  });
});
