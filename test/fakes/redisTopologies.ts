import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, launch, type RedisServer, startRedis } from "./redis.ts";

/** A Redis Cluster of three nodes without replicas. */
export interface RedisCluster {
  readonly url: string;
  /** Keys on each node. */
  readonly sizes: () => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
}

const slots = 16_384;
const size = 3;
const stateMs = 30_000;

/** Starts the nodes, deals out the slots and waits until each node finds the cluster whole. */
export async function startCluster(): Promise<RedisCluster> {
  const buses = await Promise.all(Array.from({ length: size }, freePort));
  const nodes = await Promise.all(buses.map((bus) => startRedis(clusterSettings(bus))));
  const clients = nodes.map(({ port }) => new Redis({ host: "127.0.0.1", port }));
  for (const [index, client] of clients.entries()) {
    const [from, next] = [index, index + 1].map((n) => Math.ceil((n * slots) / size)) as [number, number]; // of two comes two
    await client.call("CLUSTER", "ADDSLOTSRANGE", from, next - 1);
    const node = nodes[0] as RedisServer; // there are three
    if (index > 0) await client.call("CLUSTER", "MEET", "127.0.0.1", node.port, buses[0] as number);
  }
  const start = performance.now();
  for (const client of clients) {
    while (!/cluster_state:ok.*cluster_known_nodes:3/s.test(String(await client.call("CLUSTER", "INFO")))) {
      if (performance.now() - start > stateMs) throw new Error("the cluster did not come together");
    }
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    sizes: () => Promise.all(clients.map((client) => client.dbsize())),
    close: async () => {
      for (const client of clients) client.disconnect();
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

function clusterSettings(bus: number): readonly string[] {
  const config = ["--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000"];
  return ["--cluster-enabled", "yes", "--cluster-port", String(bus), ...config];
}

/** A Sentinel that watches a master under the name `main`. */
export interface Sentinel {
  readonly url: string;
  /** Replicas of the master that it knows. */
  readonly replicas: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Starts one that fails over a second after the master is gone, on its own vote. */
export async function startSentinel(masterPort: number): Promise<Sentinel> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "specgate-sentinel-"));
  const file = join(folder, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    "sentinel down-after-milliseconds main 1000",
    "sentinel failover-timeout main 10000",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const child = await launch([file, "--sentinel"]);
  const client = new Redis({ host: "127.0.0.1", port, enableReadyCheck: false });
  return {
    url: `redis+sentinel://127.0.0.1:${port}/main`,
    replicas: async () => {
      const found = await client.call("SENTINEL", "REPLICAS", "main");
      return Array.isArray(found) ? found.length : 0;
    },
    close: async () => {
      client.disconnect();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
