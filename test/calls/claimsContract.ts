import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Action, Claims } from "../../src/calls/claims.ts";

/** How the contract makes and steers one implementation. */
export interface ClaimsMaker {
  readonly name: string;
  /** Claims over a store; a second call within a test is another replica on the same store. */
  readonly make: () => Promise<Claims>;
  /** Whether `make` can stand for several replicas of one store. */
  readonly shared: boolean;
  /** Lets time go by for the store. */
  readonly pass: (ms: number) => Promise<void>;
}

const leaseMs = 60_000;
const done = { state: "done", result: '{"a":1}' } as const;

/** What every implementation of the Claims port must do: the state machine of reliability.md §6. */
export function claimsContract({ name, make, shared, pass }: ClaimsMaker): void {
  describe(`the Claims port by ${name}`, () => {
    let claims: Claims;
    let other: Claims;
    beforeEach(async () => {
      claims = await make();
      other = shared ? await make() : claims;
    });
    const actionOf = (more: Partial<Action> = {}): Action => ({
      mode: "keyed",
      principalId: "ann",
      id: randomUUID(),
      args: "args-1",
      isRepeatable: false,
      ...more,
    });

    it("lets one of twenty at once run, and tells the others who it is", async () => {
      const action = actionOf();
      const owners = Array.from({ length: 20 }, (_one, index) => `owner-${index}`);
      const found = await Promise.all(
        owners.map((owner, index) => (index % 2 === 0 ? claims : other).claim(action, owner, leaseMs)),
      );
      const runs = owners.filter((_owner, index) => found[index]?.state === "run");
      expect(runs.length).toBe(1);
      expect(found.filter(({ state }) => state === "inflight")).toEqual(
        Array(19).fill({ state: "inflight", owner: runs[0] }),
      );
    });

    it("gives the stored result to whoever claims later, for a day", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      await claims.settle(action, "first", done);
      expect(await other.claim(action, "second", leaseMs)).toEqual(done);
      await pass(86_000_000);
      expect(await other.claim(action, "third", leaseMs)).toEqual(done);
      await pass(500_000);
      expect(await other.claim(action, "fourth", leaseMs)).toEqual({ state: "run" });
    });

    it("finds a conflict where the arguments are others, in every state", async () => {
      const changed = { args: "args-2" };
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      expect(await other.claim({ ...action, ...changed }, "second", leaseMs)).toEqual({ state: "conflict" });
      await claims.settle(action, "first", done);
      expect(await other.claim({ ...action, ...changed }, "second", leaseMs)).toEqual({ state: "conflict" });
      const unknown = actionOf({ isRepeatable: true });
      await claims.claim(unknown, "first", leaseMs);
      await claims.settle(unknown, "first", { state: "unknown" });
      expect(await other.claim({ ...unknown, ...changed }, "second", leaseMs)).toEqual({ state: "conflict" });
    });

    it("keeps principals and actions apart", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      expect(await other.claim({ ...action, principalId: "bob" }, "second", leaseMs)).toEqual({ state: "run" });
      expect(await other.claim({ ...action, id: `x${action.id}` }, "third", leaseMs)).toEqual({ state: "run" });
    });

    it("never runs an action again whose lease is over: its outcome is unknown, to the next caller too", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      await pass(leaseMs - 1_000);
      expect((await other.claim(action, "second", leaseMs)).state).toBe("inflight");
      await pass(2_000);
      expect(await other.claim(action, "second", leaseMs)).toEqual({ state: "unknown" });
      expect(await claims.claim(action, "third", leaseMs)).toEqual({ state: "unknown" });
      await pass(80_000_000);
      expect(await claims.claim(action, "fourth", leaseMs)).toEqual({ state: "unknown" });
    });

    it("takes the result of a late owner, once", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      await pass(leaseMs + 1_000);
      await other.claim(action, "second", leaseMs);
      await claims.settle(action, "first", done);
      expect(await other.claim(action, "third", leaseMs)).toEqual(done);
      await claims.settle(action, "first", { state: "done", result: "another" });
      await claims.settle(action, "first", { state: "none" });
      expect(await other.claim(action, "fourth", leaseMs)).toEqual(done);
    });

    it("frees an action of which nothing was sent", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      await claims.settle(action, "first", { state: "none" });
      expect(await other.claim(action, "second", leaseMs)).toEqual({ state: "run" });
    });

    it("does not listen to one who is not the owner", async () => {
      const action = actionOf();
      await claims.claim(action, "first", leaseMs);
      for (const end of [done, { state: "unknown" }, { state: "none" }] as const)
        await other.settle(action, "second", end);
      expect(await other.claim(action, "third", leaseMs)).toEqual({ state: "inflight", owner: "first" });
      await other.settle(actionOf(), "nobody", done);
    });

    it("lets an action of unknown outcome run again where the upstream recognises it, and then hears the new owner alone", async () => {
      const action = actionOf({ isRepeatable: true });
      await claims.claim(action, "first", leaseMs);
      await pass(leaseMs + 1_000);
      expect(await other.claim(action, "second", leaseMs)).toEqual({ state: "run" });
      await claims.settle(action, "first", { state: "none" });
      expect(await claims.claim(action, "third", leaseMs)).toEqual({ state: "inflight", owner: "second" });
      await other.settle(action, "second", done);
      expect(await claims.claim(action, "fourth", leaseMs)).toEqual(done);
    });

    it("gives the result of a shared action to those who waited for it, and to nobody else", async () => {
      const action = actionOf({ mode: "shared" });
      await claims.claim(action, "first", leaseMs);
      expect(await other.claim(action, "waiter", leaseMs)).toEqual({ state: "inflight", owner: "first" });
      await claims.settle(action, "first", done);
      expect(await other.claim(action, "newcomer", leaseMs)).toEqual({ state: "run" });
      expect(await other.claim(action, "waiter", leaseMs, "first")).toEqual(done);
    });

    it("remembers for 60 s that the outcome of a shared action is unknown", async () => {
      const action = actionOf({ mode: "shared" });
      await claims.claim(action, "first", leaseMs);
      await claims.settle(action, "first", { state: "unknown" });
      await pass(58_000);
      expect(await other.claim(action, "second", leaseMs)).toEqual({ state: "unknown" });
      await pass(3_000);
      expect(await other.claim(action, "third", leaseMs)).toEqual({ state: "run" });
    });
  });
}
