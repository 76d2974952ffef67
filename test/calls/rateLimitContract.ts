import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RateLimit } from "../../src/calls/rateLimit.ts";

/** How the contract makes one implementation. */
export interface RateLimitMaker {
  readonly name: string;
  /** A limit; a second one of the same name is another replica's. */
  readonly make: (name: string, perMinute: number) => Promise<RateLimit>;
}

/** What every implementation of the RateLimit port must do. */
export function rateLimitContract({ name, make }: RateLimitMaker): void {
  describe(`the RateLimit port by ${name}`, () => {
    it("has room for as many as it says, and then names a time within the minute", async () => {
      const limit = await make(randomUUID(), 3);
      expect(limit.perMinute).toBe(3);
      for (let index = 0; index < 3; index++) expect(await limit.take("ann")).toBe(0);
      for (let index = 0; index < 3; index++) {
        const waitMs = await limit.take("ann");
        expect(waitMs).toBeGreaterThan(50_000);
        expect(waitMs).toBeLessThanOrEqual(60_000);
      }
    });

    it("counts each apart", async () => {
      const limit = await make(randomUUID(), 1);
      expect([await limit.take("ann"), await limit.take("bob")]).toEqual([0, 0]);
      expect(await limit.take("ann")).toBeGreaterThan(0);
    });

    it("counts several at once", async () => {
      const limit = await make(randomUUID(), 10);
      expect([await limit.take("ann", 7), await limit.take("ann", 3)]).toEqual([0, 0]);
      expect(await limit.take("ann")).toBeGreaterThan(0);
    });

    it("lets exactly as many of a hundred at once through", async () => {
      const limit = await make(randomUUID(), 40);
      const waits = await Promise.all(Array.from({ length: 100 }, () => limit.take("ann")));
      expect(waits.filter((waitMs) => waitMs === 0).length).toBe(40);
    });
  });
}
