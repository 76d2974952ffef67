import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoOAuth } from "../../demo/oauth.ts";
import { httpWalk } from "../fakes/httpWalk.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";

// The suite is the client: it prints where a browser is to go, and waits for it to come to its callback. A person of the demo does.

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
}

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

/** Checks that pass by scenario: held exactly, since a server that is not there passes some. */
const expected = { "authorization-server-metadata-endpoint": 2, "authorization-code-grant": 1 };

describe("the official conformance suite of authorization servers", () => {
  let gateway: OAuthGateway;
  beforeAll(async () => {
    gateway = await startOAuthGateway({
      oauth: (issuer) => ({
        ...demoOAuth(issuer),
        clients: [{ id: "conformance", name: "Conformance", redirectUris: ["http://127.0.0.1/callback"] }],
      }),
    });
  });
  afterAll(() => gateway?.close());

  it.each(["2025-11-25", "2026-07-28"])("finds nothing wrong for %s, when Ada of Acme approves", async (version) => {
    const checks = await runSuite(gateway, version);
    expect(Object.fromEntries([...checks].map(([name, all]) => [name, all.filter(isWrong)]))).toEqual(
      Object.fromEntries(Object.keys(expected).map((name) => [name, []])),
    );
    const passed = (all: readonly Check[]): number => all.filter(({ status }) => status === "SUCCESS").length;
    expect(Object.fromEntries([...checks].map(([name, all]) => [name, passed(all)]))).toEqual(expected);
  });
});

function isWrong({ status }: Check): boolean {
  return status === "FAILURE" || status === "WARNING";
}

/** Runs the suite and walks the pages for it; checks by scenario. */
async function runSuite({ base, url }: OAuthGateway, version: string): Promise<ReadonlyMap<string, readonly Check[]>> {
  const out = await mkdtemp(join(tmpdir(), "conformance-"));
  const port = await freePort();
  const args = ["authorization", "--url", base, "--client-id", "conformance", "--resource", url, "-p", String(port)];
  const suite = spawn(join(root, "node_modules/.bin/node"), [program, ...args, "--spec-version", version, "-o", out]);
  try {
    const ended = new Promise<void>((end) => suite.once("close", () => end()));
    let printed = "";
    let isWalking = false;
    const walked = new Promise<void>((done, failed) => {
      suite.stdout.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
        const [asked] = /http:\/\/\S+\/authorize\?\S+(?=\s)/.exec(printed) ?? [];
        if (asked === undefined || isWalking || !printed.includes("Callback server started")) return;
        isWalking = true;
        approve(asked).then(done, failed);
      });
      void ended.then(() => failed(new Error(`the suite ended before it asked: ${printed.slice(-2_000)}`)));
    });
    await walked;
    await ended;
    const folders = await readdir(out);
    return new Map(await Promise.all(folders.map((folder) => readChecks(out, folder))));
  } finally {
    suite.kill();
    await rm(out, { recursive: true, force: true });
  }
}

async function approve(url: string): Promise<void> {
  const of = { organisation: "org_acme", page: "page_acme_main" };
  const { url: callback } = await httpWalk(url, { person: "usr_ada", of, scopes: ["mcp.read"] });
  await (await fetch(callback)).text();
}

/** Folders are named `authorization-server-<scenario>-<time>`. */
async function readChecks(out: string, folder: string): Promise<[string, readonly Check[]]> {
  const scenario = folder.replace(/^authorization-server-(?=auth)/, "").replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
  return [scenario, JSON.parse(await readFile(join(out, folder, "checks.json"), "utf8")) as Check[]];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
