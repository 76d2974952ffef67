import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionSignal, SessionState, Sessions, StopSignal } from "../../src/session/port.ts";

/** How the contract makes and steers one implementation. */
export interface Maker {
  readonly name: string;
  /** Sessions over an empty store whose clock is `now`. A second call within a test is another replica on the same store. */
  readonly make: (now: () => number) => Promise<Sessions>;
  /** Whether `make` can stand for several replicas of one store. */
  readonly shared: boolean;
}

const state: SessionState = {
  version: "2025-11-25",
  client: { name: "test", version: "1" },
  capabilities: { elicitation: {} },
  initialized: false,
  logLevel: null,
  subscriptions: [],
};
const minute = 60_000;

/** What every implementation of the Sessions port must do. */
export function sessionsContract({ name, make, shared }: Maker): void {
  describe(`the Sessions port by ${name}`, () => {
    let now = 0;
    let sessions: Sessions;
    let other: Sessions;
    beforeEach(async () => {
      now = Date.now();
      sessions = await make(() => now);
      other = shared ? await make(() => now) : sessions;
    });
    afterEach(async () => {
      await sessions.close();
      if (shared) await other.close();
    });

    it("gives a session back as it was stored, to its principal alone", async () => {
      await sessions.create("a", "ann", state);
      expect(await other.touch("a", "ann")).toEqual(state);
      expect(await other.touch("a", "bob")).toBeNull();
      expect(await other.touch("b", "ann")).toBeNull();
    });

    it("remembers what changes and nothing else", async () => {
      await sessions.create("a", "ann", state);
      await other.remember("a", { logLevel: "error" });
      await sessions.remember("a", { initialized: true, subscriptions: ["test://x"] });
      await sessions.remember("gone", { initialized: true });
      expect(await other.touch("a", "ann")).toEqual({
        ...state,
        logLevel: "error",
        initialized: true,
        subscriptions: ["test://x"],
      });
    });

    it("keeps subscriptions up to their number, whoever adds them at once", async () => {
      await sessions.create("a", "ann", state);
      const uris = ["test://1", "test://2", "test://3", "test://4"];
      const taken = await Promise.all(uris.map((uri, index) => (index % 2 ? sessions : other).subscribe("a", uri, 3)));
      expect(taken.filter((one) => one)).toHaveLength(3);
      const { subscriptions = [] } = (await other.touch("a", "ann")) ?? {};
      expect(subscriptions).toHaveLength(3);
      expect(await other.subscribe("a", subscriptions[0] ?? "", 3)).toBe(true);
      for (const uri of subscriptions) await other.unsubscribe("a", uri);
      await other.unsubscribe("a", "test://never");
      expect((await sessions.touch("a", "ann"))?.subscriptions).toEqual([]);
      expect(await sessions.subscribe("a", "test://5", 3)).toBe(true);
      expect((await sessions.touch("a", "ann"))?.subscriptions).toEqual(["test://5"]);
      await sessions.unsubscribe("gone", "test://1");
    });

    it("remembers what was told of a subscription, and lets one alone see the old state", async () => {
      await sessions.create("a", "ann", state);
      expect(await sessions.told("a", "test://1", "x")).toBeNull();
      await sessions.subscribe("a", "test://1", 3);
      expect(await sessions.told("a", "test://1", "x")).toBe("");
      expect(await other.told("a", "test://1", "x")).toBe("x");
      const seen = await Promise.all([sessions.told("a", "test://1", "y"), other.told("a", "test://1", "y")]);
      expect(seen.sort()).toEqual(["x", "y"]);
      await sessions.unsubscribe("a", "test://1");
      expect(await other.told("a", "test://1", "z")).toBeNull();
      await sessions.subscribe("a", "test://1", 3);
      expect(await other.told("a", "test://1", "z")).toBe("");
      expect(await other.told("gone", "test://1", "z")).toBeNull();
    });

    it("lets a session go after 30 minutes without use, and after 24 hours with it", async () => {
      await sessions.create("idle", "ann", state);
      await sessions.create("used", "ann", state);
      for (let minutes = 0; minutes < 24 * 60 - 20; minutes += 20) {
        now += 20 * minute;
        expect([minutes, await sessions.touch("used", "ann")]).toEqual([minutes, state]);
      }
      expect(await sessions.touch("idle", "ann")).toBeNull();
      now += 21 * minute;
      expect(await sessions.touch("used", "ann")).toBeNull();
      expect(await sessions.count()).toBe(0);
    });

    it("does not let another principal's attempts keep a session alive", async () => {
      await sessions.create("a", "ann", state);
      now += 20 * minute;
      await sessions.touch("a", "bob");
      now += 11 * minute;
      expect(await sessions.touch("a", "ann")).toBeNull();
    });

    it("ends the least recently used session of a principal at the 51st, and nobody else's", async () => {
      await sessions.create("bob", "bob", state);
      for (let i = 0; i < 50; i++) {
        await sessions.create(`s${i}`, "ann", state);
        now += 1_000;
      }
      await sessions.touch("s0", "ann");
      now += 1_000;
      await sessions.create("s50", "ann", state);
      expect(await sessions.touch("s1", "ann")).toBeNull();
      for (const [id, owner] of [
        ["s0", "ann"],
        ["s2", "ann"],
        ["s50", "ann"],
        ["bob", "bob"],
      ] as const) {
        expect([id, await sessions.touch(id, owner)]).toEqual([id, state]);
      }
      expect(await sessions.count()).toBe(51);
    });

    it("takes another cap where many callers are one principal", async () => {
      for (let i = 0; i < 4; i++) {
        await sessions.create(`s${i}`, "nobody", state, 3);
        now += 1_000;
      }
      const alive = await Promise.all([0, 1, 2, 3].map((i) => other.touch(`s${i}`, "nobody")));
      expect(alive.map((one) => one !== null)).toEqual([false, true, true, true]);
    });

    it("ends a session everywhere, once, and tells who watches", async () => {
      await sessions.create("a", "ann", state);
      const heard = hear(other, "a");
      expect([await sessions.end("a"), await other.end("a"), await sessions.end("b")]).toEqual([true, false, false]);
      expect(await other.touch("a", "ann")).toBeNull();
      expect(await other.read("a", "s", "1")).toBeNull();
      expect(await heard.next()).toEqual({ type: "close" });
    });

    it("counts the sessions that live", async () => {
      for (const id of ["a", "b", "c"]) await sessions.create(id, id, state);
      await sessions.end("b");
      expect(await other.count()).toBe(2);
    });

    it("keeps the order of each stream and reads on from any position", async () => {
      await sessions.create("a", "ann", state);
      const ids: string[] = [];
      for (const data of ["one", "two", "three"]) ids.push(await sessions.append("a", "s", data));
      await sessions.append("a", "t", "elsewhere");
      const all = await other.read("a", "s", "0");
      expect(all).toEqual({ events: ["one", "two", "three"].map((data, i) => ({ seq: ids[i], data })), ended: false });
      expect((await other.read("a", "s", ids[1] as string))?.events).toEqual([{ seq: ids[2], data: "three" }]);
      expect(await other.read("a", "s", ids[2] as string)).toEqual({ events: [], ended: false });
      expect(await other.tail("a", "s")).toBe(ids[2]);
    });

    it("begins the stream of a call with an empty message, and takes nothing more after the last", async () => {
      await sessions.create("a", "ann", state);
      const first = await sessions.begin("a", "s", "farewell");
      expect(await other.read("a", "s", "0")).toEqual({ events: [{ seq: first, data: "" }], ended: false });
      const last = await sessions.append("a", "s", "result", true);
      expect(await other.append("a", "s", "too late")).toBe(last);
      expect(await other.append("a", "s", "too late", true)).toBe(last);
      expect(await other.read("a", "s", first)).toEqual({ events: [{ seq: last, data: "result" }], ended: true });
    });

    it("appends once what is appended twice in a row under one name", async () => {
      await sessions.create("a", "ann", state);
      const seqs: string[] = [];
      for (const name of ["1", "1", "2", undefined, undefined, "1"])
        seqs.push(await sessions.append("a", "s", `message ${name}`, false, name));
      expect(seqs[1]).toBe(seqs[0]);
      expect(new Set(seqs).size).toBe(5);
      expect((await other.read("a", "s", "0"))?.events.map(({ seq }) => seq)).toEqual([seqs[0], ...seqs.slice(2)]);
    });

    it("says that nothing is stored for a session that is over", async () => {
      expect([await sessions.begin("a", "s", "farewell"), await sessions.append("a", "s", "x")]).toEqual(["0", "0"]);
    });

    it("knows the end of a stream", async () => {
      await sessions.create("a", "ann", state);
      const first = await sessions.append("a", "s", "one");
      const last = await sessions.append("a", "s", "result", true);
      expect(await other.read("a", "s", first)).toEqual({ events: [{ seq: last, data: "result" }], ended: true });
      expect(await other.read("a", "s", last)).toEqual({ events: [], ended: true });
    });

    it("reads nothing from before the beginning, and says so of what it never had", async () => {
      await sessions.create("a", "ann", state);
      expect(await sessions.read("a", "none", "0")).toEqual({ events: [], ended: false });
      expect(await sessions.tail("a", "none")).toBe("0");
      await sessions.append("a", "s", "one");
      for (const [stream, after] of [
        ["none", "1"],
        ["s", "nonsense"],
      ] as const) {
        expect([stream, await sessions.read("a", stream, after)]).toEqual([stream, null]);
      }
    });

    it("never shows one session's events to another", async () => {
      await sessions.create("a", "ann", state);
      await sessions.create("b", "ann", state);
      const seq = await sessions.append("a", "s", "private");
      expect(await sessions.read("b", "s", seq)).toBeNull();
      expect(await sessions.read("b", "s", "0")).toEqual({ events: [], ended: false });
    });

    it("says that history was trimmed, instead of leaving a gap", async () => {
      await sessions.create("a", "ann", state);
      const first = await sessions.append("a", "s", "event 0");
      for (let i = 1; i < 1_000; i++) await sessions.append("a", "s", `event ${i}`);
      expect(await sessions.read("a", "s", first)).toBeNull();
      const tail = await sessions.tail("a", "s");
      expect((await sessions.read("a", "s", tail))?.events).toEqual([]);
    });

    it("keeps the stream that broadcasts go to, however many others there are", async () => {
      await sessions.create("a", "ann", state);
      await sessions.broadcast("session", "changed", "e1");
      const seq = await sessions.tail("a", "session");
      for (let i = 0; i < 100; i++) await sessions.append("a", `s${i}`, "x");
      expect(await other.read("a", "session", seq)).toEqual({ events: [], ended: false });
      expect((await other.read("a", "session", "0"))?.events).toEqual([{ seq, data: "changed" }]);
    });

    it("forgets streams that are over before those that run", async () => {
      await sessions.create("a", "ann", state);
      const running = await sessions.append("a", "running", "x");
      const over = await sessions.append("a", "over", "x", true);
      for (let i = 0; i < 63; i++) await sessions.append("a", `s${i}`, "x");
      expect(await other.read("a", "over", over)).toBeNull();
      expect(await other.read("a", "running", running)).toEqual({ events: [], ended: false });
    });

    it("never takes a position in a forgotten stream for one in a new stream of its name", async () => {
      await sessions.create("a", "ann", state);
      const before = [await sessions.append("a", "s", "one", true), await sessions.append("a", "s", "two", true)];
      for (let i = 0; i < 64; i++) {
        now += 1;
        await sessions.append("a", `s${i}`, "x");
      }
      const after = [await sessions.append("a", "s", "three"), await sessions.append("a", "s", "four")];
      for (const seq of before) expect([seq, await other.read("a", "s", seq)]).toEqual([seq, null]);
      expect((await other.read("a", "s", after[0] as string))?.events).toEqual([{ seq: after[1], data: "four" }]);
    });

    it("wakes whoever watches, on every replica, until they stop", async () => {
      await sessions.create("a", "ann", state);
      await sessions.create("b", "ann", state);
      const heard = hear(other, "a");
      await sessions.append("b", "s", "not this one");
      await sessions.append("a", "s", "one");
      expect(await heard.next()).toEqual({ type: "event", stream: "s" });
      await sessions.publish("a", { type: "stream", owner: "x" });
      expect(await heard.next()).toEqual({ type: "stream", owner: "x" });
      heard.stop();
      await sessions.publish("a", { type: "stream", owner: "y" });
      await sessions.publish("gone", { type: "stream", owner: "z" });
      expect(heard.rest()).toEqual([]);
    });

    it("tells who runs a session's calls, on every replica, of cancels and of its end", async () => {
      for (const id of ["a", "b"]) await sessions.create(id, id, state);
      const heard = collect<StopSignal>((listener) => other.watchCalls("a", listener));
      const stopped = collect<StopSignal>((listener) => other.watchCalls("a", listener));
      const ended = collect<StopSignal>((listener) => other.watchCalls("b", listener));
      stopped.stop();
      await sessions.cancel("b", 6);
      await sessions.cancel("a", 7);
      await sessions.cancel("a", "seven");
      await sessions.cancel("gone", 8);
      await sessions.end("b");
      expect([await heard.next(), await heard.next()]).toEqual([
        { type: "cancel", requestId: 7 },
        { type: "cancel", requestId: "seven" },
      ]);
      expect([await ended.next(), await ended.next()]).toEqual([{ type: "cancel", requestId: 6 }, { type: "close" }]);
      expect([heard.rest(), stopped.rest()]).toEqual([[], []]);
    });

    it("stores a change once for each session, whoever stores it", async () => {
      await sessions.create("a", "ann", state);
      await sessions.create("b", "bob", state);
      await Promise.all([sessions.broadcast("session", "changed", "e1"), other.broadcast("session", "changed", "e1")]);
      await sessions.broadcast("session", "again", "e2");
      for (const id of ["a", "b"]) {
        const page = await other.read(id, "session", "0");
        expect(page?.events.map(({ data }) => data)).toEqual(["changed", "again"]);
      }
    });

    it("takes one answer per open question, on whichever replica, and gives it to who waits", async () => {
      await sessions.create("a", "ann", state);
      await sessions.openQuestion("a", "q1", 60_000);
      const waiting = sessions.awaitAnswer("a", "q1", new AbortController().signal);
      expect(await other.answer("a", "q1", { result: { yes: true } })).toBe(true);
      expect(await other.answer("a", "q1", { result: { yes: false } })).toBe(false);
      expect(await waiting).toEqual({ result: { yes: true } });
      expect(await sessions.answer("a", "q1", { result: {} })).toBe(false);
    });

    it("keeps an answer that comes before anybody waits for it", async () => {
      await sessions.create("a", "ann", state);
      await sessions.openQuestion("a", "q1", 60_000);
      expect(await other.answer("a", "q1", { result: { early: true } })).toBe(true);
      expect(await sessions.answer("a", "q1", { result: { second: true } })).toBe(false);
      expect(await sessions.awaitAnswer("a", "q1", new AbortController().signal)).toEqual({ result: { early: true } });
    });

    it("drops an answer to nothing, and one that another session gives", async () => {
      await sessions.create("a", "ann", state);
      await sessions.create("b", "bob", state);
      await sessions.openQuestion("a", "q1", 60_000);
      expect([await sessions.answer("b", "q1", {}), await sessions.answer("a", "q2", {})]).toEqual([false, false]);
    });

    it("stops waiting when time is up, when the caller gives up, and when the session ends", async () => {
      await sessions.create("a", "ann", state);
      await sessions.openQuestion("a", "late", 10);
      expect(await sessions.awaitAnswer("a", "late", new AbortController().signal)).toBeNull();
      expect(await sessions.answer("a", "late", {})).toBe(false);
      const controller = new AbortController();
      await sessions.openQuestion("a", "left", 60_000);
      const left = sessions.awaitAnswer("a", "left", controller.signal);
      controller.abort();
      expect(await left).toBeNull();
      expect(await sessions.awaitAnswer("a", "none", new AbortController().signal)).toBeNull();
      await sessions.openQuestion("a", "ended", 60_000);
      const ended = sessions.awaitAnswer("a", "ended", new AbortController().signal);
      await other.end("a");
      expect(await ended).toBeNull();
    });
  });
}

/** Collects the signals of a session. */
function hear(sessions: Sessions, id: string): Collected<SessionSignal> {
  return collect((listener) => sessions.watch(id, listener));
}

interface Collected<Signal> {
  readonly next: () => Promise<Signal>;
  readonly rest: () => readonly Signal[];
  readonly stop: () => void;
}

function collect<Signal>(watch: (listener: (signal: Signal) => void) => () => void): Collected<Signal> {
  const signals: Signal[] = [];
  let ring: (() => void) | undefined;
  const stop = watch((signal) => {
    signals.push(signal);
    ring?.();
  });
  return {
    next: async () => {
      if (signals.length === 0) await new Promise<void>((resolve) => (ring = resolve));
      return signals.shift() as Signal;
    },
    rest: () => signals,
    stop,
  };
}
