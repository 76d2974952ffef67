import { describe, expect, it } from "vitest";
import type { BoundArguments, Principal } from "../../src/auth/principal.ts";
import { authorizing, createAuthorize } from "../../src/calls/authorize.ts";
import { boundTool } from "../../src/calls/bound.ts";
import type { Arguments, Call } from "../../src/calls/call.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import type { ScopesConfig } from "../../src/config/config.ts";
import type { Body, Schema } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";

const scopes: ScopesConfig = {
  effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
  hierarchy: {},
};

function toolWith(properties: Readonly<Record<string, Schema>>, required: readonly string[] = [], body?: Body): Tool {
  const annotations = {
    title: "",
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  };
  const inputSchema = { type: "object" as const, properties, required, additionalProperties: false };
  const origin = body && ({ spec: { body } } as unknown as NonNullable<Tool["origin"]>); // all that bounds look at
  const definition = { name: "t", title: "t", description: "t", inputSchema, annotations };
  return {
    name: "t",
    aliases: [],
    resource: "Page",
    kind: "list",
    effect: "read",
    definition,
    ...(origin && { origin }),
  };
}

const principalWith = (boundArguments: BoundArguments): Principal => ({
  kind: "key",
  id: "k",
  user: { id: "u" },
  organisation: null,
  scopes: ["mcp.read"],
  boundArguments,
});

/** What the Call behind `authorize` is run with; the code of its refusal; "hidden" for a Tool that is not there. */
async function argsOf(tool: Tool, bound: BoundArguments, args: Arguments): Promise<Arguments | string> {
  const principal = principalWith(bound);
  let inner: Call | undefined;
  const run = authorizing(scopes)(async (call) => {
    inner = call;
    return {};
  });
  try {
    await run({ tool: boundTool(tool, principal), args, principal } as Call); // what it looks at
  } catch (thrown) {
    const { code } = GatewayError.from(thrown);
    return code === "unknown_tool" ? "hidden" : code;
  }
  expect(inner?.tool).toBe(tool);
  expect(createAuthorize(scopes)(principal, tool, inner?.args)).toBe(true);
  return inner?.args ?? "not run";
}

const text = toolWith({ pageId: { type: "string", description: "The page." }, q: { type: "string" } }, ["pageId", "q"]);
const number = toolWith({ pageId: { type: "integer" } });
const list = toolWith({ pageId: { type: "array", items: { type: "integer" } } });
const extra = toolWith({ pageId: { type: "string" }, more: { type: "object" } }, [], {
  mediaType: "application/json",
  fields: [{ name: "page_id", arg: "pageId" }],
  extra: { arg: "more", schema: { type: "object" } },
});
const fixed: BoundArguments = { pageId: { fixed: "7" } };
const within: BoundArguments = { pageId: { within: ["7", 8] } };

describe("a bound argument", () => {
  const cases: readonly {
    name: string;
    tool: Tool;
    bound: BoundArguments;
    args: Arguments;
    want: Arguments | string;
  }[] = [
    { name: "fixed is filled in", tool: text, bound: fixed, args: { q: "x" }, want: { q: "x", pageId: "7" } },
    { name: "fixed is filled in as the type it has", tool: number, bound: fixed, args: {}, want: { pageId: 7 } },
    { name: "fixed is filled into a list", tool: list, bound: fixed, args: {}, want: { pageId: [7] } },
    { name: "fixed may be repeated", tool: text, bound: fixed, args: { pageId: "7" }, want: { pageId: "7" } },
    { name: "fixed cannot be another", tool: text, bound: fixed, args: { pageId: "8" }, want: "not_permitted" },
    { name: "fixed cannot be null", tool: text, bound: fixed, args: { pageId: null }, want: "not_permitted" },
    {
      name: "fixed cannot be hidden in a list",
      tool: list,
      bound: fixed,
      args: { pageId: [7, 8] },
      want: "not_permitted",
    },
    { name: "fixed cannot be made nothing", tool: list, bound: fixed, args: { pageId: [] }, want: "invalid_arguments" },
    { name: "within may be one", tool: text, bound: within, args: { pageId: "8" }, want: { pageId: "8" } },
    {
      name: "within may be one of another type",
      tool: number,
      bound: within,
      args: { pageId: 7 },
      want: { pageId: 7 },
    },
    { name: "within cannot be another", tool: text, bound: within, args: { pageId: "9" }, want: "not_permitted" },
    { name: "within cannot be nearly one", tool: text, bound: within, args: { pageId: "07" }, want: "not_permitted" },
    {
      name: "within cannot be an object",
      tool: text,
      bound: within,
      args: { pageId: { 0: "7" } },
      want: "not_permitted",
    },
    { name: "within cannot be left out", tool: number, bound: within, args: {}, want: "invalid_arguments" },
    {
      name: "within cannot be an empty list",
      tool: list,
      bound: within,
      args: { pageId: [] },
      want: "invalid_arguments",
    },
    {
      name: "within may be several of a list",
      tool: list,
      bound: within,
      args: { pageId: [8, 7] },
      want: { pageId: [8, 7] },
    },
    { name: "within is each of a list", tool: list, bound: within, args: { pageId: [7, 9] }, want: "not_permitted" },
    {
      name: "cannot come again in further fields",
      tool: extra,
      bound: fixed,
      args: { more: { pageId: "8" } },
      want: "not_permitted",
    },
    {
      name: "nor by its name on the wire",
      tool: extra,
      bound: fixed,
      args: { more: { page_id: "8" } },
      want: "not_permitted",
    },
    {
      name: "leaves other fields alone",
      tool: extra,
      bound: fixed,
      args: { more: { a: 1 } },
      want: { more: { a: 1 }, pageId: "7" },
    },
    {
      name: "hides a tool that does not take it",
      tool: text,
      bound: { other: { fixed: 1 } },
      args: { q: "x" },
      want: "hidden",
    },
    {
      name: "may be said not to",
      tool: text,
      bound: { other: { fixed: 1, elsewhere: "allow" }, pageId: { within: ["7"] } },
      args: { q: "x", pageId: "7" },
      want: { q: "x", pageId: "7" },
    },
  ];
  for (const { name, tool, bound, args, want } of cases)
    it(name, async () => expect(await argsOf(tool, bound, args)).toEqual(want));

  it("leaves the schema when it is fixed, and becomes a required choice when it is not", () => {
    const schemaOf = (tool: Tool, bound: BoundArguments): unknown =>
      boundTool(tool, principalWith(bound)).definition.inputSchema;
    expect(schemaOf(text, fixed)).toEqual({
      type: "object",
      properties: { q: { type: "string" } },
      required: ["q"],
      additionalProperties: false,
    });
    expect(schemaOf(number, within)).toMatchObject({
      properties: { pageId: { type: "integer", enum: [7, 8] } },
      required: ["pageId"],
    });
    expect(schemaOf(list, within)).toMatchObject({
      properties: { pageId: { type: "array", items: { type: "integer", enum: [7, 8] }, minItems: 1 } },
    });
    expect(schemaOf(text, within)).toMatchObject({
      properties: { pageId: { description: "The page.", enum: ["7", "8"] } },
    });
  });

  it("is checked and not listed when there are very many", () => {
    const many: BoundArguments = { pageId: { within: Array.from({ length: 101 }, (_, i) => i) } };
    const { inputSchema } = boundTool(number, principalWith(many)).definition;
    expect(inputSchema).toMatchObject({ properties: { pageId: { type: "integer" } }, required: ["pageId"] });
    expect(JSON.stringify(inputSchema)).not.toContain("enum");
  });

  it("leaves a tool that nothing is bound of as it is", () => {
    expect(boundTool(text, principalWith({ other: { fixed: 1, elsewhere: "allow" } }))).toBe(text);
  });
});
