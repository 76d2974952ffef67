import { describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { ToolDefinition } from "../../src/catalog/tool.ts";
import { loadGenerated } from "../../src/cli/api.ts";
import type { Schema } from "../../src/descriptor.ts";
import { leanDefinition } from "../../src/surfaces/lean.ts";
import { projectRoot } from "../e2e/process.ts";
import { validationOf } from "./validation.ts";

const definition = (properties: Record<string, Schema>, more: Partial<ToolDefinition> = {}): ToolDefinition => ({
  name: "create_incident",
  title: "Create Incident",
  description: "Create Incident. Endpoint to create a new Incident",
  inputSchema: { type: "object", properties, additionalProperties: false },
  outputSchema: { type: "object" },
  annotations: {
    title: "Create Incident",
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  ...more,
});

describe("a lean definition", () => {
  it("says nothing twice, and has no output schema", () => {
    const lean = leanDefinition(definition({}));
    expect(Object.keys(lean).sort()).toEqual(["annotations", "description", "inputSchema", "name"]);
    expect(lean.description).toBe("Create Incident.");
    expect(leanDefinition(definition({}, { title: "Open a case" })).title).toBe("Open a case");
  });

  const cases: readonly { readonly given: Schema; readonly want: Schema }[] = [
    { given: { type: "string", description: "Title of this incident" }, want: { type: "string" } },
    { given: { type: "string", title: "Title" }, want: { type: "string" } },
    { given: { type: "object", additionalProperties: true }, want: { type: "object" } },
    { given: { description: "Title. In markdown." }, want: { description: "In markdown." } },
    {
      given: { description: "Incident State id, found with list_states." },
      want: { description: "From list_states." },
    },
    { given: { description: "Shown to customers" }, want: { description: "Shown to customers" } },
    { given: { description: "- red\n- title" }, want: { description: "- red\n- title" } },
    {
      given: { enum: ["title", "description"], default: "title" },
      want: { enum: ["title", "description"], default: "title" },
    },
    {
      given: { type: "object", properties: { description: { type: "string", description: "Reason" } } },
      want: { type: "object", properties: { description: { type: "string", description: "Reason" } } },
    },
    {
      given: { anyOf: [{ type: "null" }, { type: "string", description: "title" }] },
      want: { anyOf: [{ type: "null" }, { type: "string" }] },
    },
  ];
  for (const { given, want } of cases)
    it(`of ${JSON.stringify(given)} is ${JSON.stringify(want)}`, () => {
      expect(leanDefinition(definition({ title: given })).inputSchema.properties?.title).toEqual(want);
    });

  it("writes a definition out where that is shorter than the references to it", () => {
    const $defs = {
      SortOrder: { enum: ["ASC", "DESC"] },
      Filter: { anyOf: [{ type: "string" }, { type: "object", properties: { value: { $ref: "#/$defs/SortOrder" } } }] },
    };
    const given = definition({ sort: { $ref: "#/$defs/SortOrder" }, query: { $ref: "#/$defs/Filter" } });
    const inputSchema = { ...given.inputSchema, $defs } as ToolDefinition["inputSchema"];
    const lean = leanDefinition({ ...given, inputSchema }).inputSchema as Schema & { $defs?: Record<string, Schema> };
    expect(lean.properties?.sort).toEqual({ enum: ["ASC", "DESC"] });
    expect(Object.keys(lean.$defs ?? {})).toEqual(["Filter"]);
    expect(JSON.stringify(lean)).not.toContain("SortOrder");
  });

  it("validates what the whole one does, for every tool of Beacon", async () => {
    for (const tool of createCatalog(await loadGenerated({ root: projectRoot, name: "beacon" })).tools)
      expect([tool.name, validationOf(leanDefinition(tool.definition).inputSchema)]).toEqual([
        tool.name,
        validationOf(tool.definition.inputSchema),
      ]);
  });
});
