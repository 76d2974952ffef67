import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HandTool } from "../../src/calls/call.ts";
import { edgePolicy } from "../../src/http/edge.ts";
import { setupPage } from "../../src/http/routes/page.ts";
import { originOf } from "../operations/fixture.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { widgetTools } from "./handTools.ts";
import { get, key, openSession } from "./wire.ts";

describe.each(["server", "express"] as const)("the routes beside the endpoint on our %s", (placement) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
  });
  afterAll(() => gateway.close());
  const at = (path: string, headers: Record<string, string> = key): ReturnType<typeof get> =>
    get(gateway.origin + path, headers);

  it("tell the health in exactly six fields, without a key", async () => {
    await openSession(gateway.url);
    const answer = await at("/mcp/health", {});
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: "ok", version: "1.2.3", tools: 9, sessions: 1, upstream: "ok", store: "ok" },
    ]);
  });

  it("answer orchestrators whatever Host they use", async () => {
    for (const path of ["/healthz", "/readyz"]) expect((await at(path, { host: "10.0.0.1:3000" })).status).toBe(200);
  });

  it("list every tool in one answer, with a key whole but for the schemas", async () => {
    const { body } = await at("/mcp/tools");
    const { tools, count } = body as { tools: Record<string, unknown>[]; count: number };
    expect([tools.length, count]).toEqual([9, 9]);
    expect(Object.keys(tools[0] ?? {})).toEqual([
      "name",
      "title",
      "description",
      "resource",
      "kind",
      "effect",
      "annotations",
    ]);
    expect(body).not.toHaveProperty("nextCursor");
  });

  it("list names and descriptions alone without a key (T54)", async () => {
    const { tools } = (await at("/mcp/tools?schema=1", {})).body as { tools: object[] };
    expect(tools[0]).toEqual({ name: "crash_widget", description: "Runs crash_widget." });
  });

  it("refuse a bad key rather than take it for none", async () => {
    expect((await at("/mcp/tools", { "x-api-key": "a b" })).status).toBe(401);
  });

  const filters = [
    { query: "kind=list", want: [] },
    { query: "resource=widget&q=TALK", want: ["talk_widget"] },
    { query: "resource=other", want: [] },
    { query: "q=runs%20wait", want: ["wait_widget"] },
  ];
  for (const { query, want } of filters) {
    it(`filter by ${query}`, async () => {
      const { tools, count } = (await at(`/mcp/tools?${query}`)).body as { tools: { name: string }[]; count: number };
      expect([tools.map(({ name }) => name), count]).toEqual([want, want.length]);
    });
  }

  it("page when a limit is given, with the total on every page", async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await at(`/mcp/tools?limit=4${cursor === undefined ? "" : `&cursor=${cursor}`}`)).body as {
        tools: { name: string }[];
        count: number;
        nextCursor?: string;
      };
      expect(page.count).toBe(9);
      names.push(...page.tools.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(gateway.widgets.tools.map(({ name }) => name).sort());
  });

  for (const query of [
    "limit=0",
    "limit=x",
    "limit=1.5",
    "limit=1e2",
    "limit=",
    "limit=1&limit=2",
    "cursor=%00",
    "cursor=",
    "kind=nope",
    "kind=",
    "resource=a&resource=b",
    "schema=yes",
    "kinds=list",
    "__proto__=1",
  ]) {
    it(`refuse ${query} with 400`, async () => {
      const answer = await at(`/mcp/tools?${query}`);
      expect([answer.status, answer.body]).toMatchObject([400, { code: "invalid_request" }]);
    });
  }

  it("are 405 for another method, naming those there are", async () => {
    for (const path of ["/", "/healthz", "/readyz", "/mcp/tools", "/mcp/tools/get_widget", "/mcp/health"]) {
      const answer = await get(gateway.origin + path, key, "POST");
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, "GET, HEAD"]);
    }
  });

  it("show one tool whole, and a name and description of it without a key", async () => {
    const tool = (await at("/mcp/tools/get_widget")).body;
    expect(tool).toMatchObject({ name: "get_widget", effect: "read", inputSchema: { required: ["id"] } });
    expect((await at("/mcp/tools/get_widget", {})).body).toEqual({
      name: "get_widget",
      description: "Runs get_widget.",
    });
    const missing = await at("/mcp/tools/no_such");
    expect([missing.status, missing.body]).toMatchObject([404, { code: "unknown_tool" }]);
  });

  it("show a page at / that loads nothing and runs nothing", async () => {
    const answer = await at("/", { accept: "text/html" });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(answer.text).not.toMatch(/<script|<link|<img|src=/i);
    expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });

  for (const path of [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server",
    "/mcp/oauth/token",
    "/admin",
    "/metrics",
    "/register",
  ]) {
    it(`have nothing at ${path}: a JSON 404`, async () => {
      const answer = await at(path);
      expect([answer.status, answer.body]).toMatchObject([404, { code: "not_found" }]);
    });
  }

  it("name the endpoint to who asks for it with a slash too many", async () => {
    expect((await at("/mcp/")).body).toEqual({
      code: "not_found",
      message: `There is nothing at this URL. The MCP endpoint is ${gateway.origin}/mcp`,
    });
  });

  it("never answer an error in HTML or with a stack", async () => {
    for (const path of ["/mcp/tools/%E0%A4%A", "/%", "/mcp/tools?limit=-1", "/nope"]) {
      const answer = await at(path, { ...key, accept: "text/html" });
      expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
      expect(answer.text).not.toMatch(/<html|node_modules|\.ts:/);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });

  it("refuse a foreign origin and answer preflights", async () => {
    expect((await at("/mcp/tools", { ...key, origin: "https://evil.example" })).status).toBe(403);
    const preflight = await get(`${gateway.origin}/mcp/tools`, { origin: gateway.origin }, "OPTIONS");
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "GET"]);
    const allowed = await at("/mcp/tools", { ...key, origin: gateway.origin });
    expect(allowed.headers.get("access-control-allow-origin")).toBe(gateway.origin);
    expect(allowed.headers.get("cache-control")).toBe("no-store");
  });
});

describe("a Surface on another path", () => {
  it("has its own endpoint and routes, and its prefixes name the full URL", async () => {
    const gateway = await startGateway({ paths: ["/api/v1/mcp", "/ops/mcp"] });
    for (const path of ["/api/v1/mcp", "/ops/mcp"]) {
      expect((await get(gateway.origin + path, key)).status).toBe(200);
      expect((await get(`${gateway.origin}${path}/health`)).status).toBe(200);
    }
    for (const [path, meant] of [
      ["/api", "/api/v1/mcp"],
      ["/api/v1/", "/api/v1/mcp"],
      ["/ops", "/ops/mcp"],
    ]) {
      const answer = await get(`${gateway.origin}${path}`, key);
      expect([answer.status, (answer.body as { message: string }).message]).toEqual([
        404,
        `There is nothing at this URL. The MCP endpoint is ${gateway.origin}${meant}`,
      ]);
    }
    expect((await get(`${gateway.origin}/mcp`, key)).status).toBe(404);
    await gateway.close();
  });
});

describe("the schemas that ?schema=1 shows", () => {
  it("state the entity exactly, where those that clients are served stay open", async () => {
    const outputSchema = { type: "object", properties: { items: {} } } as const;
    const [hand] = widgetTools().tools as [HandTool];
    const described = { ...hand, name: "list_widgets", origin: originOf({ kind: "list" }) };
    const tools = [described, { ...hand, name: "by_hand" }].map((tool) => ({
      ...tool,
      definition: { ...tool.definition, name: tool.name, outputSchema },
    }));
    const gateway = await startGateway({ tools });
    const exact = { items: { items: { properties: { color: { enum: ["red", "blue"] } } } } };
    const one = (await get(`${gateway.url}/tools/list_widgets`, key)).body;
    expect(one).toMatchObject({ outputSchema: { properties: exact } });
    const { tools: all } = (await get(`${gateway.url}/tools?schema=1`, key)).body as { tools: unknown[] };
    expect(all).toMatchObject([{ name: "by_hand", outputSchema }, one]);
    const { tools: plain } = (await get(`${gateway.url}/tools?schema=0`, key)).body as { tools: object[] };
    for (const tool of plain) expect(tool).not.toHaveProperty("outputSchema");
    await gateway.close();
  });
});

describe("the URL that a 404 names", () => {
  it("is the public one, whatever way the request came", async () => {
    const edge = edgePolicy({
      host: "127.0.0.1",
      publicUrl: "https://gw.example",
      allowedHosts: [],
      allowedOrigins: [],
      credentialHeaders: [],
    });
    const gateway = await startGateway({ app: { edge }, paths: ["/api/mcp/mcp"] });
    for (const path of ["/api", "/api/mcp", "/api/mcp/mcp/"]) {
      const { body } = await get(gateway.origin + path, { "x-forwarded-host": "evil.example" });
      expect(body).toMatchObject({ message: expect.stringMatching(/ https:\/\/gw\.example\/api\/mcp\/mcp$/) });
    }
    await gateway.close();
  });
});

describe("what callers without a key may not see", () => {
  it("is 401 where the list of tools is denied to them", async () => {
    const gateway = await startGateway({ app: { anonymousTools: "deny" } });
    for (const path of ["/mcp/tools", "/mcp/tools/get_widget"])
      expect((await get(gateway.origin + path)).status).toBe(401);
    expect((await get(`${gateway.origin}/mcp/tools`, key)).status).toBe(200);
    await gateway.close();
  });

  it("is a fault of ours: 500 with nothing of it", async () => {
    const logged: unknown[] = [];
    const health = async (): Promise<never> => {
      throw new Error("secret 10.0.0.7");
    };
    const log = { error: (...given: unknown[]) => void logged.push(given) };
    const gateway = await startGateway({ app: { health, log } });
    const answer = await get(`${gateway.origin}/mcp/health`);
    expect([answer.status, answer.body]).toEqual([500, { code: "internal", message: "internal error" }]);
    expect(logged).toHaveLength(1);
    await gateway.close();
  });

  it("is that a process is not ready or drains: 503", async () => {
    const health = { version: "1", tools: 1, sessions: 0, upstream: "ok", store: "ok" };
    const gateway = await startGateway({
      app: { ready: async () => "not ready", health: async () => ({ ...health, status: "draining" }) },
    });
    expect((await get(`${gateway.origin}/readyz`)).status).toBe(503);
    expect((await get(`${gateway.origin}/mcp/health`)).status).toBe(503);
    await gateway.close();
  });
});

describe("the setup page", () => {
  it("treats every name and URL as text", async () => {
    const gateway = await startGateway();
    const page = setupPage(
      { name: "x", path: "/mcp", tools: [], serverInfo: { name: `"><script>`, version: "1" } } as never,
      {
        brand: "<b>&'\"",
        url: "https://gw.example/mcp?a=<x>",
        keyHeader: "authorization",
        keyPageUrl: `https://x/"onload="1`,
        supportUrl: "https://help",
      },
    );
    expect(page).not.toMatch(/<script|<b>|<x>|"onload/);
    expect(page).toContain("&#60;b&#62;&#38;&#39;&#34;");
    expect(page).toContain("Authorization: Bearer KEY");
    await gateway.close();
  });
});
