import { describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import type { Api, ToolSpec } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { emptyApi, widget } from "../operations/fixture.ts";

function spec(name: string, more: Partial<ToolSpec> = {}): ToolSpec {
  return {
    name,
    kind: "get",
    effect: "read",
    description: "Read.",
    operation: { id: name, method: "GET", path: "/x" },
    ...more,
  };
}

function apiWith(tools: readonly ToolSpec[]): Api {
  const actions = Object.fromEntries(tools.map((one) => [one.name, one]));
  return {
    ...emptyApi,
    resources: [{ ...widget, tools: { get: spec("get_widget", { aliases: ["read_widget"] }) }, actions }],
  };
}

const hand: Tool = {
  name: "a_hand_tool",
  aliases: [],
  resource: "Widget",
  kind: "action",
  effect: "read",
  definition: {
    name: "a_hand_tool",
    title: "Hand",
    description: "By hand.",
    inputSchema: { type: "object" },
    annotations: {
      title: "Hand",
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  },
};

describe("a catalog", () => {
  const catalog = createCatalog(apiWith([spec("zap_widget"), spec("arm_widget")]), [hand]);

  it("holds every tool sorted by name, whatever the order of its sources", () => {
    expect(catalog.tools.map(({ name }) => name)).toEqual(["a_hand_tool", "arm_widget", "get_widget", "zap_widget"]);
  });

  it("finds tools by name and alias, and nothing else", () => {
    expect(catalog.find("read_widget")).toBe(catalog.find("get_widget"));
    expect(["", "nope", "__proto__", "constructor", "toString"].map(catalog.find)).toEqual(Array(5).fill(undefined));
  });

  it("builds a definition once", () => {
    const tool = catalog.find("get_widget");
    expect(tool?.definition).toBe(tool?.definition);
    expect(tool?.definition).toMatchObject({ name: "get_widget", title: "Get Widget", description: "Read." });
  });

  it("ends a description with the notes of the tool, and never leaves it empty", () => {
    const described = createCatalog(
      apiWith([
        spec("a", { notes: ["The whole object is needed."], deprecated: true }),
        spec("b", { description: "" }),
      ]),
    );
    expect(described.find("a")?.definition.description).toBe(
      "Read. The whole object is needed. Deprecated: may be removed.",
    );
    expect(described.find("b")?.definition.description).toBe("b");
  });

  it("has a hash that changes exactly when a definition does", () => {
    const same = createCatalog(apiWith([spec("arm_widget"), spec("zap_widget")]), [hand]);
    const other = createCatalog(apiWith([spec("arm_widget"), spec("zap_widget", { description: "Zap." })]), [hand]);
    expect(catalog.hash).toMatch(/^[0-9a-f]{64}$/);
    expect([same.hash === catalog.hash, other.hash === catalog.hash]).toEqual([true, false]);
  });

  const clashes = [
    { name: "two tools", api: apiWith([spec("get_widget")]), extra: [] },
    { name: "a tool and an alias", api: apiWith([spec("read_widget")]), extra: [] },
    { name: "a tool and one written by hand", api: apiWith([spec("a_hand_tool")]), extra: [hand] },
  ];
  for (const { name, api, extra } of clashes) {
    it(`regression 5: refuses ${name} of one name, and names both`, () => {
      expect(() => createCatalog(api, extra)).toThrow(GatewayError);
      expect(() => createCatalog(api, extra)).toThrow(/two tools are called .*: .* and /);
    });
  }
});
