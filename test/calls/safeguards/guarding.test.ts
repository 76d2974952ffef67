import { describe, expect, it } from "vitest";
import type { HandTool } from "../../../src/calls/call.ts";
import { guardTools } from "../../../src/calls/safeguards/guarding.ts";
import { type Guards, guardsOf } from "../../../src/calls/safeguards/guards.ts";
import { createCatalog } from "../../../src/catalog/catalog.ts";
import type { Tool } from "../../../src/catalog/tool.ts";
import { parseGatewayFile, resolveSafeguards } from "../../../src/config/load.ts";
import type { Api, ToolSpec } from "../../../src/descriptor.ts";
import { GatewayError } from "../../../src/errors.ts";
import { handTool } from "../../http/handTools.ts";
import { emptyApi, idParam, widget } from "../../operations/fixture.ts";

const create: ToolSpec = {
  name: "create_widget",
  kind: "create",
  effect: "write",
  description: "Create a widget.",
  operation: { id: "create", method: "POST", path: "/widgets" },
  body: {
    mediaType: "application/json",
    fields: ["name", "color", { name: "silent", schema: { type: "boolean", default: true } }],
    required: ["name"],
  },
};
const announce: ToolSpec = {
  ...create,
  name: "announce_widget",
  kind: "action",
  operation: { id: "announce", method: "POST", path: "/widgets/{id}/announce" },
  params: [
    idParam,
    { name: "mail", in: "query", arg: "mail", schema: { type: "boolean" } },
    { name: "X-Alert", in: "header", arg: "X-Alert", schema: { type: "boolean" } },
  ],
  body: { mediaType: "application/json", fields: [{ name: "notify", schema: { type: "boolean" } }] },
};
const get: ToolSpec = {
  name: "get_widget",
  kind: "get",
  effect: "read",
  description: "Get a widget.",
  operation: { id: "get", method: "GET", path: "/widgets/{id}" },
  params: [idParam],
  result: { noun: true },
};
const list: ToolSpec = {
  name: "list_widgets",
  kind: "list",
  effect: "read",
  description: "List widgets.",
  operation: { id: "list", method: "GET", path: "/widgets" },
  result: { noun: true },
};
const remove: ToolSpec = {
  name: "delete_widget",
  kind: "delete",
  effect: "destroy",
  description: "Delete a widget.",
  operation: { id: "delete", method: "DELETE", path: "/widgets/{id}" },
  params: [idParam],
};
const api: Api = {
  ...emptyApi,
  resources: [{ ...widget, tools: { create, get, list, delete: remove }, actions: { announce } }],
};

/** The Tools of Surface `one` under the `safeguards` of a gateway.yaml. */
function guarded(
  rules: string,
  tools: readonly HandTool[] = [],
  answered: readonly string[] = [],
): (name: string) => Tool {
  const file = parseGatewayFile(
    "gateway.yaml",
    `api: test\nsurfaces: { one: {}, two: { path: /two } }\nsafeguards:\n${rules}`,
  );
  const catalog = createCatalog(api, tools);
  const toolsOf = guardTools(resolveSafeguards(file), {
    catalog,
    surfaces: ["one", "two"],
    answered: new Set(answered),
  });
  return (name) =>
    toolsOf(name.includes("@two") ? "two" : "one").find((tool) => tool.name === name.replace("@two", "")) as Tool; // named below
}

function faultsOf(rules: string, tools: readonly HandTool[] = [], answered: readonly string[] = []): string {
  try {
    guarded(rules, tools, answered);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown.message;
    throw thrown;
  }
  return "none";
}

const propertiesOf = (tool: Tool): object => tool.definition.inputSchema.properties ?? {};

describe("a notify safeguard", () => {
  it("puts the flag behind a required boolean without default, and its own name away", () => {
    const tool = guarded("  - { match: create_widget, notify: { field: silent, inverted: true, alerts: the team } }")(
      "create_widget",
    );
    expect(Object.keys(propertiesOf(tool))).toEqual(["name", "color", "notify", "idempotency_key"]);
    expect(tool.definition.inputSchema).toMatchObject({
      properties: {
        notify: {
          type: "boolean",
          description:
            "true: the team are alerted. false: a guarantee that nobody is. Ask the user if they did not say.",
        },
      },
      required: ["name", "notify"],
    });
    expect(propertiesOf(tool)).not.toHaveProperty("notify.default");
    expect(tool.definition.description).toBe(
      "Create a widget. notify must be given: true alerts the team, false alerts nobody.",
    );
  });

  it("leaves tools that read, and the other surface, as they are", () => {
    const find = guarded("  - { match: [create_widget, list_widgets], surfaces: [one], notify: { never: quiet } }");
    expect([find("list_widgets"), find("create_widget@two")].map((tool) => propertiesOf(tool))).not.toContainEqual(
      expect.objectContaining({ notify: expect.anything() }),
    );
    expect(find("create_widget").definition.description).toContain("Alerts nobody: notify must be false.");
  });

  it("takes the first rule that matches", () => {
    const find = guarded(`  - { match: create_widget, notify: { never: it is silent } }
  - { match: "create_*", notify: { field: silent } }`);
    expect(guardsOf(find("create_widget"))?.notify).toEqual({ alerts: "", never: "it is silent" });
  });

  const faults: readonly { readonly name: string; readonly rules: string; readonly want: readonly string[] }[] = [
    {
      name: "a body without the field, with what to write instead",
      rules: "  - { match: create_widget, notify: { field: notify_subscribers } }",
      want: [
        'safeguards.0.notify: create_widget has no body field "notify_subscribers".',
        "{ match: create_widget, notify: { field: silent } }",
        'notify: { never: "<why it alerts nobody>" }',
      ],
    },
    {
      name: "an operation without the query parameter",
      rules: "  - { match: delete_widget, notify: { query: mail } }",
      want: ['delete_widget has no query parameter "mail"', "notify: { field | query | header: <its flag> }"],
    },
    {
      name: "an operation without the header",
      rules: "  - { match: delete_widget, notify: { header: X-Alert } }",
      want: ['delete_widget has no header "X-Alert"'],
    },
    {
      name: "a field that is no yes or no",
      rules: "  - { match: create_widget, notify: { field: name } }",
      want: ['create_widget has a body field "name" that is not a yes or no'],
    },
    {
      name: "an argument notify of the API's own beside the mapped one",
      rules: "  - { match: announce_widget, notify: { query: mail } }",
      want: ['announce_widget has an argument notify of its own beside the query parameter "mail"'],
    },
    {
      name: "an argument notify of the API's own where it is said never to alert",
      rules: "  - { match: announce_widget, notify: { never: it is quiet } }",
      want: ["announce_widget has an argument notify of its own, so it may alert people"],
    },
    {
      name: "tools that only read",
      rules: '  - { match: "list_*", notify: { field: notify } }',
      want: ["safeguards.0.notify: it matches only tools that read"],
    },
  ];
  for (const { name, rules, want } of faults)
    it(`is refused for ${name}`, () => {
      const message = faultsOf(rules);
      for (const part of want) expect(message).toContain(part);
    });

  it("is refused for a tool written by hand, which has no flag to map", () => {
    const hand = handTool("shout", async () => ({}), { effect: "write" });
    expect(faultsOf("  - { match: shout, notify: { field: notify } }", [hand])).toContain("shout is written by hand");
  });
});

describe("the other safeguards", () => {
  it("say in schema and description what they ask for", () => {
    const { definition } = guarded(`  - match: delete_widget
    lookup: { argument: id, tools: [list_widgets, get_widget], minutes: 5 }
    confirm: destroy
    dryRun: true`)("delete_widget");
    expect(definition.description).toBe(
      "Delete a widget. Call list_widgets or get_widget first: id must come from its answer of the last 5 minutes. " +
        "The user is asked to confirm before it is done. dry_run: true shows the API request without sending it.",
    );
    expect(definition.inputSchema).toMatchObject({
      properties: {
        id: { description: expect.stringContaining("Only an id that list_widgets or get_widget answered.") },
        confirmation_token: { type: "string" },
        dry_run: { type: "boolean" },
      },
      required: ["id"],
    });
  });

  const policies: readonly { readonly policy: string; readonly want: readonly boolean[] }[] = [
    { policy: "always", want: [true, true, false] },
    { policy: "destroy", want: [false, true, false] },
    { policy: "never", want: [false, false, false] },
  ];
  for (const { policy, want } of policies)
    it(`confirm ${policy} what they should`, () => {
      const find = guarded(`  - { match: "*", confirm: ${policy} }`);
      const asks = (name: string): boolean => guardsOf(find(name))?.confirm ?? false;
      expect(["create_widget", "delete_widget", "get_widget"].map(asks)).toEqual(want);
    });

  it("lookups of several rules add up, one for each argument, and never hold for a read", () => {
    const find = guarded(`  - match: "*"
    lookup: { argument: [id, name], tools: [get_widget] }
  - match: announce_widget
    lookup: { argument: id, tools: [list_widgets], minutes: 1 }`);
    const shape = ({ lookups = [] }: Partial<Guards>): unknown =>
      lookups.map(({ args, tools, minutes, reader }) => [args, tools.map(({ name }) => name), minutes, reader?.name]);
    expect(shape(guardsOf(find("announce_widget")) ?? {})).toEqual([[["id"], ["get_widget"], 30, "get_widget"]]);
    expect(shape(guardsOf(find("create_widget")) ?? {})).toEqual([[["name"], ["get_widget"], 30, "get_widget"]]);
    expect(shape(guardsOf(find("get_widget")) ?? {})).toEqual([]);
    expect(guardsOf(find("list_widgets"))?.shows).toEqual({ fields: ["id", "_id"], keepMinutes: 1 });
  });

  it("leave a tool that no rule is about, and its definition, to the Catalog", () => {
    const find = guarded("  - { match: create_widget, dryRun: true }");
    expect("guards" in find("delete_widget")).toBe(false);
    expect(find("delete_widget")).toBe(find("delete_widget@two"));
  });

  it("show no dry run for what a hook answers in the API's place", () => {
    const find = guarded('  - { match: "*", dryRun: true }', [], ["create_widget"]);
    expect(propertiesOf(find("create_widget"))).not.toHaveProperty("dry_run");
    expect(propertiesOf(find("delete_widget"))).toHaveProperty("dry_run");
  });

  const faults: readonly { readonly name: string; readonly rules: string; readonly want: string }[] = [
    {
      name: "a glob that matches nothing",
      rules: '  - { match: [create_widget, "creat_*"], dryRun: true }',
      want: 'safeguards.0.match: "creat_*" matches no tool',
    },
    {
      name: "a confirmation of what destroys where nothing does",
      rules: "  - { match: create_widget, confirm: destroy }",
      want: "it matches no tool of effect destroy",
    },
    {
      name: "a confirmation of reads",
      rules: "  - { match: get_widget, confirm: always }",
      want: "it matches only tools that read",
    },
    {
      name: "a lookup of an argument that is not there",
      rules: "  - { match: create_widget, lookup: { argument: pageId, tools: [get_widget] } }",
      want: 'has the argument "pageId"',
    },
    {
      name: "a lookup by a tool that is not there",
      rules: "  - { match: delete_widget, lookup: { argument: id, tools: [list_pages] } }",
      want: 'safeguards.0.lookup.tools: there is no tool "list_pages"',
    },
    {
      name: "a lookup by a tool that shows nothing",
      rules: "  - { match: delete_widget, lookup: { argument: id, tools: [delete_widget] } }",
      want: "delete_widget shows no ids",
    },
  ];
  for (const { name, rules, want } of faults)
    it(`are refused for ${name}`, () => expect(faultsOf(rules)).toContain(want));

  it("are refused for a dry run of what the gateway does not send, and for arguments that are taken", () => {
    const hand = handTool("burn", async () => ({}), { effect: "destroy", properties: { confirmation_token: {} } });
    expect(faultsOf("  - { match: burn, dryRun: true }", [hand])).toContain("safeguards.0.dryRun");
    expect(faultsOf("  - { match: burn, confirm: always }", [hand])).toContain(
      "burn has an argument confirmation_token",
    );
  });

  it("are told all faults at once", () => {
    const message = faultsOf(
      "  - { match: nothing, dryRun: true }\n  - { match: create_widget, notify: { field: x } }",
    );
    expect(message.split("\n")).toHaveLength(2);
  });
});

describe("the safeguards of a gateway.yaml", () => {
  const faults: readonly { readonly name: string; readonly rule: string; readonly want: string }[] = [
    {
      name: "a surface that is not declared",
      rule: "{ match: a, surfaces: [three], dryRun: true }",
      want: 'gateway.yaml:4: safeguards.0.surfaces names "three"; declared surfaces: one, two',
    },
    {
      name: "an unknown key",
      rule: "{ match: a, dry_run: true }",
      want: 'gateway.yaml:4: safeguards.0: unknown key "dry_run"',
    },
    { name: "a rule without anything to keep", rule: "{ match: a }", want: "gateway.yaml:4: safeguards.0" },
    { name: "a flag in no place", rule: "{ match: a, notify: { inverted: true } }", want: "safeguards.0.notify" },
    { name: "never without a reason", rule: "{ match: a, notify: { never: '' } }", want: "safeguards.0.notify.never" },
    { name: "a policy there is not", rule: "{ match: a, confirm: sometimes }", want: '"always", "destroy", "never"' },
    {
      name: "a lookup without tools",
      rule: "{ match: a, lookup: { argument: id, tools: [] } }",
      want: "safeguards.0.lookup.tools",
    },
  ];
  for (const { name, rule, want } of faults)
    it(`are refused for ${name}`, () => expect(faultsOf(`  - ${rule}`)).toContain(want));
});
