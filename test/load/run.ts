import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { check, report, type Violation } from "./checker.ts";
import type { Caller, Cluster } from "./cluster.ts";
import { createHistory, type Fault, type History } from "./history.ts";
import { watchMachine } from "./machine.ts";
import { type ClientOptions, runSessionClient, type Showcase } from "./sessionClient.ts";
import { runStatelessClient } from "./statelessClient.ts";
import { createWire } from "./wire.ts";

export interface LoadOptions {
  readonly cluster: Cluster;
  /** Until then clients begin new rounds. */
  readonly seconds: number;
  /** Whole rounds that a client plays at least, however long it takes (up to twice `seconds`). Default 0. */
  readonly leastRounds?: number;
  /** Session-era clients. */
  readonly clients: number;
  /** Clients of 2026-07-28. Default 0. */
  readonly stateless?: number;
  /** Session-era clients that read and do nothing else. Default 0. */
  readonly readers?: number;
  /** Pause of a client between two steps. */
  readonly thinkMs: number;
  /** Clients start over this long, so that no two of many move in step. Default 2,000. */
  readonly rampMs?: number;
  /** Every request ends within this. Default 10,000: ten times what one may take while a store is away, and more. */
  readonly boundMs?: number;
  /** Between two announcements. Default 4,000. */
  readonly announceMs?: number;
  /** What is done to the cluster meanwhile; each thing is told as it is over. */
  readonly faults?: (tell: (fault: Fault) => void) => Promise<void>;
}

/** What a run came to. */
export interface Load {
  readonly history: History;
  readonly violations: readonly Violation[];
  /** The shortest offending history of each invariant, or empty. */
  readonly report: string;
  readonly requests: number;
  /** Whole rounds of each session-era client, by name, and of each stateless one. */
  readonly rounds: ReadonlyMap<string, number>;
  /** Part of the requests that a busy gateway refused, from 0 to 1. */
  readonly shedShare: number;
  readonly requestsPerSecond: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}

/** Lets clients loose on a cluster, lets the last rounds finish, compares with Beacon's rows and judges it all. */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const { cluster, seconds, clients, stateless = 0, thinkMs, boundMs = 10_000, announceMs = 4_000 } = options;
  const { rampMs = 2_000, leastRounds = 0, readers = 0 } = options;
  const history = createHistory();
  const wire = createWire(cluster.url);
  const showcase: Showcase = { sessions: new Map(), events: new Map() };
  const until = performance.now() + seconds * 1_000;
  const latest = until + seconds * 1_000;
  const isOver = (rounds = Number.POSITIVE_INFINITY): boolean =>
    performance.now() >= (rounds < leastRounds ? latest : until);
  const machine = watchMachine(cluster, history.tell);
  const run = randomBytes(3).toString("hex");
  const clientOf = (name: string, index: number): ClientOptions => ({
    name,
    caller: cluster.callers[index % cluster.callers.length] as Caller,
    wire,
    history,
    showcase,
    think: () => think(thinkMs, machine.strainMs()),
    isOver,
    boundMs,
    run,
  });
  const rounds = new Map<string, number>();
  const started = performance.now();
  const live = async (name: string, index: number, play: (client: ClientOptions) => Promise<number>): Promise<void> => {
    await sleep(Math.random() * rampMs);
    rounds.set(name, await play(clientOf(name, index)));
  };
  const names = (letter: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${letter}${index}`);
  const all = [
    ...names("c", clients).map((name, index) => live(name, index, runSessionClient)),
    ...names("r", readers).map((name, index) =>
      live(name, index, (client) => runSessionClient({ ...client, readsOnly: true })),
    ),
    ...names("s", stateless).map((name, index) => live(name, index, runStatelessClient)),
  ];
  const announcing = announce(cluster, history, announceMs, isOver);
  await options.faults?.(history.tell);
  await Promise.all(all);
  await announcing;
  machine.stop();
  const took = performance.now() - started;
  wire.close();
  for (const row of await cluster.rows()) if (row.name.includes(`:${run}:`)) history.tell(row);
  const violations = check(history.lines);
  return { history, violations, report: report(violations), rounds, ...figures(history, took) };
}

/** A pause of about `meanMs`, between half and one and a half of it; up to four times as long where the machine cannot keep up. */
async function think(meanMs: number, strainMs: number): Promise<void> {
  const strain = 1 + Math.min(3, strainMs / strainedMs);
  await sleep(meanMs * (0.5 + Math.random()) * strain);
}

/** An answer that costs nothing takes this long where nearly all of the processor is used. */
const strainedMs = 100;

async function announce(cluster: Cluster, history: History, everyMs: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(everyMs);
    if (!isOver()) history.tell(await cluster.announce());
  }
}

function figures(
  { lines }: History,
  tookMs: number,
): Pick<Load, "requests" | "shedShare" | "requestsPerSecond" | "latency"> {
  const operations = lines.filter((line) => line.kind === "operation");
  const quick = operations.filter(({ operation }) => operation === "read" || operation === "list");
  const times = quick.map(({ start, end }) => end - start).sort((one, other) => one - other);
  const at = (share: number): number => Math.round(times[Math.floor(times.length * share)] ?? 0);
  return {
    requests: operations.length,
    shedShare: operations.filter(({ outcome }) => outcome === "shed").length / operations.length,
    requestsPerSecond: Math.round((operations.length * 1_000) / tookMs),
    latency: { p50: at(0.5), p99: at(0.99) },
  };
}
