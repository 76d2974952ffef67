import { describe, expect, it } from "vitest";
import type { CodegenConfig, FilterRule } from "../../src/config/codegen.ts";
import { describeDocument } from "./described.ts";

const why = "a test";
const column = { operators: ["EqualTo", "IsNull"] };
const filters: FilterRule = {
  kind: ["list", "count"],
  slot: { name: "query", in: "body" },
  tag: "_type",
  operators: {
    EqualTo: { value: "one" },
    NotEqual: { value: "one" },
    IsNull: {},
    Includes: { value: "many" },
    InBetween: { startValue: "one", endValue: "one" },
  },
  columns: [
    {
      name: "Number",
      when: { type: ["number", "integer"] },
      value: { type: "number" },
      operators: ["EqualTo", "NotEqual", "IsNull", "InBetween"],
    },
    { name: "Date", when: { wrapper: "DateTime" }, value: { type: "string", format: "date-time" }, ...column },
    {
      name: "Relation",
      when: { type: "array", itemProperty: "_id" },
      value: { type: "string" },
      bare: false,
      operators: ["Includes"],
    },
    { name: "Text", when: { type: "string" }, value: { type: "string" }, ...column },
  ],
  why,
};
const config: CodegenConfig = {
  filters: [filters],
  sort: [{ kind: "list", slot: { name: "sort", in: "body" }, values: ["ASC", "DESC"], not: ["Relation"], why }],
  wrappers: { type: "_type", value: "value", names: { DateTime: { type: "string", format: "date-time" } }, why },
  select: [{ kind: "list", select: { slot: { name: "select", in: "body" }, style: "trueMap", required: true }, why }],
};

const empty = { type: "object", additionalProperties: false };
const row = {
  type: "object",
  properties: {
    name: { type: "string" },
    size: { type: "integer" },
    madeAt: { type: "object", description: "When.", example: { _type: "DateTime", value: "2026-01-01T00:00:00Z" } },
    labels: { type: "array", items: { type: "object", properties: { _id: { type: "string" } } } },
    secretKey: { type: "string" },
    config: { type: "object" },
  },
};
const answer = {
  "200": {
    description: "ok",
    content: {
      "application/json": {
        schema: { type: "object", properties: { data: { type: "array", items: row }, count: { type: "integer" } } },
      },
    },
  },
};
const tableOf = (name: string): object => ({
  post: {
    operationId: `list${name}`,
    requestBody: {
      content: {
        "application/json": { schema: { type: "object", properties: { query: empty, select: empty, sort: empty } } },
      },
    },
    responses: answer,
  },
});
const document = {
  openapi: "3.0.0",
  info: { title: "T", version: "1" },
  paths: { "/row/get-list": tableOf("Row"), "/strip/get-list": tableOf("Strip") },
};

describe("filters by field", () => {
  const { api } = describeDocument(document, config);
  const list = api.resources[0]?.tools.list;

  it("are rebuilt from the noun's fields, one shared schema per column type", () => {
    expect(list?.body?.fields).toStrictEqual([
      {
        name: "query",
        schema: {
          type: "object",
          description: "Filters by field.",
          // No secretKey, whose value filters would tell bit by bit, and no config, which fits no column type.
          properties: {
            labels: { $ref: "#/$defs/RelationFilter" },
            madeAt: { $ref: "#/$defs/DateFilter" },
            name: { $ref: "#/$defs/TextFilter" },
            size: { $ref: "#/$defs/NumberFilter" },
          },
          additionalProperties: false,
        },
      },
      {
        name: "sort",
        schema: {
          type: "object",
          description: "Order by field.",
          properties: Object.fromEntries(
            ["config", "madeAt", "name", "size"].map((name) => [name, { $ref: "#/$defs/SortOrder" }]),
          ),
          additionalProperties: false,
        },
      },
    ]);
  });

  it("allow each operator just its operands", () => {
    const number = { type: "number" };
    const operator = (tag: object, operands: Record<string, object>) => ({
      type: "object",
      properties: { _type: tag, ...operands },
      required: ["_type", ...Object.keys(operands)],
      additionalProperties: false,
    });
    const { schemas } = api;
    expect(schemas.SortOrder).toStrictEqual({ enum: ["ASC", "DESC"] });
    expect(schemas.NumberFilter).toStrictEqual({
      anyOf: [
        number,
        operator({ enum: ["EqualTo", "NotEqual"] }, { value: number }),
        operator({ const: "IsNull" }, {}),
        operator({ const: "InBetween" }, { endValue: number, startValue: number }),
      ],
    });
    expect(schemas.RelationFilter).toStrictEqual({
      anyOf: [operator({ const: "Includes" }, { value: { type: "array", items: { type: "string" }, minItems: 1 } })],
    });
  });

  it("leave the selection to the gateway, without secret fields", () => {
    expect(list?.select).toStrictEqual({
      slot: { name: "select", in: "body" },
      style: "trueMap",
      required: true,
      names: ["config", "labels", "madeAt", "name", "size"],
    });
  });

  it("take wrapped values for plain ones", () => {
    expect(api.wrappers).toEqual({ type: "_type", value: "value", names: ["DateTime"] });
    expect(api.resources[0]?.fields.madeAt).toEqual({
      type: "string",
      format: "date-time",
      description: "When.",
      wrapper: "DateTime",
    });
  });

  it("without a rule are any object, and that is reported", () => {
    const { api: literal, manifest } = describeDocument(document);
    expect(literal.resources[0]?.tools.list?.body?.fields).toContainEqual({
      name: "query",
      schema: { type: "object", additionalProperties: true },
    });
    expect(manifest.loosened.map(({ what }) => what)).toContain(
      "declares no properties and allows no others: any are allowed",
    );
  });

  it("need an entry for each operator", () => {
    const broken = { ...config, filters: [{ ...filters, columns: [{ name: "Text", when: {}, operators: ["Like"] }] }] };
    expect(() => describeDocument(document, broken)).toThrow(
      'codegen.filters: the operator "Like" has no entry under operators',
    );
  });
});
