import { describe, expect, it } from "vitest";
import { disagreements } from "../../codegen/describe/effects.ts";
import type { Decision } from "../../codegen/model.ts";
import type { Effect, Method, OperationKind } from "../../src/descriptor.ts";

function decision(method: Method, kind: OperationKind, effect: Effect): Decision {
  const operation = {
    id: "op",
    method,
    path: "/x",
    tags: [],
    deprecated: false,
    params: [],
    responses: [],
    extensions: {},
    pointer: "#/paths/~1x",
  };
  return { operation, resource: "X", kind, effect, evidence: [], confidence: 1 };
}

describe("kind, effect and method", () => {
  const cases: readonly { given: [Method, OperationKind, Effect]; want: string | undefined }[] = [
    { given: ["GET", "list", "read"], want: undefined },
    { given: ["POST", "get", "read"], want: undefined },
    { given: ["POST", "update", "write"], want: undefined },
    { given: ["DELETE", "delete", "destroy"], want: undefined },
    { given: ["GET", "action", "write"], want: undefined },
    { given: ["POST", "list", "write"], want: "it is a list, but its effect is write" },
    { given: ["POST", "create", "read"], want: "it is a create, but its effect is read" },
    { given: ["GET", "delete", "destroy"], want: "it is a delete, but GET is a safe method" },
    { given: ["DELETE", "action", "read"], want: "its effect is read, but the method is DELETE" },
  ];
  for (const { given, want } of cases)
    it(`${want === undefined ? "agree" : "contradict each other"}: ${given.join(" ")}`, () => {
      const [found] = disagreements([decision(...given)], {});
      expect(found?.conflict?.because).toBe(want);
    });

  it("are settled by an override, which the conflict prints", () => {
    const given = decision("POST", "list", "write");
    expect(disagreements([given], {})[0]?.conflict?.override).toBe('"op":\n  effect: write\n  why: "…"');
    expect(
      disagreements([given], { operations: { op: { effect: "write", why: "it marks them as read" } } })[0]?.conflict,
    ).toBeUndefined();
  });
});
