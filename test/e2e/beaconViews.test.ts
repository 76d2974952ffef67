import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { startViewGateway, type ViewGateway } from "../fakes/viewGateway.ts";
import { openSession, postSession, postStateless, type Wired } from "../http/wire.ts";
import { projectRoot } from "./process.ts";

// Beacon's own resources and prompts, and some that show what gateway.yaml can say, by raw HTTP in both eras and by real clients.

const folder = join(projectRoot, "openapi/beacon");
const prompt = (name: string): string => readFileSync(join(folder, "prompts", `${name}.md`), "utf8");
/** In the place of the line that names the prompts, behind the resources. */
const further = `  - uriTemplate: "beacon://pages/{page_id}/beats/pending-actions"
    name: pending-actions
    tool: list_beat_actions
    arguments: { pageId: "{page_id}", state: pending }
    scope: mcp.write
  - uriTemplate: "beacon://incidents{?limit,severity,days}"
    name: recent-incidents
    tool: list_incidents
    arguments: { startedAfter: { daysAgo: days } }
    parameters: { days: { default: 30, max: 90 } }
  - uri: beacon://page-names
    name: page-names
    tool: list_status_pages
    path: items
    arguments: { fields: [name] }
whoami: true
`;
const yaml = readFileSync(join(folder, "gateway.yaml"), "utf8").replace(/^prompts: .*$/m, further);
const prompts = {
  "draft.md": prompt("draft_incident_update"),
  "review.md": prompt("review_active_incidents"),
  "beats.md": `---
name: review_pending_beat_action
description: Goes through the actions that wait for a decision.
arguments: [{ name: page_id, required: true }]
resources: ["beacon://pages/{page_id}/beats/pending-actions"]
---
Review what waits for approval on {{page_id}}.
`,
};

let beacon: Beacon;
let gateway: ViewGateway;
beforeAll(async () => {
  beacon = await startBeacon();
  gateway = await startViewGateway({ api, upstream: beacon.url, yaml, prompts });
});
afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

type Era = "stateless" | "session";
type Given = Readonly<Record<string, unknown>>;

/** One request in either era, with a session of its own where there are sessions. */
async function ask(era: Era, method: string, params: Given = {}, key: string = beacon.keys.full): Promise<Wired> {
  const headers = { "x-api-key": key };
  if (era === "stateless") return postStateless(gateway.url, method, params, { headers });
  const opened = await openSession(gateway.url, { headers });
  return postSession(gateway.url, method, params, { headers: opened.headers });
}

interface Answered {
  readonly result?: Given & {
    readonly contents: readonly { readonly uri: string; readonly mimeType: string; readonly text: string }[];
    readonly resources: readonly Given[];
    readonly resourceTemplates: readonly Given[];
    readonly prompts: readonly Given[];
    readonly messages: readonly { readonly role: string; readonly content: Given }[];
    readonly completion: { readonly values: readonly string[]; readonly hasMore: boolean };
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}
const answer = async (wired: Promise<Wired>): Promise<Answered> => (await wired).body as Answered; // JSON-RPC
const read = async (
  era: Era,
  uri: string,
  key?: string,
): Promise<{ readonly value: Given; readonly error?: Answered["error"] }> => {
  const { result, error } = await answer(ask(era, "resources/read", { uri }, key));
  const text = result?.contents[0]?.text;
  return { value: text === undefined ? {} : (JSON.parse(text) as Given), ...(error && { error }) };
};

for (const era of ["stateless", "session"] as const)
  describe(`resources of the ${era} era`, () => {
    it("are listed with hints, those with variables as templates", async () => {
      const [one, two] = [await answer(ask(era, "resources/list")), await answer(ask(era, "resources/templates/list"))];
      expect(one.result?.resources.map(({ uri }) => uri)).toEqual([
        "beacon://me",
        "beacon://page-names",
        "beacon://pages",
      ]);
      expect(two.result?.resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
        "beacon://incidents{?limit,severity,days}",
        "beacon://pages/{page_id}/analytics/summary{?window_days}",
        "beacon://pages/{page_id}/beats/pending-actions",
        "beacon://pages/{page_id}/incidents/active{?limit}",
        "beacon://pages/{page_id}/incidents/{incident_id}",
        "beacon://pages/{page_id}/incidents/{incident_id}/updates{?limit}",
        "beacon://pages/{page_id}/summary",
      ]);
      const hints = era === "stateless" ? { ttlMs: 0, cacheScope: "private" } : { ttlMs: undefined };
      for (const { result } of [one, two]) expect({ ttlMs: undefined, ...result }).toMatchObject(hints);
    });

    it("hold what their tool answers", async () => {
      const { value } = await read(era, "beacon://pages/page_acme_api/incidents/inc_acme_payments");
      expect(value).toMatchObject({ id: "inc_acme_payments", pageId: "page_acme_api" });
      const active = await read(era, "beacon://pages/page_acme_api/incidents/active");
      expect(active.value).toMatchObject({ items: expect.any(Array), hasMore: false });
      for (const item of active.value.items as Given[])
        expect(item).toMatchObject({ state: "active", pageId: "page_acme_api" });
      const names = await read(era, "beacon://page-names");
      expect(names.value).toEqual({
        items: expect.arrayContaining([expect.objectContaining({ name: "Acme Cloud API" })]),
      });
    });

    it("cut a number over its cap down and say so, and refuse one below 1", async () => {
      expect((await read(era, "beacon://incidents?limit=500")).value).toMatchObject({
        returnedCount: expect.any(Number),
        notes: ["limit 500 is over the cap: 200 was used.", expect.stringContaining("the window is the last 30 days")],
      });
      const analytics = await read(era, "beacon://pages/page_acme_api/analytics/summary?window_days=91");
      expect(analytics.value).toMatchObject({
        windowDays: 90,
        notes: ["window_days 91 is over the cap: 90 was used."],
      });
      const standard = await read(era, "beacon://pages/page_acme_api/analytics/summary");
      expect(standard.value).toMatchObject({ windowDays: 30 });
      expect(standard.value).not.toHaveProperty("notes");
      const refusals = ["limit=0", "limit=-3", "limit=many", "limit=1.5", "lmit=3", "severity=huge"];
      for (const query of refusals) {
        const { error } = await read(era, `beacon://incidents?${query}`);
        expect([query, error?.code]).toEqual([query, -32602]);
        expect(error?.data).not.toEqual({ uri: expect.anything() });
      }
    });

    it("give twenty where nothing is asked for", async () => {
      const { value } = await read(era, "beacon://incidents?days=90");
      expect(value).toMatchObject({ returnedCount: 20, hasMore: true });
      expect(value).not.toHaveProperty("nextCursor");
    });

    it("are not there in the same words, unknown, hidden, or of another page", async () => {
      const uris = [
        "beacon://nothing",
        "beacon://pages/page_acme_api/incidents/nope",
        "beacon://pages/page_acme_main/incidents/inc_acme_payments",
        "beacon://pages/page_acme_main/incidents/inc_acme_payments/updates",
        "beacon://pages/page_acme_api/beats/pending-actions",
      ];
      for (const uri of uris) {
        const { error } = await read(era, uri, beacon.keys.readOnly);
        expect(error).toEqual({
          code: -32602,
          message: `Resource not available: ${uri}. There is no such resource, or your key (scopes: mcp.read) does not include it. Call resources/list and resources/templates/list for those you can read.`,
          data: { uri },
        });
      }
    });

    it("ask for what they say beyond their tool, and so do the prompts that read them", async () => {
      const listed = async (key: string) => ({
        templates: (await answer(ask(era, "resources/templates/list", {}, key))).result?.resourceTemplates.map(
          ({ name }) => name,
        ),
        prompts: (await answer(ask(era, "prompts/list", {}, key))).result?.prompts.map(({ name }) => name),
      });
      const full = await listed(beacon.keys.full);
      const readOnly = await listed(beacon.keys.readOnly);
      expect(full.prompts).toEqual(["draft_incident_update", "review_active_incidents", "review_pending_beat_action"]);
      expect(full.templates).toContain("pending-actions");
      expect(readOnly.prompts).toEqual(["draft_incident_update", "review_active_incidents"]);
      expect(readOnly.templates).toEqual(full.templates?.filter((name) => name !== "pending-actions"));
      const pending = { name: "review_pending_beat_action", arguments: { page_id: "page_acme_api" } };
      expect((await answer(ask(era, "prompts/get", pending))).result?.messages).toHaveLength(2);
      const got = await answer(ask(era, "prompts/get", pending, beacon.keys.readOnly));
      const unknown = await answer(ask(era, "prompts/get", { name: "no_such_prompt" }, beacon.keys.readOnly));
      expect(got.error?.code).toBe(-32602);
      expect(got.error?.message.replace("review_pending_beat_action", "no_such_prompt")).toBe(unknown.error?.message);
    });

    it("tell who is calling, whatever their scopes", async () => {
      const { value } = await read(era, "beacon://me", beacon.keys.readOnly);
      expect(value).toMatchObject({
        organisation: { id: "org_acme" },
        environment: "default",
        scopes: ["mcp.read"],
        key: null,
        search_window: null,
        current_time: expect.stringMatching(/^20\d\d-.*Z$/),
      });
      const called = await answer(ask(era, "tools/call", { name: "whoami" }));
      expect(called.result?.structuredContent).toMatchObject({ scopes: ["mcp.read", "mcp.write", "mcp.delete"] });
    });

    it("make a prompt with its arguments in it as text and what it reads behind", async () => {
      const args = {
        page_id: "page_acme_api",
        incident_id: "inc_acme_payments",
        news: "{{page_id}} $& <b>\u0007\u202e",
      };
      const { result } = await answer(ask(era, "prompts/get", { name: "draft_incident_update", arguments: args }));
      const [text, ...embedded] = result?.messages ?? [];
      expect(text?.content.text).toContain("update of incident inc_acme_payments on status page page_acme_api");
      expect(text?.content.text).toContain("What is new: {{page_id}} $& <b>\n");
      expect(embedded.map(({ content }) => (content.resource as Given).uri)).toEqual([
        "beacon://pages/page_acme_api/incidents/inc_acme_payments",
        "beacon://pages/page_acme_api/incidents/inc_acme_payments/updates?limit=10",
      ]);
    });

    const badArguments = [
      [{}, "needs the argument page_id"],
      [{ page_id: "" }, "needs the argument page_id"],
      [{ page_id: 7 }, "has to be text"],
      [{ page_id: "page_acme_api", other: "x" }, 'has no argument "other"; it takes: page_id'],
      [{ page_id: "x".repeat(10_001) }, "at most 10000"],
      [{ page_id: "nope" }, "Resource not available"],
    ] as const;
    for (const [args, want] of badArguments)
      it(`refuse a prompt for ${JSON.stringify(args).slice(0, 40)}`, async () => {
        const { error } = await answer(ask(era, "prompts/get", { name: "review_active_incidents", arguments: args }));
        expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(want) });
      });

    it("complete ids by id and name, enums as they are, and nothing for whoever may not list", async () => {
      const complete = async (ref: Given, name: string, value: string, args?: Given): Promise<Answered> =>
        answer(
          ask(era, "completion/complete", {
            ref,
            argument: { name, value },
            ...(args && { context: { arguments: args } }),
          }),
        );
      const incident = { type: "ref/resource", uri: "beacon://pages/{page_id}/incidents/{incident_id}" };
      expect((await complete(incident, "page_id", "page_acme_a")).result?.completion.values).toEqual(["page_acme_api"]);
      expect((await complete(incident, "page_id", "cloud API")).result?.completion.values).toEqual(["page_acme_api"]);
      expect((await complete(incident, "incident_id", "pay")).result?.completion.values).toEqual([]);
      const ids = await complete(incident, "incident_id", "payment", { page_id: "page_acme_api" });
      expect(ids.result?.completion).toEqual({ values: ["inc_acme_payments"], hasMore: false });
      const recent = { type: "ref/resource", uri: "beacon://incidents{?limit,severity,days}" };
      expect((await complete(recent, "severity", "m")).result?.completion.values).toEqual(["major", "minor"]);
      expect((await complete(recent, "days", "")).result?.completion.values).toEqual([]);
      const draft = { type: "ref/prompt", name: "draft_incident_update" };
      expect((await complete(draft, "page_id", "")).result?.completion.values).toContain("page_acme_main");
      expect((await complete(draft, "colour", "")).error?.message).toContain("there are: page_id, incident_id, news");
      for (const ref of [
        { type: "ref/prompt", name: "x" },
        { type: "ref/resource", uri: "beacon://x/{y}" },
        { type: "x" },
        7,
      ])
        expect((await complete(ref as Given, "y", "")).error?.code).toBe(-32602);
    });
  });

describe("the official clients", () => {
  it("read resources, prompts and completions in the session era", async () => {
    const client = new Client({ name: "views", version: "1" });
    const headers = { "x-api-key": beacon.keys.full };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers } }) as Transport,
    ); // differs under exactOptionalPropertyTypes
    expect(client.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      completions: {},
      logging: {},
    });
    expect((await client.listResources()).resources.length).toBe(3);
    const { contents } = await client.readResource({ uri: "beacon://pages" });
    expect(contents[0]).toMatchObject({ uri: "beacon://pages", mimeType: "application/json" });
    const { messages } = await client.getPrompt({
      name: "review_active_incidents",
      arguments: { page_id: "page_acme_api" },
    });
    expect(messages.map(({ content }) => content.type)).toEqual(["text", "resource", "resource"]);
    await expect(client.readResource({ uri: "beacon://nope" })).rejects.toMatchObject({ code: -32602 });
    const ref = { type: "ref/prompt", name: "review_active_incidents" } as const;
    const { completion } = await client.complete({ ref, argument: { name: "page_id", value: "page_acme_m" } });
    expect(completion.values).toEqual(["page_acme_main"]);
    await client.close();
  });

  it("do in the stateless era", async () => {
    const client = new ModernClient(
      { name: "views", version: "1" },
      { versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    await client.connect(
      new ModernHttp(new URL(gateway.url), { requestInit: { headers: { "x-api-key": beacon.keys.full } } }),
    );
    expect((await client.listResourceTemplates()).resourceTemplates.length).toBe(7);
    const { contents } = await client.readResource({ uri: "beacon://pages/page_acme_api/summary" });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ pageId: "page_acme_api" });
    const { messages } = await client.getPrompt({
      name: "review_active_incidents",
      arguments: { page_id: "page_acme_api" },
    });
    expect(messages).toHaveLength(3);
    await expect(client.readResource({ uri: "beacon://nope" })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });
});

describe("a fault in gateway.yaml or a prompt", () => {
  const faulty = [
    ["tool: list_incidentz", /gateway\.yaml:\d+: resource x: there is no tool list_incidentz/],
    ["tool: delete_incident", /resource x: delete_incident changes something/],
    ["tool: get_incident", /gateway\.yaml:\d+: resource x: get_incident needs the argument incidentId/],
    ["tool: list_incidents, arguments: { colour: red }", /resource x: list_incidents has no argument colour/],
    ['tool: list_incidents, arguments: { q: "{nope}" }', /\{nope\} is no variable of beacon:\/\/x\/\{thing\}/],
    ["tool: list_incidents", /\{thing\} is used for nothing/],
    ['tool: list_incidents, arguments: { q: "{thing}" }, complete: { thing: get_me }', /get_me is no list tool/],
    ['tool: list_incidents, arguments: { q: "{thing}" }, complete: { it: list_beats }', /there is no it to complete/],
    [
      'tool: list_incidents, arguments: { q: "{thing}" }, verify: { fields: { id: "{nope}" } }',
      /\{nope\} is no variable/,
    ],
    [
      'tool: list_incidents, arguments: { q: "{thing}" }, parameters: { n: { default: 1, max: 2 } }',
      /has no variable n/,
    ],
    ['tool: list_incidents, arguments: { q: "{thing}" }, bound: colour', /has no argument colour/],
  ] as const;
  for (const [yamlPart, want] of faulty)
    it(`is refused at the start, with its line: ${yamlPart}`, async () => {
      const given = `api: beacon\nresources:\n  - { uriTemplate: "beacon://x/{thing}", name: x, ${yamlPart} }\n`;
      await expect(startViewGateway({ api, upstream: beacon.url, yaml: given })).rejects.toThrow(want);
    });

  it("is refused where a prompt reads what is not there, or two resources are one", async () => {
    const bad = { "x.md": "---\nname: x\ndescription: d\nresources:\n  - beacon://nope\n---\nRead it.\n" };
    const start = (given: string, files?: Record<string, string>) =>
      startViewGateway({ api, upstream: beacon.url, yaml: given, ...(files && { prompts: files }) });
    await expect(start("api: beacon", bad)).rejects.toThrow(/x\.md:5: prompt x: beacon:\/\/nope is no resource/);
    const twice = ["a", "b"].map(
      (v) => `  - { uriTemplate: "beacon://i/{${v}}", name: ${v}, tool: list_incidents, arguments: { q: "{${v}}" } }`,
    );
    await expect(start(`api: beacon\nresources:\n${twice.join("\n")}\n`)).rejects.toThrow("are the same resource");
  });
});
