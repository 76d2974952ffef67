import { describe, expect, it } from "vitest";
import type { CodegenConfig } from "../../src/config/codegen.ts";
import type { ResourceType } from "../../src/descriptor.ts";
import { fieldsArgument } from "../../src/operations/fields.ts";
import { emptyApi } from "../operations/fixture.ts";
import { describeDocument } from "./described.ts";
import { tiny } from "./tiny.ts";

const text = { type: "string" };
const why = "a test";
/** Thirteen fields that no rule takes for a default one. */
const others = Object.fromEntries("abcdefghijklm".split("").map((letter) => [`note_${letter}`, text]));

function widgets(properties: object, config: CodegenConfig = {}): ResourceType {
  const widget = { type: "object", properties };
  const document = tiny(
    [
      { given: "GET /widgets listWidgets", answer: { type: "array", items: { $ref: "#/components/schemas/Widget" } } },
      { given: "GET /widgets/{uid} getWidget", answer: { $ref: "#/components/schemas/Widget" } },
    ],
    { components: { schemas: { Widget: widget, State: { type: "string", enum: ["on", "off"] } } } as never },
  );
  const [resource] = describeDocument(document, config).api.resources;
  if (resource === undefined) throw new Error("no resource");
  return resource;
}

describe("the default fields of a noun with many fields", () => {
  const cases: readonly { readonly name: string; readonly given: object; readonly want: boolean }[] = [
    { name: "id", given: { type: "integer" }, want: true },
    { name: "uid", given: text, want: true },
    { name: "monitor_id", given: text, want: true },
    { name: "currentStateId", given: { type: "integer" }, want: true },
    { name: "name", given: text, want: true },
    { name: "display_name", given: { type: ["string", "null"] }, want: true },
    { name: "incidentNumber", given: { type: "number" }, want: true },
    { name: "version", given: text, want: true },
    { name: "version", given: { type: "integer" }, want: false },
    { name: "status", given: text, want: true },
    { name: "current_state", given: { type: "object", properties: { id: text } }, want: true },
    { name: "power", given: { $ref: "#/components/schemas/State" }, want: true },
    { name: "mood", given: { anyOf: [{ type: "string", enum: ["good", "bad"] }, { type: "null" }] }, want: true },
    { name: "moods", given: { type: "array", items: { type: "string", enum: ["good", "bad"] } }, want: false },
    { name: "enabled", given: { type: "boolean" }, want: true },
    { name: "isArchived", given: { type: "boolean" }, want: true },
    { name: "isOwnerNotified", given: { type: "boolean" }, want: false },
    { name: "wasSeen", given: { type: "string", format: "date-time" }, want: true },
    { name: "starts_at", given: text, want: true },
    { name: "paused_until", given: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] }, want: true },
    { name: "createdByUserId", given: text, want: false },
    { name: "deletedAt", given: { type: "string", format: "date-time" }, want: false },
    { name: "description", given: text, want: false },
    { name: "labels", given: { type: "array", items: text }, want: false },
    { name: "api_key", given: text, want: false },
    { name: "body_html", given: text, want: false },
    { name: "latency", given: { type: "number" }, want: false },
  ];
  for (const { name, given, want } of cases) {
    it(`${want ? "hold" : "leave out"} ${name}, ${JSON.stringify(given)}`, () => {
      const { defaultFields } = widgets({ title: text, ...others, [name]: given });
      expect(defaultFields).toContain("title");
      expect(defaultFields?.includes(name)).toBe(want);
    });
  }

  it("are not chosen among twelve fields, secret and heavy ones not counted", () => {
    const { note_m: _, note_l: __, ...eleven } = others;
    expect(widgets({ id: text, ...eleven, api_key: text, body_html: text }).defaultFields).toBeUndefined();
    expect(widgets({ id: text, name: text, ...eleven }).defaultFields).toEqual(["id", "name"]);
  });

  it("are not chosen where nothing would tell two items apart", () => {
    expect(widgets({ status: text, ...others }).defaultFields).toBeUndefined();
  });

  it("are what gateway.yaml says, in nouns of any size", () => {
    const fields = { "Widget.note_a": { shown: true, why }, "Widget.id": { shown: false, why } };
    expect(widgets({ id: text, name: text, ...others }, { fields }).defaultFields).toEqual(["name", "note_a"]);
    expect(widgets({ id: text, note_a: text, name: text }, { fields }).defaultFields).toEqual(["name", "note_a"]);
  });

  it("stand first in the argument that gets the others", () => {
    const resource = widgets({ id: text, name: text, ...others });
    const { list, get } = resource.tools;
    if (list === undefined || get === undefined) throw new Error("no tools");
    expect(fieldsArgument({ api: emptyApi, resource, spec: list })?.description).toBe("Default: the first 2.");
    expect(fieldsArgument({ api: emptyApi, resource, spec: get })?.description).toBe("Default: all.");
  });
});

describe("what gateway.yaml says of values", () => {
  const values = ["on", "off", "parked"];
  const enums = { "Widget.state": { values, why } };
  const cases = [
    {
      name: "replaces an enum",
      given: { type: "string", enum: ["on", "off"] },
      want: { type: "string", enum: values },
    },
    {
      name: "replaces an enum beside null",
      given: { type: ["string", "null"], enum: ["on", "off", null] },
      want: { anyOf: [{ type: "string", enum: values }, { type: "null" }] },
    },
    {
      name: "replaces an enum behind a reference",
      given: { $ref: "#/components/schemas/State" },
      want: { type: "string", enum: values },
    },
    {
      name: "is for the items of a list",
      given: { type: "array", items: { $ref: "#/components/schemas/State" } },
      want: { type: "array", items: { type: "string", enum: values } },
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => {
      expect(widgets({ id: text, state: given }, { enums }).fields.state).toEqual(want);
    });
  }

  it("holds in answers alone where it says so", () => {
    const widget = {
      type: "object",
      properties: { id: { ...text, readOnly: true }, size: { type: "integer", description: "In metres." } },
    };
    const document = tiny([
      { given: "GET /widgets/{id} getWidget", answer: widget },
      { given: "POST /widgets createWidget", body: widget, answer: widget, status: "201" },
    ]);
    const answer = { anyOf: [{ type: "integer" }, { type: "null" }] } as const;
    const [resource] = describeDocument(document, { fields: { "Widget.size": { answer, why } } }).api.resources;
    expect(resource?.fields.size).toEqual({ ...answer, description: "In metres." });
    expect(resource?.tools.create?.body?.fields).toEqual([
      { name: "size", schema: { type: "integer", description: "In metres." } },
    ]);
  });
});
