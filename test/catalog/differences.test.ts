import { describe, expect, it } from "vitest";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { Field, Result, Schema } from "../../src/descriptor.ts";
import { emptyApi, originOf, widget } from "../operations/fixture.ts";

const part: Schema = {
  type: "object",
  properties: { id: { type: "string" }, size: { type: "integer", maximum: 9 } },
  required: ["id"],
  additionalProperties: false,
};
const fields: Record<string, Field> = {
  status: { type: "string", enum: ["up", "down"] },
  mood: { anyOf: [{ type: "string", enum: ["good", "bad"] }, { type: "null" }] },
  name: { type: "string", maxLength: 10 },
  at: { type: "string", format: "date-time" },
  code: { type: "string", pattern: "^[A-Z]+$" },
  part: { $ref: "#/$defs/Part" },
  parts: { type: "array", items: { $ref: "#/$defs/Part" }, uniqueItems: true },
  either: { anyOf: [{ type: "integer" }, { type: "boolean" }] },
  forms: { oneOf: [part, { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }] },
  self: { $ref: "#/$defs/Tree" },
  "a/b~c": { type: "string" },
  free: {},
};
const api = {
  ...emptyApi,
  schemas: {
    Part: part,
    Tree: { type: "object", properties: { kids: { type: "array", items: { $ref: "#/$defs/Tree" } } } },
  },
} as const;

function toolOf(result: Result = { noun: true }): Tool {
  const origin = { ...originOf({ kind: "get", result }), api, resource: { ...widget, fields } };
  const { spec } = origin;
  return {
    name: spec.name,
    aliases: [],
    resource: "Widget",
    kind: "get",
    effect: "read",
    origin,
    definition: undefined as never,
  };
}

const noun = toolOf();
const validator = createValidator();

const cases: readonly { readonly name: string; readonly given: unknown; readonly want: readonly string[] }[] = [
  {
    name: "finds nothing in an answer that is as declared",
    given: { status: "up", mood: null, part: { id: "a" } },
    want: [],
  },
  { name: "misses no field of the noun", given: {}, want: [] },
  { name: "lets fields pass that the Spec does not name", given: { new: 1 }, want: [] },
  { name: "finds a value outside an enum", given: { status: "parked" }, want: ["enum status: one of up, down"] },
  { name: "looks through null at a nullable enum", given: { mood: "odd" }, want: ["enum mood: one of good, bad"] },
  { name: "finds null where none may be", given: { name: null }, want: ["null name: a string"] },
  { name: "finds null for an enum", given: { status: null }, want: ["null status: a string"] },
  { name: "finds another type", given: { name: 3 }, want: ["type name: a string"] },
  { name: "names all types of a union", given: { either: "x" }, want: ["type either: an integer or a boolean"] },
  { name: "finds null for a union", given: { either: null }, want: ["null either: an integer or a boolean"] },
  { name: "finds a format", given: { at: "yesterday" }, want: ["format at: of format date-time"] },
  { name: "finds a length", given: { name: "12345678901" }, want: ["limit name: of maxLength 10"] },
  { name: "finds a pattern", given: { code: "a" }, want: ["limit code: of pattern ^[A-Z]+$"] },
  { name: "finds what a nested object lacks", given: { part: {} }, want: ["missing part.id: there"] },
  {
    name: "finds what a closed object has beyond",
    given: { part: { id: "a", x: 1 } },
    want: ["extra part.x: not there"],
  },
  {
    name: "tells each place of a list once",
    given: { parts: [{ id: 1 }, { id: 2, size: 10 }] },
    want: ["type parts.*.id: a string", "limit parts.*.size: of maximum 9"],
  },
  { name: "does not compare the items of a list", given: { parts: [{ id: "a" }, { id: "a" }] }, want: [] },
  {
    name: "finds an object that has none of the forms",
    given: { forms: { n: "x" } },
    want: ["shape forms: one of 2 forms"],
  },
  {
    name: "follows a schema into itself",
    given: { self: { kids: [{ kids: 1 }] } },
    want: ["type self.kids.*.kids: an array"],
  },
  { name: "reads escaped names", given: { "a/b~c": 1 }, want: ["type a/b~c: a string"] },
  { name: "finds an item that is no object", given: "text", want: ["type : an object"] },
];

describe("differences of an answer", () => {
  for (const { name, given, want } of cases) {
    it(name, () => {
      const found = validator
        .differences(noun, given)
        .map(({ kind, path, expected }) => `${kind} ${path.join(".")}: ${expected}`);
      expect(found).toEqual(want);
    });
  }

  it("does not miss what a selection of fields leaves out, in any form of the item", () => {
    const tool = toolOf({ item: { anyOf: [{ $ref: "#/$defs/Part" }, { type: "null" }] } });
    expect(validator.differences(tool, { size: 1 })).toEqual([]);
    expect(validator.differences(tool, { size: "1" })).toMatchObject([{ kind: "type", path: ["size"] }]);
  });

  it("finds nothing where the Spec says nothing, of bytes, and of a tool written by hand", () => {
    const { origin: _, ...hand } = noun;
    for (const tool of [toolOf({}), toolOf({ item: part, binary: true }), hand])
      expect(validator.differences(tool, { id: 1 })).toEqual([]);
  });

  it("takes an answer as it is when the Spec's own schema makes no sense", () => {
    expect(
      validator.differences(toolOf({ item: { $ref: "#/$defs/Nowhere", pattern: 3 } as never }), { id: 1 }),
    ).toEqual([]);
    expect(validator.differences(toolOf({ item: { type: "thing" } as never }), { id: 1 })).toEqual([]);
  });
});
