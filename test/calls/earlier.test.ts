import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { seeLog } from "../fakes/auditLog.ts";
import { type Called, type Caller, callerOf } from "../fakes/caller.ts";
import { testFolder } from "../fakes/folder.ts";
import { generateFrom, startGateway } from "../fakes/gateway.ts";
import { type Answer, type Recorder, startRecorder } from "../fakes/recorder.ts";
import { widgetSpec } from "../fakes/widgets.ts";

const made: Answer = { status: 201, headers: { "content-type": "application/json" }, body: '{"id":"w7"}' };

// Replicas whose claims know nothing of each other's are what a FLUSHALL between a claim and its intent makes of them.
describe("one idempotency_key at two replicas whose claims were lost", () => {
  let api: Api;
  let upstream: Recorder;
  let answer: () => Answer | Promise<Answer>;
  let databaseUrl: string;
  let one: Caller;
  let two: Caller;
  beforeAll(async () => {
    ({ api } = await generateFrom(widgetSpec));
  });
  beforeEach(async () => {
    answer = () => made;
    upstream = await startRecorder(() => answer());
    onTestFinished(() => upstream.close());
    databaseUrl = `sqlite:${join(testFolder(), "audit.db")}`;
    [one, two] = [await replica(), await replica()];
  });

  const replica = async (): Promise<Caller> => {
    const environment = { DATABASE_URL: databaseUrl, SPECGATE_SECRET: "a secret of the tests" };
    const gateway = await startGateway(api, upstream.url, "api: test", environment);
    onTestFinished(() => gateway.close());
    return callerOf(gateway.url, "key-one");
  };
  const create = (caller: Caller, key: string): Promise<Called> =>
    caller.call("create_widget", { name: "Seven", idempotency_key: key });
  const codesOf = (calls: readonly Called[]): unknown[] => calls.map(({ error }) => error.code);

  it("is done by one of them, whichever writes its intent first", async () => {
    const keys = Array.from({ length: 25 }, (_, at) => `k${at}`);
    const calls = await Promise.all(keys.flatMap((key) => [one, two, one].map((caller) => create(caller, key))));
    expect(upstream.requests).toHaveLength(keys.length);
    expect(new Set(codesOf(calls))).toEqual(new Set([undefined, "in_progress"]));
    const again = await Promise.all(keys.flatMap((key) => [create(one, key), create(two, key)]));
    expect(again.every(({ structured, isError }) => structured.replayed === true && !isError)).toBe(true);
    expect(upstream.requests).toHaveLength(keys.length);
  });

  it("is refused with a record and without an intent to the one that came later", async () => {
    const keys = Array.from({ length: 10 }, (_, at) => `k${at}`);
    const calls = await Promise.all(keys.flatMap((key) => [create(one, key), create(two, key)]));
    const late = calls.filter(({ isError }) => isError);
    expect(late.every(({ error }) => error.code === "in_progress" && error.retryable === true)).toBe(true);
    const log = seeLog(databaseUrl);
    onTestFinished(() => log.close());
    await expect.poll(async () => (await log.events()).length, { timeout: 10_000 }).toBe(20 + late.length);
    const events = await log.events();
    expect(events.filter(({ kind }) => kind === "intent")).toHaveLength(10);
    expect(events.filter(({ code }) => code === "in_progress")).toMatchObject(
      late.map(() => ({ kind: "call", outcome: "refused", change: "none" })),
    );
  });

  it("is free again at both once it came to nothing", async () => {
    answer = () => ({ status: 429, headers: { "content-type": "application/json" }, body: "{}" });
    const log = seeLog(databaseUrl);
    onTestFinished(() => log.close());
    for (const [at, caller] of [one, two, one].entries()) {
      expect((await create(caller, "k")).error.code).toBe("upstream_rate_limited");
      await expect.poll(async () => (await log.events()).length, { timeout: 10_000 }).toBe(2 * (at + 1));
    }
    const before = upstream.requests.length;
    answer = () => made;
    expect((await create(two, "k")).structured.item).toMatchObject({ id: "w7" });
    await expect.poll(async () => (await log.events()).length, { timeout: 10_000 }).toBe(8);
    expect((await create(one, "k")).structured).toMatchObject({ replayed: true });
    expect(upstream.requests).toHaveLength(before + 1);
  });
});
