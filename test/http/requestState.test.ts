import { describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { openState, type StateBinding, sealState } from "../../src/http/mcp/requestState.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const keys = deriveKeys([new Secret("s")], "requestState");
const state = { asked: ["confirm"], answers: { first: { action: "accept" } }, round: 2 };
const binding: StateBinding = {
  principalId: "ann",
  surface: "default",
  method: "tools/call",
  params: { name: "drop", arguments: { id: "1" } },
};
const now = Date.UTC(2026, 0, 1);

describe("a request state", () => {
  const text = sealState(keys, state, binding, now);

  it("comes back as it was for the request it was made for, for ten minutes", () => {
    expect(openState(keys, text, binding, now)).toMatchObject(state);
    expect(openState(keys, text, binding, now + 599_000)).toMatchObject(state);
    expect(() => openState(keys, text, binding, now + 600_000)).toThrow("not valid");
  });

  it("is worth nothing to any other request", () => {
    const others: StateBinding[] = [
      { ...binding, principalId: "bob" },
      { ...binding, surface: "other" },
      { ...binding, method: "prompts/get" },
      { ...binding, params: { ...binding.params, name: "keep" } },
      { ...binding, params: { ...binding.params, arguments: { id: "2" } } },
      { ...binding, params: { ...binding.params, arguments: { id: 1 } } },
      { ...binding, params: { ...binding.params, uri: "x" } },
    ];
    for (const other of others) expect(() => openState(keys, text, other, now)).toThrow("not valid");
  });

  it("tells every two values apart, and the order of keys alone not", () => {
    const given = (value: unknown): StateBinding => ({ ...binding, params: { arguments: { value } } });
    const values = [{ a: 1 }, [["a", 1]], ["a", 1], ["{", "a", 1], [], {}, [[]], "", null, { a: { b: 1 } }, { a: "b" }];
    for (const [index, value] of values.entries()) {
      const sealed = sealState(keys, state, given(value), now);
      for (const [other, different] of values.entries()) {
        if (other === index) expect(openState(keys, sealed, given(different), now)).toMatchObject(state);
        else expect(() => openState(keys, sealed, given(different), now)).toThrow("not valid");
      }
    }
    const sealed = sealState(keys, state, given({ a: 1, b: { c: 2, d: 3 } }), now);
    expect(openState(keys, sealed, given({ b: { d: 3, c: 2 }, a: 1 }), now)).toMatchObject(state);
  });

  it("outlives the rotation of a secret, and is refused once the secret is gone", () => {
    const [old, next] = [new Secret("s"), new Secret("t")];
    expect(openState(deriveKeys([next, old], "requestState"), text, binding, now)).toMatchObject(state);
    const later = { ...binding, principalId: "ann under the next secret", formerIds: ["ann"] };
    expect(openState(deriveKeys([next, old], "requestState"), text, later, now)).toMatchObject(state);
    const bob = { ...later, formerIds: ["bob"] };
    expect(() => openState(deriveKeys([next, old], "requestState"), text, bob, now)).toThrow("not valid");
    expect(() => openState(deriveKeys([next], "requestState"), text, binding, now)).toThrow("not valid");
    expect(() => openState(deriveKeys([old], "cursor"), text, binding, now)).toThrow("not valid");
  });

  it("is refused unread when it is huge", () => {
    expect(() => openState(keys, `v1.${"a".repeat(70_000)}.${"a".repeat(43)}`, binding, now)).toThrow("not valid");
  });
});
