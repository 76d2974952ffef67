import { describe, expect, it } from "vitest";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { ResourceType, Schema } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { emptyApi, originOf, widget } from "../operations/fixture.ts";

const validator = createValidator();

function toolWith(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  more: object = {},
  resource: ResourceType = widget,
): Tool {
  return {
    name: "create_widget",
    aliases: [],
    resource: "Widget",
    kind: "create",
    effect: "write",
    origin: { ...originOf({ kind: "create" }), api: emptyApi, resource },
    definition: {
      name: "create_widget",
      title: "Create",
      description: "Create.",
      inputSchema: { type: "object", properties, required, additionalProperties: false, ...more },
      annotations: {
        title: "",
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
  };
}

function refusalOf(tool: Tool, args: Readonly<Record<string, unknown>>): GatewayError {
  try {
    validator.check(tool, args);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("it was accepted");
}

const widgets = toolWith(
  {
    name: { type: "string", minLength: 2, maxLength: 5 },
    color: { type: "string", enum: ["red", "blue", "green"] },
    size: { type: "integer", minimum: 1, maximum: 10 },
    due: { type: "string", format: "date-time" },
    owner: { type: "string", format: "uuid" },
    code: { type: "string", pattern: "^[a-z]+$" },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    choice: { anyOf: [{ type: "string" }, { type: "integer" }] },
    token: { type: "string", minLength: 10 },
    labels: {
      type: "array",
      items: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false },
    },
    on: { const: true },
  },
  ["name"],
);

describe("regression 12: arguments are checked on the server", () => {
  const cases: readonly { args: Readonly<Record<string, unknown>>; want: string | RegExp }[] = [
    { args: {}, want: 'missing argument "name" for create_widget' },
    {
      args: { name: "ab", colour: "red" },
      want: /^unknown argument "colour" for create_widget\. Did you mean "color"\? Allowed: name, color, size/,
    },
    { args: { name: "ab", zzzzzzz: 1 }, want: /^unknown argument "zzzzzzz" for create_widget\. Allowed: name/ },
    {
      args: { name: "ab", color: "Rd" },
      want: 'color must be one of "red", "blue", "green", got "Rd". Did you mean "red"?',
    },
    { args: { name: 5 }, want: "name must be a string, got 5" },
    { args: { name: "abcdef" }, want: 'name must NOT have more than 5 characters, got "abcdef"' },
    { args: { name: "ab", size: "5" }, want: 'size must be an integer, got "5"' },
    { args: { name: "ab", size: 11 }, want: "size must be <= 10, got 11" },
    {
      args: { name: "ab", due: "tomorrow" },
      want: 'due must be a date and time such as 2026-01-31T09:30:00Z, got "tomorrow"',
    },
    { args: { name: "ab", owner: "me" }, want: /^owner must be a UUID such as/ },
    { args: { name: "ab", code: "A1" }, want: 'code must match ^[a-z]+$, got "A1"' },
    { args: { name: "ab", note: 5 }, want: "note must be a string, got 5" },
    { args: { name: "ab", choice: true }, want: "choice has none of the allowed forms (string or integer); got true" },
    { args: { name: "ab", labels: [{ id: "1" }, {}] }, want: 'missing in labels[1]: "id"' },
    {
      args: { name: "ab", labels: [{ id: "1", ID: 2 }] },
      want: /^unknown field "ID" in labels\[0\]\. Did you mean "id"\?/,
    },
    { args: { name: "ab", labels: {} }, want: "labels must be an array, got {}" },
    { args: { name: "ab", on: false }, want: "on must be true, got false" },
    { args: { name: "x".repeat(500) }, want: /got "x{58}…$/ },
    { args: { name: "ab", token: "hunter2" }, want: /^token .*got a value that is not shown$/ },
  ];
  for (const { args, want } of cases) {
    it(JSON.stringify(args).slice(0, 60), () => {
      const error = refusalOf(widgets, args);
      expect(error.code).toBe("invalid_arguments");
      if (typeof want === "string") expect(error.message).toBe(want);
      else expect(error.message).toMatch(want);
      expect(error.facts.next).toContain("create_widget");
    });
  }

  it("accepts what is valid and changes nothing of it", () => {
    const args = Object.freeze({
      name: "ab",
      note: null,
      choice: 3,
      labels: Object.freeze([Object.freeze({ id: "1" })]),
    });
    const tool = toolWith({ ...widgets.definition.inputSchema.properties, level: { type: "integer", default: 3 } });
    expect(() => validator.check(tool, args)).not.toThrow();
    expect(args).toEqual({ name: "ab", note: null, choice: 3, labels: [{ id: "1" }] });
  });

  it("follows definitions that refer to each other", () => {
    const tool = toolWith({ node: { $ref: "#/$defs/Node" } }, [], {
      $defs: {
        Node: {
          type: "object",
          properties: { value: { type: "integer" }, next: { $ref: "#/$defs/Node" } },
          additionalProperties: false,
        },
      },
    });
    expect(() => validator.check(tool, { node: { value: 1, next: { next: { value: 3 } } } })).not.toThrow();
    expect(refusalOf(tool, { node: { next: { next: { value: "x" } } } }).message).toBe(
      'node.next.next.value must be an integer, got "x"',
    );
  });

  it("keeps tools apart that use one definition's name for different things", () => {
    const of = (type: "string" | "integer"): Tool =>
      toolWith({ a: { $ref: "#/$defs/Same" } }, [], { $defs: { Same: { type } } });
    const [text, number] = [of("string"), of("integer")];
    expect(() => validator.check(text, { a: "x" })).not.toThrow();
    expect(() => validator.check(number, { a: 1 })).not.toThrow();
    expect(refusalOf(number, { a: "x" }).message).toContain("integer");
  });
});

describe("hostile schemas and values (security.md T30)", () => {
  const hostile = toolWith({
    evil: { type: "string", pattern: "^(a+)+$" },
    ahead: { type: "string", pattern: "(?=a)b" },
    many: { type: "array", items: { type: "integer" } },
    unique: { type: "array", uniqueItems: true, items: { type: "object" } },
    letters: { type: "array", uniqueItems: true, items: { type: "string" } },
  });

  it("matches a pattern in linear time", () => {
    const start = performance.now();
    expect(refusalOf(hostile, { evil: `${"a".repeat(50_000)}!` }).message).toContain("must match");
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it("leaves a pattern that cannot be matched so to the upstream", () => {
    expect(() => validator.check(hostile, { ahead: "anything" })).not.toThrow();
  });

  it("keeps two patterns of one schema apart, in JavaScript's own spelling", () => {
    const tool = toolWith({ a: { type: "string", pattern: "^\\u0061\\d$" }, b: { type: "string", pattern: "^b$" } });
    expect(() => validator.check(tool, { a: "a1", b: "b" })).not.toThrow();
    expect(refusalOf(tool, { a: "b" }).message).toContain("a must match");
    expect(refusalOf(tool, { b: "a1" }).message).toContain("b must match");
  });

  it("takes 1,000 items where the Spec names no maximum", () => {
    expect(() => validator.check(hostile, { many: Array(1_000).fill(1) })).not.toThrow();
    expect(refusalOf(hostile, { many: Array(1_001).fill(1) }).message).toContain("1000 items");
  });

  it("does not compare objects with each other, but plain values", () => {
    expect(() => validator.check(hostile, { unique: [{ a: 1 }, { a: 1 }] })).not.toThrow();
    expect(refusalOf(hostile, { letters: ["a", "a"] }).message).toContain("duplicate");
  });

  it("leaves the served schema as it is", () => {
    expect(hostile.definition.inputSchema.properties?.many).toEqual({ type: "array", items: { type: "integer" } });
  });
});
