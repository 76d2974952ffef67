import { Pool } from "undici";
import type { Shooter } from "./lanes.ts";
import type { Target } from "./process.ts";

/** One way through one target: what is sent to whom. */
export interface Lane {
  readonly name: string;
  readonly target: Target;
  readonly shooter: Shooter;
  /** Its calls count by this: 1 for a call; lists are so much dearer that fewer are sent. */
  readonly share: number;
}

/** What a lane took, all rounds together. */
export interface Measured {
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly bytes: number;
  readonly latenciesMs: readonly number[];
  /** The first few wrong answers; `wrong` counts them all. */
  readonly faults: readonly string[];
  readonly wrong: number;
}

/** How hard and how long. */
export interface LoadOptions {
  /** Measured calls of each lane (times its share). */
  readonly calls: number;
  readonly warmUpCalls: number;
  /** The calls of a lane are split over so many rounds, so that noise of the machine hits every lane alike. */
  readonly rounds: number;
  /** Requests in flight; also the number of connections. Closed loop: the next is sent when one has been answered. */
  readonly concurrency: number;
}

interface Round {
  readonly calls: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly bytes: number;
  readonly latenciesMs: number[];
  readonly faults: string[];
}

/** Runs every lane warm, then all lanes in turn, round after round. Every answer is read whole and checked. */
export async function runLoad(lanes: readonly Lane[], options: LoadOptions): Promise<readonly Measured[]> {
  const running = lanes.map((lane) => ({
    lane,
    pool: new Pool(lane.target.origin, { connections: options.concurrency, keepAliveTimeout: 30_000 }),
    cold: [] as Round[],
    rounds: [] as Round[],
    sent: 0,
  }));
  const step = async (one: (typeof running)[number], calls: number): Promise<Round> => {
    const round = await runRound(one.lane, one.pool, one.sent, Math.ceil(calls * one.lane.share), options.concurrency);
    one.sent += round.calls;
    return round;
  };
  for (const one of running) one.cold.push(await step(one, options.warmUpCalls));
  for (let at = 0; at < options.rounds; at++)
    for (const one of running) one.rounds.push(await step(one, options.calls / options.rounds));
  await Promise.all(running.map(({ pool }) => pool.close()));
  return running.map(({ lane, cold, rounds }) => sumOf(lane.name, cold, rounds));
}

async function runRound(
  { target, shooter }: Lane,
  pool: Pool,
  first: number,
  calls: number,
  concurrency: number,
): Promise<Round> {
  const latenciesMs: number[] = [];
  const faults: string[] = [];
  let next = first;
  let bytes = 0;
  const worker = async (): Promise<void> => {
    while (next < first + calls) {
      const n = next++;
      const { check, body = null, ...request } = shooter(n);
      const start = performance.now();
      const { statusCode, body: answer } = await pool.request({ ...request, body });
      const text = await answer.text();
      latenciesMs.push(performance.now() - start);
      bytes += Buffer.byteLength(text);
      const fault = check(statusCode, text);
      if (fault !== undefined) faults.push(`call ${n} ${fault}`);
    }
  };
  const cpuBefore = target.cpuMicros();
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - start) / 1000;
  return { calls, seconds, cpuMicros: target.cpuMicros() - cpuBefore, bytes, latenciesMs, faults };
}

/** Cold rounds count for nothing but their faults: a wrong answer is wrong at any time. */
function sumOf(name: string, cold: readonly Round[], rounds: readonly Round[]): Measured {
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const faults = [...cold, ...rounds].flatMap((round) => round.faults);
  return {
    name,
    calls: sum(({ calls }) => calls),
    seconds: sum(({ seconds }) => seconds),
    cpuMicros: sum(({ cpuMicros }) => cpuMicros),
    bytes: sum(({ bytes }) => bytes),
    latenciesMs: rounds.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b),
    faults: faults.slice(0, 3),
    wrong: faults.length,
  };
}
