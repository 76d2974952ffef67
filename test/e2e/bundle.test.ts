import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { type Started, type StdioProject, startV1, startV2, stdioProject } from "../fakes/stdioServer.ts";
import { specgate } from "./process.ts";

const run = promisify(execFile);

// The `.mcpb` file as a desktop client uses it: unpacked in a folder of its own, its form filled in, its command started.

const yaml = `
api: beacon
brand: { name: Beacon }
upstreams: { default: { url: "http://127.0.0.1:1" } }
credentials: { check: { operation: getMe, user: user.id } }
surfaces: { page: { path: /page, tools: { allow: [list_incidents, create_incident] } } }
hooks: ./hooks.ts
resources:
  - { uri: "beacon://incidents/active", name: active-incidents, tool: list_incidents, arguments: { state: active } }
  - { uri: "beacon://incidents/{incident_id}", name: incident, tool: get_incident, arguments: { incidentId: "{incident_id}" } }
  - { uri: "beacon://pages/{page_id}/incidents/active", name: page-incidents, tool: list_incidents, arguments: { pageId: "{page_id}" } }
stdio:
  settings:
    base-url: { env: BEACON_URL, required: true, to: url }
    api-token: { env: BEACON_TOKEN, required: true, to: credential, description: A key of yours }
    page-id: { env: BEACON_PAGE, to: { argument: pageId, elsewhere: allow } }
    read-only: { env: BEACON_READ_ONLY, to: readOnly }
`;

interface Manifest {
  readonly [member: string]: unknown;
  readonly server: { readonly mcp_config: { command: string; args: string[]; env: Record<string, string> } };
  readonly user_config: Record<string, object>;
}

let beacon: Beacon;
let project: StdioProject;
let folder: string;
let manifest: Manifest;
beforeAll(async () => {
  beacon = await startBeacon();
  project = stdioProject(yaml, {
    "hooks.ts": 'export const hooks = [{ tool: "list_incidents", hook: { before: () => console.log("here") } }];\n',
  });
  folder = mkdtempSync(join(tmpdir(), "specgate-bundle-"));
  const config = join(project.folder, "openapi/beacon/gateway.yaml");
  const made = await specgate(["bundle", "--config", config, "--out", join(folder, "beacon.mcpb")]);
  expect([made.code, made.stderr]).toEqual([0, ""]);
  mkdirSync(join(folder, "unpacked"));
  const tested = await run("unzip", ["-tq", join(folder, "beacon.mcpb")]);
  expect(tested.stdout).toContain("No errors detected");
  await run("unzip", ["-q", join(folder, "beacon.mcpb"), "-d", join(folder, "unpacked")]);
  manifest = JSON.parse(readFileSync(join(folder, "unpacked/manifest.json"), "utf8")) as Manifest;
}, 120_000);
afterAll(async () => {
  project.remove();
  rmSync(folder, { recursive: true, force: true });
  await beacon.close();
});

/** As a client starts it: its own Node, the folder filled in, and of the form what the user wrote. */
function started(form: Readonly<Record<string, string>>): Started {
  const { args, env } = manifest.server.mcp_config;
  const fill = (text: string): string =>
    text
      .replaceAll(/\$\{__dirname\}/g, () => join(folder, "unpacked"))
      .replace(/\$\{user_config\.(\w+)\}/g, (whole, name: string) => form[name] ?? whole);
  return {
    command: process.execPath,
    args: args.map(fill),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)])),
  };
}

describe("a bundle", () => {
  it("says what it is, and asks for the settings that gateway.yaml declares", () => {
    expect(manifest).toMatchObject({
      manifest_version: "0.4",
      name: "beacon",
      display_name: "Beacon",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      server: { type: "node", entry_point: "server/src/main.ts", mcp_config: { command: "node" } },
      user_config: {
        base_url: { type: "string", title: "Base URL", required: true },
        api_token: { type: "string", sensitive: true, required: true, description: "A key of yours" },
        page_id: { type: "string", required: false },
        read_only: { type: "boolean", required: false },
      },
    });
    expect(Object.keys(manifest.user_config)).toHaveLength(4);
  });

  it("runs where nothing else of the project is, with hooks and resources, for clients of both eras", async () => {
    const server = started({ base_url: beacon.url, api_token: beacon.keys.full });
    const { client, stderr } = await startV1(server);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["create_incident", "list_incidents"]);
    const answer = await client.callTool({ name: "list_incidents", arguments: { limit: 1 } });
    expect(answer.structuredContent).toMatchObject({ returnedCount: 1 });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(["beacon://incidents/active"]);
    await client.close();
    expect(stderr()).toContain("here");
    const modern = await startV2(server, { pin: "2026-07-28" });
    expect((await modern.listTools()).tools).toHaveLength(2);
    await modern.close();
  });

  it("takes what was filled in", async () => {
    const form = { base_url: beacon.url, api_token: beacon.keys.full, page_id: "page_acme_api", read_only: "true" };
    const { client } = await startV1(started(form));
    const { tools } = await client.listTools();
    expect(tools.map(({ name, inputSchema }) => [name, "pageId" in (inputSchema.properties ?? {})])).toEqual([
      ["list_incidents", false],
    ]);
    await client.close();
  });

  it("is the same file each time it is made", async () => {
    const config = join(project.folder, "openapi/beacon/gateway.yaml");
    await specgate(["bundle", "--config", config, "--out", join(folder, "again.mcpb")]);
    expect(readFileSync(join(folder, "again.mcpb")).equals(readFileSync(join(folder, "beacon.mcpb")))).toBe(true);
  });

  it("is not made under a name that no client knows", async () => {
    const config = join(project.folder, "openapi/beacon/gateway.yaml");
    const made = await specgate(["bundle", "--config", config, "--out", join(folder, "beacon.zip")]);
    expect([made.code, made.stderr]).toEqual([2, expect.stringContaining("clients know a bundle by .mcpb")]);
  });
});
