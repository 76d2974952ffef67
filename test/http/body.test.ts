import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";
import { both, envelope, key, openSession, send, type Wired } from "./wire.ts";

const headers = {
  ...key,
  accept: both,
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": "get_widget",
};
const request = (more: object = {}): object => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "get_widget", arguments: { id: "1" }, _meta: envelope() },
  ...more,
});
const bomb = gzipSync(Buffer.alloc(200_000_000, 32), { level: 1 });
const text = JSON.stringify(request());
const withArguments = (args: string): string => text.replace('{"id":"1"}', args);
const nested = (depth: number): string => `{"id":${"[".repeat(depth)}${"]".repeat(depth)}}`;

/** security.md §7.1: what a body may not be. Each is refused as JSON-RPC, and the next good request is served. */
describe.each(["server", "express"] as const)("a request body on our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
  });
  afterAll(() => gateway.close());
  const post = (body: unknown, more: Record<string, string | undefined> = {}): Promise<Wired> =>
    send(gateway.url, body, { ...headers, ...more });

  const bad: { name: string; body: unknown; headers?: Record<string, string | undefined>; want: [number, number] }[] = [
    { name: "B1 empty", body: "", want: [400, -32700] },
    { name: "B2 cut off", body: "{", want: [400, -32700] },
    { name: "B2 not JSON", body: "hello", want: [400, -32700] },
    {
      name: "B3 one byte over 1 MiB",
      body: withArguments(`{"id":"${"x".repeat(1_048_577 - text.length + 1)}"}`),
      want: [413, -32000],
    },
    { name: "B4 a small gzip of 200 MB", body: bomb, headers: { "content-encoding": "gzip" }, want: [413, -32000] },
    { name: "B4 a gzip that is none", body: "hello", headers: { "content-encoding": "gzip" }, want: [400, -32700] },
    { name: "an encoding we do not read", body: text, headers: { "content-encoding": "zstd" }, want: [415, -32000] },
    { name: "B5 arguments 65 deep", body: withArguments(nested(65)), want: [400, -32600] },
    { name: "B5 arguments 400,000 deep", body: withArguments(nested(400_000)), want: [400, -32600] },
    { name: "B6 200,001 tokens", body: withArguments(`{"id":[${"1,".repeat(200_000)}1]}`), want: [400, -32600] },
    { name: "B7 a key __proto__", body: withArguments('{"__proto__":{"x":1}}'), want: [400, -32600] },
    { name: "B7 an escaped key __proto__", body: withArguments('{"\\u005f_proto__":{"x":1}}'), want: [400, -32600] },
    {
      name: "B7 constructor.prototype",
      body: withArguments('{"constructor":{"prototype":{"x":1}}}'),
      want: [400, -32600],
    },
    {
      name: "B8 name twice in params",
      body: text.replace('"name":', '"name":"delete_widget","name":'),
      want: [400, -32600],
    },
    { name: "B8 method twice", body: text.replace('"method":', '"method":"ping","method":'), want: [400, -32600] },
    {
      name: "B8 an argument twice, once escaped",
      body: withArguments('{"id":"1","\\u0069d":"2"}'),
      want: [400, -32600],
    },
    {
      name: "B9 Name beside name",
      body: text.replace('"name":', '"Name":"delete_widget","name":'),
      want: [400, -32600],
    },
    {
      name: "B9 Method beside method",
      body: text.replace('"method":', '"Method":"ping","method":'),
      want: [400, -32600],
    },
    { name: "B10 an array", body: [request()], want: [400, -32600] },
    { name: "B11 id null", body: request({ id: null }), want: [400, -32600] },
    { name: "B11 id {}", body: request({ id: {} }), want: [400, -32600] },
    { name: "B11 id 2^53+1", body: text.replace('"id":1', '"id":9007199254740993'), want: [400, -32600] },
    { name: "B11 id 1.5", body: request({ id: 1.5 }), want: [400, -32600] },
    { name: "no jsonrpc", body: request({ jsonrpc: "1.0" }), want: [400, -32600] },
    { name: "params that are an array", body: request({ params: [] }), want: [400, -32600] },
    { name: "a member that JSON-RPC has not", body: request({ extra: 1 }), want: [400, -32600] },
    { name: "a string", body: '"hello"', want: [400, -32600] },
    { name: "B12 invalid UTF-8", body: Buffer.from(withArguments('{"id":"\u00ff"}'), "latin1"), want: [400, -32700] },
    { name: "B12 UTF-16", body: Buffer.from(text, "utf16le"), want: [400, -32700] },
    { name: "B12 a byte order mark", body: `\ufeff${text}`, want: [400, -32700] },
    { name: "B13 text/plain", body: text, headers: { "content-type": "text/plain" }, want: [415, -32000] },
    { name: "B13 no type", body: Buffer.from(text), headers: { "content-type": "" }, want: [415, -32000] },
    {
      name: "B13 a type that begins alike",
      body: text,
      headers: { "content-type": "application/json-patch+json" },
      want: [415, -32000],
    },
  ];
  for (const { name, body, headers: more = {}, want } of bad) {
    it(`refuses ${name} with ${want.join(" / ")}`, async () => {
      const answer = await post(body, more);
      const { error } = answer.body as { error: { code: number } };
      expect([answer.status, error.code]).toEqual(want);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(({} as { x?: unknown }).x).toBeUndefined();
      expect((await post(text)).status).toBe(200);
    });
  }

  it("takes a body of exactly 1 MiB, 64 levels, and keys that only look alike in arguments", async () => {
    const filler = "x".repeat(1_048_576 - text.length + 1);
    expect((await post(withArguments(`{"id":"${filler}"}`))).status).toBe(200);
    // The envelope, params and arguments are three levels of the 64.
    expect((await post(withArguments(nested(61)))).status).toBe(200);
    expect((await post(withArguments('{"id":"1","ID":"2"}'))).status).toBe(200);
    expect((await post(withArguments('{"id":"constructor","prototype":"a \\" b {[","é":"__proto__"}'))).status).toBe(
      200,
    );
  });

  it("takes a compressed body and parameters of the media type", async () => {
    const zipped = await post(gzipSync(text), {
      "content-encoding": "gzip",
      "content-type": "application/json; charset=utf-8",
    });
    expect([zipped.status, zipped.body]).toMatchObject([200, { result: { structuredContent: { id: "1" } } }]);
  });

  it("holds little memory while it refuses a bomb", async () => {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i++) await post(bomb, { "content-encoding": "gzip" });
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it("is held to the same rules in the session era", async () => {
    const { headers: own } = await openSession(gateway.url);
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_widget","Name":"x"}}';
    const answer = await send(gateway.url, body, { ...key, accept: both, ...own });
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32600 } }]);
  });

  it("is looked at after the key: a bad body with a bad key is 401", async () => {
    const answer = await post("{", { "x-api-key": "a b" });
    expect(answer.status).toBe(401);
  });
});
