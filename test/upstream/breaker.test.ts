import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Breaker, createBreaker, type Sign } from "../../src/upstream/breaker.ts";
import { errorOf } from "./fixture.ts";

let now = 0;
let breaker: Breaker;
beforeEach(() => {
  now = 5_000_000;
  breaker = createBreaker(() => now);
});

function show(sign: Sign, times = 1): void {
  for (let time = 0; time < times; time++) breaker.record(breaker.admit(), sign);
}

const isOpen = async (): Promise<boolean> => {
  try {
    breaker.record(breaker.admit(), "nothing");
    return false;
  } catch {
    return true;
  }
};

describe("a breaker", () => {
  it("is closed after 19 failures and open after 20", async () => {
    show("fails", 19);
    expect(await isOpen()).toBe(false);
    show("fails");
    expect(await isOpen()).toBe(true);
    const error = await errorOf(() => breaker.admit());
    expect([error.code, error.retryable, error.facts.retryAfterSeconds, error.facts.change]).toEqual([
      "upstream_unavailable",
      true,
      10,
      "none",
    ]);
  });

  it("is closed after 100 requests that worked, and while no more than half fail", async () => {
    show("works", 100);
    show("fails", 100);
    expect(await isOpen()).toBe(false);
    show("fails");
    expect(await isOpen()).toBe(true);
  });

  it("does not count callers who leave", async () => {
    show("nothing", 1000);
    show("fails", 19);
    expect(await isOpen()).toBe(false);
  });

  it("forgets what is older than 30 s, second by second", async () => {
    show("fails", 15);
    now += 31_000;
    show("fails", 10);
    expect(await isOpen()).toBe(false);
    now += 29_000;
    show("fails", 9);
    expect(await isOpen()).toBe(false);
    show("fails");
    expect(await isOpen()).toBe(true);
  });

  it("lets three through after 10 s, refuses the fourth at once, and closes when they worked", async () => {
    show("fails", 20);
    now += 9_999;
    expect(await isOpen()).toBe(true);
    now += 1;
    const passes = [breaker.admit(), breaker.admit(), breaker.admit()];
    expect((await errorOf(() => breaker.admit())).code).toBe("upstream_unavailable");
    for (const pass of passes) breaker.record(pass, "works");
    expect(await isOpen()).toBe(false);
    show("fails", 19);
    expect(await isOpen()).toBe(false);
  });

  it("opens again for 10 s when a probe fails, and takes no notice of the others' ends", async () => {
    show("fails", 20);
    now += 10_000;
    const passes = [breaker.admit(), breaker.admit(), breaker.admit()] as const;
    breaker.record(passes[0], "works");
    breaker.record(passes[1], "fails");
    breaker.record(passes[2], "works");
    expect(await isOpen()).toBe(true);
    now += 10_000;
    show("works", 3);
    expect(await isOpen()).toBe(false);
  });

  it("gives the place of a probe whose caller left to another", async () => {
    show("fails", 20);
    now += 10_000;
    show("nothing", 5);
    show("works", 3);
    expect(await isOpen()).toBe(false);
  });

  it("takes no notice of what was sent before it opened and ends while it probes", async () => {
    const late = breaker.admit();
    show("fails", 20);
    now += 10_000;
    const probe = breaker.admit();
    breaker.record(late, "fails");
    breaker.record(probe, "works");
    show("works", 2);
    expect(await isOpen()).toBe(false);
  });

  it("is not stuck when the clock of the machine goes back an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const own = createBreaker();
      for (let time = 0; time < 19; time++) own.record(own.admit(), "fails");
      vi.setSystemTime(Date.now() - 3_600_000);
      own.record(own.admit(), "fails");
      const { facts } = await errorOf(() => own.admit());
      expect(facts.retryAfterSeconds).toBeLessThanOrEqual(10);
    } finally {
      vi.useRealTimers();
    }
  });
});
