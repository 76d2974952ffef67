import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { SessionSignal } from "../../src/session/port.ts";
import type { RedisSessionsOptions } from "../../src/session/sessions.redis.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { freshState, openReplica, type Replica } from "../fakes/replicas.ts";
import { sessionsContract } from "../session/contract.ts";

describe.skipIf(withoutRedis)("sessions in Redis", () => {
  let server: RedisServer;
  let prefix: string;
  beforeAll(async () => {
    server = await startRedis();
    return () => server.close();
  });
  beforeEach(() => {
    prefix = `${randomUUID()}:`;
  });
  sessionsContract({
    name: "Redis",
    shared: true,
    make: async (now) => {
      const replica = await openReplica(server.url, { prefix, now, refreshMs: 0 });
      return { ...replica.sessions, close: replica.close };
    },
  });
});

/** Two gateway processes over one Redis, as far as their session stores go: reliability.md §2, "any replica serves any request". */
describe.skipIf(withoutRedis)("sessions in Redis, seen by two replicas", () => {
  let server: RedisServer;
  let a: Replica;
  let b: Replica;

  beforeAll(async () => {
    server = await startRedis();
    [a, b] = await Promise.all([openReplica(server.url), openReplica(server.url)]);
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await server.close();
  });

  /** A pair with limits, and a key space, of their own. */
  const pair = async (options: Omit<RedisSessionsOptions, "redis">): Promise<[Replica, Replica]> => {
    const own = { prefix: `${randomUUID()}:`, ...options };
    const [one, two] = await Promise.all([openReplica(server.url, own), openReplica(server.url, own)]);
    onTestFinished(async () => {
      await Promise.all([one.close(), two.close()]);
    });
    return [one, two];
  };
  const begin = async (replica: Replica = a): Promise<string> => {
    const id = `v1.${randomUUID()}`;
    await replica.sessions.create(id, `ph-${id}`, freshState);
    return id;
  };
  const keysOf = async (id: string): Promise<string[]> => a.redis.commands.keys(`*${id}*`);

  describe("records", () => {
    it("are created on one replica, touched and changed on the other", async () => {
      const id = await begin();
      expect(await b.sessions.touch(id, `ph-${id}`)).toEqual(freshState);
      await b.sessions.remember(id, { initialized: true, logLevel: "error" });
      await a.sessions.remember(id, { subscriptions: ["beacon://monitors"] });
      const want = { ...freshState, initialized: true, logLevel: "error", subscriptions: ["beacon://monitors"] };
      expect(await a.sessions.touch(id, `ph-${id}`)).toEqual(want);
      await a.sessions.remember(id, { logLevel: null });
      expect(await b.sessions.touch(id, `ph-${id}`)).toEqual({ ...want, logLevel: null });
    });

    it("are another principal's to nobody, in the same answer as an unknown id", async () => {
      const id = await begin();
      expect(await b.sessions.touch(id, "ph-of-another")).toBeNull();
      expect(await b.sessions.touch("v1.unknown", `ph-${id}`)).toBeNull();
      expect(await a.sessions.touch(id, `ph-${id}`)).not.toBeNull();
    });

    it("end on one replica and are unknown to the other at once, with nothing of them left", async () => {
      const id = await begin();
      await a.sessions.append(id, "s", "1");
      const heard: SessionSignal[] = [];
      onTestFinished(b.sessions.watch(id, (signal) => heard.push(signal)));
      await b.sessions.read(id, "s", "0");
      expect(await a.sessions.end(id)).toBe(true);
      expect(await b.sessions.touch(id, `ph-${id}`)).toBeNull();
      expect(await b.sessions.end(id)).toBe(false);
      expect(await b.sessions.read(id, "s", "0")).toBeNull();
      expect(await b.sessions.append(id, "s", "2")).toBe("0");
      await b.sessions.remember(id, { initialized: true });
      expect(await keysOf(id)).toEqual([]);
      await vi.waitFor(() => expect(heard).toEqual([{ type: "close" }]));
    });

    it("end when they are not used, and are counted no more", async () => {
      const [one, two] = await pair({ idleMs: 150 });
      await one.sessions.create("s1", "ph", freshState);
      expect(await two.sessions.count()).toBe(1);
      await vi.waitFor(async () => expect(await two.sessions.count()).toBe(0), { timeout: 5_000 });
      expect(await two.sessions.touch("s1", "ph")).toBeNull();
    });

    it("live on while they are used, but not for ever", async () => {
      const [one, two] = await pair({ idleMs: 400, absoluteMs: 1_200, refreshMs: 0 });
      const start = performance.now();
      await one.sessions.create("s1", "ph", freshState);
      const over = async (): Promise<void> => expect(await two.sessions.touch("s1", "ph")).toBeNull();
      await vi.waitFor(over, { timeout: 10_000, interval: 20 });
      expect(performance.now() - start).toBeGreaterThan(1_100);
    });

    it("are written to by a use only when the last write is a while ago", async () => {
      const [one, two] = await pair({ prefix: "w:" });
      await one.sessions.create("s1", "ph", freshState);
      const writes = async (): Promise<string> =>
        /cmdstat_hset:calls=(\d+)/.exec(await one.redis.commands.info("commandstats"))?.[1] ?? "";
      const before = await writes();
      for (let use = 0; use < 20; use++) await two.sessions.touch("s1", "ph");
      expect(await writes()).toBe(before);
    });

    it("end by the least recently used when their principal has too many", async () => {
      const [one, two] = await pair({ perPrincipal: 3, refreshMs: 0 });
      for (const id of ["s1", "s2", "s3"]) await one.sessions.create(id, "ph", freshState);
      await one.sessions.create("t1", "another", freshState);
      await two.sessions.touch("s1", "ph");
      await two.sessions.create("s4", "ph", freshState);
      const alive = async (id: string): Promise<boolean> => (await one.sessions.touch(id, "ph")) !== null;
      expect([await alive("s1"), await alive("s2"), await alive("s3"), await alive("s4")]).toEqual([
        true,
        false,
        true,
        true,
      ]);
      expect(await one.sessions.touch("t1", "another")).not.toBeNull();
      expect(await one.sessions.count()).toBe(4);
    });
  });

  describe("streams", () => {
    it("are written on one replica and read on the other, from any position", async () => {
      const id = await begin();
      const first = await a.sessions.append(id, "s", "one");
      const second = await b.sessions.append(id, "s", "two é \u2028");
      expect(await b.sessions.tail(id, "s")).toBe(second);
      const all = [
        { seq: first, data: "one" },
        { seq: second, data: "two é \u2028" },
      ];
      expect(await b.sessions.read(id, "s", "0")).toEqual({ events: all, ended: false });
      expect(await a.sessions.read(id, "s", first)).toEqual({ events: all.slice(1), ended: false });
      expect(await a.sessions.read(id, "s", second)).toEqual({ events: [], ended: false });
      const last = await a.sessions.append(id, "s", "end", true);
      expect(await b.sessions.read(id, "s", second)).toEqual({ events: [{ seq: last, data: "end" }], ended: true });
      expect(await b.sessions.read(id, "s", last)).toEqual({ events: [], ended: true });
    });

    it("number the events of writers on both replicas without a gap or a double", async () => {
      const id = await begin();
      const writes = Array.from({ length: 100 }, (_, n) => (n % 2 ? a : b).sessions.append(id, "s", `${n}`));
      const seqs = new Set(await Promise.all(writes));
      const page = await a.sessions.read(id, "s", "0");
      expect(seqs.size).toBe(100);
      expect(page?.events.map(({ seq }) => Number(seq.split("-")[1]))).toEqual(
        Array.from({ length: 100 }, (_, n) => n + 1),
      );
    });

    it("are those of one session alone, whatever position is asked for", async () => {
      const [mine, theirs] = [await begin(), await begin()];
      const seq = await a.sessions.append(theirs, "s", "secret");
      await a.sessions.append(theirs, "s", "secret too");
      expect(await b.sessions.read(mine, "s", seq)).toBeNull();
      expect(await b.sessions.read(mine, "s", "0")).toEqual({ events: [], ended: false });
    });

    const strange = ["1", "", "x", "9999999999999-1", "1-1", "0-1", "-", "+", "1 2", "__proto__"];
    it.each(strange)("have no position %j", async (position) => {
      const id = await begin();
      await a.sessions.append(id, "s", "one");
      expect(await b.sessions.read(id, "s", position)).toBeNull();
      expect(await b.sessions.read(id, "unknown", position)).toBeNull();
    });

    it("have no position beyond their end", async () => {
      const id = await begin();
      const seq = await a.sessions.append(id, "s", "one");
      expect(await b.sessions.read(id, "s", seq.replace(/1$/, "2"))).toBeNull();
      expect(await b.sessions.read(id, "s", seq.replace(/-1$/, "-01"))).toBeNull();
    });

    it("keep 256 events and say so when a reader is further behind", async () => {
      const id = await begin();
      const seqs: string[] = [];
      for (let n = 1; n <= 300; n++) seqs.push(await a.sessions.append(id, "s", `${n}`));
      const [lost = "", reached = ""] = seqs.slice(42); // the 43rd and 44th: 45 to 300 are 256
      expect(await b.sessions.read(id, "s", lost)).toBeNull();
      expect(await b.sessions.read(id, "s", "0")).toBeNull();
      const page = await b.sessions.read(id, "s", reached);
      expect([page?.events.length, page?.events[0]?.data, page?.events.at(-1)?.data]).toEqual([256, "45", "300"]);
    });

    it("keep 2 MB, refuse one message of more than 256 KB, and go on", async () => {
      const id = await begin();
      const big = "x".repeat(262_144);
      for (let n = 0; n < 10; n++) await a.sessions.append(id, "s", big);
      expect(await b.redis.commands.xlen(`sg:ev:{${id}}:s`)).toBe(8);
      await expect(a.sessions.append(id, "s", `${big}x`)).rejects.toMatchObject({ code: "response_too_large" });
      await expect(a.sessions.append(id, "s", "é".repeat(131_073))).rejects.toMatchObject({
        code: "response_too_large",
      });
      const tail = await a.sessions.tail(id, "s");
      await a.sessions.append(id, "s", "small");
      expect((await b.sessions.read(id, "s", tail))?.events.map(({ data }) => data)).toEqual(["small"]);
    });

    it("forget events in time: who was at the end goes on, who was behind is told", async () => {
      const [one, two] = await pair({ eventLifeMs: 100 });
      await one.sessions.create("s1", "ph", freshState);
      const behind = await one.sessions.append("s1", "s", "1");
      const atEnd = await one.sessions.append("s1", "s", "2");
      const gone = async (): Promise<void> => expect(await two.sessions.read("s1", "s", behind)).toBeNull();
      await vi.waitFor(gone, { timeout: 5_000 });
      expect(await two.sessions.read("s1", "s", atEnd)).toEqual({ events: [], ended: false });
      const seq = await one.sessions.append("s1", "s", "3");
      expect(await two.sessions.read("s1", "s", atEnd)).toEqual({ events: [{ seq, data: "3" }], ended: false });
      expect(await two.sessions.read("s1", "s", behind)).toBeNull();
    });

    it("are 64 per session: ended ones go first, and the session's own stays", async () => {
      const id = await begin();
      const own = await a.sessions.append(id, "session", "hello");
      for (let n = 0; n < 80; n++) await a.sessions.append(id, `post-${n}`, "done", true);
      expect(await b.sessions.read(id, "session", own)).toEqual({ events: [], ended: false });
      expect(await b.sessions.read(id, "post-79", "0")).toMatchObject({ ended: true });
      expect(await b.sessions.tail(id, "post-0")).toBe("0");
      expect(await a.redis.commands.hlen(`sg:evs:{${id}}`)).toBe(64);
      expect(await a.redis.commands.exists(`sg:ev:{${id}}:post-0`)).toBe(0);
    });

    it("never take a position of a forgotten stream for one in a later stream of its name", async () => {
      const id = await begin();
      const old = await a.sessions.append(id, "post", "old", true);
      for (let n = 0; n < 64; n++) await a.sessions.append(id, `post-${n}`, "done", true);
      await a.sessions.append(id, "post", "new 1");
      await a.sessions.append(id, "post", "new 2");
      expect(await b.sessions.read(id, "post", old)).toBeNull();
      expect((await b.sessions.read(id, "post", "0"))?.events.map(({ data }) => data)).toEqual(["new 1", "new 2"]);
    });
  });

  describe("broadcasts", () => {
    it("reach every session once, though every replica makes them", async () => {
      const [one, two] = await pair({});
      const ids = Array.from({ length: 450 }, (_, n) => `s${n}`);
      for (const id of ids) await one.sessions.create(id, id, freshState);
      const make = (replica: Replica, event: string): Promise<void> =>
        replica.sessions.broadcast("session", event, event);
      await Promise.all([make(one, "e1"), make(two, "e1"), make(one, "e1")]);
      await make(two, "e2");
      await make(one, "e2");
      const pages = await Promise.all(ids.map((id) => two.sessions.read(id, "session", "0")));
      for (const page of pages) expect(page?.events.map(({ data }) => data)).toEqual(["e1", "e2"]);
    });

    it("are finished by another when the replica that makes one dies in the middle, and only then", async () => {
      const [one, two] = await pair({ prefix: "died:" });
      for (const id of ["s1", "s2"]) await one.sessions.create(id, id, freshState);
      // As it is left: claimed, and made for one session of two.
      await one.sessions.broadcast("session", "e1", "id of e1");
      const [claim = ""] = await one.redis.commands.keys("died:evt:*");
      await one.redis.commands.set(claim, "making", "PX", 700);
      await one.redis.commands.del("died:ev:{s2}:session", "died:evs:{s2}");
      const finished = two.sessions.broadcast("session", "e1", "id of e1");
      expect((await two.sessions.read("s2", "session", "0"))?.events).toEqual([]);
      await finished;
      for (const id of ["s1", "s2"]) expect((await two.sessions.read(id, "session", "0"))?.events).toHaveLength(1);
    });

    it("are finished by whoever tries again, and double for nobody", async () => {
      const [one, two] = await pair({ prefix: "again:" });
      await one.sessions.create("s1", "ph", freshState);
      await one.sessions.create("s2", "ph", freshState);
      await one.sessions.broadcast("session", "e1", "id of e1");
      await one.redis.commands.del(
        ...(await one.redis.commands.keys("again:evt:*")),
        "again:ev:{s2}:session",
        "again:evs:{s2}",
      );
      await two.sessions.broadcast("session", "e1", "id of e1");
      for (const id of ["s1", "s2"]) expect((await two.sessions.read(id, "session", "0"))?.events).toHaveLength(1);
    });
  });

  describe("answers", () => {
    const never = new AbortController().signal;

    it("reach the replica that asked, once, and sooner than it would look by itself", async () => {
      const id = await begin();
      const start = performance.now();
      await a.sessions.openQuestion(id, "q", 60_000);
      const waiting = a.sessions.awaitAnswer(id, "q", never);
      await a.sessions.read(id, "s", "0"); // behind the waiter's first look, on the same connection
      const taken = await Promise.all(["first", "second", "third"].map((n) => b.sessions.answer(id, "q", { n })));
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect(await waiting).toEqual({ n: ["first", "second", "third"][taken.indexOf(true)] });
      expect(performance.now() - start).toBeLessThan(1_900);
      expect(await b.sessions.answer(id, "q", { n: "late" })).toBe(false);
      expect(await a.sessions.awaitAnswer(id, "q", never)).toBeNull();
    });

    it("may come before anybody waits", async () => {
      const id = await begin();
      await a.sessions.openQuestion(id, "q", 60_000);
      expect(await b.sessions.answer(id, "q", { yes: true })).toBe(true);
      expect(await a.sessions.awaitAnswer(id, "q", never)).toEqual({ yes: true });
    });

    const refused = [
      { name: "that was never asked", request: "other", open: false },
      { name: "with an id of absurd length", request: "q".repeat(100_000), open: false },
      { name: "of another session", request: "q", open: true },
    ];
    it.each(refused)("are dropped when they answer a question $name", async ({ request, open }) => {
      const [mine, theirs] = [await begin(), await begin()];
      if (open) await a.sessions.openQuestion(theirs, request, 60_000);
      expect(await b.sessions.answer(mine, request, { yes: true })).toBe(false);
    });

    it("are dropped when the time is up, and the wait ends then", async () => {
      const id = await begin();
      await a.sessions.openQuestion(id, "q", 100);
      const start = performance.now();
      expect(await a.sessions.awaitAnswer(id, "q", never)).toBeNull();
      expect(performance.now() - start).toBeLessThan(1_500);
      expect(await b.sessions.answer(id, "q", { yes: true })).toBe(false);
    });

    it("are dropped when the asker has given up", async () => {
      const id = await begin();
      await a.sessions.openQuestion(id, "q", 60_000);
      const asker = new AbortController();
      const waiting = a.sessions.awaitAnswer(id, "q", asker.signal);
      asker.abort();
      expect(await waiting).toBeNull();
      expect(await b.sessions.answer(id, "q", { yes: true })).toBe(false);
    });

    it("are no longer waited for when the session ends on the other replica", async () => {
      const id = await begin();
      await a.sessions.openQuestion(id, "q", 60_000);
      const waiting = a.sessions.awaitAnswer(id, "q", never);
      await b.sessions.end(id);
      expect(await waiting).toBeNull();
      expect(await keysOf(id)).toEqual([]);
    });

    it("are no longer waited for when the replica closes", async () => {
      const [one] = await pair({});
      await one.sessions.create("s1", "ph", freshState);
      await one.sessions.openQuestion("s1", "q", 60_000);
      const waiting = one.sessions.awaitAnswer("s1", "q", never);
      await one.sessions.close();
      expect(await waiting).toBeNull();
    });

    it("never confirm what another question asked, 50 times over (protocol.md §7.4)", async () => {
      for (let round = 0; round < 50; round++) {
        const id = await begin(round % 2 ? a : b);
        const questions = [
          { request: randomUUID(), asker: a, answerer: b, answer: { delete: "trash", yes: true } },
          { request: randomUUID(), asker: b, answerer: a, answer: { delete: "keep", yes: false } },
        ];
        const got = await Promise.all(
          questions.map(async ({ request, asker, answerer, answer }) => {
            await asker.sessions.openQuestion(id, request, 60_000);
            const waiting = asker.sessions.awaitAnswer(id, request, never);
            expect(await answerer.sessions.answer(id, request, answer)).toBe(true);
            return waiting;
          }),
        );
        expect(got).toEqual(questions.map(({ answer }) => answer));
      }
    });
  });

  describe("signals", () => {
    it("reach the watchers of their session on every replica once, and nobody else", async () => {
      const [id, other] = [await begin(), await begin()];
      const heard: string[] = [];
      const hear = (replica: Replica, session: string, name: string): (() => void) =>
        replica.sessions.watch(session, (signal) => heard.push(`${name} ${signal.type}`));
      const stops = [hear(a, id, "a"), hear(b, id, "b"), hear(b, other, "other")];
      await Promise.all([
        a.sessions.read(id, "s", "0"),
        b.sessions.read(id, "s", "0"),
        b.sessions.read(other, "s", "0"),
      ]);
      await b.sessions.publish(id, { type: "event", stream: "s" });
      await a.sessions.publish(id, { type: "stream", owner: "new" });
      await vi.waitFor(() => expect(heard).toHaveLength(4));
      for (const stop of stops) stop();
      await a.sessions.publish(id, { type: "stream", owner: "newer" });
      await a.sessions.openQuestion(id, "q", 60_000);
      await a.sessions.answer(id, "q", {}); // behind it on the same channel, and for no watcher
      expect(heard.sort()).toEqual(["a event", "a stream", "b event", "b stream"]);
    });

    it("are watched in vain when they are lost, but answers and events are not", async () => {
      const [one, two] = await pair({});
      await one.sessions.create("s1", "ph", freshState);
      await one.sessions.openQuestion("s1", "q", 60_000);
      const waiting = one.sessions.awaitAnswer("s1", "q", new AbortController().signal);
      await one.sessions.read("s1", "s", "0");
      const start = performance.now();
      await one.redis.commands.client("KILL", "TYPE", "PUBSUB");
      expect(await two.sessions.answer("s1", "q", { yes: true })).toBe(true);
      expect(await waiting).toEqual({ yes: true });
      expect(performance.now() - start).toBeLessThan(5_000);
    });

    it("are heard again after the connection for messages broke", async () => {
      const [one, two] = await pair({});
      await one.sessions.create("s1", "ph", freshState);
      const heard: SessionSignal[] = [];
      onTestFinished(one.sessions.watch("s1", (signal) => heard.push(signal)));
      await one.sessions.read("s1", "s", "0");
      await one.redis.commands.client("KILL", "TYPE", "PUBSUB");
      await vi.waitFor(
        async () => {
          await two.sessions.publish("s1", { type: "stream", owner: "new" });
          expect(heard.length).toBeGreaterThan(0);
        },
        { timeout: 20_000, interval: 50 },
      );
    });

    it("of strangers on the channel are not heard and do no harm", async () => {
      const id = await begin();
      const heard: SessionSignal[] = [];
      onTestFinished(b.sessions.watch(id, (signal) => heard.push(signal)));
      await b.sessions.read(id, "s", "0");
      for (const text of ["", "{", "null", "7", '{"type":"nonsense"}'])
        await a.redis.commands.publish(`sg:wake:{${id}}`, text);
      await a.sessions.publish(id, { type: "close" });
      await vi.waitFor(() => expect(heard).toEqual([{ type: "close" }]));
    });

    it("are unsubscribed from soon after nobody listens", async () => {
      const [one] = await pair({ prefix: "quiet:" });
      await one.sessions.create("s1", "ph", freshState);
      const channels = async (): Promise<unknown> => one.redis.commands.pubsub("CHANNELS", "quiet:*");
      const stop = one.sessions.watch("s1", () => undefined);
      await vi.waitFor(async () => expect(await channels()).toContain("quiet:wake:{s1}"));
      stop();
      await vi.waitFor(async () => expect(await channels()).toEqual(["quiet:stop"]), { timeout: 10_000 });
    });

    it("that end calls need no subscription for each call", async () => {
      const [one, two] = await pair({ prefix: "calls:" });
      const heard: string[] = [];
      for (let n = 0; n < 100; n++) {
        await one.sessions.create(`s${n}`, `ph${n}`, freshState);
        onTestFinished(one.sessions.watchCalls(`s${n}`, ({ type }) => heard.push(`s${n} ${type}`)));
      }
      expect(await two.redis.commands.pubsub("CHANNELS", "calls:*")).toEqual(["calls:stop"]);
      for (const text of ["", "{", "null", "7", '{"id":"s1"}', '{"id":"s1","signal":{"type":"nonsense"}}'])
        await two.redis.commands.publish("calls:stop", text);
      await two.sessions.cancel("s7", 1);
      await two.sessions.end("s9");
      await vi.waitFor(() => expect(heard).toEqual(["s7 cancel", "s9 close"]));
    });
  });
});
