import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { get, openSession, postSession, postStateless, type Wired } from "./wire.ts";

const config = (staging: string): string => `
api: test
upstreams:
  prod: { url: "http://127.0.0.1:1" }
  staging: { url: "${staging}" }
credentials: { check: { operation: listWidgets } }
surfaces:
  prod: { path: /mcp, upstream: prod, instructions: The real thing., serverInfo: { title: Widgets } }
  internal: { path: /internal/mcp, upstream: prod, readOnly: true, tools: { deny: [count_widgets] } }
  staging:
    path: /staging/mcp
    upstream: staging
    credentials: { headers: [x-staging-key, x-api-key] }
    serverInfo: { title: Widgets (staging) }
`;

const own = (key: string, header = "x-api-key"): { headers: Record<string, string | undefined> } => ({
  headers: { "x-api-key": undefined, [header]: key },
});

describe("several surfaces and upstreams in one process", () => {
  let prod: Widgets;
  let staging: Widgets;
  let gateway: TestGateway;
  beforeAll(async () => {
    [prod, staging] = await Promise.all([startWidgets(["prod-key", "both"]), startWidgets(["staging-key", "both"])]);
    gateway = await startGateway((await generateFrom(widgetSpec)).api, prod.url, config(staging.url));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([prod.close(), staging.close()]);
  });
  const at = (path: string): string => gateway.base + path;
  const listed = (answer: Wired): string[] =>
    (answer.body as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name);
  const call = (path: string, key: string): ReturnType<typeof postStateless> =>
    postStateless(at(path), "tools/call", { name: "list_widgets", arguments: {} }, own(key));

  const keys = [
    { path: "/mcp", key: "prod-key", want: 200 },
    { path: "/internal/mcp", key: "prod-key", want: 200 },
    { path: "/staging/mcp", key: "prod-key", want: 401 },
    { path: "/mcp", key: "staging-key", want: 401 },
    { path: "/internal/mcp", key: "staging-key", want: 401 },
    { path: "/staging/mcp", key: "staging-key", want: 200 },
    { path: "/mcp", key: "both", want: 200 },
    { path: "/staging/mcp", key: "both", want: 200 },
  ];
  for (const { path, key, want } of keys)
    it(`answer ${want} to ${key} at ${path}, in both eras, the key check and the list of tools`, async () => {
      expect((await postStateless(at(path), "tools/list", {}, own(key))).status).toBe(want);
      const opening = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } };
      expect((await postSession(at(path), "initialize", opening, own(key))).status).toBe(want);
      expect((await get(at(path), { "x-api-key": key })).status).toBe(want);
      expect((await get(at(`${path}/tools`), { "x-api-key": key })).status).toBe(want);
    });

  it("send each call to the upstream of its surface alone, with its own key", async () => {
    const before = [prod.requests.length, staging.requests.length];
    expect((await call("/staging/mcp", "staging-key")).status).toBe(200);
    expect([prod.requests.length - (before[0] ?? 0), staging.requests.length - (before[1] ?? 0)]).toEqual([0, 1]);
    expect(staging.keys.at(-1)).toBe("staging-key");
  });

  it("never take the session of one upstream for one of another's, though the key is good at both", async () => {
    const session = await openSession(at("/mcp"), own("both"));
    const elsewhere = { headers: { ...session.headers, "x-api-key": "both" } };
    expect((await postSession(at("/mcp"), "tools/list", {}, elsewhere)).status).toBe(200);
    expect((await postSession(at("/staging/mcp"), "tools/list", {}, elsewhere)).status).toBe(404);
  });

  it("have each their own tools, words and headers", async () => {
    expect(listed(await postStateless(at("/internal/mcp"), "tools/list", {}, own("prod-key")))).toEqual([
      "get_widget",
      "list_widgets",
    ]);
    expect(listed(await postStateless(at("/mcp"), "tools/list", {}, own("prod-key")))).toHaveLength(6);
    const discover = async (path: string, key: string): Promise<unknown> =>
      ((await postStateless(at(path), "server/discover", {}, own(key))).body as { result: unknown }).result;
    expect(await discover("/mcp", "prod-key")).toMatchObject({
      instructions: "The real thing.",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "specgate", title: "Widgets" } },
    });
    expect(await discover("/staging/mcp", "staging-key")).not.toHaveProperty("instructions");
    expect(
      (await postStateless(at("/staging/mcp"), "tools/list", {}, own("staging-key", "x-staging-key"))).status,
    ).toBe(200);
    expect((await postStateless(at("/mcp"), "tools/list", {}, own("prod-key", "x-staging-key"))).status).toBe(401);
    const refused = await postStateless(at("/staging/mcp"), "tools/list", {}, { headers: { "x-api-key": undefined } });
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining("x-staging-key")]);
  });

  it("have each their own health and tools route", async () => {
    for (const path of ["/mcp", "/internal/mcp", "/staging/mcp"]) {
      expect((await get(at(`${path}/health`))).status).toBe(200);
      expect(((await get(at(`${path}/tools`))).body as { count: number }).count).toBe(path === "/internal/mcp" ? 2 : 6);
    }
  });
});

describe("a gateway with keys of its own for two upstreams", () => {
  let prod: Widgets;
  let staging: Widgets;
  beforeAll(async () => {
    [prod, staging] = await Promise.all([startWidgets(["prod-key"]), startWidgets(["staging-key"])]);
  });
  afterAll(async () => {
    await Promise.all([prod.close(), staging.close()]);
  });

  const cases = [
    { name: "sends the general one to the first upstream alone", variables: {}, want: 401 },
    { name: "sends each its own", variables: { UPSTREAM_API_KEY_STAGING: "staging-key" }, want: 200 },
  ];
  for (const { name, variables, want } of cases)
    it(name, async () => {
      const text = `
api: test
upstreams: { prod: { url: "${prod.url}" }, staging: { url: "http://127.0.0.1:1" } }
credentials: { required: false }
surfaces: { prod: { path: /mcp, upstream: prod }, staging: { path: /staging/mcp, upstream: staging } }
`;
      const environment = { UPSTREAM_API_KEY: "prod-key", UPSTREAM_URL_STAGING: staging.url, ...variables };
      const gateway = await startGateway((await generateFrom(widgetSpec)).api, prod.url, text, environment);
      const call = { name: "list_widgets", arguments: {} };
      const nobody = { headers: { "x-api-key": undefined } };
      const first = await postStateless(`${gateway.base}/mcp`, "tools/call", call, nobody);
      expect(first.text).toContain("returnedCount");
      const second = await postStateless(`${gateway.base}/staging/mcp`, "tools/call", call, nobody);
      expect(second.text.includes("returnedCount")).toBe(want === 200);
      expect(staging.keys).not.toContain("prod-key");
      await gateway.close();
    });
});
