import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/cli.ts";
import { callerOf } from "../fakes/caller.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { listening, type Run, type Served, serveNode, specgate, specgateMain } from "./process.ts";

// The command as a person runs it: a child process, its exit code, what it prints and what it leaves behind.

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "specgate-cli-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function specFile(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
  return name;
}

function generate(spec: string, ...more: readonly string[]): Promise<Run> {
  return specgate(["generate", "--spec", spec, "--out", `out/${spec}`, ...more], { cwd: folder });
}

/** The same without a process of its own, which costs a second: for what only the words and the files matter. */
async function generateHere(spec: string, ...more: readonly string[]): Promise<Run> {
  const told = { out: "", err: "" };
  const files = ["--spec", join(folder, spec), "--out", join(folder, "out", spec)];
  const code = await runCommandLine(["node", "specgate", "generate", ...files, ...more], {
    out: (text) => {
      told.out += `${text}\n`;
    },
    err: (text) => {
      told.err += `${text}\n`;
    },
    interactive: false,
  });
  return { code, stdout: told.out, stderr: told.err };
}

const ok = { 200: { description: "ok" } };
const document = (paths: unknown): object => ({ openapi: "3.1.0", info: { title: "Bad", version: "1" }, paths });
const idParameter = { name: "id", in: "path", required: true, schema: { type: "string" } };

describe("specgate generate on bad input", () => {
  const cases = [
    {
      name: "cut.json",
      what: "no JSON",
      content: '{\n  "openapi": "3.1.0",\n  "info": ,\n}\n',
      says: /cut\.json:3:\d+ .*JSON/,
    },
    {
      name: "bad.yaml",
      what: "no YAML",
      content: "openapi: 3.1.0\ninfo: [\npaths: {}\n",
      says: /bad\.yaml:\d+:\d+ .*YAML/,
    },
    { name: "page.json", what: "a web page", content: "<!doctype html><p>Sign in</p>", says: /page\.json .*web page/ },
    { name: "hello.json", what: "no OpenAPI", content: { hello: 1 }, says: /hello\.json .*not an OpenAPI document/ },
    { name: "list.json", what: "a list", content: [1, 2], says: /list\.json .*not an OpenAPI document/ },
    { name: "four.json", what: "an unknown version", content: { openapi: "4.0.0" }, says: /four\.json#\/openapi/ },
    { name: "empty.json", what: "an empty file", content: "", says: /empty\.json is empty/ },
    { name: "blank.yaml", what: "a file of nothing but space", content: " \n\n", says: /blank\.yaml is empty/ },
    { name: "bare.json", what: "an empty object", content: {}, says: /bare\.json .*not an OpenAPI document/ },
    {
      name: "nopaths.json",
      what: "a document without operations",
      content: document({}),
      says: /nopaths\.json.*\boperation/,
    },
    {
      name: "dangling.json",
      what: "a $ref to nothing",
      content: document({
        "/w": {
          get: {
            responses: {
              200: {
                description: "ok",
                content: { "application/json": { schema: { $ref: "#/components/schemas/Nope" } } },
              },
            },
          },
        },
      }),
      says: /dangling\.json#\/paths\/~1w\/get\S* .*#\/components\/schemas\/Nope/,
    },
    {
      name: "outside.json",
      what: "a $ref to a file that is not there",
      content: document({ "/w": { $ref: "./absent.yaml#/w" } }),
      says: /outside\.json#\/paths\/~1w.*absent\.yaml/,
    },
    {
      name: "twice.json",
      what: "an operationId used twice",
      content: document({
        "/a": { get: { operationId: "same", responses: ok } },
        "/b": { get: { operationId: "same", responses: ok } },
      }),
      says: /twice\.json#\/paths\/~1b\/get .*"same".*#\/paths\/~1a\/get/,
    },
    {
      name: "undeclared.json",
      what: "a path parameter that is not declared",
      content: document({ "/w/{id}": { get: { operationId: "getW", responses: ok } } }),
      says: /undeclared\.json#\/paths\/~1w~1\{id\}\/get .*"id"/,
    },
  ];

  for (const { name, what, content, says } of cases)
    it(`${what}: exit code 1, one clear error, nothing written`, async () => {
      const { code, stdout, stderr } = await generateHere(specFile(name, content));
      expect(stderr).toMatch(says);
      expect(stderr.match(/^error: /gm)).toHaveLength(1);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect([code, stdout]).toEqual([1, ""]);
      expect(existsSync(join(folder, "out", name))).toBe(false);
    });

  const clash = document({
    "/widgets/{id}/run": { parameters: [idParameter], post: { operationId: "runWidget", responses: ok } },
    "/widgets/{id}:run": { parameters: [idParameter], post: { operationId: "run_widget", responses: ok } },
  });

  it("two tools of one name in gateway.yaml: exit code 1, both operations, nothing written", async () => {
    const spec = specFile("colliding.json", clash);
    const decided = ["runWidget", "run_widget"].map((id) => `    ${id}: { tool: run_it, why: test }`).join("\n");
    const config = specFile("colliding.yaml", `api: colliding\ncodegen:\n  operations:\n${decided}\n`);
    const { code, stderr } = await generateHere(spec, "--config", join(folder, config));
    expect(stderr).toMatch(/^error: .*"run_it".*run_?widget.*run_?widget/im);
    expect(code).toBe(1);
    expect(existsSync(join(folder, "out", spec))).toBe(false);
  });

  it("a safeguard without a flag to map: exit code 1, the tool and what to write, nothing written", async () => {
    const run = {
      "/widgets/{id}/run": { parameters: [idParameter], post: { operationId: "runWidget", responses: ok } },
    };
    const spec = specFile("guarded.json", document(run));
    const rule = "safeguards: [{ match: run_widget, notify: { field: notify_subscribers } }]";
    const config = specFile("guarded.yaml", `api: guarded\n${rule}\n`);
    const { code, stderr } = await generateHere(spec, "--config", join(folder, config));
    expect(stderr).toMatch(/^error: safeguards\.0\.notify: run_widget has no body field "notify_subscribers".*never/m);
    expect(code).toBe(1);
    expect(existsSync(join(folder, "out", spec))).toBe(false);
  });

  it("two operations that come to one name get names of their own, the same whatever their order", async () => {
    const { paths } = clash as { paths: Record<string, unknown> };
    const forward = await generateHere(specFile("forward.json", clash));
    const reversed = { ...clash, paths: Object.fromEntries(Object.entries(paths).reverse()) };
    const backward = await generateHere(specFile("backward.json", reversed));
    expect([forward.code, backward.code]).toEqual([0, 0]);
    expect(toolsIn("backward.json")).toEqual(toolsIn("forward.json"));
    expect(new Set(Object.values(toolsIn("forward.json"))).size).toBe(2);
  });

  it("ends the process with exit code 1 and an empty stdout", async () => {
    const { code, stdout, stderr } = await generate(specFile("process.json", "{"));
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringMatching(/^error: process\.json:1:\d+ is not JSON/)]);
    expect(existsSync(join(folder, "out/process.json"))).toBe(false);
  });

  it("a document of 50 MB: exit code 1, the size and the limit, nothing written", async () => {
    const padding = { ...document({}), "x-padding": "x".repeat(50 * 1024 * 1024) };
    const { code, stderr } = await generate(specFile("huge.json", padding));
    expect(stderr).toMatch(/^error: huge\.json has 5\d(\.\d)? MB; the limit is \d+ MB/m);
    expect(code).toBe(1);
    expect(existsSync(join(folder, "out", "huge.json"))).toBe(false);
  });

  it("a file that is not there: exit code 1 and its name", async () => {
    const { code, stderr } = await generateHere("nowhere.json");
    expect(stderr).toMatch(/^error: .*nowhere\.json/m);
    expect(code).toBe(1);
  });

  it("keeps what was generated before when the new document is bad", async () => {
    const good = specFile("steady.json", widgetSpec);
    expect((await generateHere(good)).code).toBe(0);
    const before = readdirSync(join(folder, "out/steady.json"), { recursive: true }).sort();
    writeFileSync(join(folder, good), "{");
    expect((await generateHere(good)).code).toBe(1);
    expect(readdirSync(join(folder, "out/steady.json"), { recursive: true }).sort()).toEqual(before);
  });

  it("missing operationIds are no fault where paths and methods say enough", async () => {
    const nameless = structuredClone(widgetSpec) as { paths: Record<string, Record<string, { operationId?: string }>> };
    for (const item of Object.values(nameless.paths))
      for (const operation of Object.values(item)) delete operation.operationId;
    const { code, stdout, stderr } = await generateHere(specFile("noids.json", nameless), "--json");
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(stdout).not.toBe("");
    expect(readdirSync(join(folder, "out/noids.json/resources"))).toEqual(["widget.ts"]);
  });

  it("--check names the stale files and the command that fixes them, and writes nothing", async () => {
    const spec = specFile("checked.json", widgetSpec);
    const missing = await generateHere(spec, "--check");
    expect(missing.code).toBe(1);
    expect(missing.stdout + missing.stderr).toMatch(/widget\.ts[\s\S]*generate/);
    expect(existsSync(join(folder, "out", spec))).toBe(false);
    expect((await generate(spec)).code).toBe(0);
    expect((await generate(spec, "--check")).code).toBe(0);
  });

  it("--dry-run reports and writes nothing", async () => {
    const spec = specFile("dry.json", widgetSpec);
    const { code, stdout, stderr } = await generateHere(spec, "--dry-run");
    expect(code).toBe(0);
    expect(stdout + stderr).toContain("Widget");
    expect(existsSync(join(folder, "out", spec))).toBe(false);
  });

  it("reads a document from stdin", async () => {
    const { code, stderr } = await specgate(["generate", "--spec", "-", "--out", "out/stdin"], {
      cwd: folder,
      input: JSON.stringify(widgetSpec),
    });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(existsSync(join(folder, "out/stdin/index.ts"))).toBe(true);
  });
});

/** Tool by operationId, from the manifest that was written. */
function toolsIn(spec: string): Record<string, string> {
  const text = readFileSync(join(folder, "out", spec, "manifest.json"), "utf8");
  const { operations } = JSON.parse(text) as { operations: { operationId: string; tool: string }[] };
  return Object.fromEntries(operations.map(({ operationId, tool }) => [operationId, tool]));
}

describe("a port that is taken", () => {
  for (const taken of ["PORT", "METRICS_PORT"])
    it(`${taken}: one clear error, exit code 1, and no process left behind`, async () => {
      const holder = createServer();
      await new Promise<void>((done) => holder.listen(0, "127.0.0.1", done));
      const { port } = holder.address() as AddressInfo;
      const env = { PORT: "0", METRICS_PORT: "0", [taken]: String(port) };
      const spec = specFile("taken.json", widgetSpec);
      const run = await specgate(["serve", "--spec", spec, "--upstream", "http://127.0.0.1:9"], { cwd: folder, env });
      holder.close();
      expect(run.code).toBe(1);
      expect(run.stderr).toContain(`cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
      expect(run.stderr).not.toContain("    at ");
    });
});

describe("wrong usage", () => {
  for (const { args, says } of [
    { args: ["explode"], says: /unknown command/ },
    { args: ["generate", "--nope"], says: /unknown option/ },
    { args: ["serve", "--port", "high"], says: /port/ },
    { args: ["serve", "--spec", "x.json", "--header", "no-equals-sign"], says: /NAME=VALUE/ },
    { args: ["tools", "call"], says: /missing required argument/ },
    { args: ["tools", "call", "get_widget", "not json"], says: /JSON object/ },
    { args: ["tools", "list", "--url", "ftp://x"], says: /http/ },
  ])
    it(`specgate ${args.join(" ")}: exit code 2`, async () => {
      const { code, stderr } = await specgate(args, { cwd: folder });
      expect(stderr).toMatch(says);
      expect(code).toBe(2);
    });

  it("--help and --version are no fault", async () => {
    const help = await specgate(["--help"], { cwd: folder });
    const version = await specgate(["--version"], { cwd: folder });
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toMatch(/generate[\s\S]*serve[\s\S]*tools/);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+$/m);
  });

  it("serve in an empty folder says how to begin", async () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    const { code, stderr } = await specgate(["serve"], { cwd: join(folder, "empty") });
    expect(stderr).toMatch(/--spec FILE --upstream URL/);
    expect(code).toBe(1);
  });
});

describe("specgate serve --spec FILE --upstream URL, with nothing prepared", () => {
  const canary = "canary-5f1c7e9a-not-to-be-seen";
  let widgets: Widgets;
  let served: Served;

  beforeAll(async () => {
    widgets = await startWidgets([canary]);
    const spec = specFile("served.json", widgetSpec);
    const flags = [
      "serve",
      "--spec",
      spec,
      "--upstream",
      widgets.url,
      "--port",
      "0",
      "--header",
      `authorization=Bearer ${canary}`,
    ];
    const env = { LOG_LEVEL: "trace", UPSTREAM_API_KEY: `${canary}-of-ours` };
    served = await serveNode([specgateMain, ...flags], listening, { cwd: folder, env });
  });

  afterAll(async () => {
    served.child.kill("SIGKILL");
    await widgets.close();
  });

  const tools = (...args: readonly string[]): Promise<Run> =>
    specgate(["tools", ...args, "--url", `${served.url}/mcp`, "--header", `x-api-key=${canary}`], { cwd: folder });

  it("is ready within the goal of one second, ten times that on a busy machine", () => {
    expect(served.startMs).toBeLessThan(10_000);
  });

  it("tools list names every tool", async () => {
    const { code, stdout } = await tools("list");
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual(
      expect.arrayContaining([
        "count_widgets",
        "create_widget",
        "delete_widget",
        "get_widget",
        "list_widgets",
        "update_widget",
      ]),
    );
  });

  it("tools show prints one tool whole, and a tool that is not there is exit code 1", async () => {
    const { code, stdout } = await tools("show", "create_widget");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "create_widget",
      inputSchema: { required: ["name"] },
      annotations: {},
    });
    const absent = await tools("show", "nope");
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('"nope"')]);
  });

  it("tools call changes the API, and an error result is exit code 1", async () => {
    const { code, stdout } = await tools("call", "create_widget", '{"name":"From the shell"}');
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { item: { name: "From the shell" } }]);
    expect([...widgets.widgets.values()].map(({ name }) => name)).toContain("From the shell");
    const bad = await tools("call", "get_widget", '{"id":"nope"}');
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining("upstream_not_found")]);
  });

  it("tools against a gateway that is not there is exit code 1 with what to check", async () => {
    const { code, stderr } = await specgate(["tools", "list", "--url", "http://127.0.0.1:9/mcp"], { cwd: folder });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Check the URL/)]);
  });

  it("SIGTERM lets a call in flight finish, ends with exit code 0, and the logs are JSON without a secret", async () => {
    const wrong = await fetch(`${served.url}/mcp`, { headers: { "x-api-key": `bad ${canary}`, accept: "*/*" } });
    expect(wrong.status).toBe(401);
    const held = widgets.hold();
    const inFlight = callerOf(`${served.url}/mcp`, canary).call("get_widget", { id: "w1" });
    await held.arrived;
    const stopped = served.stop();
    await served.printed('"draining"');
    held.release();
    expect((await inFlight).structured).toMatchObject({ item: { name: "First" } });
    expect(await stopped).toBe(0);
    const entries = served.lines.map((line) => JSON.parse(line) as { msg: string });
    expect(entries.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["listening", "draining", "stopped"]));
    expect(served.lines.join("\n")).not.toContain("canary");
    expect(widgets.keys).toContain(canary);
  });
});
