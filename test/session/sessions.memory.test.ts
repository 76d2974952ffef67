import { describe, expect, it, vi } from "vitest";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { sessionsContract } from "./contract.ts";

sessionsContract({ name: "memory", make: async (now) => createMemorySessions({ now }), shared: false });

describe("sessions in memory", () => {
  const state = {
    version: "2025-11-25",
    client: null,
    capabilities: {},
    initialized: true,
    logLevel: null,
    subscriptions: [],
  } as const;

  it("are bounded in all: the least recently used one makes room", async () => {
    const sessions = createMemorySessions({ max: 3 });
    for (const id of ["a", "b", "c"]) await sessions.create(id, id, state);
    await sessions.touch("a", "a");
    await sessions.create("d", "d", state);
    expect(await Promise.all(["a", "b", "c", "d"].map(async (id) => (await sessions.touch(id, id)) !== null))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    await sessions.close();
  });

  it("hold few and small streams: the oldest go", async () => {
    const sessions = createMemorySessions();
    await sessions.create("a", "a", state);
    const seqs: string[] = [];
    for (let i = 0; i < 100; i++) seqs.push(await sessions.append("a", `s${i}`, "x"));
    expect(await sessions.read("a", "s0", seqs[0] as string)).toBeNull();
    expect((await sessions.read("a", "s99", seqs[99] as string))?.events).toEqual([]);
    const first = await sessions.append("a", "big", "x".repeat(1_500_000));
    await sessions.append("a", "big", "x".repeat(1_500_000));
    expect(await sessions.read("a", "big", "0")).toBeNull();
    expect((await sessions.read("a", "big", first))?.events).toHaveLength(1);
    await sessions.close();
  });

  it("hold 4 MiB of events in all: a stream that nobody reads makes room for the next", async () => {
    const sessions = createMemorySessions();
    await sessions.create("a", "a", state);
    for (let i = 0; i < 10; i++) await sessions.append("a", `s${i}`, "x".repeat(1_000_000), true);
    const kept = await Promise.all([0, 5, 6, 9].map(async (i) => (await sessions.read("a", `s${i}`, "0")) !== null));
    expect(kept).toEqual([false, false, true, true]);
    await sessions.close();
  });

  it("forget events after ten minutes", async () => {
    let now = Date.now();
    const sessions = createMemorySessions({ now: () => now });
    await sessions.create("a", "a", state);
    const old = await sessions.append("a", "s", "old");
    now += 601_000;
    await sessions.append("a", "s", "new");
    expect(await sessions.read("a", "s", "0")).toBeNull();
    expect((await sessions.read("a", "s", old))?.events.map(({ data }) => data)).toEqual(["new"]);
    await sessions.close();
  });

  it("remember where a quiet stream stands when its events are swept away", async () => {
    vi.useFakeTimers();
    const sessions = createMemorySessions();
    await sessions.create("a", "a", state);
    const first = await sessions.append("a", "s", "one");
    const second = await sessions.append("a", "s", "two");
    vi.advanceTimersByTime(15 * 60_000);
    expect(await sessions.read("a", "s", second)).toEqual({ events: [], ended: false });
    expect(await sessions.read("a", "s", first)).toBeNull();
    const third = await sessions.append("a", "s", "three");
    expect(await sessions.read("a", "s", second)).toEqual({ events: [{ seq: third, data: "three" }], ended: false });
    await sessions.close();
    vi.useRealTimers();
  });
});
