import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "./redis.ts";

/** Tests that need a real PostgreSQL are left out by `SPECGATE_TEST_WITHOUT=postgresql`; `npm test` refuses that in CI. */
export const withoutPostgres: boolean = (process.env.SPECGATE_TEST_WITHOUT ?? "").split(",").includes("postgresql");

/** A real PostgreSQL on a free port of this machine. */
export interface PostgresServer {
  readonly port: number;
  readonly password: string;
  /** Makes an empty database and resolves to its URL. */
  readonly database: () => Promise<string>;
  /** SIGKILL of all its processes; resolves when they are gone. What was committed stays. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port, with the same data. */
  readonly start: () => Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  readonly freeze: () => void;
  /** SIGCONT. */
  readonly thaw: () => void;
  /** Kills it and removes its folder. */
  readonly close: () => Promise<void>;
}

const startMs = 60_000;
const user = "specgate";
/** Holds what a URL must encode, so that a test that shows it shows it in full. */
const password = "p@ss/w%rd:canary";

/** Starts a PostgreSQL that asks for a password. It takes one to two seconds, so a file of tests shares one. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = programFolder();
  const account = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "specgate-postgres-"));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${password}\n`);
  const auth = ["-U", user, "-A", "scram-sha-256", "--pwfile", passwordFile];
  execFileSync(join(programs, "initdb"), ["-D", data, ...auth, "-E", "UTF8", "--locale=C.UTF-8", "-N"], {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: folder,
    ...account,
  });
  const port = await freePort();
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: folder, max_connections: 200 };
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const urlOf = (database: string): string =>
    `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

  let running: ChildProcess | undefined;
  const end = (): void => signal(running, "SIGKILL"); // nothing outlives this process
  process.once("exit", end);
  const start = async (): Promise<void> => {
    const deadline = performance.now() + startMs;
    do {
      // A group of its own, so that a Ctrl+C meant for the tests does not stop it before them.
      running = spawn(join(programs, "postgres"), args, { stdio: "ignore", cwd: folder, detached: true, ...account });
      // After a kill it ends at once while a process of the former one still holds the shared memory.
    } while (!(await answers(urlOf("postgres"), running, deadline)));
  };
  const kill = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    signal(child, "SIGKILL");
    await gone;
  };
  await start();
  let made = 0;
  return {
    port,
    password,
    database: async () => {
      made += 1;
      await run(urlOf("postgres"), `create database d${made}`);
      return urlOf(`d${made}`);
    },
    kill,
    start,
    freeze: () => signal(running, "SIGSTOP"),
    thaw: () => signal(running, "SIGCONT"),
    close: async () => {
      process.off("exit", end);
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One statement over a connection of its own; its rows. */
export async function run(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined); // a server that is killed breaks it
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Runs one statement after another over one connection; each resolves to whether it was answered. */
export function keepRunning(url: string): {
  readonly run: (text: string) => Promise<boolean>;
  readonly close: () => void;
} {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  const connected = client.connect().then(
    () => true,
    () => false,
  );
  return {
    run: async (text) => {
      if (!(await connected)) return false;
      return client.query(text).then(
        () => true,
        () => false,
      );
    },
    close: () => void client.end().catch(() => undefined),
  };
}

/** The processes that serve connections have groups of their own, so they are found by their parent. */
function signal(child: ChildProcess | undefined, name: NodeJS.Signals): void {
  if (child?.pid === undefined) return;
  for (const pid of [child.pid, ...childrenOf(child.pid)])
    try {
      process.kill(pid, name);
    } catch {
      // it ended meanwhile
    }
}

/** From Linux itself, since not every image has `ps`. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number).filter(Boolean);
  } catch {
    const listed = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout ?? "";
    return listed.split("\n").flatMap((line) => {
      const [own = 0, parent] = line.trim().split(/\s+/).map(Number);
      return parent === pid ? [own] : [];
    });
  }
}

/** True when it answers, false when it ended before. */
async function answers(url: string, child: ChildProcess, deadline: number): Promise<boolean> {
  for (;;) {
    try {
      await run(url, "select 1");
      return true;
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (child.exitCode !== null) return false;
  }
}

/** Debian keeps the programs of each version in a folder that is not in PATH. */
function programFolder(): string {
  const versions = "/usr/lib/postgresql";
  const folders = existsSync(versions)
    ? readdirSync(versions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, "bin"))
    : [];
  const all = [...(process.env.PATH ?? "").split(":"), ...folders];
  const found = all.find((folder) => ["postgres", "initdb"].every((program) => existsSync(join(folder, program))));
  if (found !== undefined) return found;
  throw new Error(
    "postgresql is missing: install it (Debian: apt-get install postgresql), or set SPECGATE_TEST_WITHOUT=postgresql",
  );
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, which its package makes, or as `nobody`. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout));
    if (uid && gid) return { uid, gid };
  }
  throw new Error("run the tests as another user than root, or make a user named postgres");
}
