import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listening, type Served, serveNode, specgateMain } from "../e2e/process.ts";
import { freePort } from "../fakes/redis.ts";
import { widgetSpec } from "../fakes/widgets.ts";
import { both, envelope, key, postStateless } from "../http/wire.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";

const clients = 200;
/** Ten times the 500 ms of reliability.md X16. */
const healthyWithinMs = 5_000;
/** What so many clients may leave in the process: well below their 800 MB of answers. */
const mostGrowthBytes = 400_000_000;

const widget = JSON.stringify({ id: "w1", name: "x".repeat(50_000) });

let folder: string;
let upstream: TestServer;
let served: Served;
let metricsPort: number;

beforeAll(async () => {
  upstream = await listen((_req, res) => {
    res.writeHead(200, { "content-type": "application/json" }).end(widget);
  });
  folder = mkdtempSync(join(tmpdir(), "specgate-slow-"));
  metricsPort = await freePort();
  writeFileSync(join(folder, "spec.json"), JSON.stringify(widgetSpec));
  writeFileSync(
    join(folder, "gateway.yaml"),
    `api: widgets
limits: { readsPerMinute: off, requestsPerMinutePerAddress: off, shedAboveDelayMs: off, streamsPerPrincipal: 1000 }
upstreams: { default: { url: "${upstream.url}" } }
`,
  );
  served = await serveNode(
    [specgateMain, "serve", "--spec", "spec.json", "--config", "gateway.yaml", "--port", "0"],
    listening,
    { cwd: folder, env: { METRICS_PORT: String(metricsPort) } },
  );
});
afterAll(async () => {
  await served.stop();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A stateless request as it stands on the wire. */
function post(
  method: string,
  params: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>>,
): string {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: envelope() } });
  const lines = {
    host: "localhost",
    accept: both,
    "content-type": "application/json",
    "content-length": String(body.length),
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /mcp HTTP/1.1\r\n${head.join("")}\r\n${body}`;
}

/** Connects and sends; reads nothing until told to. */
async function open(text: string): Promise<Socket> {
  const port = Number(new URL(served.url).port);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.pause();
  socket.on("error", () => undefined); // being cut off is what is waited for
  await new Promise((connected) => socket.once("connect", connected));
  socket.write(text);
  return socket;
}

async function reading(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

function memoryOf({ child }: Served): number {
  return Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "latin1"))?.[1]) * 1_024;
}

/** One call of a client that reads. Tries again when asked to, as a machine full of tests may have its gateway ask. */
const healthyCall = async (): Promise<number> => {
  const start = performance.now();
  const params = { name: "get_widget", arguments: { id: "w1" } };
  const call = async (): Promise<void> => {
    const headers = { "x-api-key": "fit" };
    const { status } = await postStateless(`${served.url}/mcp`, "tools/call", params, { headers });
    expect(status).toBe(200);
  };
  await vi.waitFor(call, { timeout: 2 * healthyWithinMs, interval: 100 });
  return performance.now() - start;
};

describe("clients that are no good", () => {
  it("take no answer: neither memory nor a healthy client suffers (X16)", async () => {
    for (let index = 0; index < 20; index++) await healthyCall();
    const before = memoryOf(served);
    const calls = { name: "get_widget", arguments: { id: "w1" } };
    const request = (index: number): string =>
      post("tools/call", calls, { "x-api-key": `slow-${index}`, "mcp-name": "get_widget" });
    const sockets = await Promise.all(Array.from({ length: clients }, () => open("")));
    const times: number[] = [];
    // Forty answers of 100 KB each, of which the kernels take a part and the client nothing. Few at once: this is no flood.
    for (let wave = 0; wave < 40; wave++)
      for (let first = 0; first < clients; first += 40) {
        for (let index = first; index < first + 40; index++) sockets[index]?.write(request(index));
        times.push(await healthyCall());
        await vi.waitFor(async () => expect(await reading("specgate_requests_in_flight")).toBeLessThan(100), {
          timeout: 30_000,
        });
      }
    // One in a hundred may wait out a moment in which the machine did something else.
    times.sort((a, b) => a - b);
    expect(times[Math.floor(times.length * 0.99) - 1]).toBeLessThan(healthyWithinMs);
    expect(memoryOf(served) - before).toBeLessThan(mostGrowthBytes);
    for (const socket of sockets) socket.destroy();
  });

  it("close their half of a stream, or are reset: no stream of theirs is left (X13)", async () => {
    const filter = { notifications: { toolsListChanged: true } };
    const sockets = await Promise.all(
      Array.from({ length: clients }, () => open(post("subscriptions/listen", filter, key))),
    );
    await vi.waitFor(async () => expect(await reading("specgate_open_streams")).toBe(clients), { timeout: 60_000 });
    for (const [index, socket] of sockets.entries()) {
      if (index % 2 === 0) socket.end();
      else socket.resetAndDestroy();
    }
    await vi.waitFor(async () => expect(await reading("specgate_open_streams")).toBe(0), { timeout: 30_000 });
    expect(await reading("specgate_requests_in_flight")).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});
