import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { withoutRedis } from "../../fakes/redis.ts";
import { type Cluster, startCluster } from "../cluster.ts";
import type { Fault, Operation } from "../history.ts";
import { type Load, runLoad } from "../run.ts";

/** Time before a fault, so that sessions, calls and streams of all kinds are under way. */
const calmMs = 4_000;

/** reliability.md §11, with 100 clients of both eras. What is retained, and what may be refused while, the checker knows. */
describe.skipIf(withoutRedis)("in mid-load", () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster({ keysPerTenant: 10 });
    return () => cluster.close();
  }, 60_000);

  const under = async (name: string, faults: (tell: (fault: Fault) => void) => Promise<void>): Promise<Load> => {
    const load = await runLoad({
      cluster,
      clients: 90,
      stateless: 10,
      seconds: 16,
      thinkMs: 700,
      announceMs: 1_500,
      faults,
    });
    await load.history.save(`out/load/${name}.jsonl`);
    expect(load.report).toBe("");
    expect([...load.rounds.values()].filter((rounds) => rounds > 0).length).toBeGreaterThan(90);
    return load;
  };
  const operations = ({ history }: Load): readonly Operation[] =>
    history.lines.filter((line) => line.kind === "operation");

  it("X9: a replica that is killed takes nothing with it but its calls in flight", async () => {
    let fault: Fault | undefined;
    const load = await under("replica", async (tell) => {
      await sleep(calmMs);
      const [replica] = cluster.replicas;
      const start = performance.now();
      await replica?.kill();
      fault = { kind: "fault", fault: "replica", start, end: performance.now() };
      tell(fault);
      await sleep(3_000);
      await replica?.start();
    });
    // While it is gone the two others serve the sessions that it opened.
    const after = operations(load).filter(({ start }) => start > (fault?.end ?? 0) + 2_000);
    expect(after.filter(({ outcome, foreign }) => outcome === "ok" && foreign !== true).length).toBeGreaterThan(500);
    expect(cluster.balancer.healthy()).toHaveLength(3);
  }, 120_000);

  it("X1: a Redis that is killed and comes back keeps sessions and streams", async () => {
    await under("redis-killed", async (tell) => {
      await sleep(calmMs);
      const start = performance.now();
      await cluster.redis.kill();
      await sleep(4_000);
      await cluster.redis.start();
      tell({ kind: "fault", fault: "redis", start, end: performance.now() });
    });
  }, 120_000);

  it("X2: a Redis that stands still holds nobody up beyond the bound", async () => {
    await under("redis-frozen", async (tell) => {
      await sleep(calmMs);
      const start = performance.now();
      cluster.redis.freeze();
      await sleep(6_000);
      cluster.redis.thaw();
      tell({ kind: "fault", fault: "redis", start, end: performance.now() });
    });
  }, 120_000);
});
