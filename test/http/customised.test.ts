import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { get, key, openSession, postSession, postStateless, type Wired } from "./wire.ts";

const yaml = `
api: test
keys: { prefix: sg }
safeguards:
  - { match: [update_widget, delete_widget], lookup: { argument: id, tools: [list_widgets] } }
  - { match: delete_widget, confirm: always }
surfaces:
  plain: { path: /plain }
  default:
    path: /mcp
    tools:
      allow: [list_widgets, create_widget, update_widget, delete_widget]
      rename:
        list_widgets: list_things
        create_widget: { name: add_thing, title: Add a thing, description: Adds one thing. }
        delete_widget: drop_thing
      arguments:
        create_widget:
          name: { name: label, description: What it is called. }
          colour: { fixed: blue }
        update_widget:
          colour: { enum: [red], default: red }
          name: { hidden: true }
        "*_widget":
          id: { name: thing_id }
`;

interface Listed {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { properties: Record<string, Record<string, unknown>>; required?: string[] };
}
interface Called {
  readonly error?: { code: number; message: string };
  readonly result?: { isError?: boolean; structuredContent?: Record<string, unknown>; content: { text: string }[] };
}

let api: Api;
let upstream: Widgets;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startWidgets([key["x-api-key"]]);
  api = (await generateFrom(widgetSpec)).api;
  gateway = await startGateway(api, upstream.url, yaml);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const bodyOf = (answer: Wired): Called => answer.body as Called;
const call = async (name: string, args: Record<string, unknown>, url = gateway.url): Promise<Called> =>
  bodyOf(await postStateless(url, "tools/call", { name, arguments: args }));
const listed = async (headers: Record<string, string> = {}): Promise<{ tools: Listed[] }> =>
  ((await postStateless(gateway.url, "tools/list", {}, { headers })).body as { result: { tools: Listed[] } }).result;
const textOf = ({ result }: Called): string => result?.content[0]?.text ?? "";

describe("a surface with names of its own", () => {
  it("lists its tools and arguments by them alone", async () => {
    const { tools } = await listed();
    expect(tools.map(({ name }) => name)).toEqual(["add_thing", "drop_thing", "list_things", "update_widget"]);
    const [add, drop, , update] = tools as [Listed, Listed, Listed, Listed];
    expect([add.title, add.description]).toEqual(["Add a thing", "Adds one thing."]);
    expect(add.inputSchema.properties.label).toMatchObject({
      type: "string",
      minLength: 1,
      description: "What it is called.",
    });
    expect([Object.keys(add.inputSchema.properties).includes("colour"), add.inputSchema.required]).toEqual([
      false,
      ["label"],
    ]);
    expect(update.inputSchema.properties).toMatchObject({ colour: { enum: ["red"], default: "red" }, thing_id: {} });
    expect([Object.keys(update.inputSchema.properties).includes("name"), update.inputSchema.required]).toEqual([
      false,
      ["thing_id"],
    ]);
    expect(drop.description).toContain("Call list_things first");
    expect(JSON.stringify(tools)).not.toMatch(/list_widgets|create_widget|delete_widget/);
  });

  it("sends what the API knows, with what is fixed and what is left out, in both eras", async () => {
    const made = await call("add_thing", { label: "Named" });
    expect(made.result?.structuredContent).toMatchObject({ item: { name: "Named", colour: "blue" } });
    const id = (made.result?.structuredContent?.item as { id: string } | undefined)?.id;
    await call("list_things", {});
    const session = await openSession(gateway.url);
    const params = { name: "update_widget", arguments: { thing_id: id } };
    const updated = bodyOf(await postSession(gateway.url, "tools/call", params, { headers: session.headers }));
    expect(updated.result?.structuredContent).toMatchObject({ item: { id, name: "Named", colour: "red" } });
  });

  const refused: { name: string; tool: string; args: Record<string, unknown>; want: string }[] = [
    {
      name: "the catalog's name of an argument",
      tool: "add_thing",
      args: { label: "x", name: "x" },
      want: 'unknown argument \\"name\\" for add_thing. Allowed: label',
    },
    {
      name: "an argument that is fixed",
      tool: "add_thing",
      args: { label: "x", colour: "red" },
      want: 'unknown argument \\"colour\\" for add_thing',
    },
    {
      name: "an argument that is hidden",
      tool: "update_widget",
      args: { thing_id: "w1", name: "x" },
      want: 'unknown argument \\"name\\"',
    },
    {
      name: "a value that is left out",
      tool: "update_widget",
      args: { thing_id: "w1", colour: "blue" },
      want: "colour",
    },
    { name: "an argument that is missing", tool: "drop_thing", args: {}, want: "thing_id" },
    {
      name: "what was not looked up, by the name of the tool that shows it",
      tool: "drop_thing",
      args: { thing_id: "w999" },
      want: "list_things",
    },
  ];
  for (const { name, tool, args, want } of refused)
    it(`refuses ${name}, and sends nothing`, async () => {
      const before = upstream.requests.length;
      const answer = await call(tool, args);
      expect([answer.result?.isError, textOf(answer)]).toEqual([true, expect.stringContaining(want)]);
      expect(textOf(answer)).not.toMatch(/_widgets|create_widget|delete_widget/);
      expect(upstream.requests.slice(before).filter((one) => !one.startsWith("GET"))).toEqual([]);
    });

  it("does not know the catalog's names of its tools, nor does /mcp/tools", async () => {
    for (const name of ["list_widgets", "create_widget", "delete_widget", "get_widget"]) {
      expect((await call(name, {})).error?.code).toBe(-32602);
      expect((await get(`${gateway.url}/tools/${name}`, key)).status).toBe(404);
    }
    expect((await get(`${gateway.url}/tools/add_thing`, key)).status).toBe(200);
  });

  it("narrows by its own names", async () => {
    const headers = { "x-mcp-tools": "add_thing,create_widget,get_widget" };
    expect((await listed(headers)).tools.map(({ name }) => name)).toEqual(["add_thing"]);
  });

  it("changes nothing of another surface", async () => {
    const url = `${gateway.base}/plain`;
    const made = await call("create_widget", { name: "Plain", colour: "red" }, url);
    expect(made.result?.structuredContent).toMatchObject({ item: { name: "Plain", colour: "red" } });
    expect((await call("add_thing", { label: "x" }, url)).error?.code).toBe(-32602);
  });
});

describe("what a surface says of its tools", () => {
  const faults: { name: string; tools: string; want: string }[] = [
    {
      name: "of a tool that is not there",
      tools: "rename: { list_widget: list_things }",
      want: 'gateway.yaml:6: surfaces.default.tools.rename.list_widget: there is no tool "list_widget"; did you mean list_widgets?',
    },
    {
      name: "of a name that is taken",
      tools: "rename: { list_widgets: get_widget }",
      want: "another tool is called get_widget already",
    },
    {
      name: "of an argument that is not there",
      tools: "arguments: { create_widget: { color: { hidden: true } } }",
      want: 'surfaces.default.tools.arguments.create_widget.color: no tool that it matches has an argument "color"; did you mean colour?',
    },
    {
      name: "of a tool that it does not match",
      tools: "arguments: { creat_widget: { name: { name: label } } }",
      want: 'it matches no tool: "creat_widget"; did you mean create_widget?',
    },
    {
      name: "that hides what the API asks for",
      tools: "arguments: { create_widget: { name: { hidden: true } } }",
      want: "create_widget asks for name; give it a fixed value instead",
    },
    {
      name: "of a value that the API does not take",
      tools: "arguments: { create_widget: { colour: { fixed: green } } }",
      want: "colour must be one of",
    },
    {
      name: "of a choice that the API does not take",
      tools: "arguments: { create_widget: { colour: { enum: [red, green] } } }",
      want: "surfaces.default.tools.arguments.create_widget.colour.enum",
    },
    {
      name: "of a default that is no choice",
      tools: "arguments: { create_widget: { colour: { enum: [red], default: blue } } }",
      want: "it is none of enum",
    },
    {
      name: "that gives two arguments one name",
      tools: "arguments: { create_widget: { name: { name: colour } } }",
      want: "create_widget then has two arguments colour",
    },
    {
      name: "that fixes and hides",
      tools: "arguments: { create_widget: { colour: { fixed: red, hidden: true } } }",
      want: "of fixed, hidden and default only one makes sense",
    },
  ];
  for (const { name, tools, want } of faults)
    it(`is a fault ${name}`, async () => {
      const text = `api: test\nsurfaces:\n  default:\n    path: /mcp\n    tools:\n      ${tools}\n`;
      await expect(startGateway(api, upstream.url, text)).rejects.toThrow(want);
    });
});
