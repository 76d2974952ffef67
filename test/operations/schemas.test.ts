import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import type { OperationKind, Paging, ToolSpec } from "../../src/descriptor.ts";
import { exactSchema } from "../../src/operations/exact.ts";
import { kinds } from "../../src/operations/kinds.ts";
import { idParam, originOf, run } from "./fixture.ts";

const limit = { name: "limit", in: "query" } as const;
const offset: Paging = { style: "offset", offset: { name: "skip", in: "query" }, limit };
const spec = (kind: OperationKind, more: Partial<ToolSpec> = {}) => originOf({ kind, ...more });
const inputOf = (origin: ReturnType<typeof spec>) => kinds[origin.spec.kind].inputSchema(origin);

describe("an input schema", () => {
  it("is a closed object of parameters and body fields, with the definitions it reaches", () => {
    const origin = spec("update", {
      params: [idParam, { name: "X-Tag", in: "header", arg: "tag", schema: { type: "string" }, description: "A tag." }],
      body: {
        mediaType: "application/json",
        fields: ["color", { name: "parent" }, { name: "limit", arg: "limit_value", schema: { type: "integer" } }],
        required: ["color"],
      },
    });
    expect(inputOf(origin)).toEqual({
      type: "object",
      properties: {
        id: { type: "string", description: "Its id." },
        tag: { type: "string", description: "A tag." },
        color: { type: "string", enum: ["red", "blue"] },
        parent: { $ref: "#/$defs/Parent" },
        limit_value: { type: "integer" },
        idempotency_key: {
          type: "string",
          minLength: 1,
          maxLength: 255,
          description: "Same for a retry, new for a new action.",
        },
      },
      required: ["id", "color"],
      additionalProperties: false,
      $defs: {
        Child: { type: "object", properties: { parent: { $ref: "#/$defs/Parent" } } },
        Parent: { type: "object", properties: { id: { type: "string" }, child: { $ref: "#/$defs/Child" } } },
      },
    });
  });

  it("of a partial update states no default, since what is not named stays as it is; a replacement does", () => {
    const fields = [{ name: "size", schema: { type: "integer", default: 3 } }] as const;
    const update = (method: "PATCH" | "PUT") =>
      inputOf(
        spec("update", { operation: { id: "u", method, path: "/w" }, body: { mediaType: "application/json", fields } }),
      );
    expect(update("PATCH").properties?.size).toEqual({ type: "integer" });
    expect(update("PUT").properties?.size).toEqual({ type: "integer", default: 3 });
  });

  it("regression 8: has the API's own argument beside ours of that name, and no place that we fill", () => {
    const origin = spec("list", {
      paging: offset,
      params: [
        { name: "limit", in: "query", arg: "limit" },
        { name: "skip", in: "query", arg: "skip" },
        { name: "cursor", in: "query", arg: "cursor_value", schema: { type: "string" } },
        { name: "version", in: "query", value: 2 },
      ],
    });
    const { properties = {}, required } = inputOf(origin);
    expect(Object.keys(properties)).toEqual(["cursor_value", "limit", "cursor", "fields"]);
    expect(properties.limit).toMatchObject({ type: "integer", minimum: 1, maximum: 200, default: 50 });
    expect(required).toBeUndefined();
  });

  it("regression 23: offers the upstream's own maximum as limit", () => {
    expect(inputOf(spec("list", { paging: { ...offset, maxLimit: 20 } })).properties?.limit).toMatchObject({
      maximum: 20,
      default: 20,
    });
  });

  it("lets a read pick fields, but never a write-only one", () => {
    const { properties } = inputOf(spec("get", { params: [idParam] }));
    expect(properties?.fields).toMatchObject({
      type: "array",
      items: { enum: ["color", "createdAt", "dueAt", "id", "name", "parent", "body", "token"] },
      description: "Default: all but the last 2.",
    });
    expect(inputOf(spec("get", { params: [idParam], result: {} })).properties).not.toHaveProperty("fields");
    expect(
      inputOf(spec("create", { body: { mediaType: "application/json", fields: ["name"] } })).properties,
    ).not.toHaveProperty("fields");
  });

  it("of a Count derived from a List has its filters and no paging", () => {
    const list = spec("list", { paging: offset, params: [{ name: "q", in: "query", arg: "q" }] }).spec;
    expect(
      Object.keys(inputOf(originOf({ kind: "count", count: { from: "list" } }, { list })).properties ?? {}),
    ).toEqual(["q"]);
  });
});

describe("an output schema", () => {
  const ajv = new Ajv2020({ strict: false, logger: false });
  const answers: readonly { kind: OperationKind; more?: Partial<ToolSpec>; body: unknown }[] = [
    {
      kind: "list",
      more: { paging: { style: "none" } },
      body: [{ id: 5, name: null, surprise: {} }, "not even an object"],
    },
    {
      kind: "list",
      more: { paging: offset },
      body: { data: Array.from({ length: 50 }, () => ({ id: "1" })), count: 3 },
    },
    { kind: "count", more: { count: { from: "answer", path: [] } }, body: 5 },
    { kind: "get", more: { params: [idParam] }, body: { id: 5, body: "x", color: "green" } },
    { kind: "get", more: { params: [idParam] }, body: [1, 2] },
    { kind: "create", body: { id: null } },
    { kind: "create", body: undefined },
    { kind: "update", more: { params: [idParam] }, body: {} },
    { kind: "delete", more: { params: [idParam] }, body: undefined },
    { kind: "delete", more: { params: [idParam] }, body: "gone" },
    { kind: "action", more: { params: [idParam] }, body: { id: 1 } },
    { kind: "action", more: { params: [idParam], result: {} }, body: [1] },
    { kind: "action", more: { params: [idParam] }, body: undefined },
  ];
  for (const { kind, more = {}, body } of answers) {
    it(`regression 20: of ${kind} allows what a drifted upstream answers: ${JSON.stringify(body)?.slice(0, 40)}`, () => {
      const origin = spec(kind, more);
      const { output } = run(origin, { id: "w1", limit: 50 }, () => ({ body }));
      const validate = ajv.compile(kinds[kind].outputSchema(origin));
      expect([validate(output), validate.errors]).toEqual([true, null]);
    });
  }

  it("is exact about the envelope", () => {
    const validate = ajv.compile(kinds.list.outputSchema(spec("list")));
    expect(validate({ items: [], returnedCount: 0, hasMore: false, notes: ["x"], replayed: true, request: {} })).toBe(
      true,
    );
    expect(validate({ items: [], returnedCount: 0 })).toBe(false);
    expect(validate({ items: [], returnedCount: "0", hasMore: false })).toBe(false);
    expect(validate({ items: [], returnedCount: 0, hasMore: false, extra: 1 })).toBe(false);
  });

  it("describes the fields without their types, in one sentence each", () => {
    const { properties = {} } = kinds.get.outputSchema(spec("get"));
    expect(properties.item?.properties).toMatchObject({
      id: { description: "Its id." },
      name: { description: "What it is called." },
      color: {},
    });
  });

  it("exactly states the noun where drift is to be seen", () => {
    const schema = exactSchema(spec("list"));
    const validate = ajv.compile(schema);
    expect(validate({ items: [{ id: "1", color: "red" }], returnedCount: 1, hasMore: false })).toBe(true);
    expect(validate({ items: [{ id: 1 }], returnedCount: 1, hasMore: false })).toBe(false);
    expect(validate({ items: [{ color: "green" }], returnedCount: 1, hasMore: false })).toBe(false);
    expect(Object.keys(schema.$defs ?? {})).toEqual(["Child", "Parent"]);
    expect(exactSchema(spec("count"))).toEqual(kinds.count.outputSchema(spec("count")));
  });
});

describe("regression 27: annotations", () => {
  const all = { openWorldHint: false };
  const cases: readonly { kind: OperationKind; more?: Partial<ToolSpec>; want: object }[] = [
    { kind: "list", want: { title: "List Widgets", readOnlyHint: true, destructiveHint: false, idempotentHint: true } },
    {
      kind: "count",
      want: { title: "Count Widgets", readOnlyHint: true, destructiveHint: false, idempotentHint: true },
    },
    { kind: "get", want: { title: "Get Widget", readOnlyHint: true, destructiveHint: false, idempotentHint: true } },
    {
      kind: "create",
      want: { title: "Create Widget", readOnlyHint: false, destructiveHint: false, idempotentHint: false },
    },
    {
      kind: "update",
      want: { title: "Update Widget", readOnlyHint: false, destructiveHint: false, idempotentHint: true },
    },
    {
      kind: "delete",
      want: { title: "Delete Widget", readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    },
    {
      kind: "action",
      more: { name: "close_widget" },
      want: { title: "Close widget", readOnlyHint: false, destructiveHint: false, idempotentHint: false },
    },
    {
      kind: "action",
      more: { name: "search_widgets", effect: "read", title: "Search" },
      want: { title: "Search", readOnlyHint: true, destructiveHint: false, idempotentHint: true },
    },
    {
      kind: "action",
      more: { name: "purge_widgets", effect: "destroy" },
      want: { title: "Purge widgets", readOnlyHint: false, destructiveHint: true, idempotentHint: false },
    },
  ];
  for (const { kind, more = {}, want } of cases) {
    it(`of ${more.name ?? kind} follow from its effect`, () => {
      expect(kinds[kind].annotations(spec(kind, more))).toEqual({ ...want, ...all });
    });
  }
});
