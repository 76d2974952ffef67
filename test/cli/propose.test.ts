import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/cli/drift/findings.ts";
import { correctionOf } from "../../src/cli/drift/propose.ts";
import type { Api, Field, Schema } from "../../src/descriptor.ts";
import { emptyApi, widget } from "../operations/fixture.ts";

const fields: Record<string, Field> = {
  color: { type: "string", enum: ["red", "blue"], description: "Its color." },
  mood: { anyOf: [{ type: "string", enum: ["good"] }, { type: "null" }] },
  size: { type: "integer", maximum: 9, default: 1 },
  tags: { type: "array", items: { type: "string", enum: ["a"] } },
  part: { $ref: "#/$defs/Part" },
  either: { oneOf: [{ type: "string" }, { type: "object", properties: { n: { type: "integer" } } }] },
  map: { type: "object", additionalProperties: { type: "string" } },
  tree: { $ref: "#/$defs/Tree" },
};
const tree: Schema = { type: "object", properties: { at: { type: "string" }, kid: { $ref: "#/$defs/Tree" } } };
const part: Schema = {
  type: "object",
  properties: { id: { type: "string" } },
  required: ["id", "kind"],
  additionalProperties: false,
};
const api: Api = { ...emptyApi, schemas: { Part: part, Tree: tree }, resources: [{ ...widget, fields }] };

function finding(path: string, drift: Finding["drift"], ...seen: Finding["seen"]): Finding {
  return {
    resource: "Widget",
    path: path.split("."),
    drift,
    text: "it differs",
    items: 1,
    tools: ["get_widget"],
    seen,
    isNoun: true,
  };
}

const nullable: Schema = { type: "null" };

describe("the correction of a document", () => {
  const cases: readonly { readonly name: string; readonly given: readonly Finding[]; readonly want: object }[] = [
    {
      name: "adds values to an enum",
      given: [finding("color", "enum", "green")],
      want: { enums: { "Widget.color": ["red", "blue", "green"] } },
    },
    {
      name: "adds them beside null",
      given: [finding("mood", "enum", "odd")],
      want: { enums: { "Widget.mood": ["good", "odd"] } },
    },
    {
      name: "adds them to a list's items",
      given: [finding("tags.*", "enum", "b", "c")],
      want: { enums: { "Widget.tags": ["a", "b", "c"] } },
    },
    {
      name: "allows null",
      given: [finding("size", "null", "null")],
      want: { fields: { "Widget.size": { anyOf: [{ type: "integer", maximum: 9 }, nullable] } } },
    },
    {
      name: "widens an integer",
      given: [finding("size", "type", "number")],
      want: { fields: { "Widget.size": { type: "number", maximum: 9 } } },
    },
    {
      name: "allows each type that was seen",
      given: [finding("size", "type", "string", "boolean")],
      want: {
        fields: {
          "Widget.size": { anyOf: [{ type: "integer", maximum: 9 }, { type: "string" }, { type: "boolean" }] },
        },
      },
    },
    {
      name: "drops limits",
      given: [finding("size", "limit", "integer")],
      want: { fields: { "Widget.size": { type: "integer" } } },
    },
    {
      name: "says both of one field",
      given: [finding("color", "enum", "green"), finding("color", "null", "null")],
      want: {
        enums: { "Widget.color": ["red", "blue", "green"] },
        fields: { "Widget.color": { anyOf: [{ type: "string", enum: ["red", "blue"] }, nullable] } },
      },
    },
    {
      name: "keeps values in the field's own schema where it is of another type too",
      given: [finding("color", "type", "integer"), finding("color", "enum", "green")],
      want: {
        fields: {
          "Widget.color": { anyOf: [{ type: "string", enum: ["red", "blue", "green"] }, { type: "integer" }] },
        },
      },
    },
    {
      name: "writes a reference out",
      given: [finding("part.kind", "missing", "undefined"), finding("part.x", "extra", "undefined")],
      want: { fields: { "Widget.part": { ...part, required: ["id"], additionalProperties: true } } },
    },
    {
      name: "changes every form that has the place",
      given: [finding("either.n", "null", "null")],
      want: {
        fields: {
          "Widget.either": {
            oneOf: [
              { type: "string" },
              { type: "object", properties: { n: { anyOf: [{ type: "integer" }, nullable] } } },
            ],
          },
        },
      },
    },
    {
      name: "opens a union that nothing fits",
      given: [finding("either", "shape", "object")],
      want: { fields: { "Widget.either": {} } },
    },
    {
      name: "changes the values of a map",
      given: [finding("map.any", "null", "null")],
      want: {
        fields: { "Widget.map": { type: "object", additionalProperties: { anyOf: [{ type: "string" }, nullable] } } },
      },
    },
  ];
  for (const { name, given, want } of cases) {
    it(name, () => {
      const { enums = {}, fields: corrected = {} } = correctionOf(api, {}, given);
      const plain = {
        ...(Object.keys(enums).length > 0 && {
          enums: Object.fromEntries(Object.entries(enums).map(([key, { values }]) => [key, values])),
        }),
        ...(Object.keys(corrected).length > 0 && {
          fields: Object.fromEntries(Object.entries(corrected).map(([key, { answer }]) => [key, answer])),
        }),
      };
      expect(plain).toEqual(want);
    });
  }

  it("ends where a schema goes on in itself", () => {
    const { fields: corrected } = correctionOf(api, {}, [finding("tree.kid.at", "null", "null")]);
    const text = JSON.stringify(corrected);
    expect(text).not.toContain("$ref");
    expect(text.split('"at"').length).toBe(5);
    expect(corrected?.["Widget.tree"]?.answer?.properties?.kid?.properties?.at).toEqual({
      anyOf: [{ type: "string" }, nullable],
    });
  });

  it("adds its reason to the one there is", () => {
    const known = { fields: { "*.size": { heavy: true, why: "Large" } } };
    const { fields: corrected } = correctionOf(api, known, [finding("size", "null", "null")]);
    expect(corrected?.["Widget.size"]).toMatchObject({ heavy: true, why: "Large. In answers it differs." });
  });

  it("has a reason, and nothing for what no decision reaches", () => {
    expect(correctionOf(api, {}, [finding("size", "null", "null")]).fields?.["Widget.size"]?.why).toBe(
      "In answers it differs.",
    );
    expect(correctionOf(api, {}, [{ ...finding("color", "enum", "x"), isNoun: false }])).toEqual({});
    expect(
      correctionOf(api, {}, [finding("unknown", "type", "string"), { ...finding("a", "type", "string"), path: [] }]),
    ).toEqual({});
  });
});
