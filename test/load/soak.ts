/**
 * `npm run soak`: 10,000 sessions on three replicas, 200 calls a second over all of them, for ten minutes (reliability.md §10,
 * L3). Prints what a session takes in Redis, and how the memory of each replica grows; exits 1 when a session takes more than
 * 2 KB or an answer was wrong. `SOAK_SESSIONS`, `SOAK_MINUTES` and `SOAK_RATE` change the figures.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Caller, type Cluster, startCluster } from "./cluster.ts";
import { createWire, messageOf, type Reply, type Wire } from "./wire.ts";

const wanted = {
  sessions: Number(process.env.SOAK_SESSIONS ?? 10_000),
  minutes: Number(process.env.SOAK_MINUTES ?? 10),
  rate: Number(process.env.SOAK_RATE ?? 200),
};
/** reliability.md §10. */
const mostBytes = 2_048;
const mostMegabytesPer10Minutes = 1;
/** Until code is compiled and pools are full, memory grows: the slope is that of what comes after. */
const warmUpShare = 0.4;
const sampleMs = 2_000;
/** `initialize` requests at a time. */
const opening = 32;
const boundMs = 10_000;

interface Session {
  readonly id: string;
  readonly caller: Caller;
}

interface Sample {
  readonly atMs: number;
  /** Bytes of each replica. */
  readonly memory: readonly number[];
}

const accept = "application/json, text/event-stream";
const version = "2025-11-25";

async function soak(): Promise<number> {
  const cluster = await startCluster({ keysPerTenant: 50 });
  const wire = createWire(cluster.url);
  try {
    const before = await redisBytes(cluster);
    const opened = performance.now();
    const sessions = await openAll(cluster, wire);
    const bytes = Math.round(((await redisBytes(cluster)) - before) / sessions.length);
    print(`${sessions.length} sessions opened in ${Math.round((performance.now() - opened) / 1_000)} s`);
    print(`Redis bytes per session: ${bytes} (goal: at most ${mostBytes})`);

    const errors = new Map<string, number>();
    const samples: Sample[] = [];
    const sampling = setInterval(() => samples.push(sample(cluster)), sampleMs);
    const times = await callAll(wire, sessions, (what) => errors.set(what, (errors.get(what) ?? 0) + 1));
    clearInterval(sampling);
    const sorted = times.toSorted((one, other) => one - other);
    const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
    const perSecond = Math.round(times.length / (wanted.minutes * 60));
    print(`${times.length} calls, ${perSecond}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    const slopes = cluster.replicas.map((_, index) => slopeOf(samples, index));
    for (const [index, slope] of slopes.entries()) {
      const now = Math.round((samples.at(-1)?.memory[index] ?? 0) / 1e6);
      print(
        `replica ${index + 1}: ${now} MB, ${slope.toFixed(1)} MB per 10 min (goal: under ${mostMegabytesPer10Minutes} over 30 min)`,
      );
    }
    print(`wrong or failed: ${errors.size === 0 ? "none" : ""}`);
    for (const [what, count] of errors) print(`  ${count} × ${what}`);
    return bytes <= mostBytes && errors.size === 0 ? 0 : 1;
  } finally {
    wire.close();
    await cluster.close();
  }
}

async function openAll({ callers }: Cluster, wire: Wire): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  let next = 0;
  const open = async (): Promise<void> => {
    while (next < wanted.sessions) {
      const caller = callers[next++ % callers.length] as Caller; // there are some
      const params = {
        protocolVersion: version,
        capabilities: { elicitation: {} },
        clientInfo: { name: "soak", version: "1" },
      };
      const body = { jsonrpc: "2.0", id: 0, method: "initialize", params };
      const reply = await taken(() => wire.send({ headers: { accept, "x-api-key": caller.key }, body, boundMs }));
      const id = reply.headers["mcp-session-id"];
      if (typeof id !== "string")
        throw new Error(`initialize was answered ${reply.status}: ${reply.text.slice(0, 200)}`);
      const told = { jsonrpc: "2.0", method: "notifications/initialized" };
      await wire.send({ headers: headersOf({ id, caller }), body: told, boundMs });
      sessions.push({ id, caller });
    }
  };
  await Promise.all(Array.from({ length: opening }, open));
  return sessions;
}

/** Calls of all sessions in turn at the rate that was asked for, whatever the answers take; resolves to their times. */
async function callAll(
  wire: Wire,
  sessions: readonly Session[],
  wrong: (what: string) => void,
): Promise<readonly number[]> {
  const times: number[] = [];
  const running = new Set<Promise<void>>();
  const start = performance.now();
  const until = start + wanted.minutes * 60_000;
  for (let count = 0; performance.now() < until; count++) {
    const session = sessions[(count * 7_919) % sessions.length] as Session; // a prime, so that all have their turn
    const call = callOne(wire, session, count).then(({ what, ms }) => {
      times.push(ms);
      if (what !== undefined) wrong(what);
      running.delete(call);
    });
    running.add(call);
    const ahead = start + ((count + 1) * 1_000) / wanted.rate - performance.now();
    if (ahead > 0) await sleep(ahead);
  }
  await Promise.all(running);
  return times;
}

async function callOne(
  wire: Wire,
  session: Session,
  id: number,
): Promise<{ readonly what: string | undefined; readonly ms: number }> {
  const { monitors } = session.caller;
  const monitorId = monitors[id % monitors.length];
  const params = { name: "get_monitor", arguments: { monitorId } };
  const body = { jsonrpc: "2.0", id, method: "tools/call", params };
  const reply = await taken(() => wire.send({ headers: headersOf(session), body, boundMs }));
  const message = messageOf(reply.text);
  const { item } = (message?.result?.structuredContent ?? {}) as { readonly item?: { readonly id?: unknown } }; // DESIGN §6.1
  const isRight = reply.status === 200 && message?.id === id && item?.id === monitorId;
  const what = isRight ? undefined : `${reply.ended} ${reply.status} ${reply.text.slice(0, 160)}`;
  return { what, ms: reply.end - reply.start };
}

/** The answer, after what a busy gateway asks to wait. */
async function taken(send: () => Promise<Reply>): Promise<Reply> {
  for (let refused = 0; ; refused++) {
    const reply = await send();
    if (reply.status !== 503 || reply.headers["retry-after"] === undefined || refused === 10) return reply;
    await sleep(Number(reply.headers["retry-after"]) * 1_000);
  }
}

function headersOf({ id, caller }: Session): Record<string, string> {
  return { accept, "x-api-key": caller.key, "mcp-session-id": id, "mcp-protocol-version": version };
}

/** `used_memory` of Redis. */
async function redisBytes({ redis }: Cluster): Promise<number> {
  const socket = connect(redis.port, "127.0.0.1");
  socket.write("INFO memory\r\n");
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return Number(/used_memory:(\d+)/.exec(chunk.toString())?.[1]);
}

function sample({ replicas }: Cluster): Sample {
  return {
    atMs: performance.now(),
    memory: replicas.map((replica) => residentBytes(replica.process().child.pid ?? 0)),
  };
}

function residentBytes(pid: number): number {
  if (process.platform !== "linux") return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) * 1_024;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}

/** Least squares over the samples after the warm-up, MB per 10 min. */
function slopeOf(samples: readonly Sample[], replica: number): number {
  const later = samples.slice(Math.floor(samples.length * warmUpShare));
  const points = later.map(({ atMs, memory }) => ({ x: atMs / 600_000, y: (memory[replica] ?? 0) / 1e6 }));
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = mean((point) => (point.x - x) ** 2);
  return spread === 0 ? 0 : mean((point) => (point.x - x) * (point.y - y)) / spread;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await soak());
