import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { seeLog } from "../fakes/auditLog.ts";
import { startRecorder } from "../fakes/recorder.ts";
import { freePort } from "../fakes/redis.ts";
import { openSession, postSession, postStateless, type Wired } from "../http/wire.ts";
import { listening, serveNode, specgateMain } from "./process.ts";

/** One per place that a secret can stand in; none may be seen anywhere but at the API. */
const canary = (place: string): string => `canary-${place}-8f3a61`;
const secrets = {
  key: canary("key"),
  upstreamKey: canary("upstream-key"),
  master: canary("master-secret-of-some-length"),
  webhook: canary("webhook-secret"),
  admin: canary("admin-token-of-some-length"),
  idempotency: canary("idempotency"),
  password: canary("password"),
  apiToken: canary("token"),
  pin: canary("pin"),
  inner: canary("inner"),
  unlisted: canary("unlisted"),
};
const text = { type: "string" };
const properties = {
  name: text,
  password: text,
  api_token: text,
  pin: { type: "string", format: "password" },
  settings: { type: "object", properties: { password: text } },
  remark: text,
};
const spec = {
  openapi: "3.1.0",
  info: { title: "Accounts", version: "1" },
  security: [{ key: [] }],
  paths: {
    "/accounts": {
      post: {
        operationId: "createAccount",
        tags: ["Accounts"],
        requestBody: { required: true, content: { "application/json": { schema: { type: "object", properties } } } },
        responses: { 201: { description: "made" } },
      },
    },
  },
  components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "x-api-key" } } },
};
/** As curious as a configuration can be, but for one argument that nobody listed. */
const yaml = `api: accounts
audit:
  reads: true
  values: [name, "p*", api_token, settings, idempotency_key, confirmation_token]
  attribution: true
  sinks: { stdout: true, webhook: { url: WEBHOOK } }
safeguards: [{ match: create_account, confirm: always }]
limits: { writesPerMinute: "off" }
`;

it("no secret is in a log line, a record, a measure, a webhook or an error", async () => {
  const folder = mkdtempSync(join(tmpdir(), "specgate-canary-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let status = 201;
  const api = await startRecorder(({ body }) => ({
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id: "a1", message: status === 201 ? "" : `refused ${JSON.parse(body.toString()).name}` }),
  }));
  onTestFinished(() => api.close());
  const hook = await startRecorder(() => ({ status: 204 }));
  onTestFinished(() => hook.close());
  writeFileSync(join(folder, "spec.json"), JSON.stringify(spec));
  writeFileSync(join(folder, "gateway.yaml"), yaml.replace("WEBHOOK", hook.url));
  const metricsPort = await freePort();
  const database = `sqlite:${join(folder, "audit.db")}`;
  const served = await serveNode(
    [specgateMain, "serve", "--spec", "spec.json", "--config", "gateway.yaml", "--port", "0", "--upstream", api.url],
    listening,
    {
      cwd: folder,
      env: {
        DATABASE_URL: database,
        SPECGATE_SECRET: secrets.master,
        AUDIT_WEBHOOK_SECRET: secrets.webhook,
        SPECGATE_ADMIN_TOKEN: secrets.admin,
        UPSTREAM_API_KEY: secrets.upstreamKey,
        METRICS_PORT: String(metricsPort),
        LOG_LEVEL: "trace",
      },
    },
  );
  const answers: Wired[] = [];
  const args = {
    name: "Ada",
    password: secrets.password,
    api_token: secrets.apiToken,
    pin: secrets.pin,
    settings: { password: secrets.inner },
    remark: secrets.unlisted,
  };
  const key = { "x-api-key": secrets.key };
  const url = `${served.url}/mcp`;
  const opened = await openSession(url, { headers: key });
  const post = async (given: object): Promise<Wired> => {
    const params = { name: "create_account", arguments: given };
    const answer = await postSession(url, "tools/call", params, { headers: opened.headers });
    answers.push(answer);
    return answer;
  };
  const tokens: string[] = [];
  const confirmed = async (given: object): Promise<void> => {
    const { result } = (await post(given)).body as { result: { content: { text: string }[] } };
    const token = (JSON.parse(result.content[0]?.text ?? "{}") as { data: { confirm_token: string } }).data
      .confirm_token;
    tokens.push(token);
    await post({ ...given, confirmation_token: token });
  };
  await confirmed({ ...args, idempotency_key: secrets.idempotency });
  await post({ ...args, idempotency_key: secrets.idempotency, confirmation_token: tokens[0] });
  for (status of [422, 409, 500]) await confirmed(args);
  await post({ ...args, pin: 7 });
  answers.push(await postStateless(url, "tools/call", { name: "no_tool", arguments: args }, { headers: key }));
  expect(api.requests.filter(({ body }) => body.includes(secrets.password))).toHaveLength(4);

  const log = seeLog(database);
  await vi.waitFor(async () => {
    const ended = (await log.events()).filter(({ kind }) => kind === "outcome");
    expect(ended.map(({ outcome }) => outcome).sort()).toEqual(["failed", "failed", "ok", "unknown"]);
    expect(ended[0]?.values).toEqual({ name: "Ada" });
    expect(ended.every(({ confirmed_by: by }) => by === "token")).toBe(true);
    expect(hook.requests.length).toBeGreaterThan(0);
  });
  await log.close();
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  await served.stop();

  const files = readdirSync(folder).filter((name) => name.startsWith("audit.db"));
  const places: Readonly<Record<string, string>> = {
    "log lines and the stdout sink": served.lines.join("\n"),
    "the database": files.map((name) => readFileSync(join(folder, name)).toString("latin1")).join("\n"),
    metrics,
    "the webhook": hook.requests.map(({ body, headers }) => `${JSON.stringify(headers)}${body}`).join("\n"),
  };
  expect(served.lines.filter((line) => line.startsWith('{"audit":')).length).toBeGreaterThan(8);
  for (const [place, seen] of Object.entries(places)) {
    expect(seen.length, place).toBeGreaterThan(0);
    for (const [name, secret] of [...Object.entries(secrets), ...tokens.map((token) => ["token", token] as const)])
      expect(seen.includes(secret), `${name} in ${place}`).toBe(false);
  }
  const told = answers.map(({ text: body }) => body).join("\n");
  for (const name of ["key", "upstreamKey", "master", "webhook", "admin"] as const)
    expect(told.includes(secrets[name]), `${name} in an answer`).toBe(false);
});
