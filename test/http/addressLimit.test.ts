import { describe, expect, it, vi } from "vitest";
import { createMemoryRateLimit } from "../../src/calls/rateLimit.memory.ts";
import { GatewayError } from "../../src/errors.ts";
import { type AddressLimit, createAddressLimit } from "../../src/http/addressLimit.ts";

/** How many of `count` requests pass. */
function passing(limit: AddressLimit, count: number, network = "203.0.113.7"): number {
  let passed = 0;
  for (let index = 0; index < count; index++) {
    try {
      limit.take(network);
      passed += 1;
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(GatewayError);
    }
  }
  return passed;
}

describe("the requests of one address", () => {
  it("are refused beyond the limit, with the seconds to wait, until a minute after the first", () => {
    let now = 0;
    const limit = createAddressLimit({ perMinute: 3, now: () => now });
    expect(passing(limit, 3)).toBe(3);
    now = 20_000;
    expect(() => limit.take("203.0.113.7")).toThrow(
      expect.objectContaining({ code: "rate_limited", facts: { status: 429, rpcCode: -32000, retryAfterSeconds: 40 } }),
    );
    expect(passing(limit, 1, "203.0.113.8")).toBe(1);
    now = 60_000;
    expect(passing(limit, 5)).toBe(3);
  });

  it("are not counted where a proxy hides the address", () => {
    const limit = createAddressLimit({ perMinute: 1 });
    for (let index = 0; index < 10; index++) limit.take(undefined);
  });

  it("are remembered of so many addresses and no more", () => {
    const limit = createAddressLimit({ perMinute: 1, size: 100 });
    for (let index = 0; index < 1_000; index++) limit.take(`network ${index}`);
    expect(passing(limit, 1, "network 999")).toBe(0);
    expect(passing(limit, 1, "network 0")).toBe(1);
  });

  it("are added up over the replicas, which ask nobody while they serve", async () => {
    const shared = createMemoryRateLimit(30);
    const tellings: number[] = [];
    const replica = (): AddressLimit =>
      createAddressLimit({
        perMinute: 30,
        shared: {
          instances: 3,
          take: (network, count) => {
            tellings.push(count);
            return shared.take(network, count);
          },
        },
      });
    const replicas = [replica(), replica(), replica()];
    for (const one of replicas) expect(passing(one, 15)).toBe(15);
    expect(tellings).toEqual([]);
    await vi.waitFor(() => expect(tellings).toEqual([15, 15, 15]), { timeout: 20_000 });
    // The two that were told of room learn of the third with what they tell next.
    await vi.waitFor(() => expect(replicas.map((one) => passing(one, 1))).toEqual([0, 0, 0]), {
      timeout: 20_000,
      interval: 1_100,
    });
    expect(tellings.length).toBeLessThan(10);
  });
});
