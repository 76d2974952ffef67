import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { type Started, type StdioProject, startV1, startV2, stdioProject } from "../fakes/stdioServer.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { projectRoot, type Run, runNode, specgate, specgateMain } from "./process.ts";

// `specgate stdio` as clients start it, over Beacon, with the eight settings of the StatiBeat document.

const variables = [
  "STATIBEAT_BASE_URL",
  "STATIBEAT_API_TOKEN",
  "STATIBEAT_ORG_ID",
  "STATIBEAT_PAGE_ID",
  "STATIBEAT_ORG_SLUG",
  "STATIBEAT_PAGE_PUBLIC_SLUG",
  "STATIBEAT_MCP_READ_ONLY",
  "STATIBEAT_MCP_ALLOWED_TOOLS",
];
const flags = "base-url api-token org-id page-id org-slug public-slug read-only allowed-tools".split(" ");

const yaml = `
api: beacon
upstreams: { default: { url: "http://127.0.0.1:1" } }
credentials:
  check:
    operation: getMe
    user: user.id
    organisation: organisation.id
    scopes: { path: key.scopes, map: { read: mcp.read, write: mcp.write, delete: mcp.delete } }
surfaces:
  page:
    path: /page
    instructions: One page alone.
    tools: { allow: [list_incidents, create_incident, update_incident, delete_incident, acknowledge_incident, run_beat] }
safeguards: [{ match: delete_incident, confirm: always }]
audit: { attribution: true }
hooks: ./hooks.ts
resources:
  - { uri: "beacon://page/incidents", name: incidents, tool: list_incidents, bound: pageId }
stdio:
  surface: page
  settings:
    base-url: { env: STATIBEAT_BASE_URL, required: true, to: url }
    api-token: { env: STATIBEAT_API_TOKEN, required: true, to: credential }
    org-id: { env: STATIBEAT_ORG_ID, to: { header: X-Organisation-Id } }
    page-id: { env: STATIBEAT_PAGE_ID, required: true, to: { argument: pageId, elsewhere: allow } }
    org-slug: { env: STATIBEAT_ORG_SLUG }
    public-slug: { env: STATIBEAT_PAGE_PUBLIC_SLUG }
    read-only: { env: STATIBEAT_MCP_READ_ONLY, to: readOnly }
    allowed-tools: { env: STATIBEAT_MCP_ALLOWED_TOOLS, to: tools }
  resolve:
    - { setting: org-id, tool: list_organisations, arguments: { slug: "{org-slug}" } }
    - { setting: page-id, tool: list_status_pages, arguments: { slug: "{public-slug}" } }
    - { setting: page-id, tool: list_status_pages, arguments: { q: "{host}" }, match: { customDomain: "{host}" } }
`;
const hooks = `
console.log("a hook that talks");
export const hooks = [{ tool: "list_incidents", hook: { before: () => { console.log("listing"); } } }];
`;
const all = [
  "acknowledge_incident",
  "create_incident",
  "delete_incident",
  "list_incidents",
  "run_beat",
  "update_incident",
];

let beacon: Beacon;
let project: StdioProject;
beforeAll(async () => {
  beacon = await startBeacon();
  project = stdioProject(yaml, { "hooks.ts": hooks });
});
afterAll(async () => {
  project.remove();
  await beacon.close();
});

type Env = Readonly<Record<string, string>>;
const basic = (): Env => ({
  STATIBEAT_BASE_URL: beacon.url,
  STATIBEAT_API_TOKEN: beacon.keys.full,
  STATIBEAT_PAGE_ID: "page_acme_main",
});
const server = (env: Env = basic(), args: readonly string[] = []): Started => ({
  command: process.execPath,
  args: [...project.args, ...args],
  env,
});
/** To its end: without a client, it ends when stdin does. */
const run = (env: Env, args: readonly string[] = []): Promise<Run> => runNode([...project.args, ...args], { env });
const listed = (answer: { tools: { name: string }[] }): string[] => answer.tools.map(({ name }) => name);
const structured = (answer: unknown): Readonly<Record<string, unknown>> =>
  (answer as { structuredContent: Record<string, unknown> }).structuredContent;

describe("a stdio server", () => {
  for (const { mode, era } of [
    { mode: "auto", era: "modern" },
    { mode: "legacy", era: "legacy" },
    { mode: { pin: "2026-07-28" }, era: "modern" },
  ] as const)
    it(`serves the v2 client ${JSON.stringify(mode)}`, async () => {
      const client = await startV2(server(), mode);
      expect(client.getProtocolEra()).toBe(era);
      expect(listed(await client.listTools())).toEqual(all);
      const answer = structured(await client.callTool({ name: "list_incidents", arguments: { limit: 1 } }));
      expect(answer.returnedCount).toBe(1);
      await expect(client.callTool({ name: "list_pages", arguments: {} })).rejects.toThrow("Tool not available");
      const { contents } = await client.readResource({ uri: "beacon://page/incidents" });
      expect(JSON.stringify(contents)).toContain("page_acme_main");
      await client.close();
    });

  it("serves the v1 client, with the page fixed in every schema and call, and never another page", async () => {
    const { client } = await startV1(server());
    expect([client.getServerVersion()?.name, client.getInstructions()]).toEqual(["specgate", "One page alone."]);
    const { tools } = await client.listTools();
    expect(listed({ tools })).toEqual(all);
    for (const { inputSchema } of tools) expect(Object.keys(inputSchema.properties ?? {})).not.toContain("pageId");
    const before = beacon.requests.length;
    const { items } = structured(await client.callTool({ name: "list_incidents", arguments: {} })) as {
      items: { pageId: string }[];
    };
    expect(new Set(items.map(({ pageId }) => pageId))).toEqual(new Set(["page_acme_main"]));
    expect(beacon.requests.slice(before).some(({ url }) => url.includes("pageId=page_acme_main"))).toBe(true);
    const other = await client.callTool({ name: "list_incidents", arguments: { pageId: "page_acme_api" } });
    expect([other.isError, JSON.stringify(other.content)]).toEqual([true, expect.stringContaining("not_permitted")]);
    await client.close();
  });

  it("serves the Inspector CLI", async () => {
    const inspector = join(projectRoot, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    const variables = Object.entries(basic()).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const asked = ["--cli", "--format", "json", "-q", "--method", "tools/list", ...variables];
    const { stdout } = await runNode([inspector, ...asked, "--", process.execPath, ...project.args]);
    expect(listed((JSON.parse(stdout) as { result: { tools: { name: string }[] } }).result)).toEqual(all);
  });

  it("asks the user in both eras, and does nothing on a no", async () => {
    const incident = async (): Promise<string> => {
      const { client } = await startV1(server());
      const args = { title: "To go", severity: "minor", notify: false };
      const { item } = structured(await client.callTool({ name: "create_incident", arguments: args })) as {
        item: { id: string; pageId: string };
      };
      expect(item.pageId).toBe("page_acme_main");
      await client.close();
      return item.id;
    };
    const [first, second] = [await incident(), await incident()];
    const remove = (incidentId: string): { name: string; arguments: Record<string, unknown> } => ({
      name: "delete_incident",
      arguments: { incidentId },
    });
    const v1 = (await startV1(server(), { elicitation: {} })).client;
    const said: string[] = [];
    let yes = false;
    v1.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      said.push(params.message);
      return { action: "accept", content: { confirm: yes } };
    });
    expect((await v1.callTool(remove(first))).isError).toBe(true);
    yes = true;
    expect(structured(await v1.callTool(remove(first)))).toMatchObject({ deleted: true });
    expect(said).toHaveLength(2);
    expect(said[0]).toContain("To go");
    await v1.close();

    const v2 = await startV2(server(), { pin: "2026-07-28" }, { elicitation: { form: {} } });
    v2.setRequestHandler("elicitation/create", async () => ({ action: "accept", content: { confirm: true } }));
    expect(structured(await v2.callTool(remove(second)))).toMatchObject({ deleted: true });
    await v2.close();
    const deleted = beacon.requests.filter(({ method }) => method === "DELETE").map(({ url }) => url);
    expect(deleted).toEqual([`/incidents/${first}`, `/incidents/${second}`]);
  });

  it("writes nothing but the protocol to stdout, whatever hooks print", async () => {
    const child = spawn(process.execPath, [...project.args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...basic() },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const lines: string[] = [];
    const answered = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        lines.push(line);
        if ((JSON.parse(line) as { id?: number }).id === 2) resolve();
      });
    });
    const say = (message: object): unknown => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    const clientInfo = { name: "raw", version: "1" };
    say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo } });
    say({ method: "notifications/initialized" });
    say({ id: 2, method: "tools/call", params: { name: "list_incidents", arguments: { limit: 1 } } });
    await answered;
    child.stdin.end();
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
    expect(stderr).toContain("a hook that talks");
    expect(stderr).toContain("listing");
  });

  it("tells the API and the audit log who acts, and keeps the log where DATABASE_URL says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-stdio-audit-"));
    const withActor = stdioProject(
      yaml.replace("  settings:", "  settings:\n    actor: { env: SLACK_USER, to: actor }"),
      { "hooks.ts": hooks },
    );
    const env = {
      ...basic(),
      SLACK_USER: "U123",
      DATABASE_URL: `sqlite:${folder}/audit.db`,
      SPECGATE_SECRET: "0123456789abcdef",
    };
    try {
      const { client } = await startV1({ command: process.execPath, args: withActor.args, env });
      const args = { title: "Told", severity: "minor", notify: false };
      await client.callTool({ name: "create_incident", arguments: args });
      await client.close();
      const sent = beacon.requests.findLast(({ method, url }) => method === "POST" && url === "/incidents");
      expect(sent?.headers).toMatchObject({ "x-actor-type": "mcp", "x-actor-user-id": "U123" });
      const audit = await specgate(["audit", "list", "--json"], { env });
      expect(JSON.parse(audit.stdout)).toMatchObject({
        records: [
          { kind: "outcome", actor_kind: "stdio", actor_user_id: "U123", tool: "create_incident", surface: "page" },
          {},
        ],
      });
    } finally {
      withActor.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  describe("over an API that takes its time", () => {
    let widgets: Widgets;
    let folder: string;
    let slow: Started;
    beforeAll(async () => {
      widgets = await startWidgets(["key"]);
      folder = mkdtempSync(join(tmpdir(), "specgate-stdio-spec-"));
      writeFileSync(join(folder, "openapi.json"), JSON.stringify(widgetSpec));
      slow = {
        command: process.execPath,
        args: [specgateMain, "stdio", "--spec", join(folder, "openapi.json"), "--base-url", widgets.url],
        env: { UPSTREAM_API_KEY: "key", METRICS_PORT: "0", LOG_LEVEL: "info" },
      };
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await widgets.close();
    });

    it("tells of progress, ends what is cancelled, and measures a pipe", async () => {
      const { client, stderr } = await startV1(slow);
      const held = widgets.hold();
      const cancel = new AbortController();
      const told = Promise.withResolvers<number>();
      const call = client.callTool({ name: "list_widgets", arguments: {} }, undefined, {
        signal: cancel.signal,
        onprogress: ({ progress }) => told.resolve(progress),
      });
      await held.arrived;
      expect(await told.promise).toBe(3);
      cancel.abort("enough");
      await expect(call).rejects.toThrow("enough");
      held.release();
      const answer = structured(await client.callTool({ name: "list_widgets", arguments: {} }));
      expect(answer).toMatchObject({ returnedCount: 1 });
      const port = /"metricsPort":(\d+)/.exec(stderr())?.[1];
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toMatch(/mcp_server_operation_duration_seconds_count\{[^}]*network_transport="pipe"/);
      await client.close();
    });

    it("ends when its client leaves in the middle of a call", async () => {
      const held = widgets.hold();
      const { client } = await startV1(slow);
      const call = client.callTool({ name: "list_widgets", arguments: {} }).catch((thrown: unknown) => String(thrown));
      await held.arrived;
      await client.close();
      expect(await call).toContain("closed");
      held.release();
    });
  });
});

describe("the settings of a stdio server", () => {
  it("are exactly the eight of the document, as variables and as flags", () => {
    const declared = [...yaml.matchAll(/^ {4}([a-z-]+): \{ env: ([A-Z_]+)/gm)];
    expect(declared.map(([, flag]) => flag)).toEqual(flags);
    expect(declared.map(([, , env]) => env)).toEqual(variables);
  });

  it("may all be flags, and a token that is one is warned of", async () => {
    const given = { "base-url": beacon.url, "api-token": beacon.keys.full, "org-slug": "acme", "public-slug": "api" };
    const args = Object.entries(given).flatMap(([flag, value]) => [`--${flag}`, value]);
    const wanted = { STATIBEAT_API_TOKEN: "wrong", STATIBEAT_MCP_ALLOWED_TOOLS: "nothing" };
    const before = beacon.requests.length;
    const { client, stderr } = await startV1(
      server(wanted, [...args, "--allowed-tools=create_incident,list_incidents"]),
    );
    expect(listed(await client.listTools())).toEqual(["create_incident", "list_incidents"]);
    const args2 = { title: "By slug", severity: "minor", notify: false };
    const made = structured(await client.callTool({ name: "create_incident", arguments: args2 }));
    expect(made).toMatchObject({ item: { pageId: "page_acme_api" } });
    await client.close();
    expect(stderr()).toContain("other users of this machine can read --api-token");
    expect(stderr()).not.toContain(beacon.keys.full);
    const sent = beacon.requests.slice(before);
    expect(sent.map(({ url }) => url)).toEqual(
      expect.arrayContaining([
        expect.stringContaining("/organisations?slug=acme"),
        expect.stringContaining("slug=api"),
      ]),
    );
    expect(sent.at(-1)?.headers["x-organisation-id"]).toBe("org_acme");
  });

  it("that say read-only leave resources and prompts, and no tool that changes anything", async () => {
    const env = {
      ...basic(),
      STATIBEAT_MCP_READ_ONLY: "true",
      STATIBEAT_MCP_ALLOWED_TOOLS: "create_incident,list_incidents",
    };
    const { client } = await startV1(server(env));
    expect(listed(await client.listTools())).toEqual(["list_incidents"]);
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(["beacon://page/incidents"]);
    await client.close();
  });

  const wrong: { name: string; env?: () => Env; args?: string[]; code: number; want: string }[] = [
    {
      name: "without what is required",
      env: () => ({}),
      code: 2,
      want: "STATIBEAT_BASE_URL (--base-url) is not set",
    },
    {
      name: "without a page, or anything to find it by",
      env: () => ({ STATIBEAT_BASE_URL: beacon.url, STATIBEAT_API_TOKEN: beacon.keys.full }),
      code: 1,
      want: "STATIBEAT_PAGE_ID (--page-id) could not be looked up by host",
    },
    {
      name: "with a page that is not there",
      env: () => ({
        STATIBEAT_BASE_URL: beacon.url,
        STATIBEAT_API_TOKEN: beacon.keys.full,
        STATIBEAT_PAGE_PUBLIC_SLUG: "nowhere",
      }),
      code: 1,
      want: 'could not be looked up by public-slug "nowhere": there is none',
    },
    {
      name: "with a tool that is not there",
      env: () => ({ ...basic(), STATIBEAT_MCP_ALLOWED_TOOLS: "create_incidnet" }),
      code: 2,
      want: 'STATIBEAT_MCP_ALLOWED_TOOLS (--allowed-tools): "create_incidnet" matches no tool; did you mean create_incident?',
    },
    {
      name: "with a flag that is not there",
      args: ["--page", "x"],
      code: 2,
      want: "there is no setting --page; did you mean --page-id?",
    },
    { name: "with a flag that has no value", args: ["--page-id"], code: 2, want: "--page-id needs a value" },
    { name: "with a word that belongs to no flag", args: ["serve"], code: 2, want: '"serve" belongs to no setting' },
    {
      name: "with a base URL that is none",
      env: () => ({ ...basic(), STATIBEAT_BASE_URL: "acme" }),
      code: 2,
      want: "is not an http(s) URL",
    },
    {
      name: "with a yes that is none",
      env: () => ({ ...basic(), STATIBEAT_MCP_READ_ONLY: "perhaps" }),
      code: 2,
      want: "give true or false",
    },
    {
      name: "with a token that the API refuses",
      env: () => ({ ...basic(), STATIBEAT_API_TOKEN: "bk_nobody" }),
      code: 1,
      want: "STATIBEAT_API_TOKEN: the key is not valid",
    },
  ];
  for (const { name, env = basic, args = [], code, want } of wrong)
    it(`end the server ${name} with ${code}, and say it on stderr alone`, async () => {
      const ended = await run(env(), args);
      expect([ended.code, ended.stdout, ended.stderr]).toEqual([code, "", expect.stringContaining(want)]);
      expect(ended.stderr).not.toContain("bk_nobody");
    });
});
