import type { RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { GatewayError } from "../../src/errors.ts";
import { createUpstream, type SendOptions, type Upstream } from "../../src/upstream/client.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { callerWith, errorOf, listen, requestOf, type TestServer, upstreamConfig } from "./fixture.ts";

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

interface Running {
  readonly server: TestServer;
  readonly upstream: Upstream;
  /** Pauses between attempts, milliseconds, as they would have been. */
  readonly pauses: number[];
}

/** An upstream whose pauses take no time, with the longest draw of the dice. */
async function start(answer: RequestListener): Promise<Running> {
  const server = await listen(answer);
  const pauses: number[] = [];
  const pause = async (ms: number): Promise<void> => void pauses.push(ms);
  const upstream = createUpstream(upstreamConfig(server.url), { pause, random: () => 1 });
  open.push(server, upstream);
  return { server, upstream, pauses };
}

const read = requestOf();
const readByPost = requestOf({ operation: { id: "search", method: "POST", path: "/search" } });
const deletion = requestOf({
  operation: { id: "delete", method: "DELETE", path: "/widgets" },
  effect: "destroy",
  idempotent: true,
});
const change = requestOf({
  operation: { id: "create", method: "POST", path: "/widgets" },
  effect: "write",
  idempotent: false,
});
const recognised: UpstreamRequest = { ...change, repeatable: true };
const anyone: SendOptions = { principal: callerWith("key-12345") };

const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_req, res) =>
    res.writeHead(code, headers).end();
const reset: RequestListener = (req) => req.socket.destroy();
const resetMidBody: RequestListener = (_req, res) => {
  res.writeHead(200, { "content-length": "100" });
  res.write("[", () => res.destroy());
};
const notHttp: RequestListener = (req) => req.socket.end("hello\r\n\r\n");
const badJson: RequestListener = (_req, res) => res.setHeader("content-type", "application/json").end("{");

describe("a request that fails is tried", () => {
  const cases: readonly { name: string; answer: RequestListener; request: UpstreamRequest; want: number }[] = [
    ...[502, 503, 504, 429].map((code) => ({ name: `${code}`, answer: status(code), request: read, want: 3 })),
    { name: "503 to a read that is a POST", answer: status(503), request: readByPost, want: 3 },
    { name: "a reset before the first byte", answer: reset, request: read, want: 3 },
    { name: "a reset in mid-body", answer: resetMidBody, request: read, want: 1 },
    ...[400, 401, 403, 404, 409, 422, 500, 501].map((code) => ({
      name: `${code}`,
      answer: status(code),
      request: read,
      want: 1,
    })),
    { name: "bad JSON", answer: badJson, request: read, want: 1 },
    { name: "no HTTP", answer: notHttp, request: read, want: 1 },
    ...[502, 503, 504, 429].map((code) => ({
      name: `${code} to a change`,
      answer: status(code),
      request: change,
      want: 1,
    })),
    { name: "a reset to a change", answer: reset, request: change, want: 1 },
    { name: "503 to a deletion, whatever its method promises", answer: status(503), request: deletion, want: 1 },
    { name: "503 to a change that the API recognises", answer: status(503), request: recognised, want: 3 },
    { name: "a reset to a change that the API recognises", answer: reset, request: recognised, want: 3 },
    { name: "500 to a change that the API recognises", answer: status(500), request: recognised, want: 1 },
  ];
  for (const { name, answer, request, want } of cases) {
    it(`${want === 1 ? "once" : "three times"}: ${name}`, async () => {
      const { server, upstream } = await start(answer);
      await errorOf(() => upstream.send(request, anyone));
      expect(server.seen.length).toBe(want);
    });
  }

  it("three times in vain where nothing listens, and says that nothing was sent", async () => {
    const { server, upstream, pauses } = await start(status(200));
    await server.close();
    const error = await errorOf(() => upstream.send(read, anyone));
    expect([error.code, error.facts.change, pauses]).toEqual(["upstream_unavailable", "none", [100, 200]]);
  });

  it("again until it works", async () => {
    const { server, upstream, pauses } = await start((_req, res) =>
      server.seen.length < 3 ? res.writeHead(503).end() : res.end("[1]"),
    );
    expect((await upstream.send(read, anyone)).body).toEqual([1]);
    expect(pauses).toEqual([100, 200]);
  });
});

describe("the pause before another attempt", () => {
  it("is what the API asks for, and a little more, up to 10 s", async () => {
    const { upstream, pauses } = await start(status(429, { "retry-after": "2" }));
    const error = await errorOf(() => upstream.send(read, { ...anyone, timeoutMs: 60_000 }));
    expect([pauses, error.facts.retryAfterSeconds]).toEqual([[2_100, 2_200], 2]);
  });

  it("is the caller's where the API asks for more", async () => {
    const { server, upstream } = await start(status(503, { "retry-after": "11" }));
    const error = await errorOf(() => upstream.send(read, { ...anyone, timeoutMs: 60_000 }));
    expect([server.seen.length, error.code, error.retryable, error.facts.retryAfterSeconds]).toEqual([
      1,
      "upstream_unavailable",
      true,
      11,
    ]);
  });

  it("is not made when it would end after the deadline", async () => {
    const { server, upstream } = await start(status(503, { "retry-after": "5" }));
    await errorOf(() => upstream.send(read, { ...anyone, timeoutMs: 4_000 }));
    expect(server.seen.length).toBe(1);
  });

  it("ends with the caller, and nothing is sent after that", async () => {
    const caller = new AbortController();
    const server = await listen((_req, res) => {
      res.writeHead(503, { "retry-after": "9" }).end();
      setTimeout(() => caller.abort(), 50);
    });
    const upstream = createUpstream(upstreamConfig(server.url));
    open.push(server, upstream);
    const started = performance.now();
    const error = await errorOf(() => upstream.send(read, { ...anyone, signal: caller.signal, timeoutMs: 60_000 }));
    expect([error.message, server.seen.length]).toEqual(["the call was cancelled", 1]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("repeated requests", () => {
  it("are a tenth of all once what was saved up is spent", async () => {
    let failing = 0;
    const { server, upstream } = await start((_req, res) => {
      // One read in three fails, so that the breaker stays closed.
      const fails = failing++ % 3 === 0;
      res.writeHead(fails ? 429 : 200).end();
    });
    for (let sent = 0; sent < 300; sent++) await upstream.send(read, anyone).catch(() => undefined);
    expect(server.seen.length - 300).toBeGreaterThan(10);
    expect(server.seen.length - 300).toBeLessThanOrEqual(40);
  });

  it("stop when the upstream is taken for down: 20 requests of any number of calls reach it", async () => {
    const { server, upstream } = await start(status(502));
    const errors: GatewayError[] = [];
    for (let sent = 0; sent < 50; sent++) errors.push(await errorOf(() => upstream.send(read, anyone)));
    expect(server.seen.length).toBe(20);
    expect(errors.slice(20).map(({ message }) => message)).toEqual(
      Array(30).fill("the API has been failing, so calls to it are paused"),
    );
  });

  it("do not count refusals as failures", async () => {
    const { server, upstream } = await start(status(404));
    for (let sent = 0; sent < 100; sent++) await errorOf(() => upstream.send(read, anyone));
    expect(server.seen.length).toBe(100);
  });
});

describe("an error says what became of the change", () => {
  const table: readonly { name: string; answer: RequestListener; want: string; request?: UpstreamRequest }[] = [
    ...[400, 401, 403, 404, 409, 422].map((code) => ({ name: `${code}`, answer: status(code), want: "answered" })),
    ...[408, 500, 502, 503, 504, 303].map((code) => ({ name: `${code}`, answer: status(code), want: "unknown" })),
    ...[425, 429].map((code) => ({ name: `${code}`, answer: status(code), want: "none" })),
    { name: "a reset", answer: reset, want: "unknown" },
    { name: "a reset in mid-body", answer: resetMidBody, want: "unknown" },
    { name: "bad JSON after it was made", answer: badJson, want: "answered" },
    { name: "a reset of a read", answer: reset, request: read, want: "none" },
  ];
  for (const { name, answer, want, request = change } of table) {
    it(`${want}: ${name}`, async () => {
      const { upstream } = await start(answer);
      const error = await errorOf(() => upstream.send(request, anyone));
      expect(error.facts.change).toBe(want);
      if (want === "unknown")
        expect([error.retryable, error.facts.next]).toEqual([false, expect.stringMatching(/look/)]);
    });
  }

  it("unknown: an attempt that may have made it, and then one that could not be sent", async () => {
    const { server, upstream } = await start((req) => {
      req.socket.destroy();
      void server.close();
    });
    const error = await errorOf(() => upstream.send(recognised, anyone));
    expect([error.facts.change, error.retryable, server.seen.length]).toEqual(["unknown", false, 1]);
  });
});

describe("a caller who leaves", () => {
  it("does not stop a change that may have been sent", async () => {
    const caller = new AbortController();
    const { upstream } = await start((_req, res) => {
      caller.abort();
      setTimeout(() => res.end("[1]"), 50);
    });
    expect((await upstream.send(change, { ...anyone, signal: caller.signal })).body).toEqual([1]);
  });

  it("stops a change of which nothing was sent", async () => {
    const caller = new AbortController();
    const { server, upstream } = await start(status(200));
    const sent = upstream.send(change, { ...anyone, signal: caller.signal });
    caller.abort();
    const error = await errorOf(() => sent);
    expect([error.message, error.facts.change]).toEqual(["the call was cancelled", "none"]);
    await upstream.send(read, anyone);
    expect(server.seen.map(({ method }) => method)).toEqual(["GET"]);
  });
});

describe("bounds under two seconds", () => {
  const limits = { ...upstreamConfig("http://h").limits, headersMs: 100, idleMs: 100 };
  const drip: RequestListener = (_req, res) => {
    const timer = setInterval(() => res.write(" "), 20);
    res.on("close", () => clearInterval(timer));
  };
  const cases: readonly { name: string; answer: RequestListener }[] = [
    { name: "an answer that does not begin", answer: () => undefined },
    { name: "an answer that falls silent", answer: (_req, res) => res.write("[") },
  ];
  for (const { name, answer } of cases) {
    it(`are kept to the tenth: ${name}`, async () => {
      const server = await listen(answer);
      const upstream = createUpstream({ ...upstreamConfig(server.url), limits });
      open.push(server, upstream);
      const started = performance.now();
      expect((await errorOf(() => upstream.send(read, anyone))).code).toBe("upstream_timeout");
      expect(performance.now() - started).toBeLessThan(1_000);
    });
  }

  it("do not end an answer that keeps coming, its deadline does", async () => {
    const server = await listen(drip);
    const upstream = createUpstream({ ...upstreamConfig(server.url), limits });
    open.push(server, upstream);
    const started = performance.now();
    const error = await errorOf(() => upstream.send(read, { ...anyone, timeoutMs: 400 }));
    expect([error.code, error.message]).toEqual([
      "upstream_timeout",
      "the API did not answer within the time for one call",
    ]);
    expect(performance.now() - started).toBeGreaterThan(390);
  });
});
