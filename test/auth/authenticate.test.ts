import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type AuthenticateOptions, anonymous, createAuthenticate, type Identity } from "../../src/auth/authenticate.ts";
import { createFailures } from "../../src/auth/failures.ts";
import { deriveKeys } from "../../src/auth/keys.ts";
import { GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const keys = deriveKeys([new Secret("s")], "principal");
const identity: Identity = { user: { id: "u1" }, organisation: null, scopes: ["mcp.read"] };
const make = (options: Partial<AuthenticateOptions> = {}): ReturnType<typeof createAuthenticate> =>
  createAuthenticate({ headers: ["x-api-key", "authorization"], required: true, keys, ...options });
const raw = (key: string): string[] => ["x-api-key", key];

describe("authenticate", () => {
  it("makes an unverified principal where there is no check: no user, no scopes, the key for the upstream", async () => {
    const principal = await make()(raw("k1"));
    expect(principal).toMatchObject({ kind: "passthrough", user: null, organisation: null, scopes: null });
    expect(principal.credential?.reveal()).toBe("k1");
  });

  it("gives one key one id, another key another, and shows no key in it", async () => {
    const authenticate = make();
    const [a, b, c] = await Promise.all([
      authenticate(raw("k1")),
      authenticate(["Authorization", "Bearer k1"]),
      authenticate(raw("k2")),
    ]);
    expect(a?.id).toBe(b?.id);
    expect(a?.id).not.toBe(c?.id);
    expect(JSON.stringify(a)).not.toContain("k1");
    expect((await make({ keys: deriveKeys([new Secret("other")], "principal") })(raw("k1"))).id).not.toBe(a?.id);
  });

  it("tells the ids that a key had under further secrets", async () => {
    const secrets = [new Secret("s"), new Secret("t"), new Secret("u")];
    const idUnder = async (...own: Secret[]): Promise<string> =>
      (await make({ keys: deriveKeys(own, "principal") })(raw("k1"))).id;
    const principal = await make({ keys: deriveKeys(secrets, "principal") })(raw("k1"));
    expect([principal.id, ...(principal.formerIds ?? [])]).toEqual(
      await Promise.all(secrets.map((one) => idUnder(one))),
    );
    expect(await make()(raw("k1"))).not.toHaveProperty("formerIds");
  });

  it("asks once within the cache's life, again after it, and never shares one key's answer with another", async () => {
    let now = 0;
    const asked: string[] = [];
    const check = async (credential: Secret): Promise<Identity> => {
      asked.push(credential.reveal());
      return { ...identity, user: { id: credential.reveal() } };
    };
    const authenticate = make({ check, now: () => now, cacheSeconds: 60 });
    expect((await authenticate(raw("a"))).user?.id).toBe("a");
    expect((await authenticate(raw("b"))).user?.id).toBe("b");
    now = 59_000;
    expect((await authenticate(raw("a"))).user?.id).toBe("a");
    now = 60_000;
    await authenticate(raw("a"));
    expect(asked).toEqual(["a", "b", "a"]);
  });

  it("remembers a refusal for five seconds only", async () => {
    let now = 0;
    let asked = 0;
    let answer: Identity | null = null;
    const check = async (): Promise<Identity | null> => {
      asked += 1;
      return answer;
    };
    const authenticate = make({ check, now: () => now });
    await expect(authenticate(raw("a"))).rejects.toMatchObject({ code: "unauthenticated" });
    answer = identity;
    now = 4_999;
    await expect(authenticate(raw("a"))).rejects.toMatchObject({ code: "unauthenticated" });
    now = 5_000;
    expect((await authenticate(raw("a"))).user).toEqual({ id: "u1" });
    expect(asked).toBe(2);
  });

  it("does not remember that the upstream could not say", async () => {
    let down = true;
    const check = async (): Promise<Identity> => {
      if (down) throw new GatewayError("upstream_timeout", "too slow");
      return identity;
    };
    const authenticate = make({ check });
    await expect(Promise.all([authenticate(raw("a")), authenticate(raw("a"))])).rejects.toMatchObject({
      code: "upstream_timeout",
    });
    down = false;
    expect((await authenticate(raw("a"))).user).toEqual({ id: "u1" });
  });

  it("shares one check between requests that come together", async () => {
    let asked = 0;
    const gate = Promise.withResolvers<void>();
    const check = async (): Promise<Identity> => {
      asked += 1;
      await gate.promise;
      return identity;
    };
    const authenticate = make({ check });
    const all = Promise.all(Array.from({ length: 50 }, () => authenticate(raw("a"))));
    gate.resolve();
    expect(new Set(await all).size).toBe(1);
    expect(asked).toBe(1);
  });

  it("keeps a bounded number of principals", async () => {
    const asked: string[] = [];
    const check = async (credential: Secret): Promise<Identity> => {
      asked.push(credential.reveal());
      return identity;
    };
    const authenticate = make({ check, cacheSize: 2 });
    for (const key of ["a", "b", "c", "c", "b", "a"]) await authenticate(raw(key));
    expect(asked).toEqual(["a", "b", "c", "a"]);
  });

  describe("after twenty refused keys from one network within a minute", () => {
    let now = 0;
    let asked = 0;
    let authenticate: ReturnType<typeof make>;
    const codeOf = async (key: string, from?: string): Promise<string> =>
      authenticate(raw(key), from).then(
        () => "good",
        (thrown: GatewayError) => thrown.code,
      );
    beforeEach(async () => {
      [now, asked] = [0, 0];
      const check = async (credential: Secret): Promise<Identity | null> => {
        asked += 1;
        return credential.reveal().startsWith("good") ? identity : null;
      };
      authenticate = make({ check, now: () => now });
      await codeOf("good1", "net");
      for (let i = 0; i < 20; i++) expect([i, await codeOf(`bad${i}`, "net")]).toEqual([i, "unauthenticated"]);
    });

    it("refuses unknown ones from there unasked, and says how long", async () => {
      now = 10_000;
      await expect(authenticate(raw("good2"), "net")).rejects.toMatchObject({
        code: "rate_limited",
        facts: { retryAfterSeconds: 50 },
      });
      expect(await codeOf("bad0", "net")).toBe("rate_limited");
      expect(asked).toBe(21);
    });

    it("lets in keys that were good before, though their answer is old, and keys from elsewhere", async () => {
      now = 59_999;
      expect(await Promise.all([codeOf("good1", "net"), codeOf("good2", "other"), codeOf("bad", "other")])).toEqual([
        "good",
        "good",
        "unauthenticated",
      ]);
      expect(await codeOf("good3")).toBe("good");
    });

    it("begins anew when the minute is over", async () => {
      now = 60_000;
      expect([await codeOf("good2", "net"), await codeOf("bad", "net")]).toEqual(["good", "unauthenticated"]);
    });

    it("still says what is wrong with what can be no key, and that there is none", async () => {
      await expect(authenticate(raw("two words"), "net")).rejects.toThrow("whitespace inside");
      await expect(authenticate([], "net")).rejects.toThrow("no key was sent");
    });
  });

  it("counts neither missing nor malformed keys, nor what the upstream could not say", async () => {
    const check = async (): Promise<Identity> => {
      throw new GatewayError("upstream_timeout", "too slow");
    };
    const authenticate = make({ check, failuresPerMinute: 1 });
    for (const headers of [[], raw("two words"), raw("a"), raw("b")]) {
      await expect(authenticate(headers, "net")).rejects.not.toMatchObject({ code: "rate_limited" });
    }
  });

  it("knows the failures of a bounded number of networks", () => {
    const failures = createFailures({ perMinute: 1, size: 2, now: () => 0 });
    for (const from of ["a", "b", "c"]) failures.add(from);
    expect(() => failures.assertFew("a")).not.toThrow();
    for (const from of ["b", "c"]) expect(() => failures.assertFew(from)).toThrow("wait 60 seconds");
  });

  it("names the page where keys are made", async () => {
    await expect(make({ keyPageUrl: "https://example.com/keys" })([])).rejects.toThrow(
      "Make a key at https://example.com/keys.",
    );
  });

  it("serves nobody where no key is required", async () => {
    expect(await make({ required: false })(["accept", "*/*"])).toBe(anonymous);
  });

  it("reads the header names that are configured, and no others", async () => {
    const authenticate = make({ headers: ["x-openstatus-key"] });
    expect((await authenticate(["X-OpenStatus-Key", "os_1"])).credential?.reveal()).toBe("os_1");
    await expect(authenticate(raw("os_1"))).rejects.toThrow("send it as `x-openstatus-key: <key>`");
  });

  it("never repeats any part of what was sent in what it says", async () => {
    const word = fc.string({
      unit: fc.constantFrom(..."abcdefghijkmnopqrstuvwxyz0123456789_"),
      minLength: 8,
      maxLength: 20,
    });
    const hostile = fc.tuple(word, fc.constantFrom(" ", '"', "\t", "\u00e2\u0080\u008b", "\u2018", "é"), word);
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom("", "Bearer "), async ([a, between, b], scheme) => {
        const sent = ["authorization", `Bearer ${scheme}${a}${between}${b}`];
        const error = await make()(sent).catch((thrown: unknown) => thrown as GatewayError);
        expect(error).toBeInstanceOf(GatewayError);
        const text = JSON.stringify([(error as GatewayError).message, (error as GatewayError).facts]);
        expect(text.includes(a) || text.includes(b)).toBe(false);
      }),
    );
  });
});
