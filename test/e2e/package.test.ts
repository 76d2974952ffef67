import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callerOf } from "../fakes/caller.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { listening, projectRoot, runNode, serveNode } from "./process.ts";

// The package as somebody installs it: packed, installed from its tarball into a project of their own outside this repository.

const run = promisify(execFile);

let folder: string;
let project: string;
let bin: string;
let widgets: Widgets;

beforeAll(async () => {
  widgets = await startWidgets(["key-a"]);
  folder = mkdtempSync(join(tmpdir(), "specgate-package-"));
  project = join(folder, "project");
  mkdirSync(project);
  await run("npm", ["pack", "--pack-destination", folder], { cwd: projectRoot });
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  writeFileSync(join(project, "openapi.json"), JSON.stringify(widgetSpec));
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
  await run("npm", ["install", join(folder, tarball), ...quiet], { cwd: project });
  bin = join(project, "node_modules/specgate/dist/src/main.js");
}, 300_000);

afterAll(async () => {
  await widgets.close();
  rmSync(folder, { recursive: true, force: true });
});

it("holds the built program and nothing else", async () => {
  const files = readdirSync(join(project, "node_modules/specgate"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("specgate/node_modules"))
    .map((entry) => join(entry.parentPath, entry.name).split("node_modules/specgate/")[1] ?? "");
  expect(files).toEqual(
    expect.arrayContaining([
      "package.json",
      "LICENSE",
      "README.md",
      "dist/src/main.js",
      "dist/src/index.d.ts",
      "web/dist/manifest.json",
    ]),
  );
  expect(
    files.filter(
      (name) =>
        !/^(package\.json|LICENSE|README\.md|dist\/(src|codegen)\/.*\.(js|d\.ts|json)|web\/dist\/[^/]+)$/.test(name),
    ),
  ).toEqual([]);
  expect(readFileSync(bin, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

it("puts a command on the path that starts", async () => {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { stdout } = await run("npx", ["specgate", "--version"], { cwd: project, env: { ...process.env, PATH: path } });
  expect(stdout.trim()).toBe(
    (JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string }).version,
  );
});

it("generates in a project of its own, and what it writes type-checks there", async () => {
  const { code, stderr } = await runNode([bin, "generate", "--spec", "openapi.json", "--out", "generated/widgets"], {
    cwd: project,
  });
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const options = {
    module: "nodenext",
    target: "es2024",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    exactOptionalPropertyTypes: true,
    isolatedDeclarations: true,
    declaration: true,
    types: [],
  };
  writeFileSync(
    join(project, "typed.ts"),
    `import type { ResourceType } from "specgate/descriptor";
import { api } from "./generated/widgets/index.ts";
import { type Widget, widget } from "./generated/widgets/resources/widget.ts";
export const shape: Widget = { id: "w1", name: "First", colour: "red" };
export const all: readonly ResourceType[] = api.resources;
// @ts-expect-error: the enum is part of the type
export const wrong: Widget = { id: "w1", name: "First", colour: "green" };
export const effect: string | undefined = widget.tools.delete?.effect;
`,
  );
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["typed.ts"] }));
  const checked = await runNode([join(projectRoot, "node_modules/typescript/bin/tsc"), "-p", project]);
  expect([checked.stdout, checked.code]).toEqual(["", 0]);
});

it("serves a document with nothing prepared", async () => {
  const flags = ["serve", "--spec", "openapi.json", "--upstream", widgets.url, "--port", "0"];
  const served = await serveNode([bin, ...flags], listening, { cwd: project });
  const answer = await callerOf(`${served.url}/mcp`, "key-a").call("get_widget", { id: "w1" });
  expect(answer.structured).toMatchObject({ item: { name: "First" } });
  expect(await served.stop()).toBe(0);
});

it("serves what was generated, by gateway.yaml", async () => {
  mkdirSync(join(project, "openapi/widgets"), { recursive: true });
  writeFileSync(
    join(project, "openapi/widgets/gateway.yaml"),
    `api: widgets\nupstreams: { prod: { url: "${widgets.url}" } }\n`,
  );
  writeFileSync(join(project, "openapi/widgets/openapi.json"), JSON.stringify(widgetSpec));
  expect((await runNode([bin, "generate"], { cwd: project })).code).toBe(0);
  const served = await serveNode([bin, "serve", "--port", "0"], listening, { cwd: project });
  const listed = await callerOf(`${served.url}/mcp`, "key-a").listTools();
  expect(listed.map(({ name }) => name)).toContain("list_widgets");
  expect(await served.stop()).toBe(0);
});

it("mounts as createGateway in an Express app, ahead of its body parser", async () => {
  writeFileSync(
    join(project, "app.ts"),
    `import express from "express";
import { createGateway } from "specgate";
import { api } from "./generated/widgets/index.ts";
const gateway = createGateway({ api, upstream: process.env.WIDGETS ?? "", environment: { LOG_LEVEL: "silent" } });
const app = express();
app.use(gateway.listener);
app.use(express.json());
app.get("/own", (_req, res) => { res.json({ own: true }); });
app.use(gateway.app);
const server = app.listen(0, "127.0.0.1", () => {
  const at = server.address();
  console.log(JSON.stringify({ msg: "listening", url: "http://127.0.0.1:" + (typeof at === "object" ? at?.port : 0) }));
});
process.once("SIGTERM", () => { server.close(); void gateway.close().then(() => process.exit(0)); });
`,
  );
  const served = await serveNode(["app.ts"], listening, { cwd: project, env: { WIDGETS: widgets.url } });
  const answer = await callerOf(`${served.url}/mcp`, "key-a").call("list_widgets");
  const own = await fetch(`${served.url}/own`);
  const health = await fetch(`${served.url}/mcp/health`);
  expect(answer.structured).toMatchObject({ items: [{ name: "First" }] });
  expect(await own.json()).toEqual({ own: true });
  expect(await health.json()).toMatchObject({ status: "ok" });
  expect(await served.stop()).toBe(0);
});
