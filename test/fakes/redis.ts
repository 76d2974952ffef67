import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Tests that need a real Redis are left out by `SPECGATE_TEST_WITHOUT=redis`; `npm test` refuses that in CI. */
export const withoutRedis: boolean = (process.env.SPECGATE_TEST_WITHOUT ?? "").split(",").includes("redis");

/** A real redis-server on a free port of this machine, without persistence. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** SIGKILL; resolves when it is gone. What it held is lost. */
  readonly kill: () => Promise<void>;
  /** Starts it again, empty, on the same port. */
  readonly start: () => Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  readonly freeze: () => void;
  /** SIGCONT. */
  readonly thaw: () => void;
  /** Kills it and removes its folder. */
  readonly close: () => Promise<void>;
}

const startMs = 20_000;

/** Starts a redis-server; `settings` are added to its command line, `{folder}` in them stands for its own folder. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "specgate-redis-"));
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const args = [...own, ...settings.map((setting) => setting.replaceAll("{folder}", folder))];
  let running: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    running = await launch(args);
  };
  const kill = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    freeze: () => running?.kill("SIGSTOP"),
    thaw: () => running?.kill("SIGCONT"),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs redis-server; resolves when it takes connections. It does not outlive this process. */
export function launch(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "pipe"] });
  const end = (): unknown => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
  let output = "";
  const timer = setTimeout(() => reject(new Error(`redis-server did not start in ${startMs} ms: ${output}`)), startMs);
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    if (/Ready to accept connections|Sentinel ID is|\+monitor/.test(output)) resolve(child);
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)));
  child.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? missing() : error));
  return promise.finally(() => clearTimeout(timer));
}

function missing(): Error {
  return new Error(
    "redis-server is missing: install it (Debian: apt-get install redis-server), or set SPECGATE_TEST_WITHOUT=redis",
  );
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
