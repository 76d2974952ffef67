import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { verifyAudit } from "../../src/audit/verify.ts";
import type { Api } from "../../src/descriptor.ts";
import { seeLog } from "../fakes/auditLog.ts";
import { callerOf } from "../fakes/caller.ts";
import { generateFrom, startGateway } from "../fakes/gateway.ts";
import { type PostgresServer, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { startRecorder } from "../fakes/recorder.ts";
import { widgetSpec } from "../fakes/widgets.ts";

/** A database that can be taken away and given back. */
interface Outage {
  readonly url: string;
  readonly take: () => Promise<void> | void;
  readonly giveBack: () => Promise<void> | void;
}

/** Lets no file of this process grow: what a full disk does to SQLite. Linux. */
function limitFiles(bytes: number | "unlimited"): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`prlimit failed: ${stderr}`);
}

let server: PostgresServer;
let api: Api;
beforeAll(async () => {
  ({ api } = await generateFrom(widgetSpec));
  if (!withoutPostgres) server = await startPostgres();
});
afterAll(() => server?.close());

const outages: readonly { name: string; skip: boolean; make: () => Promise<Outage> }[] = [
  {
    name: "a PostgreSQL that was killed",
    skip: withoutPostgres,
    make: async () => ({ url: await server.database(), take: server.kill, giveBack: server.start }),
  },
  {
    name: "a PostgreSQL that does not answer",
    skip: withoutPostgres,
    make: async () => ({ url: await server.database(), take: server.freeze, giveBack: server.thaw }),
  },
  {
    name: "a disk that is full",
    skip: process.platform !== "linux",
    make: async () => {
      const folder = mkdtempSync(join(tmpdir(), "specgate-full-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      return {
        url: `sqlite:${join(folder, "audit.db")}`,
        take: () => limitFiles(1),
        giveBack: () => limitFiles("unlimited"),
      };
    },
  },
];

/** Bounds ten times as long as those of reliability.md §4: they catch hangs. */
const answersWithinMs = 12_000;
const backWithinMs = 20_000;
const json = { "content-type": "application/json" };

describe.each(outages)("behind $name", ({ skip, make }) => {
  it.skipIf(skip)("changes are refused unsent, reads go on, and the log is whole after its return", async () => {
    const outage = await make();
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const upstream = await startRecorder(async ({ method, body }) => {
      if (method === "POST" && body.includes("held")) {
        arrived.resolve();
        await held.promise;
      }
      return method === "GET"
        ? { headers: json, body: '{"id":"w1","name":"First"}' }
        : { status: 201, headers: json, body: '{"id":"w2","name":"x"}' };
    });
    const variables = { DATABASE_URL: outage.url, SPECGATE_SECRET: "a secret of the tests" };
    const gateway = await startGateway(api, upstream.url, "api: test\naudit: { values: [name] }", variables);
    let isAway = false;
    onTestFinished(async () => {
      if (isAway) await outage.giveBack();
      await gateway.close();
      await upstream.close();
    });
    const caller = callerOf(gateway.url, "key-one");
    const create = (name: string, more: object = {}) => caller.call("create_widget", { name, ...more });
    const sent = (): number => upstream.requests.filter(({ method }) => method === "POST").length;

    expect((await create("before")).isError).toBe(false);
    const inFlight = create("held");
    await arrived.promise;
    await outage.take();
    isAway = true;
    held.resolve();
    expect((await inFlight).isError).toBe(false); // its outcome is written later

    for (const more of [{}, {}, { idempotency_key: "k" }]) {
      const start = performance.now();
      const { error } = await create("refused", more);
      expect(error).toMatchObject({ code: "audit_unavailable", retryable: true, retryAfterSeconds: 2 });
      expect(performance.now() - start).toBeLessThan(answersWithinMs);
      const read = await caller.call("get_widget", { id: "w1" });
      expect(read.structured.item).toEqual({ id: "w1", name: "First" });
    }
    expect(sent()).toBe(2);

    await outage.giveBack();
    isAway = false;
    await vi.waitFor(async () => expect((await create("after", { idempotency_key: "k2" })).isError).toBe(false), {
      timeout: backWithinMs,
      interval: 100,
    });
    expect((await create("again", { idempotency_key: "k" })).isError).toBe(false); // the key was not used up
    expect(sent()).toBe(4);

    const log = seeLog(outage.url);
    onTestFinished(() => log.close());
    await vi.waitFor(
      async () => {
        const events = await log.events();
        const told = events.flatMap(({ kind, outcome, code, values }) =>
          kind === "intent" ? [] : [[values?.name, outcome, ...(code === undefined ? [] : [code])].join(" ")],
        );
        expect(told.filter((one) => one.endsWith(" ok")).sort()).toEqual([
          "after ok",
          "again ok",
          "before ok",
          "held ok",
        ]);
        expect(told.filter((one) => one === "refused refused audit_unavailable")).toHaveLength(3);
        const open = events.filter(({ kind }) => kind === "intent").length;
        expect(events.filter(({ kind }) => kind === "outcome")).toHaveLength(open);
      },
      { timeout: backWithinMs, interval: 100 },
    );
    expect((await verifyAudit(from(await log.rows()), [])).broken).toBeUndefined();
  });
});

async function* from<Item>(items: readonly Item[]): AsyncIterable<Item> {
  yield* items;
}
