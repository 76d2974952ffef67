import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { type AdminClient, adminClient } from "../http/adminClient.ts";
import { envelope, openSession, openStream, type Reading } from "../http/wire.ts";
import { projectRoot, type Run, specgate } from "./process.ts";

const token = "an-admin-token-of-the-tests";
const secret = "a-secret-of-32-characters-000000";
/** Ten times what is promised: it catches hangs. */
const soon = { timeout: 10_000, interval: 20 };
const wanted = { name: "CI", user: { id: "u1" }, organisation: { id: "o1" }, scopes: ["mcp.delete"] };

const answer = { 200: { description: "", content: { "application/json": { schema: { type: "object" } } } } };
const id = { name: "widgetId", in: "path", required: true, schema: { type: "string" } };
const document = {
  openapi: "3.1.0",
  info: { title: "Widgets", version: "1" },
  security: [{ key: [] }],
  components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "x-up" } } },
  paths: {
    "/widgets/{widgetId}": {
      get: { operationId: "getWidget", parameters: [id], responses: answer },
      delete: { operationId: "deleteWidget", parameters: [id], responses: { 204: { description: "" } } },
    },
  },
};

/** An upstream that keeps what it was sent, and does not answer for the widget `slow`. */
interface Upstream {
  readonly url: string;
  readonly requests: { readonly line: string; readonly key: unknown }[];
  readonly left: () => number;
  readonly server: Server;
}

async function startUpstream(): Promise<Upstream> {
  const requests: { line: string; key: unknown }[] = [];
  let left = 0;
  const server = createServer((req, res) => {
    requests.push({ line: `${req.method} ${req.url}`, key: req.headers["x-up"] });
    res.once("close", () => {
      if (!res.writableFinished) left += 1;
    });
    if (req.url === "/widgets/slow") return;
    if (req.method === "DELETE") res.writeHead(204).end();
    else res.writeHead(200, { "content-type": "application/json" }).end('{"id":"1"}');
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, left: () => left, server };
}

let api: Api;
let upstream: Upstream;
beforeAll(async () => {
  ({ api } = await generateFrom(document));
  upstream = await startUpstream();
});
afterAll(() => {
  upstream.server.closeAllConnections();
  upstream.server.close();
});

const adminOf = ({ base }: TestGateway): AdminClient => adminClient(base, { authorization: `Bearer ${token}` });
const statusOf = async ({ url }: TestGateway, key: string): Promise<number> =>
  (await fetch(url, { headers: { "x-api-key": key } })).status;

async function start(variables: Readonly<Record<string, string>>): Promise<TestGateway> {
  const own = { SPECGATE_ADMIN_TOKEN: token, SPECGATE_SECRET: secret, ...variables };
  const gateway = await startGateway(api, upstream.url, "api: test", own);
  onTestFinished(() => gateway.close());
  return gateway;
}

function listen(url: string, key: string): Promise<Reading> {
  const method = "subscriptions/listen";
  const body = {
    jsonrpc: "2.0",
    id: 1,
    method,
    params: { notifications: { toolsListChanged: true }, _meta: envelope() },
  };
  const headers = { "x-api-key": key, "mcp-protocol-version": "2026-07-28", "mcp-method": method };
  return openStream(url, { method: "POST", headers, body });
}

/** Reads a stream to its end. */
async function ended(stream: Reading): Promise<"ended"> {
  while ((await stream.next()) !== null);
  return "ended";
}

/** Makes a key on one replica, opens everything with it on the other, revokes it on the first. */
async function revokes(
  one: TestGateway,
  other: TestGateway,
  revoke?: (keyId: string) => Promise<unknown>,
): Promise<void> {
  const made = await adminOf(one).send("POST /keys", { ...wanted, upstreamCredential: "bk_canary_up" });
  const key = String(made.body.key);
  expect([await statusOf(one, key), await statusOf(other, key)]).toEqual([200, 200]);
  const session = await openSession(other.url, { headers: { "x-api-key": key } });
  const streams = [
    await openStream(other.url, { headers: { ...session.headers, "x-api-key": key } }),
    await listen(other.url, key),
  ];
  for (const stream of streams) expect([stream.status, await stream.next()]).toEqual([200, expect.anything()]);
  const left = upstream.left();
  const running = callerOf(other.url, key).request("tools/call", {
    name: "get_widget",
    arguments: { widgetId: "slow" },
  });
  await expect.poll(() => upstream.requests.at(-1)?.line, soon).toBe("GET /widgets/slow");

  const started = performance.now();
  await (revoke ?? ((keyId) => adminOf(one).send(`POST /keys/${keyId}/revoke`)))(String(made.body.id));
  expect(await statusOf(one, key)).toBe(401);
  await expect.poll(() => statusOf(other, key), soon).toBe(401);
  expect(await Promise.all(streams.map(ended))).toEqual(["ended", "ended"]);
  const aborted = await running;
  expect([aborted.status, upstream.left() - left]).toEqual([401, 1]);
  expect(performance.now() - started).toBeLessThan(10_000);
}

describe.skipIf(withoutRedis)("a gateway key among replicas", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());

  const pair = async (database: string): Promise<readonly [TestGateway, TestGateway]> => {
    const variables = { DATABASE_URL: database, REDIS_URL: redis.url };
    return [await start(variables), await start(variables)];
  };

  it("is good on both at once, and good on neither when it was revoked on one: SQLite", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await revokes(...(await pair(`sqlite:${join(folder, "a.db")}`)));
  });

  describe.skipIf(withoutPostgres)("with PostgreSQL", () => {
    let postgres: PostgresServer;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    afterAll(() => postgres?.close());

    it("is good on both at once, and good on neither when it was revoked on one: PostgreSQL", async () => {
      await revokes(...(await pair(await postgres.database())));
    });

    it("is believed for 5 s while the database is away, then 503 with Retry-After, never 401", async () => {
      const [gateway] = await pair(await postgres.database());
      const key = String((await adminOf(gateway).send("POST /keys", wanted)).body.key);
      expect(await statusOf(gateway, key)).toBe(200);
      await postgres.kill();
      const seen = new Set<number>();
      await expect
        .poll(async () => {
          const status = await statusOf(gateway, key);
          seen.add(status);
          return status;
        }, soon)
        .toBe(503);
      expect([...seen]).toEqual([200, 503]);
      const answer = await fetch(gateway.url, { headers: { "x-api-key": key } });
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
      expect((await adminOf(gateway).send("GET /keys")).status).toBe(503);
      await postgres.start();
      await expect.poll(() => statusOf(gateway, key), soon).toBe(200);
    });
  });

  it("is refused within 5 s where the message of its revoking is lost", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const database = `sqlite:${join(folder, "a.db")}`;
    const one = await start({ DATABASE_URL: database });
    const other = await start({ DATABASE_URL: database, REDIS_URL: redis.url });
    const made = await adminOf(one).send("POST /keys", wanted);
    const key = String(made.body.key);
    const stream = await listen(other.url, key);
    expect(await stream.next()).not.toBeNull();
    await adminOf(one).send(`POST /keys/${made.body.id}/revoke`);
    await expect.poll(() => statusOf(other, key), { timeout: 50_000, interval: 200 }).toBe(401);
    expect(await ended(stream)).toBe("ended");
  });
});

describe("an older secret", () => {
  it("can go once the keys that were made with it have been used, with the credentials that they bring", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-secrets-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const newer = "another-secret-of-32-characters-0";
    const serve = async (...secrets: readonly string[]): Promise<TestGateway> =>
      start({ DATABASE_URL: `sqlite:${join(folder, "a.db")}`, SPECGATE_SECRET: secrets.join(",") });
    const before = await serve(secret);
    const make = async (): Promise<string> =>
      String((await adminOf(before).send("POST /keys", { ...wanted, upstreamCredential: "bk_up" })).body.key);
    const [used, unused] = [await make(), await make()];
    await before.close();
    const between = await serve(newer, secret);
    expect(await statusOf(between, used)).toBe(200);
    await between.close();
    const after = await serve(newer);
    expect([await statusOf(after, used), await statusOf(after, unused)]).toEqual([200, 401]);
    await callerOf(after.url, used).call("get_widget", { widgetId: "1" });
    expect(upstream.requests.at(-1)).toEqual({ line: "GET /widgets/1", key: "bk_up" });
  });
});

describe("a gateway without a secret", () => {
  it("does not start where keys would be refused for it, nor where it could make any", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-bare-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const config = join(projectRoot, "openapi/beacon/gateway.yaml");
    const args = ["serve", "--config", config, "--upstream", upstream.url, "--port", "0"];
    const managing = await specgate(args, { cwd: folder, env: { DATABASE_URL: "", SPECGATE_ADMIN_TOKEN: token } });
    expect([managing.code, managing.stderr]).toEqual([2, expect.stringContaining("SPECGATE_ADMIN_TOKEN is set, so")]);
    const create = ["keys", "create", "--config", config, "--name", "CI", "--user", "u1", "--scopes", "read"];
    expect((await specgate(create, { cwd: folder, env: { DATABASE_URL: "", SPECGATE_SECRET: secret } })).code).toBe(0);
    const holding = await specgate(args, { cwd: folder, env: { DATABASE_URL: "" } });
    expect([holding.code, holding.stderr]).toEqual([
      2,
      expect.stringContaining("there are gateway keys in the database"),
    ]);
  });
});

describe("specgate keys", () => {
  let folder: string;
  let env: Record<string, string>;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    env = { DATABASE_URL: `sqlite:${join(folder, "a.db")}`, SPECGATE_SECRET: secret };
    return () => rmSync(folder, { recursive: true, force: true });
  });
  const keys = (args: readonly string[], more: { env?: Record<string, string>; input?: string } = {}): Promise<Run> =>
    specgate(["keys", ...args], {
      cwd: folder,
      env: { ...env, ...more.env },
      ...(more.input && { input: more.input }),
    });
  const create = ["create", "--name", "CI", "--user", "u1"];

  it("makes keys that a running gateway takes, rotates them with an overlap, and ends them within a second", async () => {
    const gateway = await start(env);
    const made = await keys([...create, "--scopes", "read write", "--organisation", "o1", "--upstream-key-file", "-"], {
      input: "bk_canary_up\n",
    });
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining("shown this once")]);
    const key = made.stdout.trim();
    const keyId = key.slice(3, 15);
    expect(await statusOf(gateway, key)).toBe(200);
    await callerOf(gateway.url, key).call("get_widget", { widgetId: "1" });
    expect(upstream.requests.at(-1)).toEqual({ line: "GET /widgets/1", key: "bk_canary_up" });

    const rotated = JSON.parse((await keys(["rotate", keyId, "--overlap", "1h", "--json"])).stdout) as {
      id: string;
      key: string;
    };
    expect([await statusOf(gateway, key), await statusOf(gateway, rotated.key)]).toEqual([200, 200]);
    await expect
      .poll(async () => (await keys(["list"])).stdout, { timeout: 60_000, interval: 500 })
      .toMatch(new RegExp(`${keyId} +rotated +CI +u1 +o1 +mcp.read mcp.write +\\S+Z +1/0/0 +1/0/0`));

    const stream = await listen(gateway.url, key);
    await stream.next();
    const revoked = await keys(["revoke", keyId]);
    expect(revoked.stdout).toContain(`${keyId} "CI" was revoked`);
    await expect.poll(() => statusOf(gateway, key), soon).toBe(401);
    expect(await ended(stream)).toBe("ended");
    expect(await statusOf(gateway, rotated.key)).toBe(200);
    const listed = await keys(["list", "--all", "--json"]);
    const audit = (...args: readonly string[]): Promise<Run> => specgate(["audit", ...args], { cwd: folder, env });
    const records = await audit("export");
    const lines = records.stdout.split("\n").filter((line) => line.includes('"actor_id":"cli"'));
    const changes = lines.map((line) => JSON.parse(line) as { readonly at: string });
    expect(changes.toSorted((one, other) => (one.at < other.at ? -1 : 1))).toMatchObject([
      { tool: "key.created", actor_type: "operator", resource_id: keyId, organisation: "o1" },
      { tool: "key.rotated", resource_id: keyId, values: { successor: rotated.id } },
      { tool: "key.revoked", resource_id: keyId, effect: "destroy", outcome: "ok" },
    ]);
    expect((await audit("verify")).code).toBe(0);
    for (const text of [listed.stdout, listed.stderr, revoked.stdout, records.stdout])
      expect(text).not.toContain(key.slice(16));
  });

  const wrong: readonly {
    readonly args: readonly string[];
    readonly env?: Record<string, string>;
    readonly code: number;
    readonly want: string;
  }[] = [
    { args: create, code: 2, want: "required option '--scopes <scopes>' not specified" },
    {
      args: [...create, "--scopes", "read"],
      env: { SPECGATE_SECRET: "" },
      code: 2,
      want: "SPECGATE_SECRET is not set",
    },
    { args: [...create, "--scopes", "read"], env: { DATABASE_URL: "sqlite::memory:" }, code: 2, want: "would be gone" },
    { args: [...create, "--scopes", "read", "--bind", "page"], code: 2, want: "--bind is ARGUMENT=VALUE" },
    { args: [...create, "--scopes", "read", "--bind", "a=1", "--within", "a=1"], code: 2, want: "a is bound twice" },
    { args: [...create, "--scopes", "read", "--expires", "soon"], code: 2, want: '--expires is "soon"' },
    { args: [...create, "--scopes", "read", "--expires", "2020-01-01"], code: 1, want: "expiresAt is in the past" },
    { args: [...create, "--scopes", "read", "--upstream-key-file", "none"], code: 2, want: "cannot be read (ENOENT)" },
    { args: [...create, "--scopes", "admin.keys"], code: 1, want: "needs an organisation" },
    { args: ["rotate", "nothing"], code: 1, want: 'there is no key "nothing"' },
    { args: ["rotate", "nothing", "--overlap", "1w"], code: 2, want: '--overlap is "1w"' },
    { args: ["revoke", "nothing"], code: 1, want: 'there is no key "nothing"' },
  ];
  for (const { args, env: own, code, want } of wrong)
    it(`says what is wrong: ${want}`, async () => {
      const run = await keys(args, own === undefined ? {} : { env: own });
      expect([run.code, run.stderr]).toEqual([code, expect.stringContaining(want)]);
    });

  it("knows the prefix, the scopes and the tools of the project", async () => {
    const config = join(folder, "gateway.yaml");
    writeFileSync(
      config,
      "api: beacon\nkeys: { prefix: os }\nscopes: { effects: { read: r, write: w, destroy: w }, hierarchy: {} }\n",
    );
    const made = await keys([...create, "--scopes", "read write", "--config", config, "--json"]);
    expect(JSON.parse(made.stdout)).toMatchObject({ key: expect.stringMatching(/^os_/), scopes: ["r", "w"] });
    const misspelt = await specgate(["keys", ...create, "--scopes", "moniter.read"], { env });
    expect([misspelt.code, misspelt.stderr]).toEqual([
      1,
      expect.stringContaining('nothing asks for the scope "moniter.read"'),
    ]);
  });
});

describe("the secrets of a key", () => {
  it("are in no row, log line, metric, error or answer but the one that shows it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const env = { DATABASE_URL: `sqlite:${join(folder, "a.db")}`, SPECGATE_SECRET: secret, METRICS_PORT: "0" };
    const gateway = await start(env);
    const admin = adminOf(gateway);
    const made = await admin.send("POST /keys", { ...wanted, upstreamCredential: "bk_canary_upstream" });
    const key = String(made.body.key);
    const caller = callerOf(gateway.url, key);
    const seen: string[] = [];
    for (const [name, args] of [
      ["get_widget", { widgetId: "1" }],
      ["delete_widget", { widgetId: "2" }],
      ["get_widget", { widgetId: 3, more: true }],
    ] as const)
      seen.push(JSON.stringify(await caller.call(name, args)));
    for (const bad of [`${key}x`, key.slice(0, -3), key.replace("sg_", "os_")])
      seen.push(await (await fetch(gateway.url, { headers: { "x-api-key": bad } })).text());
    seen.push(await (await fetch(`${gateway.base}/mcp/tools`, { headers: { "x-api-key": key } })).text());
    seen.push(
      JSON.stringify(
        [await admin.send("GET /keys"), await admin.send(`GET /keys/${made.body.id}`)].map(({ body }) => body),
      ),
    );
    seen.push(JSON.stringify((await admin.send(`POST /keys/${made.body.id}/revoke`)).body));
    seen.push(await (await fetch(gateway.metricsUrl ?? "")).text());
    await gateway.close();
    for (const file of readdirSync(folder)) seen.push(readFileSync(join(folder, file), "latin1"));
    const hidden = [key, key.slice(16, -6), "bk_canary_upstream", token, secret];
    for (const text of seen) for (const one of hidden) expect(text.includes(one)).toBe(false);
    expect(seen.join("").length).toBeGreaterThan(20_000);
    expect(upstream.requests.some(({ key: sent }) => sent === "bk_canary_upstream")).toBe(true);
    expect(upstream.requests.some(({ key: sent }) => String(sent).startsWith("sg_"))).toBe(false);
  });

  it("are in no log line of a process that logs everything", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const spec = join(folder, "openapi.json");
    writeFileSync(spec, JSON.stringify(document));
    const { listening, serveNode, specgateMain } = await import("./process.ts");
    const args = [specgateMain, "serve", "--spec", spec, "--upstream", upstream.url, "--port", "0"];
    const served = await serveNode(args, listening, {
      cwd: folder,
      env: { SPECGATE_ADMIN_TOKEN: token, LOG_LEVEL: "trace", SPECGATE_SECRET: secret },
    });
    const admin = adminClient(served.url, { authorization: `Bearer ${token}` });
    const { body } = await admin.send("POST /keys", {
      ...wanted,
      name: randomUUID(),
      upstreamCredential: "bk_canary_upstream",
    });
    await callerOf(`${served.url}/mcp`, String(body.key)).call("get_widget", { widgetId: "1" });
    await admin.send(`POST /keys/${body.id}/revoke`);
    await served.stop();
    const log = served.lines.join("\n");
    expect(log).toContain(`"id":"${body.id}"`);
    for (const one of [String(body.key).slice(16, -6), "bk_canary_upstream", token, secret])
      expect(log).not.toContain(one);
  });
});
