import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { connectRedis, type RedisConnection } from "../../src/redis/connection.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type Called, type Caller, callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type Answer, type Recorder, startRecorder } from "../fakes/recorder.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { widgetSpec } from "../fakes/widgets.ts";

const json = { "content-type": "application/json" };
const made: Answer = { status: 201, headers: json, body: '{"id":"w7","name":"Seven","secret":"shown-once"}' };

describe.skipIf(withoutRedis)("an idempotency_key that Redis has lost (X3)", () => {
  let api: Api;
  let server: RedisServer;
  let redis: RedisConnection;
  let upstream: Recorder;
  let answer: () => Answer | Promise<Answer>;
  let folder: string;
  let gateway: TestGateway;
  let caller: Caller;
  beforeAll(async () => {
    ({ api } = await generateFrom(widgetSpec));
    server = await startRedis();
    redis = connectRedis(new Secret(server.url), { logger: createLogger("silent") });
    await redis.ready();
  });
  afterAll(async () => {
    await redis.close();
    await server.close();
  });
  beforeEach(async () => {
    await redis.commands.flushall();
    folder = mkdtempSync(join(tmpdir(), "specgate-keys-"));
    answer = () => made;
    upstream = await startRecorder(() => answer());
    gateway = await startGateway(api, upstream.url, "api: test", {
      REDIS_URL: server.url,
      DATABASE_URL: `sqlite:${join(folder, "audit.db")}`,
      SPECGATE_SECRET: "a secret of the tests",
    });
    caller = callerOf(gateway.url, "key-one");
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = (name = "Seven", key = "k") => caller.call("create_widget", { name, idempotency_key: key });
  /** An outcome is written a moment after its answer; until then the action is in progress. */
  const createAgain = async (): Promise<Called> => {
    let called: Called | undefined;
    const code = async (): Promise<unknown> => {
      called = await create();
      return called.error.code;
    };
    await expect.poll(code, { timeout: 10_000 }).not.toBe("in_progress");
    return called as Called; // the poll has asked
  };
  const lose = (): Promise<unknown> => redis.commands.flushall();

  it("is still answered as done, without its result, and never done again", async () => {
    await create();
    await lose();
    for (const _ of ["from the audit log", "from Redis, which knows again"])
      expect((await createAgain()).structured).toEqual({
        replayed: true,
        notes: [expect.stringMatching(/done by an earlier call.*Read Widget w7/)],
      });
    expect(upstream.requests).toHaveLength(1);
  });

  it("is not there for other arguments, and not for another caller", async () => {
    await create();
    await lose();
    expect((await create("Eight")).error.code).toBe("idempotency_conflict");
    const other = callerOf(gateway.url, "key-two");
    expect((await other.call("create_widget", { name: "Seven", idempotency_key: "k" })).isError).toBe(false);
    expect(upstream.requests).toHaveLength(2);
  });

  const ends: readonly { name: string; given: Answer; want: object; sent: number }[] = [
    {
      name: "was refused by the API",
      given: { status: 422, headers: json, body: '{"message":"no"}' },
      want: { code: "upstream_rejected", retryable: false, message: expect.stringContaining("HTTP 422") },
      sent: 1,
    },
    {
      name: "ended unknown",
      given: { status: 500, headers: json, body: "{}" },
      want: { code: "outcome_unknown", next: expect.stringContaining("list_widgets") },
      sent: 1,
    },
    { name: "was never taken by the API", given: { status: 429, headers: json, body: "{}" }, want: {}, sent: 2 },
  ];
  for (const { name, given, want, sent } of ends)
    it(`is answered as what it came to when it ${name}`, async () => {
      answer = () => given;
      await create();
      await lose();
      answer = () => made;
      expect((await createAgain()).error).toMatchObject(want);
      expect(upstream.requests).toHaveLength(sent);
    });

  it("is in progress while it is", async () => {
    const arrived = Promise.withResolvers<void>();
    const held = Promise.withResolvers<Answer>();
    answer = () => {
      arrived.resolve();
      return held.promise;
    };
    const first = create();
    await arrived.promise;
    await lose();
    // Another replica: this one would know the running call itself.
    const other = await startGateway(api, upstream.url, "api: test", {
      REDIS_URL: server.url,
      DATABASE_URL: `sqlite:${join(folder, "audit.db")}`,
      SPECGATE_SECRET: "a secret of the tests",
    });
    const second = await callerOf(other.url, "key-one").call("create_widget", { name: "Seven", idempotency_key: "k" });
    expect(second.error.code).toBe("in_progress");
    held.resolve(made);
    expect((await first).isError).toBe(false);
    await other.close();
    expect(upstream.requests).toHaveLength(1);
  });

  it("keeps results in Redis that Redis cannot read", async () => {
    expect((await create()).structured.item).toMatchObject({ name: "Seven" });
    const keys = await redis.commands.keys("*idem*");
    const stored = await Promise.all(keys.map((one) => redis.commands.hgetall(one)));
    expect(stored.some((hash) => (hash.result ?? "").length > 50)).toBe(true);
    expect(JSON.stringify(stored)).not.toMatch(/Seven|shown-once|w7/);
    expect((await create()).structured).toMatchObject({ replayed: true, item: { name: "Seven", id: "w7" } });
  });
});
