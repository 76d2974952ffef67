import { readFileSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { UpstreamConfig } from "../../src/config/config.ts";
import type { GatewayError } from "../../src/errors.ts";
import { createUpstream, type SendOptions, type Upstream } from "../../src/upstream/client.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { callerWith, errorOf, listen, requestOf, securityOf, type TestServer, upstreamConfig } from "./fixture.ts";

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function serve(answer: RequestListener): Promise<TestServer> {
  const server = await listen(answer);
  open.push(server);
  return server;
}

function upstreamAt(url: string, more: Partial<UpstreamConfig> = {}): Upstream {
  const upstream = createUpstream(upstreamConfig(url, more));
  open.push(upstream);
  return upstream;
}

const anyone: SendOptions = { principal: callerWith("key-12345") };
const change = requestOf({
  operation: { id: "createWidget", method: "POST", path: "/widgets" },
  effect: "write",
  idempotent: false,
  body: { mediaType: "application/json", value: { a: 1 } },
});

async function answerOf(answer: RequestListener, request = requestOf(), more: Partial<UpstreamConfig> = {}) {
  return upstreamAt((await serve(answer)).url, more).send(request, anyone);
}

async function failureOf(
  answer: RequestListener,
  request: UpstreamRequest = requestOf(),
  more: Partial<UpstreamConfig> = {},
  options: SendOptions = anyone,
): Promise<GatewayError> {
  const server = await serve(answer);
  return errorOf(() => upstreamAt(server.url, more).send(request, options));
}

const limits = upstreamConfig("http://h").limits;

describe("a request", () => {
  it("reaches the upstream as built, with allow-listed headers only", async () => {
    const server = await serve((_req, res) => res.end("{}"));
    const security = securityOf({ k: { type: "apiKey", in: "header", name: "x-api-key" } }, [{ k: [] }]);
    await upstreamAt(`${server.url}/v2/`, { headers: { "X-Source": "mcp" } }).send({ ...change, security }, anyone);
    const [request] = server.seen;
    expect([request?.method, request?.url]).toEqual(["POST", "/v2/widgets"]);
    expect(request?.headers).toEqual({
      host: `127.0.0.1:${server.port}`,
      connection: "keep-alive",
      "user-agent": "specgate",
      "accept-encoding": "gzip, deflate, br",
      accept: "application/json",
      "content-type": "application/json",
      "content-length": "7",
      "x-source": "mcp",
      "x-api-key": "key-12345",
    });
  });

  it("regression 16: carries the key of the caller it is for, however many run at once", async () => {
    const server = await serve((req, res) => {
      setImmediate(() =>
        res.setHeader("content-type", "application/json").end(JSON.stringify(req.headers.authorization)),
      );
    });
    const upstream = upstreamAt(server.url);
    const security = securityOf({ b: { type: "http", scheme: "bearer" } }, [{ b: [] }]);
    const keys = Array.from({ length: 190 }, (_one, index) => (index % 7 === 0 ? undefined : `key-${index}`));
    const bodies = await Promise.all(
      keys.map(async (key) => (await upstream.send(requestOf({ security }), { principal: callerWith(key) })).body),
    );
    expect(bodies).toEqual(keys.map((key) => (key === undefined ? undefined : `Bearer ${key}`)));
  });
});

describe("an answer", () => {
  const cases: readonly { name: string; type?: string; content: string | Buffer; status?: number; want: unknown }[] = [
    { name: "is JSON", type: "application/json; charset=utf-8", content: '{"a":1}', want: { a: 1 } },
    { name: "is JSON of another type", type: "application/vnd.api+json", content: "[1]", want: [1] },
    { name: "is JSON with a byte order mark", type: "application/json", content: '\ufeff{"a":1}', want: { a: 1 } },
    { name: "is JSON that says it is text", type: "text/plain", content: '{"a":1}', want: { a: 1 } },
    { name: "is JSON that says nothing", content: "[1]", want: [1] },
    { name: "is a number in plain text", type: "text/plain", content: "42", want: 42 },
    { name: "is text", type: "text/csv", content: "a,b\n1,2", want: "a,b\n1,2" },
    { name: "is text that begins like JSON", type: "text/plain", content: "[INFO] x", want: "[INFO] x" },
    { name: "is empty", type: "application/json", content: "", want: undefined },
    { name: "is white space", type: "application/json", content: " \n", want: undefined },
    { name: "is 204", status: 204, content: "", want: undefined },
    { name: "is bytes", type: "image/png", content: Buffer.from([1, 2, 255]), want: Buffer.from([1, 2, 255]) },
    {
      name: "has a __proto__ key that stays data",
      type: "application/json",
      content: '{"__proto__":{"x":1}}',
      want: JSON.parse('{"__proto__":{"x":1}}'),
    },
  ];
  for (const { name, type, content, status = 200, want } of cases) {
    it(name, async () => {
      const { body } = await answerOf((_req, res) => {
        res.writeHead(status, type === undefined ? {} : { "content-type": type }).end(content);
      });
      expect(body).toEqual(want);
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    });
  }

  const codings: readonly [string, (text: string) => Buffer][] = [
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["deflate, gzip", (text) => gzipSync(deflateSync(text))],
  ];
  for (const [coding, encode] of codings) {
    it(`is decoded from ${coding}`, async () => {
      const text = JSON.stringify({ text: "x".repeat(10_000) });
      const { body, bytes } = await answerOf((_req, res) => {
        res.writeHead(200, { "content-type": "application/json", "content-encoding": coding }).end(encode(text));
      });
      expect([JSON.stringify(body), bytes]).toEqual([text, text.length]);
    });
  }

  it("keeps headers, repeated ones joined, and the URL that was asked", async () => {
    const answer = await answerOf((_req, res) => {
      res.setHeader("Link", ['<a>; rel="next"', '<b>; rel="last"']).setHeader("X-Total-Count", "7").end("[]");
    });
    expect([answer.headers.link, answer.headers["x-total-count"]]).toEqual(['<a>; rel="next", <b>; rel="last"', "7"]);
    expect(answer.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/widgets$/);
  });
});

describe("an answer that cannot be used", () => {
  const send =
    (type: string, content: string | Buffer, headers = {}): RequestListener =>
    (_req, res) => {
      res.writeHead(200, { "content-type": type, ...headers }).end(content);
    };
  const cases: readonly { name: string; answer: RequestListener; want: string }[] = [
    { name: "broken JSON", answer: send("application/json", '{"a":'), want: "upstream_invalid_response" },
    { name: "a web page", answer: send("text/html", "<html>Sign in</html>"), want: "upstream_invalid_response" },
    {
      name: "nesting of 100,000",
      answer: send("application/json", "[".repeat(100_000) + "]".repeat(100_000)),
      want: "upstream_invalid_response",
    },
    {
      name: "gzip that is none",
      answer: send("application/json", "plain", { "content-encoding": "gzip" }),
      want: "upstream_invalid_response",
    },
    {
      name: "an unknown coding",
      answer: send("application/json", "x", { "content-encoding": "lzma" }),
      want: "upstream_invalid_response",
    },
    {
      name: "a body over the cap, announced",
      answer: send("application/json", `"${"x".repeat(2_000_000)}"`),
      want: "response_too_large",
    },
    {
      name: "a body over the cap, chunk by chunk without end",
      answer: (_req, res) => {
        const more = (): void => {
          while (!res.destroyed && res.write("x".repeat(65_536)));
        };
        res.on("drain", more);
        more();
      },
      want: "response_too_large",
    },
    {
      name: "a zip bomb",
      answer: send("application/json", gzipSync(Buffer.alloc(100_000_000, 32)), { "content-encoding": "gzip" }),
      want: "response_too_large",
    },
    {
      name: "a ratio over 100:1 under the cap",
      answer: send("application/json", gzipSync(Buffer.alloc(900_000, 32)), { "content-encoding": "gzip" }),
      want: "response_too_large",
    },
  ];
  for (const { name, answer, want } of cases) {
    it(`is ${want}: ${name}`, async () => {
      const error = await failureOf(answer, requestOf(), { limits: { ...limits, responseBytes: 1_000_000 } });
      expect([error.code, error.facts.next !== undefined || want === "upstream_invalid_response"]).toEqual([
        want,
        true,
      ]);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`is upstream_redirect: ${status}, and the other host gets nothing`, async () => {
      const other = await serve((_req, res) => res.end("{}"));
      const error = await failureOf((_req, res) => {
        res.writeHead(status, { location: `${other.url}/stolen` }).end();
      });
      expect([error.code, error.facts.upstreamStatus]).toEqual(["upstream_redirect", status]);
      expect(error.message).not.toContain(String(other.port));
      expect(other.seen).toEqual([]);
    });
  }
});

describe("a refusal", () => {
  const table: readonly { status: number; code: string; retryable: boolean }[] = [
    { status: 400, code: "upstream_rejected", retryable: false },
    { status: 401, code: "upstream_unauthorized", retryable: false },
    { status: 402, code: "upstream_rejected", retryable: false },
    { status: 403, code: "not_permitted", retryable: false },
    { status: 404, code: "upstream_not_found", retryable: false },
    { status: 405, code: "upstream_rejected", retryable: false },
    { status: 408, code: "upstream_timeout", retryable: true },
    { status: 409, code: "upstream_conflict", retryable: false },
    { status: 410, code: "upstream_not_found", retryable: false },
    { status: 412, code: "upstream_conflict", retryable: false },
    { status: 415, code: "upstream_rejected", retryable: false },
    { status: 422, code: "upstream_rejected", retryable: false },
    { status: 429, code: "upstream_rate_limited", retryable: true },
    { status: 500, code: "upstream_failed", retryable: true },
    { status: 501, code: "upstream_failed", retryable: true },
    { status: 502, code: "upstream_unavailable", retryable: true },
    { status: 503, code: "upstream_unavailable", retryable: true },
    { status: 504, code: "upstream_timeout", retryable: true },
    { status: 599, code: "upstream_failed", retryable: true },
  ];
  for (const { status, code, retryable } of table) {
    it(`of ${status} is ${code}`, async () => {
      const error = await failureOf((_req, res) => res.writeHead(status).end());
      expect([error.code, error.retryable, error.facts.upstreamStatus]).toEqual([code, retryable, status]);
      expect(error.facts.next).toMatch(/\.$/);
    });
  }

  it("regression 21: means what the configuration says of this API", async () => {
    const errors: UpstreamConfig["errors"] = [
      { status: 400, message: "invalid api key", code: "upstream_unauthorized" },
      { status: 422, message: "does not exist", code: "upstream_not_found" },
      { status: 422, code: "not_permitted", next: "Ask an admin of the project." },
    ];
    const said = async (status: number, message: string): Promise<GatewayError> =>
      failureOf(
        (_req, res) => res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message })),
        requestOf(),
        { errors },
      );
    expect((await said(400, "Invalid API Key")).code).toBe("upstream_unauthorized");
    expect((await said(400, "Bad title")).code).toBe("upstream_rejected");
    expect((await said(422, "It either does not exist, or")).code).toBe("upstream_not_found");
    const denied = await said(422, "Not authorized");
    expect([denied.code, denied.facts.next, denied.message]).toEqual([
      "not_permitted",
      "Ask an admin of the project.",
      "the API answered 422: Not authorized",
    ]);
  });

  const bodies: readonly { name: string; type?: string; body: unknown; want: string }[] = [
    { name: "message", body: { message: "Bad" }, want: ": Bad" },
    { name: "error", body: { error: "Bad" }, want: ": Bad" },
    { name: "an error object", body: { error: { code: 5, message: "Bad" } }, want: ": Bad" },
    {
      name: "problem details",
      body: { type: "about:blank", title: "Bad", detail: "Too long", status: 400 },
      want: ": Too long",
    },
    {
      name: "a list",
      body: {
        message: "Invalid",
        errors: [
          { field: "name", message: "is empty" },
          { path: ["a", "b"], msg: "is 3" },
        ],
      },
      want: ": Invalid; name: is empty; a.b: is 3",
    },
    {
      name: "an object of lists",
      body: { errors: { name: ["is empty", "is odd"] } },
      want: ": name: is empty; name: is odd",
    },
    {
      name: "FastAPI's detail",
      body: { detail: [{ loc: ["body", "name"], msg: "field required" }] },
      want: ": body.name: field required",
    },
    { name: "text", type: "text/plain", body: "Bad\nthing", want: ": Bad thing" },
    { name: "a web page", type: "text/html", body: "<h1>Bad</h1>", want: "" },
    { name: "nothing", body: {}, want: "" },
    {
      name: "the key and the address",
      body: { message: "key key-12345 for http://HOST is Bearer abcdefgh12345" },
      want: ": key [redacted] for [upstream] is Bearer [redacted]",
    },
    { name: "invisible characters", body: { message: "a\u202eb\u200bc\u0007d\u{e0041}e" }, want: ": abcde" },
    { name: "a long text", body: { message: "x".repeat(5000) }, want: `: ${"x".repeat(599)}…` },
  ];
  for (const { name, type = "application/json", body, want } of bodies) {
    it(`tells the API's own words: ${name}`, async () => {
      const error = await failureOf((req, res) => {
        const text = typeof body === "string" ? body : JSON.stringify(body).replace("HOST", String(req.headers.host));
        res.writeHead(400, { "content-type": type }).end(text);
      });
      expect(error.message).toBe(`the API answered 400${want}`);
    });
  }

  it("tells how long to wait, in seconds or as a date", async () => {
    const wait = async (value: string): Promise<number | undefined> =>
      (await failureOf((_req, res) => res.writeHead(429, { "retry-after": value }).end())).facts.retryAfterSeconds;
    expect(await wait("7")).toBe(7);
    expect(await wait(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50);
    expect(await wait("soon")).toBeUndefined();
  });

  it("regression 15: of 500 to a change is never called repeatable, since it may have happened", async () => {
    const error = await failureOf((_req, res) => res.writeHead(500).end(), change);
    expect([error.retryable, error.facts.next]).toEqual([false, expect.stringContaining("before you repeat it")]);
  });
});

describe("a connection that fails", () => {
  it("is upstream_unavailable when nothing listens, and may be repeated even for a change", async () => {
    const server = await listen((_req, res) => res.end());
    await server.close();
    const error = await errorOf(() => upstreamAt(server.url).send(change, anyone));
    expect([error.code, error.retryable]).toEqual(["upstream_unavailable", true]);
    expect(error.message).not.toContain(String(server.port));
  });

  it("is upstream_timeout at the deadline, whether the answer never begins or never ends", async () => {
    const options = { ...anyone, timeoutMs: 100 };
    const silent = await failureOf(() => undefined, requestOf(), {}, options);
    const dripping = await failureOf((_req, res) => res.write("["), requestOf(), {}, options);
    expect([silent.code, dripping.code]).toEqual(["upstream_timeout", "upstream_timeout"]);
    expect(silent.retryable).toBe(true);
  });

  it("regression 15: is not repeatable for a change that may have happened", async () => {
    const late = await failureOf(() => undefined, change, {}, { ...anyone, timeoutMs: 100 });
    const broken = await failureOf((req) => req.socket.destroy(), change);
    expect([late.code, late.retryable]).toEqual(["upstream_timeout", false]);
    expect([broken.code, broken.retryable]).toEqual(["upstream_unavailable", false]);
    expect(broken.facts.next).toContain("before you repeat it");
  });

  it("ends when the caller leaves, and so does the request to the upstream", async () => {
    const caller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      void failureOf(
        (req) => {
          req.socket.on("close", () => resolve());
          caller.abort();
        },
        requestOf(),
        {},
        { ...anyone, signal: caller.signal },
      );
    });
    await closed;
    const gone = await failureOf((_req, res) => res.end("{}"), requestOf(), {}, { ...anyone, signal: caller.signal });
    expect(gone.message).toBe("the call was cancelled");
  });

  for (const { name, bytes } of [
    { name: "no HTTP", bytes: "hello\r\n\r\n" },
    { name: "endless headers", bytes: `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}\r\n` },
  ]) {
    it(`is upstream_invalid_response: ${name}`, async () => {
      const server = createSocketServer((socket) =>
        socket.on("error", () => undefined).once("data", () => socket.end(bytes)),
      );
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      const error = await errorOf(() => upstreamAt(`http://127.0.0.1:${port}`).send(requestOf(), anyone));
      await new Promise((closed) => server.close(closed));
      expect(error.code).toBe("upstream_invalid_response");
    });
  }
});

describe("TLS and proxies", () => {
  const pem = (name: string): string => join(import.meta.dirname, "tls", name);

  it("trusts the configured certificate authority, and no unknown one", async () => {
    const server = createHttpsServer(
      { key: readFileSync(pem("key.pem")), cert: readFileSync(pem("cert.pem")) },
      (_req, res) => res.end("[1]"),
    );
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    open.push({ close: () => new Promise((closed) => server.close(() => closed())) });
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const trusted = upstreamAt(url, { tls: { caFile: pem("cert.pem") } });
    expect((await trusted.send(requestOf(), anyone)).body).toEqual([1]);
    const error = await errorOf(() => upstreamAt(url).send(change, anyone));
    expect([error.code, error.message, error.retryable]).toEqual([
      "upstream_unavailable",
      "the API's certificate or TLS is not accepted",
      true,
    ]);
  });

  it("goes through the configured proxy", async () => {
    const server = await serve((_req, res) => res.end("[1]"));
    const asked: string[] = [];
    const proxy = createHttpServer((req, res) => {
      asked.push(String(req.url));
      req.pipe(
        httpRequest(String(req.url), { method: req.method, headers: req.headers }, (answer) => answer.pipe(res)),
      );
    });
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    open.push({
      close: () =>
        new Promise((closed) => {
          proxy.close(() => closed());
          proxy.closeAllConnections();
        }),
    });
    const upstream = upstreamAt(server.url, { proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    expect((await upstream.send(requestOf(), anyone)).body).toEqual([1]);
    expect(asked).toEqual([`${server.url}/widgets`]);
  });
});
