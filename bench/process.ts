import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** A running process of the bench. */
export interface Target {
  /** Origin such as `http://127.0.0.1:40123`, as its ready line says. */
  readonly origin: string;
  readonly readyMs: number;
  /** CPU time used so far by the whole process, user and system, in microseconds. Its grain is 10 ms. */
  readonly cpuMicros: () => number;
  /** The largest resident size so far, in bytes. */
  readonly peakBytes: () => number;
  readonly stop: () => Promise<void>;
}

/** How to start a process: the arguments of `node`, and optionally where and with which further environment. */
export interface Command {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts `node` with these arguments and resolves at the first line that names an http address. Every target is started so,
 * by the Node that runs the bench, and read through `/proc`, so that all are measured alike, the published command among them.
 * Rejects with what the process wrote when it ends before, or is not ready within 30 s.
 */
export async function startTarget(command: Command): Promise<Target> {
  const start = performance.now();
  const child = launch(command);
  const origin = await readyOrigin(child, command);
  child.stdout?.resume();
  child.stderr?.resume();
  const pid = child.pid ?? 0;
  return {
    origin,
    readyMs: performance.now() - start,
    cpuMicros: () => cpuMicrosOf(pid),
    peakBytes: () => peakBytesOf(pid),
    stop: () => stop(child),
  };
}

/** What a command that ends by itself took. */
export interface Finished {
  readonly code: number | null;
  readonly seconds: number;
  readonly peakBytes: number;
  readonly output: string;
}

/** Runs `node` with these arguments to its end, asking its peak memory every 20 ms: what is used in the last moment may be missed. */
export function runToEnd(command: Command): Promise<Finished> {
  const start = performance.now();
  const child = launch(command);
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakBytesOf(child.pid ?? 0));
  }, 20);
  const output = collect(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(watch);
      resolve({ code, seconds: (performance.now() - start) / 1000, peakBytes, output: output() });
    });
  });
}

function launch({ args, cwd, env }: Command): ChildProcess {
  return spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { DRAIN_READY_MS: "0", ...process.env, ...env }, // no load balancer has to look away before a target stops
    ...(cwd !== undefined && { cwd }),
  });
}

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  return () => text;
}

const readyWithinMs = 30_000; // a busy machine is slow, and only a broken target needs longer

function readyOrigin(child: ChildProcess, { args }: Command): Promise<string> {
  const output = collect(child);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      reject(new Error(`node ${args.join(" ")}: ${why}\n${output()}`));
    };
    const timer = setTimeout(() => fail(`not ready within ${readyWithinMs / 1000} s`), readyWithinMs);
    const look = (): void => {
      const port = /http:\/\/(?:127\.0\.0\.1|localhost):([1-9]\d*)(?=\D)/.exec(output())?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code} before it was ready`);
    });
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
  });
}

const microsPerTick = 10_000; // USER_HZ is 100 on every Linux that Node runs on

/** utime and stime of proc_pid_stat(5); the name before them may hold spaces and brackets, so they are counted after it. */
function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

function peakBytesOf(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has just ended
  }
}
