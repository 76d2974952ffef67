import { describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { ToolOrigin } from "../../src/catalog/tool.ts";
import { argumentsOf, createKnownIds, readsOf } from "../../src/cli/drift/reads.ts";
import type { Api, Param, ResourceType, ToolSpec } from "../../src/descriptor.ts";
import { emptyApi, widget } from "../operations/fixture.ts";

function spec(kind: "list" | "get", name: string, path: string, more: Partial<ToolSpec> = {}): ToolSpec {
  const params = [...path.matchAll(/\{(\w+)\}/g)].map(
    ([, id = ""]): Param => ({ name: id, in: "path", arg: id, required: true }),
  );
  return {
    name,
    kind,
    effect: "read",
    description: "Test.",
    operation: { id: name, method: "GET", path },
    params,
    result: { noun: true },
    ...more,
  };
}

function noun(name: string, tools: ResourceType["tools"]): ResourceType {
  return { ...widget, name, plural: `${name}s`, tools };
}

const resources = [
  noun("Check", {
    get: spec("get", "get_check", "/widgets/{widgetId}/checks/{id}"),
    list: spec("list", "list_checks", "/widgets/{widgetId}/checks"),
  }),
  noun("Widget", {
    get: spec("get", "get_widget", "/widget/{id}/get-item"),
    list: spec("list", "list_widgets", "/widgets", { paging: { style: "none", maxLimit: 5 } }),
  }),
  noun("Report", { list: spec("list", "list_reports", "/reports-of/{widget_id}") }),
  noun("Lonely", { get: spec("get", "get_lonely", "/lonely/{key}") }),
  noun("Settings", { get: spec("get", "get_settings", "/settings") }),
];
const api: Api = { ...emptyApi, resources };
const tools = readsOf(createCatalog(api).tools);
const toolNamed = (name: string): (typeof tools)[number] => {
  const found = tools.find((tool) => tool.name === name);
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
};
const originOf = (name: string): ToolOrigin => toolNamed(name).origin;

describe("what drift reads", () => {
  it("begins with what needs no id, Lists before Gets, and writes nothing", () => {
    expect(tools.map(({ name }) => name)).toEqual([
      "list_widgets",
      "get_settings",
      "list_checks",
      "list_reports",
      "get_lonely",
      "get_widget",
      "get_check",
    ]);
  });

  it("takes ids from what Lists answered: the noun's own, those of the path before, those a placeholder names", () => {
    const known = createKnownIds();
    expect(known.valuesFor(originOf("list_widgets"))).toEqual([[]]);
    expect(known.valuesFor(originOf("get_widget"))).toEqual([]);
    known.learn(
      originOf("list_widgets"),
      [],
      [{ id: "w1" }, { name: "without" }, null, { _id: 2 }, { id: "w3" }, { id: "w4" }],
    );
    for (const name of ["get_widget", "list_checks", "list_reports"])
      expect(known.valuesFor(originOf(name))).toEqual([["w1"], [2], ["w3"]]);
    known.learn(originOf("list_checks"), ["w1"], [{ id: "c1" }]);
    expect(known.valuesFor(originOf("get_check"))).toEqual([["w1", "c1"]]);
    expect(known.valuesFor(originOf("get_lonely"))).toEqual([]);
  });

  it("asks for every field but secret and write-only ones, in as many items as the List gives", () => {
    const fields = ["body", "color", "createdAt", "dueAt", "id", "name", "parent"];
    expect(argumentsOf(toolNamed("list_widgets"), [], 20)).toEqual({ args: { limit: 5, fields } });
    expect(argumentsOf(toolNamed("get_check"), ["w1", "c1"], 20)).toEqual({
      args: { widgetId: "w1", id: "c1", fields },
    });
  });

  it("fills in a required argument where the document names a value, and says which one it cannot", () => {
    const query = (schema: Param["schema"] & object): (typeof tools)[number] => {
      const params: Param[] = [{ name: "region", in: "query", arg: "region", required: true, schema }];
      const list = spec("list", "list_regions", "/regions", { params });
      const [tool] = readsOf(createCatalog({ ...emptyApi, resources: [noun("Region", { list })] }).tools);
      return tool as (typeof tools)[number];
    };
    expect(argumentsOf(query({ type: "string", enum: ["eu", "us"] }), [], 1)).toMatchObject({ args: { region: "eu" } });
    expect(argumentsOf(query({ type: "string", default: "us" }), [], 1)).toMatchObject({ args: { region: "us" } });
    expect(argumentsOf(query({ type: "string" }), [], 1)).toEqual({ needs: "region" });
  });
});
