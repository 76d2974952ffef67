import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../../demo/server.ts";
import { testBeacon } from "../../demo/beacon.ts";
import { type Started, startV1 } from "../../fakes/stdioServer.ts";
import { runNode, specgateMain } from "../process.ts";
import { documentLines, withoutDocuments } from "./product.ts";

// examples/statibeat-page, as the reference describes the page MCP server.

const p = "statibeat://page";
const uris = [
  `${p}/status-definitions`,
  `${p}/lifecycle/stages`,
  `${p}/maintenance-lifecycle/stages`,
  `${p}/summary`,
  `${p}/incidents/active`,
  `${p}/incidents/{incident_id}`,
  `${p}/incidents/{incident_id}/updates?limit={limit}`,
  `${p}/maintenances/active`,
  `${p}/maintenances/{maintenance_id}`,
  `${p}/maintenances/{maintenance_id}/updates?limit={limit}`,
  `${p}/maintenances?filter={filter}`,
  `${p}/hierarchy/tree`,
  `${p}/subscribers/summary`,
  `${p}/analytics/summary?window_days=30`,
  `${p}/analytics/summary?window_days={window_days}`,
  `${p}/embeds`,
  `${p}/beats`,
  `${p}/beats/pending-actions`,
  `${p}/beats/{monitor_id}/recent-events?limit={limit}`,
].sort();
const prompts =
  `draft_customer_incident draft_incident_update draft_maintenance_update edit_incident plan_maintenance_window
  resolve_incident review_beat_action review_existing_incident_state`.split(/\s+/);
const tools =
  `acknowledge_incident add_incident_update add_maintenance_update approve_beat_action cancel_maintenance complete_maintenance
  create_incident delete_incident delete_maintenance reject_beat_action reopen_incident resolve_incident run_beat schedule_maintenance
  update_incident update_maintenance`.split(/\s+/);
const variables = `STATIBEAT_BASE_URL STATIBEAT_API_TOKEN STATIBEAT_ORG_ID STATIBEAT_PAGE_ID STATIBEAT_ORG_SLUG
  STATIBEAT_PAGE_PUBLIC_SLUG STATIBEAT_MCP_READ_ONLY STATIBEAT_MCP_ALLOWED_TOOLS`.split(/\s+/);
const flags = "--base-url --api-token --org-id --page-id --org-slug --public-slug --read-only --allowed-tools".split(
  " ",
);

type Env = Readonly<Record<string, string>>;
let beacon: Beacon;
let client: Client;
const config = ["--config", new URL("../../../examples/statibeat-page/gateway.yaml", import.meta.url).pathname];
const started = (env: Env, args: readonly string[] = []): Started => ({
  command: process.execPath,
  args: [specgateMain, "stdio", ...config, ...args],
  env: { DATABASE_URL: "sqlite::memory:", ...env },
});
const basic = (): Env => ({
  STATIBEAT_BASE_URL: beacon.url,
  STATIBEAT_API_TOKEN: beacon.keys.full,
  STATIBEAT_PAGE_ID: "page_acme_api",
});
const connect = async (env: Env, args: readonly string[] = []): Promise<Client> =>
  (await startV1(started(env, args))).client;

const offered = async (
  one: Client,
): Promise<{
  readonly uris: readonly string[];
  readonly prompts: readonly string[];
  readonly tools: readonly string[];
}> => ({
  uris: [
    ...(await one.listResources()).resources.map(({ uri }) => uri),
    ...(await one.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  ].sort(),
  prompts: (await one.listPrompts()).prompts.map(({ name }) => name).sort(),
  tools: (await one.listTools()).tools.map(({ name }) => name).sort(),
});

beforeAll(async () => {
  beacon = await testBeacon();
  client = await connect(basic());
});

afterAll(async () => {
  await client?.close();
  await beacon?.close();
});

async function read(uri: string): Promise<Readonly<Record<string, unknown>>> {
  const { contents } = await client.readResource({ uri });
  return JSON.parse(String((contents[0] as { text: string } | undefined)?.text)) as Readonly<Record<string, unknown>>;
}

async function run(name: string, args: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const { structuredContent, isError, content } = await client.callTool({ name, arguments: { ...args } });
  if (isError) throw new Error(JSON.stringify(content));
  return structuredContent as Readonly<Record<string, unknown>>;
}

describe("the offer", () => {
  it("is exactly the resources, prompts and tools of the reference", async () =>
    expect(await offered(client)).toEqual({ uris, prompts, tools }));

  it("has the page in no schema of a tool", async () => {
    for (const tool of (await client.listTools()).tools)
      expect(Object.keys(tool.inputSchema.properties ?? {})).not.toContain("pageId");
  });

  it("is resources and prompts without tools that write when it is read-only, by variable and by flag", async () => {
    for (const one of [
      await connect({ ...basic(), STATIBEAT_MCP_READ_ONLY: "true" }),
      await connect(basic(), ["--read-only"]),
    ]) {
      const { tools: none } = await one.listTools().catch(() => ({ tools: [] }));
      expect(none).toEqual([]);
      expect((await one.listPrompts()).prompts.map(({ name }) => name).sort()).toEqual(prompts);
      expect((await one.listResources()).resources.length).toBeGreaterThan(0);
      await one.close();
    }
  });

  it("is the allowed tools alone, by variable and by flag, and exit code 2 for one there is none of", async () => {
    const allowed = "create_incident,add_incident_update";
    for (const one of [
      await connect({ ...basic(), STATIBEAT_MCP_ALLOWED_TOOLS: allowed }),
      await connect(basic(), ["--allowed-tools", allowed]),
    ]) {
      expect((await offered(one)).tools).toEqual(["add_incident_update", "create_incident"]);
      await one.close();
    }
    const env = { ...basic(), STATIBEAT_MCP_ALLOWED_TOOLS: "create_incidents" };
    const { code, stderr, stdout } = await runNode([specgateMain, "stdio", ...config], { env });
    expect([code, stderr, stdout]).toEqual([2, expect.stringContaining("create_incident"), ""]);
  });
});

describe("the settings", () => {
  it("are exactly the eight variables and flags", async () => {
    const { stderr, stdout } = await runNode([specgateMain, "stdio", ...config, "--no-such-flag-at-all"], {
      env: basic(),
    });
    for (const flag of flags) expect(stderr + stdout).toContain(flag);
    const bare = await runNode([specgateMain, "stdio", ...config], {});
    for (const name of ["STATIBEAT_BASE_URL", "STATIBEAT_API_TOKEN"]) expect(bare.stderr).toContain(name);
    expect(bare.code).toBe(2);
  });

  it("can all be flags", async () => {
    const args = [
      "--base-url",
      beacon.url,
      "--api-token",
      beacon.keys.full,
      "--org-id",
      "org_acme",
      "--page-id",
      "page_acme_main",
    ];
    const one = await connect({}, args);
    const { contents } = await one.readResource({ uri: `${p}/summary` });
    expect(JSON.stringify(contents)).toContain("page_acme_main");
    await one.close();
  });

  it("find the page by organisation slug and public slug", async () => {
    const one = await connect({
      STATIBEAT_BASE_URL: beacon.url,
      STATIBEAT_API_TOKEN: beacon.keys.full,
      STATIBEAT_ORG_SLUG: "acme",
      STATIBEAT_PAGE_PUBLIC_SLUG: "api",
    });
    const { contents } = await one.readResource({ uri: `${p}/summary` });
    expect(JSON.stringify(contents)).toContain("page_acme_api");
    await one.close();
  });
});

describe("a resource", () => {
  it.each([
    `${p}/status-definitions`,
    `${p}/lifecycle/stages`,
    `${p}/maintenance-lifecycle/stages`,
    `${p}/summary`,
    `${p}/incidents/active`,
    `${p}/incidents/inc_acme_payments`,
    `${p}/incidents/inc_acme_database/updates?limit=1`,
    `${p}/maintenances/active`,
    `${p}/maintenances/mnt_acme_database`,
    `${p}/maintenances/mnt_acme_network/updates?limit=20`,
    `${p}/maintenances?filter=past`,
    `${p}/hierarchy/tree`,
    `${p}/subscribers/summary`,
    `${p}/analytics/summary?window_days=30`,
    `${p}/analytics/summary?window_days=7`,
    `${p}/embeds`,
    `${p}/beats`,
    `${p}/beats/pending-actions`,
    `${p}/beats/beat_acme_checkout/recent-events?limit=2`,
  ])("%s is read", async (uri) => expect(Object.keys(await read(uri)).length).toBeGreaterThan(0));

  const filters = [
    { filter: "active", ids: ["mnt_acme_network"] },
    { filter: "upcoming", ids: ["mnt_acme_database"] },
    { filter: "scheduled", ids: ["mnt_acme_database"] },
    { filter: "past", ids: ["mnt_acme_cache", "mnt_acme_dns"] },
  ];
  for (const { filter, ids } of filters)
    it(`of maintenances takes the filter ${filter}`, async () => {
      const { items } = (await read(`${p}/maintenances?filter=${filter}`)) as { items: readonly { id: string }[] };
      expect(items.map(({ id }) => id).toSorted()).toEqual(ids);
    });

  it("of maintenances refuses any other filter, with those there are", async () =>
    await expect(read(`${p}/maintenances?filter=all`)).rejects.toThrow("active, upcoming, past, scheduled"));

  const limits = [
    { uri: `${p}/incidents/inc_acme_database/updates`, sent: "limit=20" },
    { uri: `${p}/incidents/inc_acme_database/updates?limit=500`, sent: "limit=200" },
    { uri: `${p}/analytics/summary`, sent: "windowDays=30" },
    { uri: `${p}/analytics/summary?window_days=365`, sent: "windowDays=90" },
  ];
  for (const { uri, sent } of limits)
    it(`${uri} asks for ${sent}`, async () => {
      const before = beacon.requests.length;
      await read(uri);
      expect(
        beacon.requests
          .slice(before)
          .map(({ url }) => url)
          .join(" "),
      ).toContain(sent);
    });
});

describe("a tool", () => {
  it("of each kind does what the API then shows, on the one page", async () => {
    const notify = false;
    const { item } = (await run("create_incident", { title: "Walk", severity: "minor", notify })) as {
      item: { id: string; pageId: string };
    };
    expect(item.pageId).toBe("page_acme_api");
    const incidentId = item.id;
    await run("update_incident", { incidentId, severity: "major" });
    await run("add_incident_update", { incidentId, status: "identified", message: "Found", notify });
    await run("acknowledge_incident", { incidentId });
    await run("resolve_incident", { incidentId, notify });
    await run("reopen_incident", { incidentId, notify });
    expect(await read(`${p}/incidents/${incidentId}`)).toMatchObject({ severity: "major", state: "active" });
    expect(await run("delete_incident", { incidentId })).toMatchObject({ deleted: true });

    const window = { title: "Walk", message: "m", from: "2036-03-14T02:00:00Z", to: "2036-03-14T04:00:00Z", notify };
    const planned = (await run("schedule_maintenance", window)) as { item: { id: string } };
    const maintenanceId = planned.item.id;
    await run("update_maintenance", { maintenanceId, title: "Walked" });
    await run("add_maintenance_update", { maintenanceId, message: "Soon", notify });
    await run("cancel_maintenance", { maintenanceId, notify });
    expect(await read(`${p}/maintenances/${maintenanceId}`)).toMatchObject({ title: "Walked", state: "cancelled" });
    await run("complete_maintenance", { maintenanceId: "mnt_acme_network", notify });
    expect(await run("delete_maintenance", { maintenanceId })).toMatchObject({ deleted: true });

    await run("run_beat", { beatId: "beat_acme_home" });
    expect(await run("approve_beat_action", { beatActionId: "bac_acme_component" })).toMatchObject({
      item: { state: "approved" },
    });
    expect(await run("reject_beat_action", { beatActionId: "bac_acme_incident" })).toMatchObject({
      item: { state: "rejected" },
    });
  });
});

describe("a prompt", () => {
  it.each(prompts)("%s brings what it reads", async (name) => {
    const args: Env = {
      what: "x",
      work: "x",
      change: "x",
      incident_id: "inc_acme_payments",
      maintenance_id: "mnt_acme_database",
    };
    const own =
      (await client.listPrompts()).prompts.find((one) => one.name === name)?.arguments?.map((one) => one.name) ?? [];
    const { messages } = await client.getPrompt({
      name,
      arguments: Object.fromEntries(Object.entries(args).filter(([arg]) => own.includes(arg))),
    });
    expect(messages.some(({ content }) => content.type === "resource")).toBe(true);
  });
});

describe.skipIf(withoutDocuments !== false)(
  `the reference${withoutDocuments === false ? "" : ` (${withoutDocuments})`}`,
  () => {
    const lines = (): readonly string[] => {
      const all = documentLines("statibeat");
      return all.slice(all.findIndex((line) => line.startsWith("## Page MCP server setup")));
    };

    it("lists exactly the resources, prompts and tools that are offered", () => {
      const bullets = lines().flatMap((line) => /^- `([^`]+)`$/.exec(line)?.[1] ?? []);
      expect(bullets.filter((one) => one.startsWith("statibeat://")).toSorted()).toEqual(uris);
      expect(bullets.filter((one) => /^[a-z_]+$/.test(one)).toSorted()).toEqual([...prompts, ...tools].sort());
    });

    it("lists exactly the variables and flags that there are", () => {
      const text = lines().join("\n");
      expect([...new Set(text.match(/STATIBEAT_[A-Z_]+/g))].sort()).toEqual([...variables].sort());
      const named = /The equivalent flags are (.*)/.exec(text)?.[1]?.match(/--[a-z-]+/g);
      expect(named).toEqual(flags);
    });
  },
);
