import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type Exchange, eraOf, startWire, type Wire } from "../fakes/wire.ts";
import {
  type Connected,
  clientKinds,
  connectDesktop,
  connectV2,
  type DesktopBlock,
  desktopBlock,
  inspect,
} from "./clients.ts";
import { projectRoot } from "./process.ts";

// Beacon, the gateway over its generated tools, and the clients people use, all over real HTTP. What a client achieved is read
// from Beacon's own REST API, never from the answer alone.

let beacon: Beacon;
let gateway: TestGateway;
let wire: Wire;

beforeAll(async () => {
  beacon = await startBeacon();
  const file = readFileSync(join(projectRoot, "openapi/beacon/gateway.yaml"), "utf8");
  const config = file.replace("[x-api-key, authorization]", "[x-api-key, authorization, x-openstatus-key]"); // as openstatus would configure it
  gateway = await startGateway(api, beacon.url, config);
  wire = await startWire(gateway.base);
});

afterAll(async () => {
  await wire.close();
  await gateway.close();
  await beacon.close();
});

/** What Beacon says itself, asked without the gateway. */
async function direct(path: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`${beacon.url}${path}`, { headers: { "x-api-key": beacon.keys.full } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Requests that reached Beacon, but for the question who a key is. */
function arrived(): number {
  return beacon.requests.filter(({ url }) => url !== "/me").length;
}

function callsOf(exchanges: readonly Exchange[]): readonly Exchange[] {
  return exchanges.filter(({ text }) => text.includes('"tools/call"'));
}

const monitor = { name: "Checkout", type: "website", url: "https://shop.example.com/checkout", labels: ["e2e"] };

describe.each(clientKinds)("$name", ({ era, connect, name }) => {
  let full: Connected;
  let reader: Connected;
  let first: number;
  let monitorId = "";

  beforeAll(async () => {
    first = wire.exchanges.length;
    full = await connect(`${wire.url}/mcp`, beacon.keys.full);
    reader = await connect(`${wire.url}/mcp`, beacon.keys.readOnly);
  });

  afterAll(async () => {
    await full.close();
    await reader.close();
  });

  it("sees all tools with a full key, and no tool that writes with a read-only key", async () => {
    const all = await full.listTools();
    const some = await reader.listTools();
    const offered = api.resources.flatMap(({ tools, actions }) => [...Object.values(tools), ...Object.values(actions)]);
    expect(all.map((tool) => tool.name).sort()).toEqual(offered.map((tool) => tool.name).sort());
    expect(some.map((tool) => tool.name).sort()).toEqual(
      offered
        .filter(({ effect }) => effect === "read")
        .map((tool) => tool.name)
        .sort(),
    );
    expect(some.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([]);
  });

  it("creates a monitor", async () => {
    const { structured, isError, text } = await full.call("create_monitor", monitor);
    expect([isError, text]).toEqual([false, JSON.stringify(structured)]);
    monitorId = String((structured.item as { id: unknown }).id);
    expect((await direct(`/monitors/${monitorId}`)).body).toMatchObject(monitor);
  });

  it("gets it", async () => {
    const { structured } = await reader.call("get_monitor", { monitorId });
    expect(structured.item).toMatchObject(monitor);
  });

  it("lists it among others", async () => {
    const { structured } = await reader.call("list_monitors", { q: "Checkout", limit: 1, fields: ["id", "name"] });
    expect(structured).toMatchObject({ returnedCount: 1, items: [{ name: expect.stringContaining("Checkout") }] });
    const page = await reader.call("list_monitors", { labels: ["e2e"] });
    expect(page.structured.items).toContainEqual(expect.objectContaining({ id: monitorId }));
  });

  it("counts as Beacon counts", async () => {
    const { structured } = await reader.call("count_monitors", {});
    expect(structured).toMatchObject({ count: (await direct("/monitors/count")).body.count, exact: true });
  });

  it("updates it and leaves the rest as it was", async () => {
    const { isError } = await full.call("update_monitor", { monitorId, intervalSeconds: 60 });
    expect(isError).toBe(false);
    expect((await direct(`/monitors/${monitorId}`)).body).toMatchObject({ ...monitor, intervalSeconds: 60 });
  });

  it("pauses it, an action", async () => {
    const { isError } = await full.call("pause_monitor", { monitorId, reason: "maintenance" });
    expect(isError).toBe(false);
    expect((await direct(`/monitors/${monitorId}`)).body).toMatchObject({ enabled: false, status: "paused" });
  });

  it("deletes it", async () => {
    const { structured } = await full.call("delete_monitor", { monitorId });
    expect(structured).toMatchObject({ deleted: true, monitorId });
    expect((await direct(`/monitors/${monitorId}`)).status).toBe(404);
  });

  it("is told that a monitor is not there", async () => {
    const { isError, text } = await reader.call("get_monitor", { monitorId });
    expect(isError).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ code: "upstream_not_found", retryable: false });
  });

  const refusals = [
    { what: "a create with a read-only key", who: () => reader, tool: "create_monitor", args: monitor },
    { what: "a delete with a read-only key", who: () => reader, tool: "delete_monitor", args: { monitorId: "mon_1" } },
    { what: "a tool that does not exist", who: () => full, tool: "explode_monitor", args: {} },
  ];
  for (const { what, who, tool, args } of refusals)
    it(`is refused ${what}, and nothing reaches Beacon`, async () => {
      const before = arrived();
      const { refused = "" } = await who().call(tool, args);
      expect(refused).toMatch(/not available|not found/i);
      expect(arrived()).toBe(before);
    });

  it("is refused bad arguments with what to correct, and nothing reaches Beacon", async () => {
    const before = arrived();
    const { isError, text } = await full.call("create_monitor", { ...monitor, type: "nonsense" });
    expect(isError).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining("type") });
    expect(arrived()).toBe(before);
  });

  it(`speaks the ${era} era`, () => {
    const calls = callsOf(wire.exchanges.slice(first));
    expect(calls.length).toBeGreaterThanOrEqual(10);
    expect(new Set(calls.map(eraOf))).toEqual(new Set([era]));
    if (name === "mcp-remote")
      expect(new Set(calls.map(({ headers }) => headers["x-openstatus-key"]))).toEqual(
        new Set([beacon.keys.full, beacon.keys.readOnly]),
      );
  });
});

describe("the v2 SDK client left to choose", () => {
  for (const { mode, era } of [
    { mode: "auto", era: "stateless" },
    { mode: "legacy", era: "session" },
  ] as const)
    it(`comes to the ${era} era in mode ${mode}`, async () => {
      const first = wire.exchanges.length;
      const client = await connectV2(`${wire.url}/mcp`, beacon.keys.readOnly, mode);
      const { isError } = await client.call("count_monitors", {});
      await client.close();
      expect(isError).toBe(false);
      expect(callsOf(wire.exchanges.slice(first)).map(eraOf)).toEqual([era]);
    });
});

describe("what alerts people", () => {
  it("alerts nobody with notify false and once with notify true", async () => {
    const client = await connectV2(`${gateway.url}`, beacon.keys.full);
    const sent = async (): Promise<number> => Number((await direct("/outbox/count")).body.count);
    const before = await sent();
    const pages = await client.call("list_status_pages", { limit: 1 });
    const [page] = pages.structured.items as readonly { readonly id: string }[]; // the envelope of list
    const incident = { title: "Checkout is slow", severity: "minor", pageId: page?.id, notify: false };
    const made = await client.call("create_incident", incident);
    const { id } = made.structured.item as { readonly id: string }; // the envelope of create
    expect([made.isError, await sent()]).toEqual([false, before]);
    const resolved = await client.call("resolve_incident", { incidentId: id, message: "Fixed", notify: true });
    await client.close();
    expect([resolved.isError, await sent()]).toEqual([false, before + 1]);
    expect((await direct(`/incidents/${id}`)).body).toMatchObject({ state: "resolved", status: "resolved" });
  });
});

describe("the Inspector's portability check", () => {
  it("finds no fault in any schema of Beacon's tools", async () => {
    const { code, stderr } = await inspect(gateway.url, beacon.keys.full, ["--method", "tools/list", "--strict"]);
    expect([code, stderr.match(/^Error.*(?:\n {2}.*)*/gm)]).toEqual([0, null]);
  });
});

it("the setup page's block for Claude Desktop works as shown, with a key in it", async () => {
  const page = await (await fetch(`${gateway.base}/`, { headers: { accept: "text/html" } })).text();
  const [, text = ""] = /<h2>Claude Desktop<\/h2>.*?<pre>(.*?)<\/pre>/s.exec(page) ?? [];
  const shown = text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  const { mcpServers } = JSON.parse(shown) as { mcpServers: Record<string, DesktopBlock> };
  const [block] = Object.values(mcpServers);
  if (!block) throw new Error(shown);
  const client = await connectDesktop({ ...block, env: { ...block.env, API_KEY: beacon.keys.readOnly } });
  const { isError } = await client.call("count_monitors", {});
  await client.close();
  expect(isError).toBe(false);
});

const document = join(projectRoot, "../shared/reference/openstatus-claude-desktop.md");

describe("the configuration block for Claude Desktop", () => {
  it.skipIf(!existsSync(document))(`is the documented one but for URL and key (skipped without ${document})`, () => {
    const [, json = ""] = /```json\n([\s\S]*?"mcpServers"[\s\S]*?)```/.exec(readFileSync(document, "utf8")) ?? [];
    const written = JSON.parse(json) as { mcpServers: { openstatus: object } };
    const ours = desktopBlock("https://api.openstatus.dev/mcp", `os_${"x".repeat(32)}`);
    expect(written.mcpServers.openstatus).toEqual(ours);
  });
});
