import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { sendJson } from "../../src/http/mcp/reply.ts";
import { openSse, type Sse } from "../../src/http/mcp/sse.ts";

/** A stream to a client that connected and reads nothing until it is told to. */
async function idleReader(): Promise<{ res: ServerResponse; socket: Socket; close: () => void }> {
  const connected = Promise.withResolvers<ServerResponse>();
  const server = createServer((_req, res) => connected.resolve(res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const res = await connected.promise;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { res, socket, close };
}

/** Writes until the buffers of both kernels are full and half a megabyte waits in the process. */
async function fill(res: ServerResponse, sse: Sse): Promise<void> {
  while (res.writableLength < 500_000) {
    sse.write({ data: big });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const big = "x".repeat(100_000);

describe("an event stream", () => {
  it("is dropped when a megabyte waits for a reader that does not read (T50)", async () => {
    const { res, close } = await idleReader();
    const sse = openSse(res, {});
    let written = 0;
    while (written < 1_000 && sse.write({ data: big })) written += 1;
    expect(written).toBeLessThan(1_000);
    expect([sse.isOpen(), res.destroyed]).toEqual([false, true]);
    expect(sse.write({ data: "x" })).toBe(false);
    close();
  });

  it("is dropped when its reader takes nothing for too long, also after its end", async () => {
    for (const ended of [false, true]) {
      const { res, close } = await idleReader();
      const sse = openSse(res, {}, { stallMs: 50 });
      await fill(res, sse);
      const closed = new Promise((resolve) => res.once("close", resolve));
      if (ended) sse.end();
      else await sse.drained();
      await closed;
      expect(res.writableFinished).toBe(false);
      close();
    }
  });

  it("and a whole answer too are dropped when their reader takes nothing for too long", async () => {
    const { res, close } = await idleReader();
    const closed = new Promise((resolve) => res.once("close", resolve));
    sendJson(res, 200, {}, [JSON.stringify(big.repeat(200))], 50);
    await closed;
    expect([res.destroyed, res.writableFinished]).toEqual([true, false]);
    close();
  });

  it("and a whole answer too wait for a reader that is slow", async () => {
    const { res, socket, close } = await idleReader();
    const answer = JSON.stringify(big.repeat(200));
    sendJson(res, 200, {}, [answer], 200);
    let taken = 0;
    socket.on("data", (chunk: Buffer) => {
      taken += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.resume();
    await new Promise((resolve) => res.once("finish", resolve));
    await expect.poll(() => taken, { timeout: 20_000 }).toBeGreaterThan(answer.length);
    close();
  });

  it("is kept alive by comments while nothing is sent", async () => {
    const { res, socket, close } = await idleReader();
    openSse(res, {}, { keepAliveMs: 10 });
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    socket.resume();
    await expect.poll(() => text.split(": keep-alive\n\n").length).toBeGreaterThan(2);
    expect(text).not.toContain("data:");
    close();
  });

  it("waits for a slow reader", async () => {
    const { res, socket, close } = await idleReader();
    const sse = openSse(res, {});
    await fill(res, sse);
    const drained = sse.drained();
    socket.resume();
    await drained;
    expect([sse.isOpen(), res.writableLength]).toEqual([true, 0]);
    sse.end();
    close();
  });

  it("writes one data line per event, with id and retry where given", async () => {
    const { res, socket, close } = await idleReader();
    const sse = openSse(res, { "x-more": "1" });
    sse.write({ data: "", id: "a/1", retryMs: 1_000 });
    sse.write({ data: '{"a":"\\n"}', id: "a/2" });
    sse.end();
    sse.end();
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    socket.resume();
    await expect.poll(() => text).toContain("0\r\n\r\n");
    expect(text).toMatch(/x-more: 1\r\n.*content-type: text\/event-stream\r\n/s);
    expect(text).toContain("id: a/1\nretry: 1000\ndata: \n\n");
    expect(text).toContain('event: message\nid: a/2\ndata: {"a":"\\n"}\n\n');
    close();
  });
});
