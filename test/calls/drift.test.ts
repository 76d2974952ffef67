import { describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import type { Call, HandTool, Outcome } from "../../src/calls/call.ts";
import { createDriftReport, driftNote, noticingDrift } from "../../src/calls/drift.ts";
import { createRunCall } from "../../src/calls/runCall.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { Api, ToolSpec } from "../../src/descriptor.ts";
import type { DriftMeasure } from "../../src/telemetry/metrics.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { createUpstream } from "../../src/upstream/client.ts";
import { emptyApi, idParam, widget } from "../operations/fixture.ts";
import { listen, upstreamConfig } from "../upstream/fixture.ts";

const base = { name: "x", description: "Test.", result: { noun: true } } as const;
const list: ToolSpec = {
  ...base,
  name: "list_widgets",
  kind: "list",
  effect: "read",
  operation: { id: "list", method: "GET", path: "/widgets" },
};
const get: ToolSpec = {
  ...base,
  name: "get_widget",
  kind: "get",
  effect: "read",
  operation: { id: "get", method: "GET", path: "/widgets/{id}" },
  params: [idParam],
};
const create: ToolSpec = {
  ...base,
  name: "create_widget",
  kind: "create",
  effect: "write",
  operation: { id: "create", method: "POST", path: "/widgets" },
  body: { mediaType: "application/json", fields: ["name"] },
};
const ask: ToolSpec = {
  ...base,
  name: "ask_widget",
  kind: "action",
  effect: "read",
  operation: { id: "ask", method: "POST", path: "/ask" },
  result: { item: { type: "integer" } },
};
const fields = {
  ...widget.fields,
  level: { type: "string", enum: ["low", "high"] },
  key: { type: "string", enum: ["k1"], secret: true },
  n: { type: "integer" },
} as const;
const api: Api = {
  ...emptyApi,
  resources: [{ ...widget, fields, tools: { list, get, create }, actions: { ask_widget: ask } }],
};
const hand = {
  name: "by_hand",
  aliases: [],
  resource: "Widget",
  kind: "action",
  effect: "read",
  definition: { inputSchema: { type: "object" } } as never,
  run: async () => ({ structured: { item: { color: 3 } } }),
} satisfies HandTool;

interface Seen {
  readonly outcome: Outcome;
  readonly counted: readonly DriftMeasure[];
  readonly logged: readonly object[];
}

/** Calls the tool once for each answer of an API that gives `answers` in turn. */
async function answersOf(name: string, answers: readonly unknown[]): Promise<Seen> {
  const left = [...answers];
  const server = await listen((_req, res) => {
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify(left.shift()));
  });
  const upstream = createUpstream(upstreamConfig(server.url));
  const counted: DriftMeasure[] = [];
  const logged: object[] = [];
  const log = { warn: (facts: object) => void logged.push(facts) } as never;
  try {
    const catalog = createCatalog(api, [hand]);
    const run = createRunCall({
      upstreamFor: () => upstream,
      scopes: { effects: { read: "r", write: "w", destroy: "d" }, hierarchy: {} },
      validator: createValidator(),
      cursorKeys: deriveKeys([new Secret("a secret of thirty-two characters")], "cursor"),
      limits: { resultBytes: 61_440, countPages: 20 },
      onDrift: createDriftReport(log, (measure) => counted.push(measure)),
    });
    let outcome: Outcome = {};
    for (const _ of answers) outcome = await run(callOf(catalog.find(name) as Tool));
    return { outcome, counted, logged };
  } finally {
    await upstream.close();
    await server.close();
  }
}

function callOf(tool: Tool): Call {
  return {
    tool,
    args: tool.kind === "get" ? { id: "w1" } : tool.kind === "create" ? { name: "n" } : {},
    principal: { kind: "passthrough", id: "p", user: null, organisation: null, scopes: null },
    surface: "default",
    requestId: "r",
    signal: new AbortController().signal,
    notify: () => undefined,
    ask: async () => [],
  };
}

const note = "Answer differs from the API's document: ";

describe("an answer that is not what the document says", () => {
  const cases = [
    {
      name: "is returned by a get with a note",
      tool: "get_widget",
      given: { id: "w1", color: "green" },
      want: 'color is "green", not one of red, blue.',
    },
    {
      name: "is returned by a create with a note",
      tool: "create_widget",
      given: { id: 7 },
      want: "id is a number, not a string.",
    },
    {
      name: "is noticed in the first item of a list",
      tool: "list_widgets",
      given: [{ id: "w1", color: null }, { id: 2 }],
      want: "color is null, not a string.",
    },
    {
      name: "is noticed in the result of an action",
      tool: "ask_widget",
      given: "many",
      want: "it is a string, not an integer.",
    },
    {
      name: "is told in three differences and a number",
      tool: "get_widget",
      given: { id: 1, name: [], color: {}, n: "5", level: "mid" },
      want: "id is a number, not a string; name is a list, not a string; color is an object, not a string; and 2 more.",
    },
    {
      name: "is told with null last",
      tool: "get_widget",
      given: { id: null, name: null, color: null, n: null, level: "mid" },
      want: 'level is "mid", not one of low, high; id is null, not a string; name is null, not a string; and 2 more.',
    },
    {
      name: "is told by a short piece of the value",
      tool: "get_widget",
      given: { level: "x".repeat(300) },
      want: `level is "${"x".repeat(40)}…", not one of low, high.`,
    },
  ];
  for (const { name, tool, given, want } of cases) {
    it(name, async () => {
      const { outcome } = await answersOf(tool, [given]);
      expect(outcome.isError).toBeUndefined();
      expect(outcome.structured?.notes).toContain(note + want);
      const shown = outcome.structured?.items ?? outcome.structured?.item ?? outcome.structured?.result;
      expect(shown).toEqual(given);
    });
  }

  it("is noticed only where it is: one that is as declared has no note", async () => {
    const { outcome, counted, logged } = await answersOf("get_widget", [{ id: "w1", color: "red" }]);
    expect(outcome.structured).toEqual({ item: { id: "w1", color: "red" } });
    expect([...counted, ...logged]).toEqual([]);
  });

  it("never shows the value of a secret field", () => {
    const tool = createCatalog(api).find("get_widget") as Tool;
    const difference = { kind: "enum", path: ["key"], expected: "one of k1", found: "s3cr3t" } as const;
    expect(driftNote(tool, [difference])).toBe(`${note}key is a string, not one of k1.`);
  });

  it("is counted at every call by resource, kind and drift, and logged once without its value", async () => {
    const { counted, logged } = await answersOf("get_widget", [{ color: "green" }, { color: "pink" }, { color: 3 }]);
    const measure = { resource: "Widget", kind: "get" };
    expect(counted).toEqual([
      { ...measure, drift: "enum" },
      { ...measure, drift: "enum" },
      { ...measure, drift: "type" },
    ]);
    expect(logged).toEqual([
      { tool: "get_widget", at: "color", drift: "enum", expected: "one of red, blue" },
      { tool: "get_widget", at: "color", drift: "type", expected: "a string" },
    ]);
  });

  it("is nothing that a tool written by hand could give", async () => {
    const { outcome } = await answersOf("by_hand", [{}]);
    expect(outcome.structured).toEqual({ item: { color: 3 } });
  });
});

describe("a busy gateway", () => {
  const difference = { kind: "type", path: ["n"], expected: "an integer", found: "x" } as const;
  const tools = new Map<string, Tool>();
  const call = (name: string): Call => {
    const tool = tools.get(name) ?? ({ ...hand, name } as Tool);
    tools.set(name, tool);
    return { tool } as Call; // the interceptor reads nothing else
  };

  it("looks at a hundred answers a second, and at every one of a tool that has drifted", async () => {
    let clock = 0;
    const looked: string[] = [];
    const wrap = noticingDrift(
      (tool) => {
        looked.push(tool.name);
        return tool.name === "drifting" ? [difference] : [];
      },
      () => undefined,
      () => clock,
    );
    const run = wrap(async () => ({ structured: { item: { n: 1 } } }));
    const first = await run(call("drifting"));
    for (let at = 0; at < 300; at++) await run(call("good"));
    expect(first.structured?.notes).toHaveLength(1);
    expect(looked).toHaveLength(100);
    expect((await run(call("drifting"))).structured?.notes).toHaveLength(1);
    expect(looked).toHaveLength(101);
    clock = 1_000;
    await run(call("good"));
    expect(looked).toHaveLength(102);
  });
});
