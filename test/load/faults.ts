import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./history.ts";
import { type Load, runLoad } from "./run.ts";

/** Breaks something and tells what, once it is whole again. */
export type Break = (cluster: Cluster, tell: (fault: Fault) => void) => Promise<void>;

/** Time before a fault, so that sessions, calls and streams of all kinds are under way. */
const calmMs = 5_000;

/** The faults of reliability.md §11 that concern sessions. */
export const faults: Readonly<Record<string, Break>> = {
  "X1: Redis is killed and started again": (cluster, tell) =>
    during("redis", tell, async () => {
      await cluster.redis.kill();
      await sleep(4_000);
      await cluster.redis.start();
    }),
  "X2: Redis stands still": (cluster, tell) =>
    during("redis", tell, async () => {
      cluster.redis.freeze();
      await sleep(6_000);
      cluster.redis.thaw();
    }),
  "X3: Redis is emptied, again and again": (cluster, tell) =>
    during("flush", tell, async () => {
      for (let count = 0; count < 8; count++) {
        await tellRedis(cluster, "FLUSHALL");
        await sleep(300);
      }
    }),
  "X6: connections for messages are lost, again and again": (cluster, tell) =>
    during("pubsub", tell, async () => {
      for (let count = 0; count < 10; count++) {
        await tellRedis(cluster, "CLIENT KILL TYPE pubsub");
        await sleep(400);
      }
    }),
  "X9: a replica is killed": async (cluster, tell) => {
    const [replica] = cluster.replicas;
    await during("replica", tell, async () => replica?.kill());
    await sleep(4_000);
    await replica?.start();
  },
  "X11: a replica stands still": (cluster, tell) =>
    during("replica", tell, async () => {
      const child = cluster.replicas[0]?.process().child;
      child?.kill("SIGSTOP");
      await sleep(6_000);
      child?.kill("SIGCONT");
    }),
};

async function during(
  fault: Fault["fault"],
  tell: (fault: Fault) => void,
  work: () => Promise<unknown>,
): Promise<void> {
  await sleep(calmMs);
  const start = performance.now();
  await work();
  tell({ kind: "fault", fault, start, end: performance.now() });
}

/** One inline command over a connection of its own. */
async function tellRedis({ redis }: Cluster, command: string): Promise<void> {
  const socket = connect(redis.port, "127.0.0.1");
  socket.write(`${command}\r\n`);
  await once(socket, "data");
  socket.destroy();
}

/** A run with a fault in its middle; the history is kept in `out/load`. */
export async function runFault(cluster: Cluster, name: string): Promise<Load> {
  const load = await runLoad({
    cluster,
    clients: 90,
    stateless: 10,
    readers: 8,
    seconds: 16,
    thinkMs: 700,
    rampMs: 4_000,
    announceMs: 1_500,
    faults: (tell) => (faults[name] as Break)(cluster, tell),
  });
  await load.history.save(`out/load/${name.slice(0, name.indexOf(":"))}.jsonl`);
  return load;
}
