import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import type { SessionSignal, Sessions, StopSignal } from "../../src/session/port.ts";
import { freePort, type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { type RedisCluster, startCluster, startSentinel } from "../fakes/redisTopologies.ts";
import { freshState, openReplica, type Replica } from "../fakes/replicas.ts";

/** Bounds of reliability.md §3 and §4, ten times as long: the machines of tests are shared. */
const failsWithinMs = 5_000;
const backWithinMs = 20_000;

const methods: Readonly<Record<string, (sessions: Sessions) => Promise<unknown>>> = {
  create: (sessions) => sessions.create("s2", "ph", freshState),
  touch: (sessions) => sessions.touch("s1", "ph"),
  remember: (sessions) => sessions.remember("s1", { initialized: true }),
  end: (sessions) => sessions.end("s1"),
  count: (sessions) => sessions.count(),
  begin: (sessions) => sessions.begin("s1", "s2", "farewell"),
  append: (sessions) => sessions.append("s1", "s", "lost"),
  broadcast: (sessions) => sessions.broadcast("s", "lost", "e1"),
  read: (sessions) => sessions.read("s1", "s", "0"),
  tail: (sessions) => sessions.tail("s1", "s"),
  openQuestion: (sessions) => sessions.openQuestion("s1", "q", 60_000),
  answer: (sessions) => sessions.answer("s1", "q", {}),
  awaitAnswer: (sessions) => sessions.awaitAnswer("s1", "q", new AbortController().signal),
  publish: (sessions) => sessions.publish("s1", { type: "close" }),
};

describe.skipIf(withoutRedis)("a Redis that goes away", () => {
  let server: RedisServer;
  let replica: Replica;

  beforeEach(async () => {
    server = await startRedis();
    replica = await openReplica(server.url);
    await replica.sessions.create("s1", "ph", freshState);
    return async () => {
      await replica.close();
      await server.close();
    };
  });

  const back = async (): Promise<number> => {
    const start = performance.now();
    await vi.waitFor(() => replica.sessions.count(), { timeout: backWithinMs, interval: 10 });
    return performance.now() - start;
  };
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

  it("when killed fails every method at once, naming no address, and is used again soon after its return", async () => {
    await server.kill();
    for (const [name, method] of Object.entries(methods)) {
      const error = await failed(method(replica.sessions));
      expect([name, error.code, error.retryable]).toEqual([name, "store_unavailable", true]);
      expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`).not.toMatch(
        /127\.0\.0\.1|s1|ph\b|lost/,
      );
      expect(JSON.stringify(error)).not.toContain(String(server.port));
    }
    await vi.waitFor(() => expect(replica.redis.isUp()).toBe(false), { timeout: failsWithinMs });
    await server.start();
    expect(await back()).toBeLessThan(backWithinMs);
    expect(await replica.sessions.touch("s1", "ph")).toBeNull();
    await replica.sessions.create("s2", "ph", freshState);
    expect(await replica.sessions.touch("s2", "ph")).toEqual(freshState);
  });

  it("when frozen fails every method within its bound, and keeps its sessions", async () => {
    server.freeze();
    const errors = await Promise.all(Object.values(methods).map((method) => failed(method(replica.sessions))));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["store_unavailable"]));
    await vi.waitFor(() => expect(replica.redis.isUp()).toBe(false), { timeout: backWithinMs });
    await failed(replica.sessions.count());
    server.thaw();
    expect(await back()).toBeLessThan(backWithinMs);
  });

  it("when frozen while a session is made leaves it whole or unknown, never one that hears of nothing", async () => {
    const ids = Array.from({ length: 20 }, (_, at) => `f${at}`);
    server.freeze();
    await Promise.all(ids.map((id) => failed(replica.sessions.create(id, `ph of ${id}`, freshState))));
    server.thaw();
    await back();
    await replica.sessions.broadcast("session", "news", "e1");
    for (const id of ids) {
      const isThere = (await replica.sessions.touch(id, `ph of ${id}`)) !== null;
      const page = await replica.sessions.read(id, "session", "0");
      expect([id, page?.events.map(({ data }) => data)]).toEqual([id, isThere ? ["news"] : undefined]);
    }
  });

  it("never carries out later, by us, what failed and was sent while it was gone", async () => {
    await server.kill();
    await Promise.all([1, 2, 3].map((n) => failed(replica.sessions.append("s1", "s", `lost ${n}`))));
    await failed(replica.sessions.create("s2", "ph", freshState));
    await server.start();
    await back();
    expect(await replica.redis.commands.dbsize()).toBe(0);
  });

  it("wakes watchers of the time before again after its return", async () => {
    const heard: SessionSignal[] = [];
    onTestFinished(replica.sessions.watch("s1", (signal) => heard.push(signal)));
    await server.kill();
    await server.start();
    await back();
    await replica.sessions.create("s1", "ph", freshState);
    await vi.waitFor(
      async () => {
        await replica.sessions.publish("s1", { type: "stream", owner: "new" });
        expect(heard.length).toBeGreaterThan(0);
      },
      { timeout: backWithinMs, interval: 50 },
    );
  });

  it("ends a wait for an answer with store_unavailable", async () => {
    await replica.sessions.openQuestion("s1", "q", 60_000);
    const waiting = replica.sessions.awaitAnswer("s1", "q", new AbortController().signal);
    await replica.sessions.read("s1", "s", "0");
    const start = performance.now();
    await server.kill();
    await expect(waiting).rejects.toMatchObject({ code: "store_unavailable" });
    expect(performance.now() - start).toBeLessThan(backWithinMs);
  });

  it("is connected to again even where ioredis has given up", async () => {
    replica.redis.commands.disconnect();
    await failed(replica.sessions.count());
    expect(await back()).toBeLessThan(backWithinMs);
  });

  it("is logged once when it goes and once when it is back, without an address", async () => {
    await server.kill();
    await vi.waitFor(() => expect(replica.log.join("")).toContain("redis is away"), { timeout: failsWithinMs });
    await server.start();
    await back();
    const lines = replica.log.filter((line) => line.includes("redis is"));
    expect(lines.map((line) => (line.includes("away") ? "away" : "back"))).toEqual(["away", "back"]);
    expect(replica.log.join("")).not.toMatch(/127\.0\.0\.1/);
    expect(replica.log.join("")).not.toContain(String(server.port));
  });

  it("lets us close while it is frozen", async () => {
    server.freeze();
    const start = performance.now();
    await replica.close();
    expect(performance.now() - start).toBeLessThan(failsWithinMs);
  });

  it("is full: that is store_unavailable, and reading goes on", async () => {
    await replica.sessions.append("s1", "s", "kept");
    await replica.redis.commands.config("SET", "maxmemory", "1");
    const error = await failed(replica.sessions.append("s1", "s", "too much"));
    expect([error.code, String(error.cause)]).toEqual(["store_unavailable", "Error: redis: OOM"]);
    await replica.redis.commands.config("SET", "maxmemory", "0");
    expect((await replica.sessions.read("s1", "s", "0"))?.events.map(({ data }) => data)).toEqual(["kept"]);
  });
});

describe.skipIf(withoutRedis)("a connection to Redis", () => {
  const open = async (url: string): Promise<Replica> => {
    const replica = await openReplica(url);
    onTestFinished(() => replica.close());
    return replica;
  };
  const start = async (settings: readonly string[]): Promise<RedisServer> => {
    const server = await startRedis(settings);
    onTestFinished(() => server.close());
    return server;
  };
  const works = async ({ sessions }: Replica): Promise<void> => {
    await sessions.create("s1", "ph", freshState);
    expect(await sessions.touch("s1", "ph")).toEqual(freshState);
    const heard: SessionSignal[] = [];
    const stop = sessions.watch("s1", (signal) => heard.push(signal));
    await sessions.append("s1", "s", "one");
    await vi.waitFor(
      async () => {
        await sessions.publish("s1", { type: "stream", owner: "new" });
        expect(heard.length).toBeGreaterThan(0);
      },
      { timeout: backWithinMs },
    );
    stop();
    expect(await sessions.end("s1")).toBe(true);
  };

  it("says within seconds that nobody is there, and is made once somebody is", async () => {
    const port = await freePort();
    const replica = await open(`redis://127.0.0.1:${port}`);
    expect(await replica.redis.ready()).toBe(false);
    expect(replica.log.join("")).toMatch(/"reason":"ECONNREFUSED","msg":"redis does not answer/);
    expect(replica.log.join("")).not.toContain(String(port));
  });

  it("takes user and password, and says when they are refused without showing them", async () => {
    const server = await start([
      "--user",
      "gateway",
      "on",
      ">pass/word",
      "~*",
      "&*",
      "+@all",
      "--requirepass",
      "other",
    ]);
    await works(await open(`redis://gateway:pass%2Fword@127.0.0.1:${server.port}/2`));
    const refused = await open(`redis://gateway:not-it@127.0.0.1:${server.port}`);
    expect(await refused.redis.ready()).toBe(false);
    await expect(refused.sessions.count()).rejects.toMatchObject({ code: "store_unavailable" });
    expect(refused.log.join("")).toMatch(/"reason":"WRONGPASS"/);
    expect(refused.log.join("")).not.toMatch(/not-it|gateway/);
  });

  const policies = [
    { name: "warns when Redis may drop sessions", settings: ["--maxmemory-policy", "allkeys-lru"], want: /noeviction/ },
    {
      name: "warns when Redis does not tell whether it may",
      settings: ["--rename-command", "CONFIG", ""],
      want: /make sure/,
    },
  ];
  it.each(policies)("$name", async ({ settings, want }) => {
    const server = await start(settings);
    const replica = await open(server.url);
    await vi.waitFor(() => expect(replica.log.join("")).toMatch(want), { timeout: failsWithinMs });
    await works(replica);
  });

  it("does not warn of a Redis that is set as it should be", async () => {
    const replica = await open((await start(["--maxmemory-policy", "noeviction"])).url);
    await works(replica);
    expect(replica.log).toEqual([]);
  });

  it("uses TLS, with authorities of a file, and trusts no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "specgate-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const made = spawnSync("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      key,
      "-out",
      certificate,
      ...subject,
    ]);
    expect(made.status, "openssl makes the certificate").toBe(0);
    const port = await freePort();
    const tls = [
      "--tls-port",
      `${port}`,
      "--tls-cert-file",
      certificate,
      "--tls-key-file",
      key,
      "--tls-auth-clients",
      "no",
    ];
    await start(tls);
    await works(await open(`rediss://localhost:${port}?caFile=${encodeURIComponent(certificate)}`));
    const wary = await open(`rediss://localhost:${port}`);
    expect(wary.redis.isUp()).toBe(false);
    expect(wary.log.join("")).toMatch(/SELF_SIGNED/);
  });

  it("finds the master through Sentinel, and the next one after a failover", { timeout: 120_000 }, async () => {
    const master = await start(["--repl-diskless-sync-delay", "0"]);
    const replica = await start(["--replicaof", "127.0.0.1", `${master.port}`]);
    const direct = await open(replica.url);
    const linked = async (): Promise<void> =>
      expect(await direct.redis.commands.info("replication")).toContain("master_link_status:up");
    await vi.waitFor(linked, { timeout: 30_000 });
    const sentinel = await startSentinel(master.port);
    onTestFinished(() => sentinel.close());
    const gateway = await open(sentinel.url);
    await works(gateway);
    await gateway.sessions.create("s2", "ph", freshState);
    await vi.waitFor(async () => expect(await gateway.redis.commands.wait(1, 200)).toBe(1), { timeout: 30_000 });
    await vi.waitFor(async () => expect(await sentinel.replicas()).toBe(1), { timeout: 30_000, interval: 200 });
    await master.kill();
    const usable = async (): Promise<void> => expect(await gateway.sessions.touch("s2", "ph")).toEqual(freshState);
    await vi.waitFor(usable, { timeout: 60_000, interval: 100 });
    expect((await gateway.redis.commands.info("server")).includes(`tcp_port:${replica.port}`)).toBe(true);
    await works(gateway);
  });
});

describe.skipIf(withoutRedis)("a Redis Cluster", () => {
  let cluster: RedisCluster;
  let a: Replica;
  let b: Replica;

  beforeAll(async () => {
    cluster = await startCluster();
    [a, b] = await Promise.all([openReplica(cluster.url), openReplica(cluster.url)]);
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await cluster.close();
  });

  it("holds sessions on all its nodes, and each does everything there", async () => {
    const never = new AbortController().signal;
    const ids = Array.from({ length: 30 }, (_, n) => `v1.session-${n}`);
    for (const id of ids) {
      await a.sessions.create(id, "ph", freshState);
      expect(await b.sessions.touch(id, "ph")).toEqual(freshState);
      await b.sessions.remember(id, { initialized: true });
      const seq = await a.sessions.append(id, "s", "one");
      expect(await b.sessions.read(id, "s", "0")).toEqual({ events: [{ seq, data: "one" }], ended: false });
      await a.sessions.openQuestion(id, "q", 60_000);
      const waiting = a.sessions.awaitAnswer(id, "q", never);
      expect(await b.sessions.answer(id, "q", { id })).toBe(true);
      expect(await waiting).toEqual({ id });
    }
    expect(await b.sessions.count()).toBe(30);
    await Promise.all([a.sessions.broadcast("session", "e", "e1"), b.sessions.broadcast("session", "e", "e1")]);
    for (const id of ids) expect((await b.sessions.read(id, "session", "0"))?.events).toHaveLength(1);
    for (const size of await cluster.sizes()) expect(size).toBeGreaterThan(0);
    for (const id of ids) expect(await a.sessions.end(id)).toBe(true);
    expect(await b.sessions.count()).toBe(0);
  });

  it("carries signals from one replica to the other", async () => {
    await a.sessions.create("s1", "ph", freshState);
    const heard: SessionSignal[] = [];
    onTestFinished(b.sessions.watch("s1", (signal) => heard.push(signal)));
    await b.sessions.read("s1", "s", "0");
    const stopped: StopSignal[] = [];
    onTestFinished(b.sessions.watchCalls("s1", (signal) => stopped.push(signal)));
    await a.sessions.publish("s1", { type: "stream", owner: "new" });
    await a.sessions.cancel("s1", 1);
    await vi.waitFor(() => expect(heard).toEqual([{ type: "stream", owner: "new" }]), { timeout: failsWithinMs });
    await vi.waitFor(() => expect(stopped).toEqual([{ type: "cancel", requestId: 1 }]), { timeout: failsWithinMs });
  });

  it("ends the least recently used sessions of a principal wherever they are", async () => {
    for (let n = 0; n < 53; n++) await a.sessions.create(`many-${n}`, "busy", freshState);
    const alive = await Promise.all([0, 1, 2, 3, 52].map((n) => b.sessions.touch(`many-${n}`, "busy")));
    expect(alive.map((state) => state !== null)).toEqual([false, false, false, true, true]);
  });
});
