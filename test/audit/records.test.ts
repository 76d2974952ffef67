import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditEvent } from "../../src/audit/event.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import type { Api } from "../../src/descriptor.ts";
import { type SeenLog, seeLog } from "../fakes/auditLog.ts";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type Answer, type Recorded, type Recorder, startRecorder } from "../fakes/recorder.ts";
import { widgetSpec } from "../fakes/widgets.ts";
import { openSession, postSession } from "../http/wire.ts";

const json = { "content-type": "application/json" };
const created: Answer = {
  status: 201,
  headers: { ...json, "x-request-id": "up-1" },
  body: '{"id":"w7","name":"Seven"}',
};
const config = `api: test
credentials: { check: { operation: whoAmI, user: user, organisation: org } }
audit: { values: [name, "col*"], attribution: true }
`;
const spec = {
  ...widgetSpec,
  paths: {
    ...(widgetSpec.paths as object),
    "/me": {
      get: {
        operationId: "whoAmI",
        tags: ["Me"],
        responses: { 200: { description: "ok", content: { "application/json": { schema: { type: "object" } } } } },
      },
    },
  },
};

let api: Api;
let upstream: Recorder;
let gateway: TestGateway;
let log: SeenLog;
let folder: string;
let answer: (request: Recorded) => Answer | Promise<Answer>;
const start = async (yaml = config): Promise<void> => {
  const variables = { DATABASE_URL: `sqlite:${join(folder, "audit.db")}`, SPECGATE_SECRET: "a secret of the tests" };
  gateway = await startGateway(api, upstream.url, yaml, variables);
  log = seeLog(variables.DATABASE_URL);
};
beforeAll(async () => {
  ({ api } = await generateFrom(spec));
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "specgate-audit-"));
  answer = () => created;
  upstream = await startRecorder((request) =>
    request.url === "/me" ? { headers: json, body: '{"user":"u-ada","org":"o-acme"}' } : answer(request),
  );
  await start();
});
afterEach(async () => {
  await gateway.close();
  await log.close();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const changes = (): readonly Recorded[] => upstream.requests.filter(({ url }) => url !== "/me");
/** The records, once there are as many. */
const records = (many: number): Promise<readonly AuditEvent[]> =>
  vi.waitFor(
    async () => {
      const events = await log.events();
      expect(events).toHaveLength(many);
      return events;
    },
    { timeout: 10_000, interval: 10 },
  );

describe("the records of a change", () => {
  it("are an intent and an outcome that say who did what, and how it went", async () => {
    const { headers } = await openSession(gateway.url);
    await postSession(
      gateway.url,
      "tools/call",
      { name: "create_widget", arguments: { name: "Seven", colour: "red", idempotency_key: "k-1" } },
      { headers },
    );
    const [intent, outcome] = await records(2);
    const common = {
      event_id: expect.stringMatching(/^[\da-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      actor_type: "mcp",
      actor_kind: "passthrough",
      actor_id: expect.stringMatching(/^[\w-]{43}$/),
      actor_user_id: "u-ada",
      organisation: "o-acme",
      client: { name: "wire", version: "1" },
      client_host: expect.any(String),
      session: expect.stringMatching(/^[\w-]{43}$/),
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      surface: "default",
      tool: "create_widget",
      effect: "write",
      resource: "Widget",
      args_hash: expect.stringMatching(/^[\w-]{43}$/),
      values: { name: "Seven", colour: "red" },
      idempotency_key: expect.stringMatching(/^[\da-f]{64}$/),
      upstream: "default",
    };
    expect(intent).toEqual({ ...common, kind: "intent", resource_id: null, deadline: expect.any(String) });
    expect(outcome).toEqual({
      ...common,
      kind: "outcome",
      resource_id: "w7",
      outcome: "ok",
      upstream_status: 201,
      upstream_request_id: "up-1",
      duration_ms: expect.any(Number),
    });
    expect([outcome?.event_id, outcome?.request_id]).toEqual([intent?.event_id, intent?.request_id]);
  });

  it("are told to the API in headers that it can match", async () => {
    await callerOf(gateway.url, "key-one").call("delete_widget", { id: "w1" });
    const [intent] = await records(2);
    expect(changes().at(-1)?.headers).toMatchObject({
      "x-actor-type": "mcp",
      "x-actor-id": intent?.actor_id,
      "x-actor-user-id": "u-ada",
      "x-request-id": intent?.request_id,
      "x-audit-event-id": intent?.event_id,
      "x-actor-tool": "delete_widget",
    });
    expect(intent?.resource_id).toBe("w1");
  });

  const outcomes: readonly { name: string; given: Answer; want: object }[] = [
    {
      name: "a refusal of the API",
      given: { status: 422, headers: json, body: '{"message":"no"}' },
      want: { outcome: "failed", code: "upstream_rejected", change: "answered", upstream_status: 422 },
    },
    {
      name: "a fault of the API",
      given: { status: 500, headers: json, body: "{}" },
      want: { outcome: "unknown", change: "unknown", upstream_status: 500 },
    },
    {
      name: "a 429 of the API",
      given: { status: 429, headers: json, body: "{}" },
      want: { outcome: "failed", change: "none", upstream_status: 429 },
    },
    {
      name: "an answer that cannot be read",
      given: { status: 200, headers: json, body: "{" },
      want: { outcome: "failed", change: "answered", upstream_status: 200 },
    },
  ];
  for (const { name, given, want } of outcomes)
    it(`tell ${name}`, async () => {
      answer = () => given;
      await callerOf(gateway.url, "key-one").call("update_widget", { id: "w1", name: "x" });
      expect((await records(2))[1]).toMatchObject({ kind: "outcome", ...want });
    });

  it("tell a client that has gone", async () => {
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    answer = async () => {
      arrived.resolve();
      await released.promise;
      return created;
    };
    const { headers } = await openSession(gateway.url);
    const calling = postSession(
      gateway.url,
      "tools/call",
      { name: "create_widget", arguments: { name: "x" } },
      { headers, id: "c-1" },
    );
    await arrived.promise;
    await postSession(gateway.url, "ping", {}, { headers });
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c-1" } };
    await fetch(gateway.url, {
      method: "POST",
      headers: {
        ...headers,
        "x-api-key": "key-one",
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify(cancel),
    });
    released.resolve();
    await calling;
    expect((await records(2))[1]).toMatchObject({ kind: "outcome", outcome: "client_gone", upstream_status: 201 });
  });
});

describe("other calls", () => {
  it("that were refused leave one record and send nothing", async () => {
    const caller = callerOf(gateway.url, "key-one");
    await caller.call("create_widget", { name: "" });
    expect(await records(1)).toMatchObject([
      { kind: "call", outcome: "refused", code: "invalid_arguments", change: "none", tool: "create_widget" },
    ]);
    expect(changes()).toEqual([]);
  });

  it("that are answered from an earlier one are replayed", async () => {
    const caller = callerOf(gateway.url, "key-one");
    for (const _ of [1, 2]) await caller.call("create_widget", { name: "x", idempotency_key: "k" });
    expect((await records(3))[2]).toMatchObject({ kind: "call", outcome: "replayed" });
    expect(changes()).toHaveLength(1);
  });

  it("that read leave none, unless audit.reads says so", async () => {
    answer = () => ({ headers: json, body: '{"id":"w1","name":"First"}' });
    await callerOf(gateway.url, "key-one").call("get_widget", { id: "w1" });
    await callerOf(gateway.url, "key-one").call("delete_widget", { id: "w1" });
    expect((await records(2)).map(({ tool }) => tool)).toEqual(["delete_widget", "delete_widget"]);
    await gateway.close();
    await log.close();
    await start(`${config.replace("{ values", "{ reads: true, values")}`);
    await callerOf(gateway.url, "key-one").call("get_widget", { id: "w1" });
    expect((await records(3)).at(-1)).toMatchObject({
      kind: "call",
      effect: "read",
      outcome: "ok",
      upstream_status: 200,
      resource_id: "w1",
    });
  });

  it("of one key and process form a chain that verifies", async () => {
    const caller = callerOf(gateway.url, "key-one");
    await Promise.all(Array.from({ length: 8 }, (_, at) => caller.call("create_widget", { name: `n${at}` })));
    await records(16);
    const rows = await log.rows();
    expect(await verifyAudit(from(rows), [])).toEqual({ rows: 16, writers: 1, open: 0 });
  });
});

async function* from<Item>(items: readonly Item[]): AsyncIterable<Item> {
  yield* items;
}
