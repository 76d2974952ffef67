import { describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { type Flags, parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { Api } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import { offerTools } from "../../src/surfaces/offered.ts";
import { generateFrom } from "../fakes/gateway.ts";
import { widgetSpec } from "../fakes/widgets.ts";

const all = ["count_widgets", "create_widget", "delete_widget", "get_widget", "list_widgets", "update_widget"];
const reads = ["count_widgets", "get_widget", "list_widgets"];

interface Given {
  readonly surface?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly flags?: Flags;
}

const described = generateFrom(widgetSpec);

function offered(api: Api, { surface = "{}", variables = {}, flags = {} }: Given): readonly string[] {
  const file = parseGatewayFile("gateway.yaml", `api: test\nsurfaces:\n  default: ${surface}\n`);
  const config = resolveConfig(file, readEnvironment(variables), { upstreamUrl: "http://127.0.0.1:1", ...flags });
  const tools = offerTools(config, () => createCatalog(api).tools);
  return tools("default").map(({ name }) => name);
}

describe("a surface offers", () => {
  const cases: (Given & { name: string; want: readonly string[] })[] = [
    { name: "all tools where nothing is said", want: all },
    {
      name: "those it allows",
      surface: '{ tools: { allow: ["get_*", list_widgets] } }',
      want: ["get_widget", "list_widgets"],
    },
    {
      name: "not those it denies",
      surface: '{ tools: { deny: ["*_widget"] } }',
      want: ["count_widgets", "list_widgets"],
    },
    {
      name: "not what it both allows and denies",
      surface: "{ tools: { allow: [get_widget, list_widgets], deny: [get_widget] } }",
      want: ["list_widgets"],
    },
    { name: "toolsets by their noun", surface: "{ tools: { toolsets: [widget] } }", want: all },
    {
      name: "toolsets by a glob, and allowed tools beside them",
      surface: '{ tools: { toolsets: ["list_*"], allow: [get_widget] } }',
      want: ["get_widget", "list_widgets"],
    },
    {
      name: "what reads alone, whatever it allows",
      surface: "{ readOnly: true, tools: { allow: [create_widget, get_widget] } }",
      want: ["get_widget"],
    },
    {
      name: "what a flag leaves",
      flags: { tools: ["get_widget", "create_widget"] },
      want: ["create_widget", "get_widget"],
    },
    {
      name: "what a variable leaves",
      variables: { SPECGATE_TOOLS: "get_widget, list_widgets" },
      want: ["get_widget", "list_widgets"],
    },
    {
      name: "what a flag leaves in place of the variable",
      variables: { SPECGATE_TOOLS: "get_widget" },
      flags: { tools: ["list_widgets"] },
      want: ["list_widgets"],
    },
    {
      name: "no more than its file by a flag",
      surface: "{ tools: { deny: [delete_widget] } }",
      flags: { toolsets: ["Widgets"] },
      want: all.filter((one) => one !== "delete_widget"),
    },
    {
      name: "not what a variable excludes",
      variables: { SPECGATE_EXCLUDE_TOOLS: "*_widgets", SPECGATE_READ_ONLY: "true" },
      want: ["get_widget"],
    },
    { name: "toolsets of a variable", variables: { SPECGATE_TOOLSETS: "get_*" }, want: ["get_widget"] },
    { name: "all where a variable is empty", variables: { SPECGATE_TOOLS: " ", SPECGATE_TOOLSETS: "," }, want: all },
  ];
  for (const { name, want, ...given } of cases)
    it(name, async () => expect(offered((await described).api, given)).toEqual(want));

  it("nothing more by a flag than by the file that reads alone", async () => {
    const given = { surface: "{ readOnly: true }", flags: { tools: ["*"] } };
    expect(offered((await described).api, given)).toEqual(reads);
  });

  const faults: (Given & { name: string; want: string; usage?: true })[] = [
    {
      name: "of the file, with its line and what it was meant to be",
      surface: "\n    tools:\n      allow:\n        - get_widget\n        - list_widget",
      want: 'gateway.yaml:7: surfaces.default.tools.allow: "list_widget" matches no tool; did you mean list_widgets?',
    },
    {
      name: "of a toolset",
      surface: "{ tools: { toolsets: [Wigdet] } }",
      want: 'gateway.yaml:3: surfaces.default.tools.toolsets: "Wigdet" is no resource type, tag or glob of tools; did you mean Widget?',
    },
    {
      name: "of a denied tool, since whoever denies it believes that it is out",
      surface: "{ tools: { deny: [drop_everything_now] } }",
      want: 'gateway.yaml:3: surfaces.default.tools.deny: "drop_everything_now" matches no tool; specgate tools list shows the names',
    },
    {
      name: "of a flag",
      flags: { tools: ["get_wigdet"] },
      want: 'SPECGATE_TOOLS (--tools): "get_wigdet" matches no tool; did you mean get_widget?',
      usage: true,
    },
    {
      name: "of a variable",
      variables: { SPECGATE_EXCLUDE_TOOLS: "delete_widgett" },
      want: 'SPECGATE_EXCLUDE_TOOLS (--exclude-tools): "delete_widgett" matches no tool; did you mean delete_widget?',
      usage: true,
    },
  ];
  for (const { name, want, usage, ...given } of faults)
    it(`nothing at all where a name is unknown: ${name}`, async () => {
      const { api } = await described;
      let thrown: unknown;
      try {
        offered(api, given);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(GatewayError);
      const { message, facts } = thrown as GatewayError;
      expect([message, facts.data?.usage]).toEqual([want, usage]);
    });
});
