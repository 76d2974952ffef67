import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { edgePolicy, refusalOf } from "../../src/http/edge.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { both, get, key, openSession, postSession, postStateless, rawRequest, type Wired } from "./wire.ts";

const friend = "https://app.example.com";

/** protocol.md §2.1, security.md T7 and T17. */
describe.each(["server", "express"] as const)("the edge of our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement, allowedOrigins: [friend] });
  });
  afterAll(() => gateway.close());
  const list = (headers: Record<string, string>): Promise<Wired> =>
    postStateless(gateway.url, "tools/list", {}, { headers });

  for (const origin of [
    "https://evil.example",
    "null",
    "https://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "not an origin",
    `${friend}.evil`,
  ]) {
    it(`refuses Origin: ${origin} with 403 and a JSON-RPC body, before anything else (B18)`, async () => {
      const answer = await list({ origin, "x-api-key": "a b" });
      expect([answer.status, answer.body]).toMatchObject([403, { jsonrpc: "2.0", id: null, error: { code: -32000 } }]);
      expect(answer.headers.has("access-control-allow-origin")).toBe(false);
    });
  }

  it("serves a page of an allowed origin, of its own, and a client without any", async () => {
    for (const origin of [friend, gateway.origin]) {
      const answer = await list({ origin });
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
      expect(answer.headers.get("access-control-expose-headers")).toBe(
        "Mcp-Session-Id, WWW-Authenticate, MCP-Protocol-Version, Retry-After, X-Gateway-Degraded",
      );
      expect(answer.headers.get("vary")).toContain("Origin");
    }
    expect((await list({})).headers.has("access-control-allow-origin")).toBe(false);
  });

  it("lets a page read errors too", async () => {
    const answer = await list({ origin: friend, "x-api-key": "a b" });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([401, friend]);
    const streamed = await postSession(gateway.url, "ping", {}, { headers: { origin: friend } });
    expect([streamed.status, streamed.headers.get("access-control-allow-origin")]).toEqual([400, friend]);
  });

  it("answers a preflight before it looks for a key: 204 for an allowed origin, 403 for another (B22)", async () => {
    const allowed = await get(gateway.url, { origin: friend, "access-control-request-method": "POST" }, "OPTIONS");
    expect([allowed.status, allowed.headers.get("access-control-allow-methods")]).toEqual([204, "POST, GET, DELETE"]);
    for (const name of [
      "content-type",
      "authorization",
      "x-api-key",
      "mcp-session-id",
      "mcp-protocol-version",
      "mcp-name",
      "last-event-id",
    ]) {
      expect(allowed.headers.get("access-control-allow-headers")?.split(", ")).toContain(name);
    }
    expect((await get(gateway.url, { origin: "https://evil.example" }, "OPTIONS")).status).toBe(403);
  });

  for (const method of ["PUT", "PATCH", "HEAD"]) {
    it(`refuses ${method} with 405 and names what is allowed (B22)`, async () => {
      const answer = await get(gateway.url, key, method);
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST, GET, DELETE"]);
    });
  }

  const hosts = [
    { name: "a foreign Host", lines: ["Host: evil.example"] },
    { name: "a Host that begins like ours", lines: ["Host: localhost.evil.example"] },
    { name: "two Hosts", lines: ["Host: localhost", "Host: evil.example"] },
    { name: "two Hosts of ours", lines: ["Host: localhost", "Host: localhost"] },
  ];
  for (const { name, lines } of hosts) {
    it(`refuses ${name} with 403 (B19)`, async () => {
      const answer = await rawRequest(
        gateway.port,
        `GET /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\nx-api-key: k\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      expect(answer).toContain('"code":-32000');
    });
  }

  it("refuses a whole URL as request target, so that it never reaches a route", async () => {
    const answer = await rawRequest(
      gateway.port,
      "GET http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\nx-api-key: k\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (403|404) /);
  });

  for (const host of ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:8080"]) {
    it(`takes the loopback name ${host}`, async () => {
      const answer = await rawRequest(
        gateway.port,
        `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nx-api-key: k\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    });
  }

  it("carries a session for a page of an allowed origin", async () => {
    const { headers } = await openSession(gateway.url, { headers: { origin: friend } });
    expect((await postSession(gateway.url, "ping", {}, { headers })).status).toBe(200);
  });

  it("serves exactly the path of the Surface", async () => {
    for (const path of ["/mcpx", "/mcp/", "/mcp/other", "/MCP", "/%6dcp"]) {
      const answer = await get(gateway.origin + path, { ...key, accept: both });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await get(`${gateway.url}?a=b`, key)).status).toBe(200);
  });
});

describe("edgePolicy", () => {
  const given = { allowedHosts: ["mcp.example.com:8443"], allowedOrigins: [friend], credentialHeaders: ["x-api-key"] };

  it("allows the Host and origin of the public URL, and no loopback name on a bind to every address", () => {
    const policy = edgePolicy({ ...given, host: "0.0.0.0", publicUrl: "https://Gw.example.com/mcp" });
    expect([...policy.hosts]).toEqual(["gw.example.com", "mcp.example.com:8443"]);
    expect([...policy.origins]).toEqual(["https://gw.example.com", friend]);
    expect(policy.loopback).toBe(false);
  });

  it("takes no page for its own by the name of a Host alone, where it is not a loopback one", () => {
    const policy = edgePolicy({ ...given, host: "0.0.0.0", publicUrl: "https://gw.example.com" });
    const refusal = (host: string, origin: string): string | null => {
      const request = { url: "/mcp", headers: { host, origin }, rawHeaders: ["Host", host, "Origin", origin] };
      return refusalOf(request as unknown as IncomingMessage, policy);
    };
    expect(refusal("gw.example.com", "https://gw.example.com")).toBeNull();
    expect(refusal("gw.example.com", "http://gw.example.com")).toBe("Origin not allowed");
    expect(refusal("mcp.example.com:8443", "http://mcp.example.com:8443")).toBe("Origin not allowed");
    expect(refusal("mcp.example.com", "https://gw.example.com")).toBe("Host not allowed");
  });

  it("allows loopback names on a loopback bind", () => {
    const policy = edgePolicy({ ...given, host: "127.0.0.1", publicUrl: "https://gw.example.com" });
    expect([...policy.hosts]).toEqual(["localhost", "127.0.0.1", "[::1]", "gw.example.com", "mcp.example.com:8443"]);
  });
});
