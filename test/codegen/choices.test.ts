import { describe, expect, it } from "vitest";
import { withChoice } from "../../codegen/fields/choices.ts";
import type { Document, SpecSchema } from "../../codegen/model.ts";
import { describeDocument } from "./described.ts";

const document = { openapi: "3.1.0", info: { title: "Tiny", version: "1" }, paths: {} } as Document;
const told = "oneOf served as anyOf: a value may fit several of its alternatives";
const tagged = (value: string, required: readonly string[]): SpecSchema => ({
  type: "object",
  properties: { kind: { enum: [value] } },
  required,
});

const cases = [
  {
    name: "of different types is exact",
    given: [{ type: "string" }, { type: "integer" }],
    want: [],
  },
  {
    name: "of a whole and any number may overlap",
    given: [{ type: "number" }, { type: "integer" }],
    want: [told],
  },
  {
    name: "of objects that a required property tells apart is exact",
    given: [tagged("cat", ["kind"]), tagged("dog", ["kind"])],
    want: [],
  },
  {
    name: "of objects whose telling property may be left out may overlap",
    given: [tagged("cat", ["kind"]), tagged("dog", [])],
    want: [told],
  },
  {
    name: "of values that differ is exact",
    given: [
      { type: "string", enum: ["a"] },
      { type: "string", enum: ["b"] },
    ],
    want: [],
  },
];

describe("a oneOf", () => {
  for (const { name, given, want } of cases) {
    it(name, () => {
      const loosened: string[] = [];
      const choice = { key: "oneOf" as const, members: given, converted: given as never, isTold: false };
      const schema = withChoice(document, {}, choice, (what) => loosened.push(what));
      expect({ schema, loosened }).toEqual({ schema: { anyOf: given }, loosened: want });
    });
  }

  it("that a discriminator tells apart is exact", () => {
    const loosened: string[] = [];
    const members = [tagged("cat", []), tagged("dog", [])];
    withChoice(document, {}, { key: "oneOf", members, converted: members as never, isTold: true }, (what) =>
      loosened.push(what),
    );
    expect(loosened).toEqual([]);
  });

  it("beside an anyOf loses neither", () => {
    const members = [{ type: "string" }, { type: "integer" }] as never;
    const choice = { key: "anyOf" as const, members, converted: members, isTold: false };
    expect(withChoice(document, { anyOf: [{ minLength: 1 }, { minimum: 1 }] }, choice, () => {})).toEqual({
      anyOf: [{ minLength: 1 }, { minimum: 1 }],
      allOf: [{ anyOf: members }],
    });
  });
});

/** The input of `POST /cats` with this body schema, and what the manifest says was loosened. */
function posted(schema: SpecSchema): { readonly body: unknown; readonly loosened: readonly string[] } {
  const described = describeDocument({
    openapi: "3.1.0",
    info: { title: "Tiny", version: "1" },
    paths: {
      "/cats": {
        post: {
          requestBody: { required: true, content: { "application/json": { schema } } },
          responses: { "201": { description: "" } },
        },
      },
    },
  });
  const { mediaType: _, ...body } = described.api.resources[0]?.tools.create?.body ?? { mediaType: "" };
  return { body, loosened: described.manifest.loosened.map(({ what }) => what) };
}

const name = { type: "string" };
const bodies = [
  {
    title: "offers what a body requires and does not declare",
    given: { type: "object", properties: { name }, required: ["name", "colour"] },
    want: { body: { fields: ["name", "colour"], required: ["colour", "name"] }, loosened: [] },
  },
  {
    title: "tells that alternatives of required properties are left to the API",
    given: { type: "object", properties: { name, tag: name }, anyOf: [{ required: ["name"] }, { required: ["tag"] }] },
    want: {
      body: { fields: ["name", "tag"] },
      loosened: ["which properties an alternative requires is not told: the API decides"],
    },
  },
  {
    title: "keeps what an alternative inside a property requires",
    given: { type: "object", properties: { home: { anyOf: [{ required: ["a"] }, { required: ["b"] }] } } },
    want: { body: { fields: ["home"] }, loosened: [] },
  },
  {
    title: "tells that an allOf no value can fit was loosened",
    given: { type: "object", properties: { name: { allOf: [{ type: "string" }, { type: "integer" }] } } },
    want: { body: { fields: ["name"] }, loosened: ["allOf asks for types that exclude each other: one is taken"] },
  },
];

describe("a body", () => {
  for (const { title, given, want } of bodies) it(title, () => expect(posted(given)).toMatchObject(want));
});

it("a schema that two discriminators tell by different properties keeps all values of both", () => {
  const Cat = { type: "object", properties: { kind: { type: "string" }, tag: { type: "string" } } };
  const Dog = {
    type: "object",
    properties: { kind: { type: "string" }, tag: { type: "string" }, barks: { type: "boolean" } },
  };
  const oneOf = [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }];
  const union = (propertyName: string): object => ({ oneOf, discriminator: { propertyName } });
  const post = (schema: object): object => ({
    requestBody: { content: { "application/json": { schema } } },
    responses: { "200": { description: "" } },
  });
  const described = describeDocument({
    openapi: "3.1.0",
    info: { title: "Tiny", version: "1" },
    paths: { "/cats": { post: post(union("kind")) }, "/dogs": { post: post(union("tag")) } },
    components: { schemas: { Cat, Dog } },
  });
  expect(JSON.stringify(described.api)).not.toContain('"enum"');
});
