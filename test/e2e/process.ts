import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** Directory of the project's package.json. */
export const projectRoot: string = resolve(import.meta.dirname, "../..");

/** The command as the project's npm scripts start it. */
export const specgateMain: string = join(projectRoot, "src/main.ts");

/** What a child process came to. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default: the project's root. */
  readonly cwd?: string;
  /** Added to `PATH`, `HOME` and a database in memory; nothing else of this process's environment goes in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** Runs this Node with `args` to the end. Never rejects for an exit code. */
export function runNode(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [...args],
      { cwd: options.cwd ?? projectRoot, env: environment(options), maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => undefined); // a command that refuses its input early closes the pipe
    child.stdin?.end(options.input ?? "");
  });
}

/** `specgate …` from source. */
export function specgate(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runNode([specgateMain, ...args], options);
}

/** No load balancer has to look away before a server of ours stops, unless the test is about that. */
function environment({ env }: RunOptions): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, DATABASE_URL: "sqlite::memory:", DRAIN_READY_MS: "0", ...env };
}

/** A server in a child process. */
export interface Served {
  /** Every line it has printed on stdout and stderr. */
  readonly lines: readonly string[];
  readonly child: ChildProcess;
  /** What `ready` returned. */
  readonly url: string;
  /** From the start of the process to the line that says it is ready. */
  readonly startMs: number;
  /** Resolves once a line that contains `text` has been printed. */
  readonly printed: (text: string) => Promise<void>;
  /** Resolves with the exit code when it has ended; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Sends SIGTERM and resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
}

/**
 * Starts this Node with `args` and resolves when `ready` finds the URL in a line it prints. Rejects with all it printed when it
 * ends before.
 */
export async function serveNode(
  args: readonly string[],
  ready: (line: string) => string | undefined,
  options: RunOptions = {},
): Promise<Served> {
  const start = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd: options.cwd ?? projectRoot,
    env: environment(options),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const waiting: { readonly text: string; readonly found: () => void }[] = [];
  const exit = once(child, "close") as Promise<[number | null]>;
  const orphan = (): boolean => child.kill("SIGKILL"); // a test that is cut short leaves no server behind
  process.once("exit", orphan);
  void exit.then(() => process.off("exit", orphan));
  const url = await new Promise<string>((found, failed) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        for (const { text: wanted, found: tell } of waiting) if (line.includes(wanted)) tell();
        const text = ready(line);
        if (text !== undefined) found(text);
      });
    void exit.then(([code]) => failed(new Error(`ended with ${code} before it was ready:\n${lines.join("\n")}`)));
  });
  return {
    lines,
    child,
    url,
    startMs: performance.now() - start,
    printed: (text) =>
      new Promise((resolved) => {
        waiting.push({ text, found: resolved });
        if (lines.some((line) => line.includes(text))) resolved();
      }),
    exited: exit.then(([code]) => code),
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await exit;
      return code;
    },
  };
}

/** The URL in the log line by which `specgate serve` says that it listens. */
export function listening(line: string): string | undefined {
  if (!line.startsWith("{")) return undefined;
  const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
  return msg === "listening" ? url : undefined;
}
