import { describe, expect, it } from "vitest";
import type { OperationOverrides } from "../../codegen/overrides.ts";
import { classified, tiny, toolsOf } from "./tiny.ts";

const document = tiny([
  "GET /widgets listWidgets",
  "POST /widgets/{id}/frob frobWidget",
  "GET /widgets/{id}",
  "HEAD /widgets",
]);

function decide(overrides: OperationOverrides): Record<string, string> {
  return toolsOf(document, { overrides });
}

describe("overrides of gateway.yaml", () => {
  it("re-kind, rename and re-home an operation, with the reason as evidence", () => {
    const overrides: OperationOverrides = {
      frobWidget: { kind: "action", verb: "polish", effect: "destroy", why: "it grinds" },
      "GET /widgets/{id}": { tool: "read_widget", aliases: ["fetch_widget"], timeoutMs: 5000, why: "old name" },
      listWidgets: { resource: "Gadget", path: "/gadgets", why: "renamed upstream" },
    };
    expect(decide(overrides)).toEqual({
      "GET /widgets": "list_gadgets (read)",
      "GET /widgets/{id}": "read_widget (read)",
      "POST /widgets/{id}/frob": "polish_widget (destroy)",
      "HEAD /widgets": "skipped",
    });
    const { decisions } = classified(document, { overrides });
    const [gadget, widget, frob] = decisions;
    expect(gadget).toMatchObject({ resource: "Gadget", path: "/gadgets" });
    expect(widget).toMatchObject({ tool: "read_widget", aliases: ["fetch_widget"], timeoutMs: 5000 });
    expect(frob?.evidence[0]).toMatchObject({ rule: "override", because: "gateway.yaml: it grinds" });
    expect(frob?.confidence).toBe(1);
  });

  it("exclude an operation, with the reason in the manifest", () => {
    const { skipped, decisions } = classified(document, {
      overrides: { frobWidget: { exclude: true, why: "dangerous" } },
    });
    expect(skipped.find(({ operation }) => operation.id === "frobWidget")?.reason).toBe("dangerous");
    expect(decisions.map(({ operation }) => operation.id)).not.toContain("frobWidget");
  });

  it("bring back what would be skipped", () => {
    expect(
      decide({ "HEAD /widgets": { kind: "action", verb: "probe", effect: "read", why: "cheap" } })["HEAD /widgets"],
    ).toBe("probe_widget (read)");
  });

  it("settle a conflict", () => {
    const clash = tiny(["GET /widgets/{id} deleteWidget"]);
    expect(() => classified(clash, { allowConflicts: false })).toThrow();
    const overrides: OperationOverrides = { deleteWidget: { kind: "delete", why: "a GET that deletes" } };
    expect(classified(clash, { allowConflicts: false, overrides }).decisions[0]).toMatchObject({
      kind: "delete",
      effect: "destroy",
    });
  });

  it("accept METHOD /path beside an operationId, the method in any case", () => {
    expect(decide({ "get /widgets": { tool: "all_widgets", why: "short" } })["GET /widgets"]).toBe(
      "all_widgets (read)",
    );
  });

  it("that match nothing are a fault with the nearest ids", () => {
    expect(() => decide({ listWidget: { kind: "list", why: "typo" } })).toThrow(
      /"listWidget" matches no operation \(near: "listWidgets"/,
    );
    expect(() => decide({ zzzz: { kind: "list", why: "gone" } })).toThrow(/"zzzz" matches no operation$/);
  });

  it("for one operation by two keys, or without a why, are a fault", () => {
    const twice: OperationOverrides = {
      listWidgets: { kind: "list", why: "a" },
      "GET /widgets": { kind: "get", why: "b" },
    };
    expect(() => decide(twice)).toThrow(/another key is about too/);
    expect(() => decide({ listWidgets: { kind: "list", why: " " } })).toThrow(/has no why/);
  });
});
