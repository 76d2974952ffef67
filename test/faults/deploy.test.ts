import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Deployment, deploy } from "../fakes/deployment.ts";
import { withoutRedis } from "../fakes/redis.ts";
import { openSession, openStream, postSession, postStateless, type Wired } from "../http/wire.ts";

/** A request that was not answered as it should be, and when. */
interface Failure {
  readonly client: string;
  readonly what: string;
  readonly atMs: number;
}

/** What clients did, all of them together. */
interface Load {
  readonly failures: Failure[];
  /** Names of the monitors whose creation was acknowledged. */
  readonly created: string[];
  /** Names of those that were asked for and not acknowledged. */
  readonly doubtful: string[];
  /** When each client was last answered well. */
  readonly goodAtMs: Map<string, number>;
  /** What each session has heard on its GET stream, in order. */
  readonly heard: Map<string, number[]>;
  /** GET streams that opened. */
  streams: number;
  answered: number;
}

const sessionClients = 4;
const statelessClients = 3;
/** Between two requests of one client: the machine has to start processes meanwhile. */
const thinkMs = 40;

/** Clients of both eras at work until `over`: each reads and creates in turn; each session has a GET stream too. */
async function startLoad(
  deployment: Deployment,
  over: AbortSignal,
): Promise<{ readonly load: Load; readonly done: Promise<unknown> }> {
  const load: Load = {
    failures: [],
    created: [],
    doubtful: [],
    goodAtMs: new Map(),
    heard: new Map(),
    streams: 0,
    answered: 0,
  };
  const url = `${deployment.url}/mcp`;
  const key = { "x-api-key": deployment.beacon.keys.readWrite };
  const sessions = await Promise.all(Array.from({ length: sessionClients }, () => openSession(url, { headers: key })));
  const clients = sessions.map(async ({ headers }, index) => {
    const client = `session-${index}`;
    const call: CallTool = (name, args) =>
      postSession(url, "tools/call", { name, arguments: args }, { headers: { ...headers, "x-test-client": client } });
    await work(load, client, call, over);
  });
  const stateless = Array.from({ length: statelessClients }, async (_, index) => {
    const client = `stateless-${index}`;
    const headers = { ...key, "x-test-client": client };
    await work(
      load,
      client,
      (name, args) => postStateless(url, "tools/call", { name, arguments: args }, { headers }),
      over,
    );
  });
  const listeners = sessions.map(({ headers }, index) =>
    listen(load, url, { client: `listener-${index}`, headers }, over),
  );
  const open = { streams: sessionClients, failures: [] };
  await vi.waitFor(() => expect(load).toMatchObject(open), { timeout: 30_000 });
  return { load, done: Promise.all([...clients, ...stateless, ...listeners]) };
}

/**
 * The answer of a process that takes the request. One that has more to do than it can says so and when to come back, whatever
 * is being deployed, and this test starts processes on a machine that is busy.
 */
async function untilTaken(send: () => Promise<Wired>): Promise<Wired> {
  for (;;) {
    const answer = await send();
    const isBusy =
      answer.status === 503 && answer.text.includes("the server is busy") && answer.headers.has("retry-after");
    if (!isBusy) return answer;
    await sleep(500);
  }
}

type CallTool = (name: string, args: Readonly<Record<string, unknown>>) => Promise<Wired>;

async function work(load: Load, client: string, call: CallTool, over: AbortSignal): Promise<void> {
  for (let turn = 0; !over.aborted; turn++) {
    const name = `${client} ${turn}`;
    const isCreate = turn % 3 === 2;
    const ask = () => (isCreate ? call("create_monitor", { name, type: "ping" }) : call("list_monitors", { limit: 2 }));
    const fault = await untilTaken(ask).then(
      faultOf,
      (thrown: unknown) => `no answer: ${String((thrown as Error).cause ?? thrown)}`,
    );
    if (isCreate) (fault === undefined ? load.created : load.doubtful).push(name);
    if (fault === undefined) {
      load.answered += 1;
      load.goodAtMs.set(client, performance.now());
    } else load.failures.push({ client, what: `${name}: ${fault}`, atMs: performance.now() });
    await sleep(thinkMs);
  }
}

/** What is wrong with an answer; undefined when nothing is. */
function faultOf({ status, body, text }: Wired): string | undefined {
  const { result } = (body ?? {}) as { result?: { isError?: boolean; structuredContent?: unknown } };
  if (status === 200 && result?.structuredContent !== undefined && result.isError !== true) return undefined;
  return `${status} ${text.slice(0, 300)}`;
}

/** Follows a session's GET stream, each time from where it broke off. */
async function listen(
  load: Load,
  url: string,
  { client, headers }: { readonly client: string; readonly headers: Readonly<Record<string, string>> },
  over: AbortSignal,
): Promise<void> {
  const heard: number[] = [];
  load.heard.set(client, heard);
  let last: string | undefined;
  while (!over.aborted) {
    try {
      const own = { ...headers, "x-test-client": client, "last-event-id": last };
      const stream = await openStream(url, { headers: own });
      if (stream.status !== 200) throw new Error(`GET was answered ${stream.status}: ${await stream.rest()}`);
      load.streams += 1;
      over.addEventListener("abort", stream.leave, { once: true });
      for (let event = await stream.next(); event !== null; event = await stream.next()) {
        last = event.id ?? last;
        if (event.data !== "") heard.push((JSON.parse(event.data) as { params: { data: number } }).params.data);
      }
    } catch (thrown) {
      if (over.aborted) return;
      const cause = (thrown as Error).cause ?? thrown;
      load.failures.push({ client, what: `its stream: ${String(cause)}`, atMs: performance.now() });
    }
    await sleep(200); // less than the retry it was told, so that the test sees more
  }
}

/** Numbers told to all sessions until it is stopped; resolves to the last one. */
function announceAlways({ announce }: Deployment): () => Promise<number> {
  let isOver = false;
  const run = async (): Promise<number> => {
    for (let number = 0; ; number++) {
      await announce(number);
      if (isOver) return number;
      await sleep(100);
    }
  };
  const running = run();
  running.catch(() => undefined); // told to who stops it, unless the test failed before
  return () => {
    isOver = true;
    return running;
  };
}

interface Page {
  readonly items: readonly { readonly name: string }[];
  readonly nextCursor?: string;
}

/** Names of Beacon's monitors that clients of this test made. */
async function rowsOf({ url, beacon }: Deployment): Promise<readonly string[]> {
  const headers = { "x-api-key": beacon.keys.readOnly };
  const names: string[] = [];
  let cursor: unknown;
  do {
    const args = { limit: 200, fields: ["name"], ...(cursor !== undefined && { cursor }) };
    const given = { name: "list_monitors", arguments: args };
    const { body } = await untilTaken(() => postStateless(`${url}/mcp`, "tools/call", given, { headers }));
    const { structuredContent } = (body as { result: { structuredContent: Page } }).result;
    names.push(...structuredContent.items.map(({ name }) => name));
    cursor = structuredContent.nextCursor;
  } while (cursor !== undefined);
  return names.filter((name) => /^(session|stateless)-\d+ \d+$/.test(name)).sort();
}

const upTo = (last: number): readonly number[] => Array.from({ length: last + 1 }, (_, number) => number);

async function deployed(env: Readonly<Record<string, string>>): Promise<Deployment> {
  const deployment = await deploy(3, env);
  onTestFinished(deployment.close);
  return deployment;
}

/** Three processes behind a balancer without affinity (reliability.md X9, X10; issue: deploys lose nothing). */
describe.skipIf(withoutRedis)("three replicas under load", () => {
  it("lose no request and no event in ten rolling restarts", { timeout: 300_000 }, async () => {
    const deployment = await deployed({ DRAIN_READY_MS: "1000", DRAIN_GRACE_MS: "20000" });
    const over = new AbortController();
    const { load, done } = await startLoad(deployment, over.signal);
    const lastTold = announceAlways(deployment);

    const codes: (number | null)[] = [];
    for (let restart = 0; restart < 10; restart++) codes.push(await deployment.restart(restart));

    const last = await lastTold();
    await vi.waitFor(
      () => expect([...load.heard.values()].map((heard) => heard.at(-1))).toEqual(Array(sessionClients).fill(last)),
      {
        timeout: 20_000,
      },
    );
    over.abort();
    await done;
    expect({ clients: load.failures, balancer: deployment.balancer.failures }).toEqual({ clients: [], balancer: [] });
    expect(codes).toEqual(Array(10).fill(0));
    for (const heard of load.heard.values()) expect(heard).toEqual(upTo(last));
    expect(await rowsOf(deployment)).toEqual([...load.created].sort());
    // That it was a load, that streams were closed, and that every client met all of them.
    expect(load.answered).toBeGreaterThan(300);
    expect(load.streams).toBeGreaterThan(10);
    for (const client of load.goodAtMs.keys()) expect(deployment.balancer.counts(client).byBackend.size).toBe(3);
  });

  it("lose what one of them had in flight when it is killed, and nothing else", { timeout: 300_000 }, async () => {
    const deployment = await deployed({});
    const over = new AbortController();
    const { load, done } = await startLoad(deployment, over.signal);
    const lastTold = announceAlways(deployment);
    await vi.waitFor(() => expect(load.answered).toBeGreaterThan(100), { timeout: 60_000 });

    const killedAt = performance.now();
    const origin = await deployment.kill(0);
    await vi.waitFor(
      () => {
        expect(load.goodAtMs.size).toBe(sessionClients + statelessClients);
        for (const atMs of load.goodAtMs.values()) expect(atMs).toBeGreaterThan(killedAt + 2_000);
      },
      { timeout: 30_000 },
    );
    const last = await lastTold();
    await vi.waitFor(
      () => expect([...load.heard.values()].map((heard) => heard.at(-1))).toEqual(Array(sessionClients).fill(last)),
      {
        timeout: 20_000,
      },
    );
    over.abort();
    await done;

    for (const { what, atMs } of load.failures) expect([what, atMs - killedAt < 2_000]).toEqual([what, true]);
    // One that was in flight each: nobody meets the dead one twice, and the balancer knows of no other.
    const failed = load.failures.map(({ client }) => client);
    expect([...new Set(failed)].sort()).toEqual([...failed].sort());
    for (const failure of deployment.balancer.failures) expect(failure).toContain(origin);
    for (const heard of load.heard.values()) expect(heard).toEqual(upTo(last));
    const rows = await rowsOf(deployment);
    expect(load.created.filter((name) => !rows.includes(name))).toEqual([]);
    expect(rows.filter((name) => !load.created.includes(name) && !load.doubtful.includes(name))).toEqual([]);
    expect(rows.length).toBe(new Set(rows).size);
  });
});
