import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";
import { handTool } from "./handTools.ts";
import { both, envelope, key, openSession, openStream, postStateless, rawRequest, send } from "./wire.ts";

const post = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\nContent-Type: application/json\r\n";

describe("the Node server", () => {
  it("refuses ambiguous lengths with 400 and closes the connection (B20, T52)", async () => {
    const gateway = await startGateway();
    for (const lines of [
      "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 2\r\nContent-Length: 3\r\n",
    ]) {
      expect(await rawRequest(gateway.port, `${post}${lines}\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
    }
    await gateway.close();
  });

  it("refuses 17 KB of headers with 431 (B21)", async () => {
    const gateway = await startGateway();
    expect(await rawRequest(gateway.port, `${post}x-long: ${"x".repeat(17_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    await gateway.close();
  });

  it("closes a connection that sends its headers or body too slowly (T51), and no stream of ours", async () => {
    const gateway = await startGateway({
      limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, connectionsCheckingMs: 20 },
    });
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { headers });
    await stream.next();
    expect(await rawRequest(gateway.port, "POST /mcp HTTP/1.1\r\nHost: local")).toMatch(/^HTTP\/1\.1 408 /);
    expect(await rawRequest(gateway.port, `${post}Content-Length: 100\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 4\d\d /);
    await gateway.mcp.notify({ type: "tools_list_changed" }, randomUUID());
    expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
    await gateway.close();
  });

  it("lets a client finish that waits for 100 Continue", async () => {
    const gateway = await startGateway();
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    const answer = await rawRequest(
      gateway.port,
      `${post}Accept: ${both}\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /);
    await gateway.close();
  });

  it("answers 503 with Retry-After beyond the requests it can hold, and serves again afterwards", async () => {
    const gateway = await startGateway({ maxInFlight: 1 });
    const waiting = postStateless(gateway.url, "tools/call", { name: "wait_widget" });
    await gateway.widgets.waiting;
    const refused = await postStateless(gateway.url, "tools/list");
    expect([refused.status, refused.headers.get("retry-after"), refused.body]).toMatchObject([
      503,
      "1",
      { error: { code: -32000 } },
    ]);
    gateway.widgets.release();
    expect((await waiting).status).toBe(200);
    expect((await postStateless(gateway.url, "tools/list")).status).toBe(200);
    await gateway.close();
  });

  it("says which address is taken and what to do, and does not call it a fault of its own", async () => {
    const first = await startGateway();
    const second = await startGateway();
    await second.http?.drain();
    const listening = second.http?.listen(first.port, "127.0.0.1");
    await expect(listening).rejects.toMatchObject({
      code: "invalid_request",
      message: `cannot listen on 127.0.0.1:${first.port} (EADDRINUSE)`,
      facts: { next: expect.stringContaining("another port") },
    });
    await first.close();
  });

  it("does not wait for a connection on which nothing was ever sent", async () => {
    const gateway = await startGateway();
    const accepted = once(gateway.http?.server ?? new EventEmitter(), "connection");
    const idle = connect(gateway.port, "127.0.0.1");
    await accepted;
    const start = performance.now();
    await gateway.http?.drain();
    expect(performance.now() - start).toBeLessThan(5_000);
    idle.destroy();
  });

  it("drains: finishes what runs, ends streams, takes nothing new", async () => {
    const gateway = await startGateway();
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { headers });
    await stream.next();
    const running = postStateless(gateway.url, "tools/call", { name: "wait_widget" });
    await gateway.widgets.waiting;
    const drained = gateway.http?.drain();
    expect(await stream.next()).toMatchObject({ retry: "1000" });
    expect(await stream.next()).toBeNull();
    await expect(send(gateway.url, {}, key)).rejects.toThrow();
    gateway.widgets.release();
    expect((await running).body).toMatchObject({ result: { structuredContent: { aborted: false } } });
    await drained;
    await gateway.close();
  });

  it("drains: an answer that a slow client has not taken yet leaves whole", async () => {
    const bytes = 30_000_000; // more than the system takes from us at once
    const gateway = await startGateway({
      tools: [handTool("long_widget", async () => ({ content: [{ type: "text", text: "x".repeat(bytes) }] }))],
    });
    const { socket, taken } = slowClient(gateway.port, postOf(statelessCall("long_widget")));
    await once(socket, "readable");
    let isDrained = false;
    const drained = gateway.http?.drain().then(() => {
      isDrained = true;
    });
    await vi.waitFor(() => expect(gateway.mcp.inFlight()).toBe(0));
    await sleep(300); // three looks for idle connections
    expect(isDrained).toBe(false);
    expect((await taken()).length).toBeGreaterThan(bytes);
    await drained;
    await gateway.close();
  });

  it("drains: does not wait for a connection whose last request was refused before its body had come", async () => {
    const gateway = await startGateway();
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(
      "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n",
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString("latin1")).toMatch(/^HTTP\/1\.1 401 /);
    const start = performance.now();
    socket.write("{}");
    await sleep(50);
    await gateway.http?.drain();
    expect(performance.now() - start).toBeLessThan(5_000);
    await gateway.close();
  });

  it("lets a request arrive that had begun to, and closes its connection with the answer", async () => {
    const gateway = await startGateway();
    const socket = connect(gateway.port, "127.0.0.1");
    const request = postOf(statelessCall("get_widget", { id: "7" }));
    socket.write(request.slice(0, 40));
    await vi.waitFor(async () => expect(await connectionsOf(gateway)).toBe(1));
    await sleep(50);
    const drained = gateway.http?.drain();
    await sleep(250); // two looks for idle connections
    socket.write(request.slice(40));
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
    await drained;
    await gateway.close();
  });

  it("turns clients away with the answer to what they ask, before it takes no more", async () => {
    const gateway = await startGateway();
    const before = await postStateless(gateway.url, "tools/list");
    gateway.http?.turnAway();
    const { status, headers } = await postStateless(gateway.url, "tools/list");
    expect([before.headers.get("connection"), status, headers.get("connection")]).toEqual(["keep-alive", 200, "close"]);
    expect((await openSession(gateway.url)).sessionId).not.toBe("");
    await gateway.close();
  });

  it("drains: tells GET streams to come back, and ends one that opens meanwhile", async () => {
    const gateway = await startGateway();
    const { headers } = await openSession(gateway.url);
    const stream = await openStream(gateway.url, { headers });
    await stream.next();
    const get = `GET /mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: ${key["x-api-key"]}\r\nAccept: text/event-stream\r\n`;
    const late = connect(gateway.port, "127.0.0.1");
    late.write(get);
    await vi.waitFor(async () => expect(await connectionsOf(gateway)).toBeGreaterThanOrEqual(2));
    await sleep(50);
    const drained = gateway.http?.drain();
    expect(await stream.next()).toEqual({ data: "", retry: "1000" });
    expect(await stream.next()).toBeNull();
    late.write(`Mcp-Session-Id: ${headers["mcp-session-id"]}\r\n\r\n`);
    let answer = "";
    for await (const chunk of late) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*retry: 1000\n\n/);
    await drained;
    await gateway.close();
  });

  it("drains: a listen stream ends with its result", async () => {
    const gateway = await startGateway();
    const listening = postStateless(gateway.url, "subscriptions/listen", { notifications: { toolsListChanged: true } });
    await vi.waitFor(() => expect(gateway.mcp.openStreams()).toBe(1));
    const drained = gateway.http?.drain();
    const { messages } = await listening;
    expect(messages.map(({ method, result }) => method ?? result)).toEqual([
      "notifications/subscriptions/acknowledged",
      expect.objectContaining({ _meta: expect.objectContaining({ "io.modelcontextprotocol/subscriptionId": 1 }) }),
    ]);
    await drained;
    await gateway.close();
  });

  it("cuts what does not end within the grace", async () => {
    const gateway = await startGateway();
    const running = postStateless(gateway.url, "tools/call", { name: "wait_widget" });
    const signal = await gateway.widgets.waiting;
    const drained = gateway.http?.drain({ graceOver: AbortSignal.timeout(50) });
    await expect(running).rejects.toThrow();
    await drained;
    await vi.waitFor(() => expect(signal.aborted).toBe(true));
    await gateway.close();
  });

  it("reports an address that is taken", async () => {
    const [one, two] = [await startGateway(), await startGateway()];
    await two.http?.drain();
    await expect(two.http?.listen(one.port, "127.0.0.1")).rejects.toThrow(/EADDRINUSE/);
    await one.close();
  });
});

/** A stateless call as JSON-RPC. */
function statelessCall(name: string, args: Readonly<Record<string, unknown>> = {}): unknown {
  return { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta: envelope() } };
}

/** The bytes of a lawful stateless POST. */
function postOf(message: unknown): string {
  const { method, params } = message as { method: string; params: { name: string } };
  const body = JSON.stringify(message);
  const headers = {
    host: "localhost",
    ...key,
    accept: both,
    "content-type": "application/json",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    "mcp-name": params.name,
    "content-length": String(body.length),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /mcp HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** A client that takes nothing of its answer before it is told to. */
function slowClient(port: number, request: string): { readonly socket: Socket; readonly taken: () => Promise<Buffer> } {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  return {
    socket,
    taken: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
  };
}

function connectionsOf({ http }: Gateway): Promise<number> {
  return new Promise((resolve, reject) => {
    http?.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
