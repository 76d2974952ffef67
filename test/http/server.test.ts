import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { startGateway } from "./gateway.ts";
import { both, key, openSession, openStream, postStateless, rawRequest, send } from "./wire.ts";

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
    expect(await stream.next()).toBeNull();
    await expect(send(gateway.url, {}, key)).rejects.toThrow();
    gateway.widgets.release();
    expect((await running).body).toMatchObject({ result: { structuredContent: { aborted: false } } });
    await drained;
    await gateway.close();
  });

  it("cuts what does not end within the grace", async () => {
    const gateway = await startGateway();
    const running = postStateless(gateway.url, "tools/call", { name: "wait_widget" });
    const signal = await gateway.widgets.waiting;
    const drained = gateway.http?.drain(50);
    await expect(running).rejects.toThrow();
    await drained;
    expect(signal.aborted).toBe(true);
    await gateway.close();
  });

  it("reports an address that is taken", async () => {
    const [one, two] = [await startGateway(), await startGateway()];
    await two.http?.drain();
    await expect(two.http?.listen(one.port, "127.0.0.1")).rejects.toThrow(/EADDRINUSE/);
    await one.close();
  });
});
