import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { listening, projectRoot, type Served, serveNode, specgateMain } from "../e2e/process.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { type RedisServer, startRedis } from "./redis.ts";
import { openReplica, type Replica } from "./replicas.ts";

/** Gateways as an operator runs them: processes of `specgate serve` over Beacon and one Redis, behind a balancer without affinity. */
export interface Deployment {
  /** Of the balancer. */
  readonly url: string;
  readonly beacon: Beacon;
  readonly balancer: Balancer;
  readonly replicas: readonly Served[];
  /** Sends SIGTERM to one, starts another in its place, and waits until the balancer takes it in. Resolves to the exit code. */
  readonly restart: (index: number) => Promise<number | null>;
  /** SIGKILL; resolves to the origin that is gone. */
  readonly kill: (index: number) => Promise<string>;
  /** Tells all sessions the number, as a replica tells a change. */
  readonly announce: (number: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Many clients share a key here, and none of them is meant to meet a limit. */
const yaml = `
api: beacon
credentials:
  check: { operation: getMe, user: user.id, organisation: organisation.id,
    scopes: { path: key.scopes, map: { read: mcp.read, write: mcp.write, delete: mcp.delete } } }
limits: { readsPerMinute: off, writesPerMinute: off, requestsPerMinutePerAddress: off, streamsPerPrincipal: 100 }
`;

/** Starts `size` replicas and resolves when all serve. @param env of each process */
export async function deploy(size: number, env: Readonly<Record<string, string>>): Promise<Deployment> {
  const root = mkdtempSync(join(tmpdir(), "specgate-deploy-"));
  mkdirSync(join(root, "openapi/beacon"), { recursive: true });
  writeFileSync(join(root, "openapi/beacon/gateway.yaml"), yaml);
  symlinkSync(join(projectRoot, "generated"), join(root, "generated"));
  const [redis, beacon] = await Promise.all([startRedis(), startBeacon()]);
  const start = (port: string): Promise<Served> =>
    serveNode([specgateMain, "serve", "--upstream", beacon.url, "--port", port], listening, {
      cwd: root,
      env: { REDIS_URL: redis.url, SPECGATE_SECRET: "a secret of the tests", LOG_LEVEL: "info", ...env },
    });
  const replicas = await Promise.all(Array.from({ length: size }, () => start("0")));
  const origins = replicas.map(({ url }) => `http://127.0.0.1:${new URL(url).port}`);
  const balancer = await startBalancer({ backends: origins, healthPath: "/readyz" });
  const store = await openReplica(redis.url);
  const at = <Value>(values: readonly Value[], index: number): Value => values[index % size] as Value; // size is at least 1
  return {
    url: balancer.url,
    beacon,
    balancer,
    replicas,
    restart: async (index) => {
      const code = await at(replicas, index).stop();
      const origin = at(origins, index);
      replicas[index % size] = await start(new URL(origin).port);
      while (!balancer.healthy().includes(origin)) await new Promise((looked) => setTimeout(looked, 20));
      return code;
    },
    kill: async (index) => {
      const { child, exited } = at(replicas, index);
      child.kill("SIGKILL");
      await exited;
      return at(origins, index);
    },
    announce: (number) => announce(store, number),
    close: () => closeAll({ replicas, balancer, store, redis, beacon, root }),
  };
}

/** Tries again where the store was too slow for this process: each session gets the number once all the same. */
async function announce({ sessions }: Replica, number: number): Promise<void> {
  const message = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: number } };
  const tell = (): Promise<void> => sessions.broadcast("session", JSON.stringify(message), `announced ${number}`);
  for (let tries = 1; ; tries++) {
    try {
      return await tell();
    } catch (thrown) {
      if (tries === 10) throw thrown;
    }
  }
}

interface Parts extends Pick<Deployment, "replicas" | "balancer" | "beacon"> {
  readonly store: Replica;
  readonly redis: RedisServer;
  readonly root: string;
}

async function closeAll({ replicas, balancer, store, redis, beacon, root }: Parts): Promise<void> {
  for (const { child } of replicas) child.kill("SIGKILL");
  await Promise.all(replicas.map(({ exited }) => exited));
  await Promise.all([balancer.close(), store.close()]);
  await Promise.all([redis.close(), beacon.close()]);
  rmSync(root, { recursive: true, force: true });
}
