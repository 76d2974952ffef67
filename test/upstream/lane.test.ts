import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLane, type Lane, type LaneLimits } from "../../src/upstream/lane.ts";
import { errorOf } from "./fixture.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const limits: LaneLimits = { running: 2, queued: 2, queueMs: 1_000, runningPerPrincipal: 2 };

/** Enters; tells afterwards whether the place was had. */
function enter(lane: Lane, who: string | undefined, signal?: AbortSignal): { had: boolean; error?: string } {
  const place: { had: boolean; error?: string } = { had: false };
  const turn = lane.enter(who, signal);
  if (turn === undefined) place.had = true;
  else
    void turn.then(
      () => {
        place.had = true;
      },
      (error: { code: string; message: string }) => {
        place.error = `${error.code}: ${error.message}`;
      },
    );
  return place;
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe("a lane", () => {
  it("is entered at once, without a promise, while there is room", () => {
    const lane = createLane(limits);
    expect([lane.enter("a"), lane.enter("b")]).toEqual([undefined, undefined]);
  });

  it("makes the next ones wait in order of arrival, and refuses those beyond the line at once", async () => {
    const lane = createLane(limits);
    enter(lane, "a");
    enter(lane, "b");
    const [third, fourth] = [enter(lane, "c"), enter(lane, "d")];
    const error = await errorOf(() => lane.enter("e"));
    expect([error.code, error.retryable, error.facts.change, error.facts.retryAfterSeconds]).toEqual([
      "overloaded",
      true,
      "none",
      1,
    ]);
    lane.leave("a");
    await settled();
    expect([third.had, fourth.had]).toEqual([true, false]);
    lane.leave("b");
    await settled();
    expect(fourth.had).toBe(true);
  });

  it("is left after the longest wait, and the place is not taken later", async () => {
    const lane = createLane({ ...limits, running: 1 });
    enter(lane, "a");
    const waiting = enter(lane, "b");
    vi.advanceTimersByTime(999);
    await settled();
    expect(waiting.error).toBeUndefined();
    vi.advanceTimersByTime(1);
    await settled();
    expect(waiting.error).toMatch(/^overloaded/);
    lane.leave("a");
    expect(lane.enter("c")).toBeUndefined();
    expect(lane.enter("d")).toBeDefined();
  });

  it("is left at once when the caller goes", async () => {
    const lane = createLane({ ...limits, running: 1 });
    const caller = new AbortController();
    enter(lane, "a");
    const waiting = enter(lane, "b", caller.signal);
    caller.abort();
    await settled();
    expect(waiting).toEqual({ had: false, error: "upstream_timeout: the call was cancelled" });
    lane.leave("a");
    await settled();
    expect([waiting.had, lane.enter("c")]).toEqual([false, undefined]);
    expect((await errorOf(() => lane.enter("d", caller.signal))).message).toBe("the call was cancelled");
  });

  it("keeps one caller from taking it all, and lets others pass those who wait for their own", async () => {
    const lane = createLane({ running: 4, queued: 10, queueMs: 1_000, runningPerPrincipal: 2 });
    enter(lane, "greedy");
    enter(lane, "greedy");
    const more = [enter(lane, "greedy"), enter(lane, "greedy")];
    expect(enter(lane, "modest").had).toBe(true);
    expect(more.map(({ had }) => had)).toEqual([false, false]);
    lane.leave("modest");
    await settled();
    expect(more.map(({ had }) => had)).toEqual([false, false]);
    lane.leave("greedy");
    await settled();
    expect(more.map(({ had }) => had)).toEqual([true, false]);
  });

  it("lets those behind one who waits for his own places go first", async () => {
    const lane = createLane({ running: 3, queued: 10, queueMs: 1_000, runningPerPrincipal: 2 });
    for (const who of ["greedy", "greedy", "modest"]) enter(lane, who);
    const [greedy, other] = [enter(lane, "greedy"), enter(lane, "other")];
    lane.leave("modest");
    await settled();
    expect([greedy.had, other.had]).toEqual([false, true]);
  });

  it("counts a caller's places down as they are left", () => {
    const lane = createLane({ ...limits, runningPerPrincipal: 1 });
    for (let time = 0; time < 100; time++) {
      expect(lane.enter("a")).toBeUndefined();
      lane.leave("a");
    }
  });

  it("does not cap callers who are many under one name", () => {
    const lane = createLane({ ...limits, running: 100, runningPerPrincipal: 1 });
    expect(Array.from({ length: 100 }, () => lane.enter(undefined)).every((turn) => turn === undefined)).toBe(true);
  });

  it("never runs more than its number, and serves everybody, in any order of coming and going", async () => {
    const lane = createLane({ running: 3, queued: 1_000, queueMs: 1_000, runningPerPrincipal: 2 });
    let running = 0;
    let most = 0;
    let served = 0;
    const visit = async (who: string): Promise<void> => {
      await lane.enter(who);
      running += 1;
      most = Math.max(most, running);
      await settled();
      running -= 1;
      served += 1;
      lane.leave(who);
    };
    await Promise.all(Array.from({ length: 200 }, (_one, index) => visit(`caller-${index % 5}`)));
    expect([most, served, running]).toEqual([3, 200, 0]);
  });
});
