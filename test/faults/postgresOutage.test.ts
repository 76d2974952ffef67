import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Writable } from "node:stream";
import { pino } from "pino";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type PostgresServer, run, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { freePort } from "../fakes/redis.ts";
import { all, auditRow, keyRow } from "../storage/contract.ts";

/** Bounds of reliability.md §4, ten times as long: the machines of tests are shared. */
const failsWithinMs = 10_000;
const backWithinMs = 20_000;
const at = "2026-07-02T00:00:00.000Z";

const methods: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  insert: ({ keys }) => keys.insert(keyRow("canary")),
  byId: ({ keys }) => keys.byId("k1"),
  list: ({ keys }) => keys.list({ now: at }),
  revoke: ({ keys }) => keys.revoke("canary", at),
  rotate: ({ keys }) => keys.rotate("k1", keyRow("canary"), at),
  replaceHash: ({ keys }) => keys.replaceHash("k1", "canary", { hash: "canary", pepperId: "p" }),
  replaceCredential: ({ keys }) => keys.replaceCredential("k1", "canary", "canary"),
  touchUsed: ({ keys }) => keys.touchUsed([{ id: "k1", at }]),
  addUsage: ({ keys }) => keys.addUsage([{ keyId: "canary", hour: at, effect: "read", calls: 1 }]),
  usage: ({ keys }) => keys.usage(["canary"], at),
  deleteUsage: ({ keys }) => keys.deleteUsage(at),
  append: ({ audit }) => audit.append([auditRow("canary", 1, { eventId: "canary", kind: "intent" })]),
  query: ({ audit }) => audit.query({}),
  event: ({ audit }) => audit.event("canary"),
  openIntents: ({ audit }) => audit.openIntents(at),
  byIdempotencyKey: ({ audit }) => audit.byIdempotencyKey("canary"),
  stream: ({ audit }) => all(audit.stream()),
  seals: ({ audit }) => audit.seals(),
  deleteBefore: ({ audit }) => audit.deleteBefore("2026-07-03"),
};

/** Whether a statement of this database waits in the way that the server calls so. */
async function waits(url: string, event: string): Promise<boolean> {
  const text = `select 1 from pg_stat_activity where datname = current_database() and (wait_event_type = '${event}' or wait_event = '${event}')`;
  return (await run(url, text)).length > 0;
}

describe.skipIf(withoutPostgres)("a PostgreSQL that goes away", () => {
  let server: PostgresServer;
  let url: string;
  let store: Store;
  let lines: string[];

  const open = (): Store => {
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    return openStore(new Secret(url), { logger: pino(destination) });
  };
  beforeEach(async () => {
    lines = [];
    server = await startPostgres();
    url = await server.database();
    store = open();
    await store.ready();
    await store.keys.insert(keyRow("k1"));
    return async () => {
      server.thaw();
      await store.close();
      await server.close();
    };
  });

  const failed = async (work: Promise<unknown>): Promise<GatewayError> => {
    const start = performance.now();
    const thrown = await work.then(
      (value) => new Error(`resolved to ${JSON.stringify(value)}`),
      (error: unknown) => error,
    );
    expect(performance.now() - start).toBeLessThan(failsWithinMs);
    expect(thrown).toBeInstanceOf(GatewayError);
    return thrown as GatewayError; // as just asserted
  };
  const allFail = async (): Promise<void> => {
    for (const [name, method] of Object.entries(methods)) {
      const error = await failed(method(store));
      expect([name, error.code, error.retryable]).toEqual([name, "store_unavailable", true]);
      expect(error.facts.retryAfterSeconds).toBe(2);
      expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`).not.toMatch(
        /127\.0\.0\.1|canary|select|insert/i,
      );
    }
    expect(store.isUp()).toBe(false);
  };
  const back = async (): Promise<void> => {
    const start = performance.now();
    await vi.waitFor(() => expect(store.isUp()).toBe(true), { timeout: backWithinMs, interval: 10 });
    expect(performance.now() - start).toBeLessThan(backWithinMs);
    expect(await store.keys.byId("k1")).toEqual(keyRow("k1"));
    await store.keys.insert(keyRow("k2"));
    await store.audit.append([auditRow("w", 1, { eventId: "e", kind: "call" })]);
  };
  const said = (text: string): number => lines.filter((line) => line.includes(text)).length;

  it("when killed fails every method at once, naming no address, and is used again by itself", async () => {
    await server.kill();
    await allFail();
    await server.start();
    await back();
    expect([said("the database is back"), said("127.0.0.1"), said("canary")]).toEqual([1, 0, 0]);
  });

  it("when frozen fails every method within its bound, loses nothing, and is used again by itself", async () => {
    await store.audit.append([auditRow("v", 1, { eventId: "before", kind: "intent" })]);
    server.freeze();
    const some = ["byId", "append", "rotate"].map((name) => failed((methods[name] as (typeof methods)[string])(store)));
    for (const error of await Promise.all(some)) expect(error.code).toBe("store_unavailable");
    // More callers than connections: nobody waits for those that hang.
    const many = await Promise.all(Array.from({ length: 50 }, () => failed(store.keys.byId("k1"))));
    expect(new Set(many.map(({ code }) => code))).toEqual(new Set(["store_unavailable"]));
    expect(store.isUp()).toBe(false);
    server.thaw();
    await back();
    expect(await store.audit.event("before")).toHaveLength(1);
  });

  it("when frozen holds up nobody who closes the store", async () => {
    await Promise.all(Array.from({ length: 5 }, () => store.keys.byId("k1"))); // connections that are not in use
    server.freeze();
    const start = performance.now();
    await store.close();
    expect(performance.now() - start).toBeLessThan(failsWithinMs);
    const sockets = (): readonly string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP"));
    await vi.waitFor(() => expect(sockets()).toEqual([])); // nothing that would keep the process alive
  });

  it("is noticed without a call, for health to tell", async () => {
    await server.kill();
    await vi.waitFor(() => expect(store.isUp()).toBe(false), { timeout: backWithinMs });
  });

  it("with an intent whose answer was lost takes it again without a double", async () => {
    const intent = auditRow("w", 1, { eventId: "e1", kind: "intent" });
    await store.audit.append([intent]);
    await server.kill();
    await server.start();
    await vi.waitFor(() => store.audit.append([intent]), { timeout: backWithinMs });
    expect(await store.audit.event("e1")).toEqual([intent]);
    expect((await store.audit.openIntents(at)).map(({ eventId }) => eventId)).toEqual(["e1"]);
  });

  it("ends connections one by one, as an administrator does, and they are replaced", async () => {
    await run(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'specgate'");
    await vi.waitFor(() => store.keys.byId("k1"), { timeout: backWithinMs });
    await back();
  });

  it("whose connections are reset in the middle of a statement fails that statement alone", async () => {
    const sockets = new Set<Socket>();
    const { hostname, port } = new URL(url);
    const between = createServer((socket) => {
      const onward = connect(Number(port), hostname);
      for (const one of [socket, onward]) one.on("error", () => undefined);
      socket.pipe(onward).pipe(socket);
      sockets.add(socket);
    });
    await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
    const direct = url;
    url = Object.assign(new URL(url), { port: String((between.address() as AddressInfo).port) }).href;
    const reset = open();
    await reset.ready();
    const client = run(direct, "begin; lock table specgate_keys in access exclusive mode; select pg_sleep(2); commit");
    await vi.waitUntil(() => waits(direct, "PgSleep"), { timeout: backWithinMs });
    const waiting = failed(reset.keys.byId("k1"));
    await vi.waitUntil(() => waits(direct, "Lock"), { timeout: backWithinMs, interval: 10 });
    for (const socket of sockets) socket.resetAndDestroy();
    expect((await waiting).code).toBe("store_unavailable");
    await client;
    await vi.waitFor(async () => expect(await reset.keys.byId("k1")).toEqual(keyRow("k1")), { timeout: backWithinMs });
    await reset.close();
    between.close();
  });

  it("holds a lock for long without holding up more than one call's time", async () => {
    const client = run(url, "begin; lock table specgate_keys in access exclusive mode; select pg_sleep(4); commit");
    await vi.waitFor(async () => expect((await failed(store.keys.byId("k1"))).code).toBe("store_unavailable"), {
      timeout: backWithinMs,
    });
    expect(await store.audit.query({})).toEqual({ rows: [] }); // other tables are as they were
    await client;
    await back();
  });

  it("and was away at the start is waited for in the background, and migrated when it comes", async () => {
    url = await server.database();
    await server.kill();
    const late = open();
    expect(await late.ready()).toBe(false);
    expect(late.isUp()).toBe(false);
    await server.start();
    await vi.waitFor(() => expect(late.isUp()).toBe(true), { timeout: backWithinMs, interval: 10 });
    await late.keys.insert(keyRow("k9"));
    expect(await late.keys.byId("k9")).toEqual(keyRow("k9"));
    await late.close();
  });

  it("and is nowhere to be found costs a call no more than its bound", async () => {
    url = `postgres://a:canary@127.0.0.1:${await freePort()}/d`;
    const lost = open();
    expect((await failed(lost.keys.byId("k1"))).code).toBe("store_unavailable");
    await lost.close();
  });
});
