import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
import { handTool } from "./handTools.ts";
import { both, envelope, get, key, openSession, openStream, postSession, postStateless, type Wired } from "./wire.ts";

const other = { "x-api-key": "key-two" };
const get1 = { name: "get_widget", arguments: { id: "w1" } };
const wait = { name: "wait_widget" };

async function gatewayWith(options: GatewayOptions): Promise<Gateway> {
  const gateway = await startGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

const read = (url: string, headers: Record<string, string | undefined> = {}): Promise<Wired> =>
  postStateless(url, "tools/call", get1, { headers });

describe("the requests in flight of one principal", () => {
  it("are refused beyond so many in both eras, whatever they ask for, and those of another are served", async () => {
    const gateway = await gatewayWith({ maxInFlightPerPrincipal: 2 });
    const { url } = gateway;
    const { headers } = await openSession(url);
    const running = [postStateless(url, "tools/call", wait), postSession(url, "tools/call", wait, { headers })];
    await expect.poll(gateway.mcp.inFlight).toBe(2);
    for (const refused of [
      await read(url),
      await postSession(url, "tools/call", get1, { headers }),
      await postSession(url, "tools/list", {}, { headers }),
      await get(url, key),
      await get(url, { ...key, ...headers }, "DELETE"),
      await get(url, { ...key, ...headers, accept: "text/event-stream" }),
    ]) {
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
      expect(refused.body).toMatchObject({ jsonrpc: "2.0", error: { code: -32000 } });
      expect(JSON.stringify(refused.body)).toContain("too many requests at once; wait for answers");
    }
    expect((await read(url, other)).status).toBe(200);
    gateway.widgets.release();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await read(url)).status).toBe(200);
    expect(gateway.mcp.inFlight()).toBe(0);
  });

  it("are counted by address where there is no key, and not at all where a proxy hides it", async () => {
    const gateway = await gatewayWith({ maxInFlightPerPrincipal: 1, auth: { required: false } });
    const { url } = gateway;
    const anonymous = { "x-api-key": undefined };
    const running = postStateless(url, "tools/call", wait, { headers: anonymous });
    await gateway.widgets.waiting;
    expect((await read(url, anonymous)).status).toBe(429);
    expect((await read(url, { ...anonymous, "x-forwarded-for": "203.0.113.7" })).status).toBe(200);
    expect((await read(url)).status).toBe(200);
    gateway.widgets.release();
    await running;
  });

  it("are none while a person is asked, and none for open streams", async () => {
    const gateway = await gatewayWith({ maxInFlightPerPrincipal: 1 });
    const { url } = gateway;
    const { headers } = await openSession(url, { capabilities: { elicitation: {} } });
    const params = { name: "delete_widget", arguments: { id: "w1" } };
    const asked = await openStream(url, {
      method: "POST",
      headers,
      body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
    });
    const question = await asked.message();
    const standing = await openStream(url, { headers });
    const filter = { notifications: { toolsListChanged: true }, _meta: envelope() };
    const listening = await openStream(url, {
      method: "POST",
      headers: { accept: both, "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
      body: { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params: filter },
    });
    expect([standing.status, listening.status]).toEqual([200, 200]);
    await expect.poll(gateway.mcp.inFlight).toBe(0);
    expect((await read(url)).status).toBe(200);
    const answer = { jsonrpc: "2.0", id: question.id, result: { action: "decline" } };
    const taken = await fetch(url, {
      method: "POST",
      headers: { ...key, ...headers, accept: both, "content-type": "application/json" },
      body: JSON.stringify(answer),
    });
    expect(taken.status).toBe(202);
    expect((await asked.message()).result).toMatchObject({ structuredContent: { deleted: false } });
    for (const stream of [standing, listening]) stream.leave();
  });
});

/** Ten times what a call of another takes beside the flood. */
const p99WithinMs = 2_000;

describe("a principal that sends without waiting for answers", () => {
  it("is told so with 429, and another is served all the while, soon", async () => {
    const slow = handTool("slow_widget", async () => {
      await sleep(100);
      return { structured: { done: true } };
    });
    const quick = handTool("get_widget", async () => ({ structured: { id: "w1" } }), {
      properties: { id: { type: "string" } },
    });
    const { url, port } = await gatewayWith({ tools: [slow, quick], limits: { requestsPerSocket: 1_000_000 } });
    const over = new AbortController();
    const floods = Array.from({ length: 20 }, () => flood(port, 40, over.signal));
    const times: number[] = [];
    const statuses = new Set<number>();
    await expect.poll(() => floods.some(({ counts }) => (counts.get(429) ?? 0) > 0), { timeout: 20_000 }).toBe(true);
    for (let count = 0; count < 50; count++) {
      const start = performance.now();
      statuses.add((await read(url, other)).status);
      times.push(performance.now() - start);
    }
    over.abort();
    expect([...statuses]).toEqual([200]);
    expect(times.sort((a, b) => a - b)[48]).toBeLessThan(p99WithinMs);
    const seen = new Set(floods.flatMap(({ counts }) => [...counts.keys()]));
    expect([...seen].sort()).toEqual([200, 429]);
  });
});

interface Flood {
  /** Answers by status. */
  readonly counts: ReadonlyMap<number, number>;
}

/** One connection that has `depth` calls under way at any time, sent one behind the other. */
function flood(port: number, depth: number, over: AbortSignal): Flood {
  const counts = new Map<number, number>();
  const params = { name: "slow_widget", arguments: {}, _meta: envelope() };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const lines = [
    "POST /mcp HTTP/1.1",
    "Host: localhost",
    "x-api-key: key-one",
    "Content-Type: application/json",
    `Accept: ${both}`,
    "MCP-Protocol-Version: 2026-07-28",
    "Mcp-Method: tools/call",
    "Mcp-Name: slow_widget",
    `Content-Length: ${body.length}`,
  ];
  const request = `${lines.join("\r\n")}\r\n\r\n${body}`;
  const socket = connect(port, "127.0.0.1", () => socket.write(request.repeat(depth)));
  socket.setEncoding("latin1");
  let rest = "";
  socket.on("data", (chunk) => {
    rest += String(chunk);
    const heads = [...rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)];
    for (const [, status] of heads) counts.set(Number(status), (counts.get(Number(status)) ?? 0) + 1);
    rest = rest.slice(-12).replace(/HTTP\/1\.1 \d{3} $/, "");
    if (!over.aborted) socket.write(request.repeat(heads.length));
  });
  socket.on("error", () => undefined);
  over.addEventListener("abort", () => socket.destroy());
  return { counts };
}
