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
