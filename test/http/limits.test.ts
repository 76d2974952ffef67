import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import { createAddressLimit } from "../../src/http/addressLimit.ts";
import { startGateway as serve } from "../fakes/gateway.ts";
import { emptyApi, idParam, widget } from "../operations/fixture.ts";
import { listen, type TestServer } from "../upstream/fixture.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
import {
  both,
  get,
  key,
  type Message,
  openSession,
  postSession,
  postStateless,
  rawRequest,
  send,
  type Wired,
} from "./wire.ts";

const kinds = { get: ["GET", "read"], update: ["PATCH", "write"], delete: ["DELETE", "destroy"] } as const;
const tools = Object.fromEntries(
  Object.entries(kinds).map(([kind, [method, effect]]) => [
    kind,
    {
      name: `${kind}_widget`,
      kind,
      effect,
      description: `${kind}.`,
      operation: { id: kind, method, path: "/widgets/{id}" },
      params: [idParam],
      ...(kind === "get" && { result: { noun: true } }),
    },
  ]),
) as Api["resources"][number]["tools"];
const api: Api = { ...emptyApi, resources: [{ ...widget, tools }] };

let upstream: TestServer;
beforeAll(async () => {
  upstream = await listen((_req, res) => {
    res.writeHead(200, { "content-type": "application/json" }).end('{"id":"w1"}');
  });
});
afterAll(() => upstream.close());

/** A whole gateway with these limits; its MCP endpoint. */
async function gatewayWith(limits: string, more = ""): Promise<string> {
  const gateway = await serve(api, upstream.url, `api: test\nlimits: { ${limits} }\n${more}`);
  onTestFinished(() => gateway.close());
  return gateway.url;
}

const call = (url: string, name: string, headers: Record<string, string | undefined> = {}): Promise<Wired> =>
  postStateless(url, "tools/call", { name, arguments: { id: "w1" } }, { headers });

/** What a tool result says that failed; undefined for one that did not. */
function refusalIn(body: unknown): Readonly<Record<string, unknown>> | undefined {
  const { result } = body as Message;
  if (result?.isError !== true) return undefined;
  const [{ text }] = result.content as [{ text: string }];
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

const refused = {
  code: "rate_limited",
  retryable: true,
  retryAfterSeconds: expect.any(Number),
  next: expect.stringMatching(/^Wait \d\d? seconds, then call again\.$/),
};

describe("the calls of one principal", () => {
  it("beyond the reads of a minute are results that say how long to wait, and others go on", async () => {
    const url = await gatewayWith("readsPerMinute: 2");
    for (let index = 0; index < 2; index++) expect(refusalIn((await call(url, "get_widget")).body)).toBeUndefined();
    const answer = await call(url, "get_widget");
    expect([answer.status, refusalIn(answer.body)]).toEqual([
      200,
      { ...refused, message: "more than 2 calls that read in a minute; nothing was done" },
    ]);
    expect(refusalIn((await call(url, "get_widget", { "x-api-key": "key-two" })).body)).toBeUndefined();
    expect(refusalIn((await call(url, "delete_widget")).body)).toBeUndefined();
    expect((await postStateless(url, "tools/list")).status).toBe(200);
  });

  it("that write or destroy share one limit", async () => {
    const url = await gatewayWith("writesPerMinute: 1");
    expect(refusalIn((await call(url, "delete_widget")).body)).toBeUndefined();
    expect(refusalIn((await call(url, "update_widget")).body)).toMatchObject({
      ...refused,
      message: "more than 1 calls that change something in a minute; nothing was done",
    });
    expect(refusalIn((await call(url, "get_widget")).body)).toBeUndefined();
  });

  it("are messages, not requests: each of a batch counts, and those beyond are refused alone", async () => {
    const url = await gatewayWith("readsPerMinute: 3");
    const { headers } = await openSession(url, { version: "2025-03-26" });
    const params = { name: "get_widget", arguments: { id: "w1" } };
    const batch = Array.from({ length: 5 }, (_one, id) => ({ jsonrpc: "2.0", id, method: "tools/call", params }));
    const answer = await send(url, batch, { ...key, accept: both, ...headers });
    const refusals = (answer.body as readonly Message[]).map((message) => refusalIn(message)?.code);
    expect(refusals).toEqual([undefined, undefined, undefined, "rate_limited", "rate_limited"]);
    expect(refusalIn((await call(url, "get_widget")).body)?.code).toBe("rate_limited");
  });

  it("are not limited where that is off", async () => {
    const url = await gatewayWith("readsPerMinute: off, writesPerMinute: off, requestsPerMinutePerAddress: off");
    for (let index = 0; index < 130; index++) {
      const { body } = await call(url, index % 2 === 0 ? "get_widget" : "delete_widget");
      expect(refusalIn(body)).toBeUndefined();
    }
  });

  it("without a key are those of an address, since they are many people's", async () => {
    const url = await gatewayWith("readsPerMinute: 1", "credentials: { required: false }");
    const nobody = { "x-api-key": undefined };
    expect(refusalIn((await call(url, "get_widget", nobody)).body)).toBeUndefined();
    expect(refusalIn((await call(url, "get_widget", nobody)).body)?.code).toBe("rate_limited");
    // A proxy beside the gateway stands for everybody.
    const proxied = { ...nobody, "x-forwarded-for": "203.0.113.7" };
    for (let index = 0; index < 3; index++)
      expect(refusalIn((await call(url, "get_widget", proxied)).body)).toBeUndefined();
    // Somebody with a key is one person wherever they are.
    expect(refusalIn((await call(url, "get_widget")).body)).toBeUndefined();
  });
});

describe("the requests of one address", () => {
  const limited = async (perMinute: number, more: GatewayOptions = {}): Promise<Gateway> => {
    const gateway = await startGateway({ addresses: createAddressLimit({ perMinute }), ...more });
    onTestFinished(() => gateway.close());
    return gateway;
  };

  it("beyond the limit are 429 with Retry-After in both eras, with any key", async () => {
    const { url } = await limited(3);
    const { headers } = await openSession(url);
    expect((await postStateless(url, "tools/list")).status).toBe(200);
    const answers = [
      await postStateless(url, "tools/list"),
      await postSession(url, "tools/list", {}, { headers }),
      await get(url, { "x-api-key": "key-two" }),
      await get(url, { ...key, ...headers }, "DELETE"),
    ];
    for (const { status, headers, body } of answers) {
      expect([status, Number(headers.get("retry-after")) > 50]).toEqual([429, true]);
      expect(body).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32000 } });
    }
  });

  it("are refused before their key is looked at and their body is read", async () => {
    const { port } = await limited(1);
    const head = (more: string): string => `POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;
    expect(await rawRequest(port, head("Content-Length: 0\r\n"))).toMatch(/^HTTP\/1\.1 401 /);
    const socket = connect(port, "127.0.0.1", () => socket.write(head("Content-Length: 1000\r\n")));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 429 /);
    socket.destroy();
  });

  it("that a proxy forwards are not held against it", async () => {
    const { url } = await limited(1);
    const headers = { "x-forwarded-for": "203.0.113.7" };
    for (let index = 0; index < 5; index++)
      expect((await postStateless(url, "tools/list", {}, { headers })).status).toBe(200);
  });

  it("count for the lists over REST too, and health is always served", async () => {
    const url = await gatewayWith("requestsPerMinutePerAddress: 2");
    expect((await get(`${url}/tools`, key)).status).toBe(200);
    expect((await postStateless(url, "tools/list")).status).toBe(200);
    const answer = await get(`${url}/tools`, key);
    expect([answer.status, answer.body]).toMatchObject([429, { code: "rate_limited" }]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(50);
    for (let index = 0; index < 3; index++) expect((await get(`${url}/health`)).status).toBe(200);
  });
});

describe("the requests in flight", () => {
  it("are a DELETE and a check of a key too", async () => {
    const gateway = await startGateway({ maxInFlight: 1 });
    onTestFinished(() => gateway.close());
    const { headers } = await openSession(gateway.url);
    const waiting = postStateless(gateway.url, "tools/call", { name: "wait_widget" });
    await gateway.widgets.waiting;
    for (const answer of [
      await get(gateway.url, { ...key, ...headers }, "DELETE"),
      await get(gateway.url, key),
      await get(gateway.url, { ...key, ...headers, accept: "text/event-stream" }),
    ]) {
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(answer.body).toMatchObject({ jsonrpc: "2.0", error: { code: -32000 } });
    }
    gateway.widgets.release();
    await waiting;
    expect((await get(gateway.url, { ...key, ...headers }, "DELETE")).status).toBe(200);
    expect(gateway.mcp.inFlight()).toBe(0);
  });

  it("are counted where a reason for a refusal is", async () => {
    const codes: string[] = [];
    const gateway = await startGateway({
      addresses: createAddressLimit({ perMinute: 1 }),
      refused: (code) => codes.push(code),
    });
    onTestFinished(() => gateway.close());
    await get(gateway.url);
    await get(gateway.url);
    expect(codes).toEqual(["unauthenticated", "rate_limited"]);
  });
});

describe("what is no HTTP request", () => {
  const cases = [
    { name: "nonsense", given: "nonsense\r\n\r\n", want: 400 },
    { name: "an unknown method", given: "BREW /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", want: 400 },
    {
      name: "two lengths",
      given: "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      want: 400,
    },
    {
      name: "a chunk that is none",
      given: "POST /mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      want: 400,
    },
    {
      name: "headers without end",
      given: `GET /mcp HTTP/1.1\r\nHost: localhost\r\nx: ${"x".repeat(17_000)}\r\n\r\n`,
      want: 431,
    },
    { name: "a request without Host", given: "POST /mcp HTTP/1.1\r\nContent-Length: 0\r\n\r\n", want: 403 },
    { name: "half of a request", given: "POST /mcp HTTP/1.1\r\nHost: local", want: 408 },
    {
      name: "half of a body",
      given:
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
      want: 408,
    },
  ];
  for (const { name, given, want } of cases) {
    it(`is answered ${want} with a JSON-RPC body, and its connection closed: ${name}`, async () => {
      const gateway = await startGateway({
        limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, connectionsCheckingMs: 20 },
      });
      onTestFinished(() => gateway.close());
      const answer = await rawRequest(gateway.port, given);
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${want} `));
      expect(head.toLowerCase()).toContain("connection: close");
      expect(head.toLowerCase()).toContain("content-type: application/json");
      expect(JSON.parse(body)).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32000 } });
    });
  }
});
