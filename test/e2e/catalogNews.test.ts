import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createRedisCatalogNews } from "../../src/session/catalogNews.redis.ts";
import type { CatalogNews } from "../../src/session/catalogNews.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { openReplica } from "../fakes/replicas.ts";

const lookMs = 50;
const patience = { timeout: 20_000, interval: 20 };

describe.skipIf(withoutRedis)("the news of a changed Catalog, among replicas", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  /** Replicas that have a Redis to themselves by their prefix; `told` is what each told its clients. */
  const deployment = () => {
    const prefix = `${randomUUID()}:`;
    return async (hash: string, tell?: (eventId: string) => Promise<void>): Promise<Replica> => {
      const { redis: connection, close } = await openReplica(redis.url);
      const told: string[] = [];
      const replicaId = randomUUID();
      const news = createRedisCatalogNews({
        redis: connection,
        replicaId,
        prefix,
        lookMs,
        tell: async (eventId) => {
          await tell?.(eventId);
          told.push(eventId);
        },
      });
      onTestFinished(async () => {
        await news.leave();
        await close();
      });
      await news.serve(() => hash);
      const registered = (): Promise<number> => connection.commands.hexists(`${prefix}{catalog}:replicas`, replicaId);
      await vi.waitUntil(registered, patience);
      return { ...news, told, crash: close };
    };
  };
  interface Replica extends CatalogNews {
    readonly told: readonly string[];
    /** Leaves without a word. */
    readonly crash: () => Promise<void>;
  }
  const toldOf = (replicas: readonly Replica[]): string[][] =>
    replicas.map(({ told }) => told.map((id) => id.split(":")[1] ?? ""));
  /** As long as several looks of a replica take: what was to come has come. */
  const someLooks = async (replica: Replica, hash: string): Promise<void> => {
    for (let look = 0; look < 3; look++) await replica.serve(() => hash);
  };

  it("is none when the first replicas start", async () => {
    const start = deployment();
    const replicas = [await start("a"), await start("a"), await start("a")];
    for (const replica of replicas) await someLooks(replica, "a");
    expect(toldOf(replicas)).toEqual([[], [], []]);
  });

  it("is told once by each replica to its own, under one id, when all of them serve the new one", async () => {
    const start = deployment();
    const replicas = [await start("a"), await start("a"), await start("a")];
    const [one, two, three] = replicas as [Replica, Replica, Replica];
    await one.serve(() => "b");
    await two.serve(() => "b");
    await someLooks(two, "b");
    expect(toldOf(replicas)).toEqual([[], [], []]);
    await three.serve(() => "b");
    await vi.waitFor(() => expect(toldOf(replicas)).toEqual([["b"], ["b"], ["b"]]), patience);
    expect(new Set(replicas.flatMap(({ told }) => told)).size).toBe(1);
    for (const replica of replicas) await someLooks(replica, "b");
    expect(toldOf(replicas)).toEqual([["b"], ["b"], ["b"]]);
  });

  it("is told again, under another id, when the old Catalog comes back", async () => {
    const start = deployment();
    const replica = await start("a");
    for (const hash of ["b", "a", "b"]) await replica.serve(() => hash);
    expect(toldOf([replica])).toEqual([["b", "a", "b"]]);
    expect(new Set(replica.told).size).toBe(3);
  });

  it("is told after a rolling restart, by a replica that was not there before", async () => {
    const start = deployment();
    const old = await start("a");
    const fresh = await start("b");
    await someLooks(fresh, "b");
    expect(toldOf([fresh])).toEqual([[]]);
    await old.leave();
    await vi.waitFor(() => expect(toldOf([fresh])).toEqual([["b"]]), patience);
  });

  it("waits for a replica that died only as long as some looks take", async () => {
    const start = deployment();
    const [old, fresh] = [await start("a"), await start("b")];
    await old.crash();
    await vi.waitFor(() => expect(toldOf([fresh])).toEqual([["b"]]), patience);
  });

  it("is told under the same id by whoever stands in for a replica that failed while it told", async () => {
    const start = deployment();
    const tried: string[] = [];
    const broken = await start("a", async (eventId) => {
      tried.push(eventId);
      throw new Error("died");
    });
    const other = await start("a");
    await broken.serve(() => "b");
    await other.serve(() => "b");
    await vi.waitFor(() => expect(toldOf([other])).toEqual([["b"]]), patience);
    await someLooks(broken, "b");
    expect(new Set([...tried, ...other.told]).size).toBe(1);
  });

  it("is made up for when Redis was away meanwhile, and is none when Redis lost everything", async () => {
    const own = await startRedis();
    onTestFinished(() => own.close());
    const { redis: connection, close } = await openReplica(own.url);
    const told: string[] = [];
    const news = createRedisCatalogNews({
      redis: connection,
      replicaId: randomUUID(),
      lookMs,
      tell: async (id) => void told.push(id.split(":")[1] ?? ""),
    });
    onTestFinished(async () => {
      await news.leave();
      await close();
    });
    await news.serve(() => "a");
    await news.serve(() => "a");
    own.freeze();
    await news.serve(() => "b");
    expect(told).toEqual([]);
    own.thaw();
    await vi.waitFor(() => expect(told).toEqual(["b"]), patience);
    await own.kill();
    await own.start();
    await vi.waitUntil(() => connection.commands.exists("sg:{catalog}:told").catch(() => 0), patience);
    await someLooks({ ...news, told, crash: close }, "b");
    expect(told).toEqual(["b"]);
  });
});
