import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import type { Secret } from "../../src/telemetry/secret.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { both, get, key, openSession, postSession, postStateless, rawRequest, type Wired } from "./wire.ts";

/** security.md B23–B30: what is sent as a key, and what the answer says of it. */
describe.each(["server", "express"] as const)("a key on our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
  });
  afterAll(() => gateway.close());
  const list = (headers: Record<string, string | undefined>): Promise<Wired> =>
    postStateless(gateway.url, "tools/list", {}, { headers: { "x-api-key": undefined, ...headers } });

  it("that is missing is 401 naming the accepted headers (B23)", async () => {
    const answer = await list({});
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      error: "invalid_token",
      error_description: "no key was sent; send it as `x-api-key: <key>` or `Authorization: Bearer <key>`.",
    });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="widgets"');
  });

  it("in the query is no key (B24)", async () => {
    expect((await get(`${gateway.url}?x-api-key=k&key=k`)).status).toBe(401);
  });

  const malformed = [
    { name: "Basic credentials", headers: { authorization: "Basic dTpw" }, says: "no key was sent" },
    { name: "a bare Authorization", headers: { authorization: "sg_123" }, says: "`Bearer <key>`" },
    { name: "a space inside", headers: { "x-api-key": "abc def" }, says: "whitespace inside" },
    { name: "a tab inside", headers: { authorization: "Bearer abc\tdef" }, says: "whitespace inside" },
    { name: "quotes", headers: { "x-api-key": '"abc"' }, says: "quotation marks" },
    { name: "a doubled Bearer", headers: { authorization: "Bearer Bearer abc" }, says: "`Bearer` twice" },
    { name: "Bearer in x-api-key", headers: { "x-api-key": "Bearer abc" }, says: "begins with `Bearer`" },
    {
      name: "an unset variable",
      headers: { "x-api-key": "$" + "{BEACON_KEY}" },
      says: "did not replace the variable BEACON_KEY",
    },
    {
      name: "an unset variable of Cursor",
      headers: { authorization: "Bearer $" + "{env:BEACON_KEY}" },
      says: "variable BEACON_KEY",
    },
  ];
  for (const { name, headers, says } of malformed) {
    it(`with ${name} is 401 saying exactly that (B24)`, async () => {
      const answer = await list(headers);
      expect(answer.status).toBe(401);
      expect((answer.body as { error_description: string }).error_description).toContain(says);
      expect(answer.text).not.toContain("abc");
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="widgets"/);
    });
  }

  it("with a zero-width character is 401 saying exactly that (B24)", async () => {
    const raw = Buffer.from("abc\u200bdef").toString("latin1");
    const answer = await rawRequest(
      gateway.port,
      `GET /mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: ${raw}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/zero-width|outside printable/);
  });

  it("with spaces around it is accepted, in either header (B24)", async () => {
    for (const lines of ["x-api-key:   abc  ", "Authorization:  Bearer   abc  ", "authorization: bearer abc"]) {
      const answer = await rawRequest(
        gateway.port,
        `GET /mcp HTTP/1.1\r\nHost: localhost\r\n${lines}\r\nConnection: close\r\n\r\n`,
      );
      expect([lines, answer.slice(0, 12)]).toEqual([lines, "HTTP/1.1 200"]);
    }
  });

  it("in two Authorization headers is 400 (B24)", async () => {
    const answer = await rawRequest(
      gateway.port,
      "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("authorization was sent twice");
  });

  it("that differs between two headers is 400 / -32600; the same in both is accepted (B25)", async () => {
    const answer = await list({ "x-api-key": "abc", authorization: "Bearer def" });
    expect([answer.status, answer.body]).toMatchObject([400, { jsonrpc: "2.0", error: { code: -32600 } }]);
    expect((await list({ "x-api-key": "abc", authorization: "Bearer abc" })).status).toBe(200);
    expect((await list({ "x-api-key": "abc", authorization: "Basic dTpw" })).status).toBe(200);
  });

  it("is checked by a plain curl: 200 JSON with a session id for show, that is 404 when used (B30)", async () => {
    const answer = await get(gateway.url, { ...key, accept: "*/*" });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: "ok", user: null, organisation: null, scopes: null, tools: 9 });
    const shown = answer.headers.get("mcp-session-id") ?? "";
    expect(shown).toMatch(/^v1\./);
    const used = await postSession(gateway.url, "ping", {}, { headers: { "mcp-session-id": shown } });
    expect([used.status, used.body]).toMatchObject([404, { error: { code: -32001 } }]);
    expect(await gateway.sessions.count()).toBe(0);
  });

  it("that is bad or missing is 401 for a plain curl (B30)", async () => {
    expect((await get(gateway.url, { accept: "*/*" })).status).toBe(401);
    expect((await get(gateway.url, { accept: "*/*", "x-api-key": "a b" })).status).toBe(401);
  });

  it("shows a page to a browser without any key", async () => {
    const answer = await get(gateway.url, { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.text).toContain("claude mcp add --transport http");
  });
});

describe("a key that the upstream is asked about", () => {
  const identities: Record<
    string,
    { user: { id: string; name: string }; organisation: { id: string }; scopes: string[] }
  > = {
    reader: { user: { id: "u1", name: "Ann" }, organisation: { id: "o1" }, scopes: ["mcp.read"] },
    writer: { user: { id: "u2", name: "Bob" }, organisation: { id: "o1" }, scopes: ["mcp.write"] },
  };
  let checks: string[] = [];
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({
      auth: {
        check: async (credential: Secret) => {
          const name = credential.reveal();
          checks.push(name);
          if (name === "down") throw new GatewayError("upstream_unavailable", "the API does not answer");
          return identities[name] ?? null;
        },
      },
    });
  });
  afterAll(() => gateway.close());
  const as = (name: string): { headers: Record<string, string> } => ({ headers: { "x-api-key": name } });
  const namesFor = async (name: string): Promise<string[]> => {
    const answer = await postStateless(gateway.url, "tools/list", {}, as(name));
    const { result } = answer.body as { result: { tools: { name: string }[] } };
    return result.tools.map((tool) => tool.name);
  };

  it("and refused is 401 at initialize, discover, lists, calls and curl, with the possible reasons (B26)", async () => {
    const answers = [
      await postSession(gateway.url, "initialize", {}, as("nobody")),
      await postStateless(gateway.url, "server/discover", {}, as("nobody")),
      await postStateless(gateway.url, "tools/list", {}, as("nobody")),
      await postStateless(gateway.url, "tools/call", { name: "get_widget" }, as("nobody")),
      await get(gateway.url, { "x-api-key": "nobody" }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(401);
      expect(text).toMatch(/mistyped.*revoked.*expired.*another environment/);
    }
    expect(answers[1]?.headers.get("www-authenticate")).toMatch(/error="invalid_token"/);
  });

  it("and accepted says who it is", async () => {
    const answer = await get(gateway.url, { "x-api-key": "reader" });
    expect(answer.body).toMatchObject({
      user: { id: "u1", name: "Ann" },
      organisation: { id: "o1" },
      scopes: ["mcp.read"],
      tools: 7,
    });
  });

  it("offers exactly the tools it can call; a hidden one answers as an unknown one, byte for byte (T9, B27)", async () => {
    const listed = await namesFor("reader");
    const all = gateway.widgets.tools.map(({ name }) => name).sort();
    expect(all.filter((name) => !listed.includes(name))).toEqual(["create_widget", "delete_widget"]);
    expect(await namesFor("writer")).toEqual(all.filter((name) => name !== "delete_widget"));
    const hidden = await postStateless(gateway.url, "tools/call", { name: "create_widget" }, as("reader"));
    const unknown = await postStateless(gateway.url, "tools/call", { name: "no_such_thing" }, as("reader"));
    expect(hidden.status).toBe(unknown.status);
    expect(hidden.text.replaceAll("create_widget", "X")).toBe(unknown.text.replaceAll("no_such_thing", "X"));
    expect(hidden.text).toContain("scopes: mcp.read");
  });

  it("is asked about once a minute, and once for requests that come together", async () => {
    checks = [];
    const own = await startGateway({
      auth: {
        check: async (credential) => {
          checks.push(credential.reveal());
          return identities.reader ?? null;
        },
      },
    });
    await Promise.all(Array.from({ length: 20 }, () => postStateless(own.url, "tools/list", {}, as("fresh"))));
    await postStateless(own.url, "tools/list", {}, as("fresh"));
    expect(checks).toEqual(["fresh"]);
    await own.close();
  });

  it("is neither good nor bad while the upstream cannot say: an error in JSON-RPC, not 401", async () => {
    const answer = await postStateless(gateway.url, "tools/list", {}, as("down"));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(answer.body).toMatchObject({ jsonrpc: "2.0", error: { code: -32603 } });
  });

  it("is not accepted for a session of another key of the same user", async () => {
    const { headers } = await openSession(gateway.url, as("reader"));
    const answer = await postSession(
      gateway.url,
      "ping",
      {},
      { headers: { ...headers, "x-api-key": "writer", accept: both } },
    );
    expect(answer.status).toBe(404);
  });
});

describe("a public API", () => {
  it("is served without a key, as nobody, and refuses a malformed one all the same", async () => {
    const gateway = await startGateway({ auth: { required: false } });
    const called = await postStateless(
      gateway.url,
      "tools/call",
      { name: "get_widget", arguments: { id: "1" } },
      { headers: { "x-api-key": undefined } },
    );
    expect(called.body).toMatchObject({ result: { structuredContent: { caller: "anonymous" } } });
    expect((await get(gateway.url, { "x-api-key": "a b" })).status).toBe(401);
    await gateway.close();
  });
});

describe("keys that are refused again and again", () => {
  it("are 429 with the time to wait on every route, not behind a proxy, and in both eras with a JSON-RPC body", async () => {
    const check = async (): Promise<null> => null;
    const gateway = await startGateway({ auth: { check, failuresPerMinute: 2 } });
    const proxied = { "x-forwarded-for": "203.0.113.9" };
    for (const bad of ["a", "b"]) expect((await get(gateway.url, { "x-api-key": bad })).status).toBe(401);
    const answers = [
      await postStateless(gateway.url, "tools/list", {}, { headers: { "x-api-key": "c" } }),
      await postSession(gateway.url, "ping", {}, { headers: { "x-api-key": "c" } }),
      await get(gateway.url, { "x-api-key": "c" }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body]).toMatchObject([429, { error: { code: -32000 } }]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(50);
    }
    const listed = await get(`${gateway.url}/tools`, { "x-api-key": "c" });
    expect([listed.status, listed.body]).toMatchObject([429, { code: "rate_limited" }]);
    expect(Number(listed.headers.get("retry-after"))).toBeGreaterThan(50);
    expect((await get(gateway.url, { "x-api-key": "c", ...proxied })).status).toBe(401);
    await gateway.close();
  });
});
