import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster, withoutCluster } from "../cluster.ts";
import { type Load, runLoad } from "../run.ts";

/** Session-era clients, and clients of 2026-07-28 beside them (reliability.md §10, L3). */
const clients = 500;
const stateless = 50;
/** The last rounds begin now; they take 20 s. */
const seconds = 45;
const wholeSeconds = 60;

/**
 * Three gateway processes, one Redis and one Beacon behind a round-robin proxy without affinity. About 350 requests a second:
 * two cores carry clients, proxy and all the rest, and answers that wait for a processor would prove nothing.
 */
describe.skipIf(withoutCluster)("500 clients on three replicas", () => {
  let cluster: Cluster;
  let load: Load;
  let tookMs: number;
  beforeAll(async () => {
    cluster = await startCluster({ keysPerTenant: 25 });
    const start = performance.now();
    load = await runLoad({ cluster, clients, stateless, seconds, thinkMs: 2_500, leastRounds: 2 });
    tookMs = performance.now() - start;
    await load.history.save("out/load/load.jsonl");
  }, 240_000);
  afterAll(() => cluster?.close());

  it("get no wrong answer, lose no session, no event and no effect, and cross no border", () => {
    expect(load.report).toBe("");
    expect(load.violations).toHaveLength(0);
    expect(tookMs).toBeGreaterThan(wholeSeconds * 1_000);
  });

  it("each go through the whole mix, more than once", () => {
    // A round is whole when every step of it was; one that a busy machine cut short does not count.
    const few = [...load.rounds].filter(([, rounds]) => rounds < 2);
    expect(few).toEqual([]);
    expect(load.rounds.size).toBe(clients + stateless);
  });

  it("meet another replica with every request, and each replica at least a quarter of the time", () => {
    const names = cluster.balancer.clients().filter((name) => /^[cs]\d/.test(name));
    expect(names).toHaveLength(clients + stateless);
    const stalls = load.history.lines.filter((line) => line.kind === "fault").length;
    for (const name of names) {
      const { byBackend, total, repeats } = cluster.balancer.counts(name);
      // The balancer takes a replica out that had no processor for a second: then there is less of a choice.
      expect([name, repeats > stalls]).toEqual([name, false]);
      for (const { url } of cluster.replicas) expect((byBackend.get(url) ?? 0) / total).toBeGreaterThanOrEqual(0.25);
    }
    expect(cluster.balancer.failures).toEqual([]);
  });

  it("write what is compared with the rows of Beacon", () => {
    const { lines } = load.history;
    const count = (wanted: (line: (typeof lines)[number]) => boolean): number => lines.filter(wanted).length;
    const atLeast = 2 * (clients + stateless);
    // A create, a yes and, in the session era, a wait in each round; the checker has compared them by name.
    expect(count(({ kind }) => kind === "row")).toBeGreaterThanOrEqual(2 * atLeast);
    expect(count((line) => line.kind === "operation" && line.confirmed === "no")).toBeGreaterThanOrEqual(atLeast);
    expect(count((line) => line.kind === "operation" && line.stopped === true)).toBeGreaterThanOrEqual(2 * clients);
    expect(count((line) => line.kind === "event" && line.stream === "session")).toBeGreaterThan(clients);
  });

  it("are answered without haste or wait", () => {
    console.log(
      `load: ${load.requests} requests, ${load.requestsPerSecond}/s, reads p50 ${load.latency.p50} ms, p99 ${load.latency.p99} ms, ${Math.round(load.shedShare * 1_000) / 10} % shed`,
    );
    expect(load.requestsPerSecond).toBeGreaterThan(100);
    expect(load.shedShare).toBeLessThan(0.1);
    expect(load.latency.p50).toBeLessThan(1_000);
  });
});
