import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../../demo/server.ts";
import { call, testBeacon } from "../../demo/beacon.ts";
import { seeLog } from "../../fakes/auditLog.ts";
import { type Caller, callerOf, type ServedTool } from "../../fakes/caller.ts";
import { get, postSession } from "../../http/wire.ts";
import { connectDesktop, type DesktopBlock } from "../clients.ts";
import { specgate } from "../process.ts";
import { documentLines, jsonBlocks, type ServedProduct, serveProduct, withoutDocuments } from "./product.ts";

// examples/openstatus, as the guides for Claude Code and Claude Desktop describe it.

const reads = ["list_maintenances", "list_status_pages", "list_status_reports"];
const writes = [
  "add_status_report_update",
  "create_maintenance",
  "create_status_report",
  "resolve_status_report",
  "update_status_report",
];

let beacon: Beacon;
let product: ServedProduct;
let folder: string;
let env: Readonly<Record<string, string>>;
let url: string;
/** Gateway keys as `specgate keys create` printed them. */
let readKey: string;
let writeKey: string;
let reader: Caller;
let writer: Caller;

const header = (key: string): Readonly<Record<string, string>> => ({ "x-openstatus-key": key });
const callerWith = (key: string): Caller => callerOf(url, "", header(key));

interface Made {
  readonly key: string;
  readonly id: string;
  readonly scopes: readonly string[];
}

async function createKey(name: string, scopes: string, upstreamKey: string): Promise<Made> {
  const args = ["keys", "create", "--config", "examples/openstatus/gateway.yaml", "--json"];
  const own = ["--name", name, "--user", "usr_ada", "--scopes", scopes, "--upstream-key-file", "-"];
  const { code, stdout, stderr } = await specgate([...args, ...own], { env, input: upstreamKey });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Made;
}

let made: { readonly read: Made; readonly write: Made };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "specgate-openstatus-"));
  env = { DATABASE_URL: `sqlite:${join(folder, "openstatus.db")}`, SPECGATE_SECRET: "a secret of the tests" };
  beacon = await testBeacon();
  product = await serveProduct("openstatus", beacon, env);
  url = `${product.base}/mcp`;
  made = {
    read: await createKey("Vic's Claude", "read", beacon.keys.readOnly),
    write: await createKey("Ada's Claude", "read write", beacon.keys.readWrite),
  };
  [readKey, writeKey] = [made.read.key, made.write.key];
  [reader, writer] = [callerWith(readKey), callerWith(writeKey)];
});

afterAll(async () => {
  await product?.stop();
  await beacon?.close();
  rmSync(folder, { recursive: true, force: true });
});

const direct = async (path: string): Promise<unknown> => (await call(beacon, beacon.keys.full, `GET ${path}`)).body;
const outbox = async (): Promise<number> => Number(((await direct("/outbox/count")) as { count: number }).count);
/** Changes that have reached the API. */
const changes = (): number => beacon.requests.filter(({ method }) => method !== "GET").length;

describe("a key", () => {
  it("begins with os_, is shown once, and is told by a list without it", async () => {
    expect(readKey).toMatch(/^os_/);
    const { stdout } = await specgate(["keys", "list", "--config", "examples/openstatus/gateway.yaml", "--json"], {
      env,
    });
    expect(stdout).toContain("Ada's Claude");
    expect(stdout).not.toContain(writeKey);
  });

  it("keeps its scopes for life: rotated it has the same, and nothing changes them", async () => {
    const other = await createKey("To rotate", "read", beacon.keys.readOnly);
    const rotate = [
      "keys",
      "rotate",
      other.id,
      "--config",
      "examples/openstatus/gateway.yaml",
      "--json",
      "--overlap",
      "0h",
    ];
    const next = JSON.parse((await specgate(rotate, { env })).stdout) as Made;
    expect(next.scopes).toEqual(other.scopes);
    const { stdout } = await specgate(["keys", "--help"], { env });
    expect(stdout).not.toMatch(/update|edit|scope/);
  });

  it("shows three tools when read-only, and eight when read & write", async () => {
    const names = async (caller: Caller): Promise<readonly string[]> =>
      (await caller.listTools()).map(({ name }) => name).sort();
    expect(await names(reader)).toEqual(reads);
    expect(await names(writer)).toEqual([...reads, ...writes].sort());
    for (const [key, count] of [
      [readKey, 3],
      [writeKey, 8],
    ] as const)
      expect((await get(`${url}/tools`, header(key))).body).toMatchObject({ count });
  });

  it("has no resources and no prompts beside them", async () => {
    for (const method of ["resources/list", "prompts/list"]) {
      const { result, error } = await writer.request(method);
      expect(
        error?.code ?? Object.values(result ?? {}).filter((one) => Array.isArray(one) && one.length > 0),
      ).toSatisfy((value: unknown) => value === -32601 || (Array.isArray(value) && value.length === 0));
    }
  });

  it.each(writes)(
    "is told 'Tool not available' for %s when it is read-only, and nothing reaches the API",
    async (name) => {
      const before = changes();
      const { error } = await reader.request("tools/call", { name, arguments: {} });
      expect(error?.message).toContain(`Tool not available: ${name}`);
      expect(changes()).toBe(before);
    },
  );

  it("is good by a curl check: 200 and mcp-session-id; a bad one is 401", async () => {
    const { status, headers, body } = await get(url, header(writeKey));
    expect([status, headers.get("mcp-session-id")]).toEqual([200, expect.stringMatching(/.+/)]);
    expect(body).toMatchObject({ tools: 8 });
    for (const bad of [{}, header("os_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), header(beacon.keys.full)])
      expect((await get(url, bad)).status).toBe(401);
    expect((await get(url, header(`  ${writeKey} `))).status).toBe(200);
  });

  it("is asked for by every call: 401 without it, also for tools/call", async () => {
    const call = { name: "list_status_pages", arguments: {} };
    expect((await postSession(url, "tools/call", call, { headers: { "x-api-key": undefined } })).status).toBe(401);
    expect((await callerWith("os_wrong").request("tools/call", call)).status).toBe(401);
  });
});

describe("the endpoint", () => {
  it("keeps no sessions: no id at initialize, and every request stands by itself", async () => {
    const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "walk", version: "1" } };
    const headers = { "x-api-key": undefined, ...header(readKey) };
    const first = await postSession(url, "initialize", hello, { headers });
    expect([first.status, first.headers.get("mcp-session-id")]).toEqual([200, null]);
    const listed = await postSession(
      url,
      "tools/list",
      {},
      { headers: { ...headers, "mcp-protocol-version": "2025-11-25" } },
    );
    expect(listed.status).toBe(200);
  });

  it("serves the SDK clients of both eras with the same key", async () => {
    const at = new URL(url);
    const requestInit = { headers: header(writeKey) };
    const old = new Client({ name: "walk", version: "1" });
    await old.connect(new StreamableHTTPClientTransport(at, { requestInit }) as Transport); // differs from its interface under exactOptionalPropertyTypes
    const modern = new ModernClient(
      { name: "walk", version: "1" },
      { versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    await modern.connect(new ModernHttp(at, { requestInit }));
    expect([(await old.listTools()).tools.length, (await modern.listTools()).tools.length]).toEqual([8, 8]);
    await Promise.all([old.close(), modern.close()]);
  });
});

const page = {
  title: "Elevated latency on the payment endpoint",
  status: "investigating",
  message: "We are investigating.",
  pageId: "page_acme_api",
};
const window = {
  title: "Work",
  message: "Saturday night.",
  pageId: "page_acme_api",
  from: "2026-03-14T02:00:00Z",
  to: "2026-03-14T04:00:00Z",
};
const changesOf: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  create_status_report: page,
  add_status_report_update: { statusReportId: "rep_acme_payments", status: "identified", message: "Found." },
  update_status_report: { statusReportId: "rep_acme_payments", title: "Payments fail" },
  resolve_status_report: { statusReportId: "rep_acme_payments", message: "Over." },
  create_maintenance: window,
};

describe("notify", () => {
  let tools: readonly ServedTool[];
  beforeAll(async () => {
    tools = await writer.listTools();
    await writer.call("list_status_pages");
  });

  it.each(writes)("is a required boolean without a default in %s", (name) => {
    const { inputSchema, annotations } = tools.find((tool) => tool.name === name) as ServedTool;
    expect(inputSchema.required).toContain("notify");
    expect(inputSchema.properties?.notify).toMatchObject({ type: "boolean" });
    expect(inputSchema.properties?.notify).not.toHaveProperty("default");
    expect(annotations.readOnlyHint).toBe(false);
  });

  it.each(writes)("is asked for when %s omits it, before anything is sent", async (name) => {
    const before = changes();
    const { isError, error } = await writer.call(name, changesOf[name] ?? {});
    expect([isError, error.code]).toEqual([true, "invalid_arguments"]);
    expect(String(error.message)).toContain("notify");
    expect(changes()).toBe(before);
  });

  it("false alerts nobody, whatever is done", async () => {
    const before = await outbox();
    for (const name of [
      "create_status_report",
      "add_status_report_update",
      "update_status_report",
      "resolve_status_report",
      "create_maintenance",
    ]) {
      const { isError, text } = await writer.call(name, { ...changesOf[name], notify: false });
      expect([name, isError, isError ? text : ""]).toEqual([name, false, ""]);
    }
    expect(await outbox()).toBe(before);
    expect(await direct("/status-reports/rep_acme_payments")).toMatchObject({
      status: "resolved",
      title: "Payments fail",
    });
  });

  it("true alerts once", async () => {
    const before = await outbox();
    expect((await writer.call("create_status_report", { ...page, notify: true })).isError).toBe(false);
    expect(await outbox()).toBe(before + 1);
  });

  it("true is refused where the API never alerts anybody", async () => {
    const { error } = await writer.call("update_status_report", { ...changesOf.update_status_report, notify: true });
    expect(error.code).toBe("invalid_arguments");
  });
});

describe("lookup before mutate", () => {
  for (const name of ["create_status_report", "create_maintenance"])
    it(`${name} takes no page that was not listed: a guess is refused with the tool to use`, async () => {
      const fresh = callerWith((await createKey(`Fresh ${name}`, "read write", beacon.keys.readWrite)).key);
      const before = changes();
      const guessed = await fresh.call(name, { ...changesOf[name], notify: false });
      expect([guessed.error.code, JSON.stringify(guessed.error)]).toEqual([
        "lookup_required",
        expect.stringContaining("list_status_pages"),
      ]);
      expect(changes()).toBe(before);
      const { structured } = await fresh.call("list_status_pages");
      expect(structured.items).toContainEqual(expect.objectContaining({ id: "page_acme_api", slug: "api" }));
      expect((await fresh.call(name, { ...changesOf[name], notify: false })).isError).toBe(false);
    });
});

describe("the audit log", () => {
  it("has every change under actor_type mcp, with the key and the user who made it", async () => {
    await writer.call("list_status_pages");
    const { structured } = await writer.call("create_status_report", {
      ...page,
      title: "For the audit",
      notify: false,
    });
    const log = seeLog(env.DATABASE_URL ?? "");
    const rows = (await log.events()).filter(({ values }) => values?.title === "For the audit");
    await log.close();
    expect(rows.map(({ kind }) => kind)).toEqual(["intent", "outcome"]);
    for (const row of rows)
      expect(row).toMatchObject({
        actor_type: "mcp",
        actor_id: made.write.id,
        actor_user_id: "usr_ada",
        tool: "create_status_report",
        notify: false,
      });
    expect(rows.at(-1)).toMatchObject({ outcome: "ok", resource_id: (structured.item as { id: string }).id });
  });

  it("is read apart from what people do, by command", async () => {
    const args = ["audit", "list", "--json", "--user", "usr_ada"];
    const { code, stdout } = await specgate(args, { env });
    expect(code).toBe(0);
    const { records } = JSON.parse(stdout) as { records: readonly { actor_type: string }[] };
    expect(new Set(records.map(({ actor_type }) => actor_type))).toEqual(new Set(["mcp"]));
  });
});

describe.skipIf(withoutDocuments !== false)(
  `the guides' own configurations${withoutDocuments === false ? "" : ` (${withoutDocuments})`}`,
  () => {
    it("claude mcp add: the header and URL of the command", async () => {
      const command =
        documentLines("openstatus-code")
          .join("\n")
          .match(/claude mcp add \\\n(?:.*\\\n)*.*/)?.[0] ?? "";
      const [, name = "", value = ""] = /--header "([^:]+): ([^"]+)"/.exec(command) ?? [];
      expect([name, value, /--transport (\w+)/.exec(command)?.[1]]).toEqual([
        "x-openstatus-key",
        expect.stringMatching(/^os_/),
        "http",
      ]);
      const at = new URL(/https:\S+/.exec(command)?.[0] ?? "");
      expect((await get(`${product.base}${at.pathname}`, { [name]: readKey })).status).toBe(200);
    });

    it(".mcp.json: connects with the key expanded from the environment", async () => {
      const [block] = jsonBlocks("openstatus-code") as readonly {
        mcpServers: { openstatus: { type: string; url: string; headers: Record<string, string> } };
      }[];
      const { type, url: given, headers } = block?.mcpServers.openstatus ?? { type: "", url: "", headers: {} };
      const expanded = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value.replace(/\$\{OPENSTATUS_API_KEY\}/, readKey)]),
      );
      expect(type).toBe("http");
      const client = new Client({ name: "walk", version: "1" });
      const at = new URL(`${product.base}${new URL(given).pathname}`);
      await client.connect(new StreamableHTTPClientTransport(at, { requestInit: { headers: expanded } }) as Transport); // as above
      expect((await client.listTools()).tools.map((tool) => tool.name).sort()).toEqual(reads);
      await client.close();
    });

    it("claude_desktop_config.json: mcp-remote connects with the block as it stands but for URL and key", async () => {
      const [block] = jsonBlocks("openstatus-desktop") as readonly { mcpServers: { openstatus: DesktopBlock } }[];
      const { command, args } = block?.mcpServers.openstatus ?? { command: "", args: [] };
      const own = args.map((arg) => (arg.startsWith("https://") ? `${product.base}${new URL(arg).pathname}` : arg));
      const client = await connectDesktop({ command, args: own, env: { API_KEY: writeKey } });
      expect((await client.listTools()).map(({ name }) => name).sort()).toEqual([...reads, ...writes].sort());
      const pages = await client.call("list_status_pages", {});
      expect(pages.structured.items).toContainEqual(expect.objectContaining({ id: "page_acme_api", slug: "api" }));
      const report = await client.call("create_status_report", { ...page, notify: false });
      expect(report.isError).toBe(false);
      await client.close();
    });
  },
);
