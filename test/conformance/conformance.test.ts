import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { Api } from "../../src/descriptor.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { postSession, postStateless } from "../http/wire.ts";
import { expectedFailures, expectedPasses, requiredScenarios, unscoredPasses } from "./expected-failures.ts";
import { type Changes, conformanceTools } from "./fixtures.ts";
import { conformancePrompts, conformanceResources } from "./views.ts";

/** The suite's own account of one check. */
interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

const root = resolve(import.meta.dirname, "../..");
const suite = join(root, "node_modules/@modelcontextprotocol/conformance");

describe("the official conformance suite", () => {
  let gateway: Gateway;
  let url: string;
  beforeAll(async () => {
    const changed = (type: "tools_list_changed" | "prompts_list_changed") => () =>
      gateway.notify({ type }, randomUUID());
    gateway = composeFixtures({
      toolsChanged: changed("tools_list_changed"),
      promptsChanged: changed("prompts_list_changed"),
    });
    url = `http://127.0.0.1:${await gateway.listen()}/mcp`;
  });
  afterAll(() => gateway.close());

  for (const version of ["2025-11-25", "2026-07-28"]) {
    it(`finds what is expected, and nothing else, for ${version}`, async () => {
      await assertLive(url);
      const checks = await runSuite(url, version);
      const required = await requiredOf(version);
      const scored = [...checks].filter(([scenario]) => required.includes(scenario));
      const failing = scored.filter(([, results]) => results.some(isFailure)).map(([scenario]) => scenario);
      const passes = scored.flatMap(([, results]) => results).filter(({ status }) => status === "SUCCESS").length;
      expect(scored.length).toBe(requiredScenarios[version]);
      expect(failing.sort()).toEqual(expectedFailures[version]?.map(({ scenario }) => scenario).sort());
      expect(passes).toBe(expectedPasses[version]);
      for (const [scenario, count] of Object.entries(unscoredPasses[version] ?? {})) {
        const results = checks.get(scenario) ?? [];
        expect([scenario, results.filter(isFailure)]).toEqual([scenario, []]);
        expect([scenario, results.filter(({ status }) => status === "SUCCESS").length]).toEqual([scenario, count]);
      }
    });
  }
});

/**
 * The gateway as `serve` wires it, over the fixtures alone. The suite sends no credentials, so this one asks for none; it
 * listens on loopback only.
 */
function composeFixtures(changes: Changes): Gateway {
  const file = parseGatewayFile("gateway.yaml", "api: conformance\ncredentials: { required: false }\n");
  const flags = { port: 0, upstreamUrl: "http://127.0.0.1:9", inMemory: true };
  const config = resolveConfig(file, readEnvironment({ LOG_LEVEL: "silent" }), flags, "1.0.0");
  return compose({
    api: noApi,
    config,
    logger: createLogger("silent"),
    tools: conformanceTools(changes),
    resources: conformanceResources,
    prompts: conformancePrompts,
  });
}

const noApi: Api = {
  name: "conformance",
  title: "Conformance",
  version: "1.0.0",
  securitySchemes: {},
  security: [],
  schemas: {},
  resources: [],
};

/** A dead port passes dozens of checks: only a server that offers a fixture in both eras is one (protocol.md §10). */
async function assertLive(url: string): Promise<void> {
  const discovered = await postStateless(url, "server/discover");
  expect(discovered.body).toMatchObject({ result: { supportedVersions: ["2026-07-28"] } });
  const listed = await postStateless(url, "tools/list");
  expect(JSON.stringify(listed.body)).toContain('"test_simple_text"');
  const initialized = await postSession(url, "initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "live", version: "1" },
  });
  expect(initialized.headers.get("mcp-session-id")).toMatch(/^v1\./);
}

/** A warning is a failure of something we claim. */
function isFailure({ status }: Check): boolean {
  return status === "FAILURE" || status === "WARNING";
}

/** Runs the suite; checks by scenario. Its exit code says nothing, since expected failures are failures to it. */
async function runSuite(url: string, version: string): Promise<ReadonlyMap<string, readonly Check[]>> {
  const out = await mkdtemp(join(tmpdir(), "conformance-"));
  const node = join(root, "node_modules/.bin/node");
  const args = [join(suite, "dist/index.js"), "server", "--url", url, "--requirements", version, "-o", out];
  try {
    await promisify(execFile)(node, args, { maxBuffer: 64 * 1024 * 1024 }).catch((failed: { code?: unknown }) => {
      if (failed.code !== 1) throw failed;
    });
    const folders = await readdir(out);
    return new Map(await Promise.all(folders.map((folder) => readChecks(out, folder))));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** Folders are named `server-<scenario>-<time>`. */
async function readChecks(out: string, folder: string): Promise<[string, readonly Check[]]> {
  const scenario = folder.replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
  return [scenario, JSON.parse(await readFile(join(out, folder, "checks.json"), "utf8")) as Check[]];
}

/** The frozen list of required server scenarios, as the suite ships it. */
async function requiredOf(version: string): Promise<readonly string[]> {
  const file = await readFile(join(suite, `requirements/${version}.yaml`), "utf8");
  return (parse(file) as { server: string[] }).server;
}
