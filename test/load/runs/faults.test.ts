import { beforeEach, describe, expect, it } from "vitest";
import { type Cluster, startCluster, withoutCluster } from "../cluster.ts";
import { runFault } from "../faults.ts";
import type { Operation } from "../history.ts";
import type { Load } from "../run.ts";

/** 600 ms more than usual (reliability.md §4), ten times. */
const outageBoundMs = 6_000;
/** The store's failure shows within this. */
const noticedMs = 1_500;

/** reliability.md §11, with 100 clients of both eras. What may be refused meanwhile, the checker knows. */
describe.skipIf(withoutCluster)("in mid-load", () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster({ keysPerTenant: 10 });
    return () => cluster.close();
  }, 60_000);

  it("X9: a replica that is killed takes nothing with it but its calls in flight", async () => {
    const load = await runFault(cluster, "X9: a replica is killed");
    expect(load.report).toBe("");
    const since = faultOf(load).end + 2_000;
    const served = operationsOf(load).filter(({ start, outcome }) => start > since && outcome === "ok");
    expect(served.length).toBeGreaterThan(500);
    expect(cluster.balancer.healthy()).toHaveLength(3);
  });

  it.each(["X1: Redis is killed and started again", "X2: Redis stands still"])(
    "%s: reads go on, nobody waits beyond the bound, and sessions and streams are there again",
    async (name) => {
      const load = await runFault(cluster, name);
      expect(load.report).toBe("");
      const meanwhile = during(load);
      const reads = meanwhile
        .filter(({ operation }) => operation === "read" || operation === "list")
        .filter(({ outcome }) => outcome !== "shed");
      const good = reads.filter(({ outcome }) => outcome === "ok");
      expect(reads.length).toBeGreaterThan(3);
      expect(good.length / reads.length).toBeGreaterThanOrEqual(0.99);
      expect(good.filter(({ session }) => session !== null).every(({ degraded }) => degraded === true)).toBe(true);
      const ended = meanwhile.filter(({ operation }) => operation === "delete");
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(ended.length > 0 ? [503] : []));
      // Calls that wait by themselves, and streams, take as long as they are meant to.
      const prompt = meanwhile.filter(({ operation }) => !/^(cancel|wait|listen|foreign)/.test(operation));
      expect(Math.max(...prompt.map(({ start, end }) => end - start))).toBeLessThan(outageBoundMs);
    },
  );
});

function operationsOf({ history }: Load): readonly Operation[] {
  return history.lines.filter((line) => line.kind === "operation");
}

function faultOf({ history }: Load): { readonly start: number; readonly end: number } {
  const fault = history.lines.find((line) => line.kind === "fault");
  if (fault === undefined) throw new Error("nothing was broken");
  return fault;
}

/** What began and ended while the fault was there and had been noticed. */
function during(load: Load): readonly Operation[] {
  const fault = faultOf(load);
  return operationsOf(load).filter(({ start, end }) => start > fault.start + noticedMs && end < fault.end);
}
