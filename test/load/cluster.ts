import { type Balancer, type BalancerOptions, startBalancer } from "../fakes/balancer.ts";
import { startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { freePort, type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import type { AnnouncedReply } from "./gatewayProcess.ts";
import type { Announced, Row } from "./history.ts";
import { type Running, startProcess } from "./process.ts";

export type Tenant = "acme" | "globex";

/** Someone who calls: a key of Beacon. Several clients share one. */
export interface Caller {
  readonly tenant: Tenant;
  readonly key: string;
  /** Monitors of its tenant, to read. */
  readonly monitors: readonly string[];
}

export interface ClusterOptions {
  /** Default 3. */
  readonly replicas?: number;
  /** Keys of each of the two tenants. Default 10. */
  readonly keysPerTenant?: number;
  /** Name of a bug to start the gateways with. */
  readonly plant?: string;
  readonly onServed?: BalancerOptions["onServed"];
}

/** One gateway process. */
export interface ReplicaProcess {
  readonly url: string;
  readonly process: () => Running;
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port. */
  readonly start: () => Promise<void>;
}

/** Gateway processes over one Redis, one PostgreSQL and one Beacon, behind a balancer: all real, each in a process of its own. */
export interface Cluster {
  /** The MCP endpoint, behind the balancer. */
  readonly url: string;
  readonly balancer: Balancer;
  readonly redis: RedisServer;
  /** Of the PostgreSQL that all share. */
  readonly databaseUrl: string;
  readonly replicas: readonly ReplicaProcess[];
  readonly callers: readonly Caller[];
  /** Tells every replica of a change at once, as a new Catalog is; `number` counts from 1. */
  readonly announce: () => Promise<Announced>;
  /** Rows that clients have made in Beacon. */
  readonly rows: () => Promise<readonly Row[]>;
  readonly close: () => Promise<void>;
}

const organisations: Readonly<Record<Tenant, string>> = { acme: "bk_demo_full_acme", globex: "bk_demo_full_globex" };
/** An answer to an announcement takes as long as Redis may: every session is written to. */
const announceMs = 15_000;

/** Runs that need a cluster are left out where one of its parts is (`SPECGATE_TEST_WITHOUT`). */
export const withoutCluster: boolean = withoutRedis || withoutPostgres;

/** What rows of clients begin with; the tenant follows. */
export const rowPrefix = "cn:";

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { replicas: count = 3, keysPerTenant = 10, plant, onServed } = options;
  // What a Redis had is there again after a restart: losing sessions is another fault than losing the store for a while.
  const redis = await startRedis(["--appendonly", "yes", "--appendfsync", "everysec"]);
  const beacon = await startProcess("test/load/beaconProcess.ts");
  const postgres = await startPostgres();
  const databaseUrl = await postgres.database();
  const env = { REDIS_URL: redis.url, UPSTREAM_URL: beacon.url, DATABASE_URL: databaseUrl };
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(env, plant)));
  const callers = await callersOf(beacon.url, keysPerTenant);
  const balancer = await startBalancer({
    backends: replicas.map(({ url }) => url),
    healthPath: "/readyz",
    ...(onServed && { onServed }),
  });
  let announced = 0;
  return {
    url: `${balancer.url}/mcp`,
    balancer,
    redis,
    databaseUrl,
    replicas,
    callers,
    announce: async () => {
      announced += 1;
      const number = announced;
      const start = performance.now();
      const told = await Promise.all(replicas.map((replica) => tell(replica.process(), number)));
      return { kind: "announced", number, start, end: performance.now(), ok: told.every(Boolean) };
    },
    rows: async () => (await Promise.all(tenants.map((tenant) => rowsOf(beacon.url, tenant)))).flat(),
    close: async () => {
      await balancer.close();
      await Promise.all(replicas.map(({ kill }) => kill()));
      await Promise.all([beacon.kill(), redis.close(), postgres.close()]);
    },
  };
}

const tenants: readonly Tenant[] = ["acme", "globex"];

async function startReplica(env: Readonly<Record<string, string>>, bug: string | undefined): Promise<ReplicaProcess> {
  const port = await freePort();
  const own = {
    ...env,
    PORT: String(port),
    LOG_LEVEL: "fatal",
    SPECGATE_SECRET: "a secret that all replicas of a load test share",
    ...(bug !== undefined && { SPECGATE_PLANT: bug }),
  };
  const nodeArgs = bug === undefined ? [] : ["--import", "./test/load/plant.ts"];
  const start = (): Promise<Running> => startProcess("test/load/gatewayProcess.ts", { env: own, nodeArgs });
  let running = await start();
  if (bug !== undefined && !running.lines.includes(`planted: ${bug}`)) throw new Error(`"${bug}" was not planted`);
  return {
    url: `http://127.0.0.1:${port}`,
    process: () => running,
    kill: () => running.kill(),
    start: async () => {
      running = await start();
    },
  };
}

/** Whether the replica has told every client of announcement `number`. */
function tell({ child }: Running, number: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), announceMs);
  const hear = (message: unknown): void => {
    const { announced, ok } = message as AnnouncedReply; // the process of ours tells nothing else
    if (announced === number) resolve(ok);
  };
  child.on("message", hear);
  const exit = (): void => resolve(false);
  child.once("exit", exit);
  if (child.connected) child.send({ announce: number }, (fault) => fault && resolve(false));
  else resolve(false);
  return promise.finally(() => {
    clearTimeout(timer);
    child.off("message", hear).off("exit", exit);
  });
}

async function callersOf(beacon: string, keysPerTenant: number): Promise<readonly Caller[]> {
  const callers: Caller[] = [];
  for (const tenant of tenants) {
    const admin = organisations[tenant];
    const monitors = itemsOf(await ask(beacon, admin, "GET /monitors?limit=50")).map(({ id }) => String(id));
    for (let number = 0; number < keysPerTenant; number++) {
      const body = { name: `load ${number}`, scopes: ["read", "write", "delete"] };
      const { key } = (await ask(beacon, admin, "POST /api-keys", body)) as { readonly key: string }; // Beacon's document says so
      callers.push({ tenant, key, monitors });
    }
  }
  return callers;
}

async function rowsOf(beacon: string, tenant: Tenant): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let offset = 0; ; offset += 200) {
    const page = itemsOf(await ask(beacon, organisations[tenant], `GET /labels?limit=200&offset=${offset}&q=cn%3A`));
    for (const { name } of page) {
      if (String(name).startsWith(rowPrefix)) rows.push({ kind: "row", tenant, name: String(name) });
    }
    if (page.length < 200) return rows;
  }
}

async function ask(beacon: string, key: string, request: string, body?: unknown): Promise<unknown> {
  const [method = "GET", path = "/"] = request.split(" ");
  const response = await fetch(beacon + path, {
    method,
    headers: { "x-api-key": key, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`Beacon answered ${request} with ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The items of a list of Beacon, whatever its envelope. */
function itemsOf(body: unknown): readonly Readonly<Record<string, unknown>>[] {
  const { data, items } = body as { readonly data?: unknown; readonly items?: unknown }; // either is there
  return (data ?? items) as readonly Readonly<Record<string, unknown>>[];
}
