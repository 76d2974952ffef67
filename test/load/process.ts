import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { projectRoot } from "../e2e/process.ts";

/** A child process of a load test, with a channel to it. It does not outlive this process. */
export interface Running {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly url: string;
  /** Lines it has printed on stdout and stderr, but for those of requests. */
  readonly lines: readonly string[];
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** Runs a module with this Node; resolves when it prints `{"msg":"listening","url":…}`, rejects with all it printed when it ends before. */
export async function startProcess(
  module: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly nodeArgs?: readonly string[] } = {},
): Promise<Running> {
  const { env = {}, nodeArgs = [] } = options;
  const child = spawn(process.execPath, [...nodeArgs, module], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const end = (): boolean => child.kill("SIGKILL");
  process.once("exit", end);
  const gone = once(child, "close").then(() => process.off("exit", end));
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (!line.startsWith('{"msg":"listening"')) return;
      resolve((JSON.parse(line) as { readonly url: string }).url); // our own processes print it
    });
  }
  void gone.then(() => reject(new Error(`${module} ended before it was ready:\n${lines.join("\n")}`)));
  const url = await promise;
  return {
    child,
    url,
    lines,
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
