import { get } from "node:http";
import { connect } from "node:net";
import { keepRunning } from "../fakes/postgres.ts";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./history.ts";

/** How the machine copes with what it carries: clients, balancer, three replicas, Redis, Beacon, and whatever else runs on it. */
export interface Machine {
  /** How long a process took lately to answer a request that costs nothing, the slowest of them, milliseconds. */
  readonly strainMs: () => number;
  readonly stop: () => void;
}

const everyMs = 250;
/**
 * A process that does not answer for this long has no processor, or no disk. A gateway gives a command to Redis up after 500 ms,
 * its own wait for the processor included, and a record of the audit log after 900, which may wait for the commit before it.
 */
const stallMs = 300;
/** What a commit of the audit log takes, in statements. */
const commit = ["begin", ...Array.from({ length: 4 }, () => "insert into probe values (now())"), "commit"];

/**
 * Asks every process for something that needs no other part. One that stands still for lack of a processor is told as a fault
 * of the machine: what clients saw meanwhile says nothing of the gateway. A process that is gone is none of its business.
 */
export function watchMachine({ replicas, redis, databaseUrl }: Cluster, tell: (fault: Fault) => void): Machine {
  const database = keepRunning(databaseUrl);
  const isReady = database.run("create table if not exists probe (at timestamptz)");
  const askers = [
    ...replicas.map(
      ({ url }) =>
        () =>
          askHttp(`${url}/healthz`),
    ),
    () => askRedis(redis.port),
    async () => {
      let isAnswered = await isReady;
      for (const statement of commit) isAnswered = isAnswered && (await database.run(statement));
      return isAnswered;
    },
  ];
  const latest = askers.map(() => 0);
  const timers = askers.map((ask, index) => {
    let asking = false;
    return setInterval(() => {
      if (asking) return;
      asking = true;
      const start = performance.now();
      void ask().then((answered) => {
        asking = false;
        const end = performance.now();
        latest[index] = answered ? end - start : 0;
        if (answered && end - start > stallMs) tell({ kind: "fault", fault: "machine", start, end });
      });
    }, everyMs);
  });
  return {
    strainMs: () => Math.max(...latest),
    stop: () => {
      for (const timer of timers) clearInterval(timer);
      database.close();
    },
  };
}

function askHttp(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = get(url, (answer) => answer.resume().once("close", () => resolve(true)));
  asked.once("error", () => resolve(false));
  return promise;
}

function askRedis(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
  socket.once("data", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
