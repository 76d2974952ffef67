import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { sweepUnknowns } from "../../src/audit/housekeeping.ts";
import { createAuditWriter } from "../../src/audit/writer.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { listening, type Served, serveNode, specgateMain } from "../e2e/process.ts";
import { seeLog } from "../fakes/auditLog.ts";
import { type Called, callerOf } from "../fakes/caller.ts";
import { startRedis, withoutRedis } from "../fakes/redis.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { get, openSession, postSession, type Wired } from "../http/wire.ts";

const apiKey = "key-one"; // the one that wire.ts sends
const canary = "canary-of-a-key-0123456789";

interface World {
  readonly widgets: Widgets;
  /** A `DATABASE_URL` for it, which outlives a process. */
  readonly databaseUrl: string;
  /** A process that serves them. */
  readonly serve: (env?: Readonly<Record<string, string>>) => Promise<Served>;
}

/** An API and gateways in front of it. @param hooks what their hook file exports, as source */
async function startWorld(hooks = "[]"): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "specgate-stops-"));
  const widgets = await startWidgets([apiKey]);
  onTestFinished(async () => {
    await widgets.close();
    rmSync(folder, { recursive: true, force: true });
  });
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(widgetSpec));
  writeFileSync(join(folder, "gateway.yaml"), "api: widgets\nhooks: ./hooks.mjs\n");
  writeFileSync(join(folder, "hooks.mjs"), `export const hooks = ${hooks};\n`);
  const flags = ["--spec", "openapi.json", "--config", "gateway.yaml", "--upstream", widgets.url, "--port", "0"];
  return {
    widgets,
    databaseUrl: `sqlite:${join(folder, "audit.db")}`,
    serve: async (env = {}) => {
      const served = await serveNode([specgateMain, "serve", ...flags], listening, { cwd: folder, env });
      onTestFinished(() => void served.child.kill("SIGKILL"));
      return served;
    },
  };
}

/** A call that has reached the API, which does not answer it before `release`. */
async function heldCall(
  { widgets }: World,
  start: () => Promise<Called>,
): Promise<{ readonly answer: Promise<Called>; readonly release: () => void }> {
  const { arrived, release } = widgets.hold();
  const answer = start();
  await arrived;
  return { answer, release };
}

/** What the audit log says of a Tool, in the order of its records. */
async function recordsOf({ databaseUrl }: World, tool: string): Promise<readonly unknown[]> {
  const log = seeLog(databaseUrl);
  try {
    const events = (await log.events()).filter((event) => event.tool === tool);
    return events.map(({ kind, outcome, change, code }) => [kind, outcome, change, code]);
  } finally {
    await log.close();
  }
}

/** A session-era call; what came of it in the shape of `callerOf`. */
async function callInSession(url: string, name: string, args: object): Promise<Called> {
  const { headers } = await openSession(url);
  return calledOf(await postSession(url, "tools/call", { name, arguments: args }, { headers }));
}

function calledOf({ body }: Wired): Called {
  const { result } = body as { result: { isError?: boolean; content: [{ text: string }] } }; // of a call that was served
  const { text } = result.content[0];
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const isError = result.isError === true;
  return { structured: isError ? {} : parsed, text, isError, error: isError ? parsed : {} };
}

async function secondsUntil<Value>(work: Promise<Value>): Promise<readonly [Value, number]> {
  const start = performance.now();
  const value = await work;
  return [value, (performance.now() - start) / 1_000];
}

describe("SIGTERM", () => {
  it("is told to load balancers first, while everything is still served; then the port closes, and the exit code is 0", async () => {
    const world = await startWorld();
    const served = await world.serve({ DRAIN_READY_MS: "3000" });
    expect((await get(`${served.url}/readyz`)).status).toBe(200);
    const ended = secondsUntil(served.stop());
    await served.printed('"draining"');
    const [ready, health, live] = await Promise.all(
      ["/readyz", "/mcp/health", "/healthz"].map((path) => get(served.url + path)),
    );
    expect([ready?.status, health?.status, live?.status]).toEqual([503, 503, 200]);
    expect(health?.body).toMatchObject({ status: "draining" });
    const answer = await callInSession(`${served.url}/mcp`, "get_widget", { id: "w1" });
    expect(answer.structured).toMatchObject({ item: { id: "w1" } });
    const listed = await postSession(`${served.url}/mcp`, "ping", {}, await openSession(`${served.url}/mcp`));
    expect([listed.status, listed.headers.get("connection")]).toEqual([200, "close"]);
    const [code, seconds] = await ended;
    expect(code).toBe(0);
    expect(seconds).toBeGreaterThan(2.9);
    expect(seconds).toBeLessThan(30);
    await expect(get(`${served.url}/healthz`)).rejects.toThrow();
  });

  for (const era of ["stateless", "session"] as const)
    it.skipIf(withoutRedis)(
      `answers what does not finish in time: a read is not done, a change is unknown, also to another replica (${era} era)`,
      async () => {
        const redis = await startRedis();
        onTestFinished(redis.close);
        const world = await startWorld();
        const env = {
          REDIS_URL: redis.url,
          DATABASE_URL: world.databaseUrl,
          SPECGATE_SECRET: "a secret of the tests",
          DRAIN_GRACE_MS: "1000",
        };
        const [one, two] = await Promise.all([world.serve(env), world.serve(env)]);
        const call = (served: Served, name: string, args: Record<string, unknown>): Promise<Called> =>
          era === "session"
            ? callInSession(`${served.url}/mcp`, name, args)
            : callerOf(`${served.url}/mcp`, apiKey).call(name, args);
        const creating = { name: "Once", idempotency_key: "deploy-1" };
        const read = await heldCall(world, () => call(one, "get_widget", { id: "w1" }));
        const write = await heldCall(world, () => call(one, "create_widget", creating));
        const [code, seconds] = await secondsUntil(one.stop());
        expect([(await read.answer).error, (await write.answer).error]).toEqual([
          expect.objectContaining({
            code: "overloaded",
            retryable: true,
            message: expect.stringContaining("restarting"),
          }),
          expect.objectContaining({
            code: "outcome_unknown",
            retryable: false,
            next: expect.stringContaining("list_widgets"),
          }),
        ]);
        expect(code).toBe(0);
        expect(seconds).toBeLessThan(10);
        const unknown = [
          ["intent", undefined, undefined, undefined],
          ["outcome", "unknown", "unknown", "upstream_unavailable"], // its connection was ended
        ];
        expect(await recordsOf(world, "create_widget")).toEqual(unknown);
        expect(await recordsOf(world, "get_widget")).toEqual([]);

        const again = await call(two, "create_widget", creating);
        expect(again.error).toMatchObject({ code: "outcome_unknown" });
        expect(world.widgets.requests.filter((line) => line === "POST /widgets")).toHaveLength(1);
        for (const { release } of [read, write]) release();
        expect(await two.stop()).toBe(0);
        const repeated = ["call", "refused", "none", "outcome_unknown"];
        expect(await recordsOf(world, "create_widget")).toEqual([...unknown, repeated]);
      },
    );

  it("a second time leaves a change that was sent with its intent, which is unknown once another process looks", async () => {
    const world = await startWorld();
    const served = await world.serve({ DATABASE_URL: world.databaseUrl, SPECGATE_SECRET: "a secret of the tests" });
    const { answer } = await heldCall(world, () =>
      callerOf(`${served.url}/mcp`, apiKey).call("create_widget", { name: "Once" }),
    );
    const lost = expect(answer).rejects.toThrow();
    served.child.kill("SIGTERM");
    await served.printed('"draining"');
    expect(await served.stop()).toBe(1);
    await lost;
    expect(await recordsOf(world, "create_widget")).toEqual([["intent", undefined, undefined, undefined]]);
    const log = openStore(new Secret(world.databaseUrl), { logger: createLogger("silent") });
    onTestFinished(() => log.close());
    const writer = createAuditWriter({ store: log.audit, logger: createLogger("silent") });
    const later = (): number => Date.now() + 600_000; // beyond every deadline
    expect(await sweepUnknowns({ store: log.audit, writer, logger: createLogger("silent"), now: later })).toBe(1);
    await writer.close(5_000);
    expect((await recordsOf(world, "create_widget")).at(-1)).toEqual(["outcome", "unknown", "unknown", undefined]);
  });

  it("a second time ends the process at once, with code 1", async () => {
    const world = await startWorld();
    const served = await world.serve();
    const { answer } = await heldCall(world, () =>
      callerOf(`${served.url}/mcp`, apiKey).call("get_widget", { id: "w1" }),
    );
    const lost = expect(answer).rejects.toThrow();
    served.child.kill("SIGTERM");
    await served.printed('"draining"');
    const [code, seconds] = await secondsUntil(served.stop());
    expect([code, seconds < 5]).toEqual([1, true]);
    await lost;
  });

  it("lets a call that the drain finds running finish, its stream still being written", async () => {
    const world = await startWorld();
    const served = await world.serve();
    const { answer, release } = await heldCall(world, () =>
      callInSession(`${served.url}/mcp`, "get_widget", { id: "w1" }),
    );
    const ended = served.stop();
    await served.printed('"draining"');
    release();
    expect((await answer).structured).toMatchObject({ item: { name: "First" } });
    expect(await ended).toBe(0);
  });
});

describe("SIGINT", () => {
  it("does not wait for load balancers: whoever pressed Ctrl+C does", async () => {
    const world = await startWorld();
    const served = await world.serve({ DRAIN_READY_MS: "60000", DRAIN_GRACE_MS: "60000" });
    const ended = secondsUntil(served.exited);
    served.child.kill("SIGINT");
    const [code, seconds] = await ended;
    expect([code, seconds < 20]).toEqual([0, true]);
  });

  it("that npm passes on after the terminal has sent it is the same press", async () => {
    const world = await startWorld();
    const served = await world.serve();
    const { answer, release } = await heldCall(world, () =>
      callerOf(`${served.url}/mcp`, apiKey).call("get_widget", { id: "w1" }),
    );
    served.child.kill("SIGINT");
    served.child.kill("SIGINT");
    await served.printed('"draining"');
    release();
    expect((await answer).isError).toBe(false);
    expect(await served.exited).toBe(0);
  });
});

describe("a fault that nobody caught", () => {
  /** Fails later, on its own, when the widget `boom` is asked for. */
  const hooksOf = (fail: string): string => `[{ tool: "get_widget", hook: { before: ({ args }) => {
    const fault = Object.assign(new Error("boom of a hook"), { request: { headers: { "x-custom-key": "${canary}" } } });
    if (args.id === "boom") ${fail};
  } } }]`;
  const cases = [
    { kind: "uncaughtException", hooks: hooksOf("setTimeout(() => { throw fault; }, 1)") },
    { kind: "unhandledRejection", hooks: hooksOf("void Promise.reject(fault)") },
  ];
  for (const { kind, hooks } of cases)
    it(`is logged, answers the calls in flight, and ends the process within seconds with code 1: ${kind}`, async () => {
      const world = await startWorld(hooks);
      const served = await world.serve({ DRAIN_READY_MS: "60000", DRAIN_GRACE_MS: "60000" });
      const call = callerOf(`${served.url}/mcp`, apiKey).call;
      const finishes = await heldCall(world, () => call("get_widget", { id: "w1" }));
      const hangs = await heldCall(world, () => call("list_widgets", {}));
      const ended = secondsUntil(served.exited);
      void call("get_widget", { id: "boom" }).catch(() => undefined);
      await served.printed("a fault that nobody caught");
      finishes.release();
      expect((await finishes.answer).structured).toMatchObject({ item: { name: "First" } });
      expect((await hangs.answer).error).toMatchObject({ code: "overloaded" });
      const [code, seconds] = await ended;
      expect(code).toBe(1);
      expect(seconds).toBeLessThan(15); // 5, and a busy machine
      const line = served.lines.find((one) => one.includes("a fault that nobody caught")) ?? "";
      expect(JSON.parse(line)).toMatchObject({
        kind,
        fault: { type: "Error", message: "boom of a hook", stack: expect.stringContaining("hooks.mjs") },
      });
      expect(served.lines.join("\n")).not.toContain(canary);
    });

  it("in the middle of a drain shortens it, and its code is 1", async () => {
    const world = await startWorld(hooksOf("setTimeout(() => { throw fault; }, 1)"));
    const served = await world.serve({ DRAIN_READY_MS: "60000", DRAIN_GRACE_MS: "60000" });
    served.child.kill("SIGTERM");
    await served.printed('"draining"');
    const ended = secondsUntil(served.exited);
    void callerOf(`${served.url}/mcp`, apiKey)
      .call("get_widget", { id: "boom" })
      .catch(() => undefined);
    const [code, seconds] = await ended;
    expect([code, seconds < 15]).toEqual([1, true]);
  });
});
