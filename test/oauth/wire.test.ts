import { describe, expect, it, onTestFinished } from "vitest";
import { startHandGateway } from "../fakes/handGateways.ts";
import { type Gateway, startGateway } from "../http/gateway.ts";
import { get, openSession, openStream, postSession, postStateless, send } from "../http/wire.ts";
import { ada, connect, startServer, type TestServer } from "./server.ts";

interface Wired {
  readonly server: TestServer;
  readonly gateway: Gateway;
  readonly challenge: string;
}

/** A gateway that takes the tokens of an authorization server. */
async function wired(): Promise<Wired> {
  const server = await startServer();
  const metadataUrl = `${server.url}/.well-known/oauth-protected-resource/mcp`;
  const gateway = await startGateway({
    auth: { tokens: server.oauth },
    oauth: { resource: server.resource, metadataUrl, scopes: ["mcp.read"] },
    paths: ["/mcp", "/keys"],
    revocations: server.revocations,
  });
  onTestFinished(() => gateway.close());
  return { server, gateway, challenge: `resource_metadata="${metadataUrl}"` };
}

const bearer = (token: string): Record<string, string | undefined> => ({
  "x-api-key": undefined,
  authorization: `Bearer ${token}`,
});

describe("a Surface with OAuth", () => {
  it.each(["POST", "GET", "DELETE"])(
    "B23, 13.2: challenges a %s without a key, and says what to ask for",
    async (method) => {
      const { gateway, challenge } = await wired();
      const answer = method === "POST" ? await send(gateway.url, {}) : await get(gateway.url, {}, method);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe(`Bearer realm="widgets", ${challenge}, scope="mcp.read"`);
    },
  );

  it("challenges a token that is not good with invalid_token, and sends it nowhere", async () => {
    const { gateway, challenge } = await wired();
    for (const token of ["mcp_at_", `mcp_at_${"x".repeat(43)}`, `mcp_rt_${"x".repeat(43)}`]) {
      const answer = await postStateless(gateway.url, "tools/list", {}, { headers: bearer(token) });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="widgets", error="invalid_token", /);
      expect(answer.headers.get("www-authenticate")).toContain(`${challenge}, scope="mcp.read"`);
    }
  });

  it("lists to a Connection what its scopes allow, for nobody else to keep", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server);
    const answer = await postStateless(gateway.url, "tools/list", {}, { headers: bearer(access_token) });
    const { result } = answer.body as { result: { tools: { name: string }[]; cacheScope: string } };
    expect(result.tools.map(({ name }) => name)).toContain("get_widget");
    expect(result.tools.map(({ name }) => name)).not.toContain("create_widget");
    expect(result.cacheScope).toBe("private");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const check = await get(gateway.url, bearer(access_token));
    expect(check.body).toMatchObject({ user: ada.user, organisation: ada.organisation, scopes: ["mcp.read"] });
  });

  it("B27, 13.2: answers a call that needs more with 403 and every scope, in both eras", async () => {
    const { server, gateway, challenge } = await wired();
    const { access_token } = await connect(server);
    const headers = bearer(access_token);
    const call = { name: "create_widget", arguments: { name: "a" } };
    const { headers: session } = await openSession(gateway.url, { headers });
    for (const answer of [
      await postStateless(gateway.url, "tools/call", call, { headers }),
      await postSession(gateway.url, "tools/call", call, { headers: { ...session, ...headers } }),
    ]) {
      expect(answer.status).toBe(403);
      expect(answer.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
      expect(answer.headers.get("www-authenticate")).toContain(`${challenge}, scope="mcp.read mcp.write"`);
      expect(answer.body).toMatchObject({ error: "insufficient_scope" });
    }
  });

  it("says of a tool that is none what it says to everybody", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server);
    const answer = await postStateless(
      gateway.url,
      "tools/call",
      { name: "no_such", arguments: {} },
      { headers: bearer(access_token) },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ error: { code: -32602 } });
  });

  it("says so too of a tool that no scope would bring: its bounds keep it out", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server, { approval: { ...ada, pages: [{ id: "p1" }] } });
    const call = { name: "create_widget", arguments: { name: "a" } };
    const answer = await postStateless(gateway.url, "tools/call", call, { headers: bearer(access_token) });
    expect(answer.body).toMatchObject({ error: { code: -32602 } });
  });

  it("T3: takes no token on another Surface, whose challenge leads nowhere", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server);
    const answer = await postStateless(`${gateway.origin}/keys`, "tools/list", {}, { headers: bearer(access_token) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).not.toContain("resource_metadata");
    const tools = await get(`${gateway.origin}/keys/tools`, bearer(access_token));
    expect(tools.status).toBe(401);
    expect((await get(`${gateway.url}/tools`, bearer(access_token))).status).toBe(200);
  });

  it("B47: ends the streams of a Connection that is revoked, and refuses what comes after", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server);
    const headers = bearer(access_token);
    const session = await openSession(gateway.url, { headers });
    const stream = await openStream(gateway.url, { headers: { ...session.headers, ...headers } });
    expect(stream.status).toBe(200);
    const { rows = [] } = (await server.oauth.connections?.list({})) ?? {};
    await server.oauth.revokeConnection(rows[0]?.id ?? "", { id: "admin" });
    while ((await stream.next()) !== null);
    const answer = await postStateless(gateway.url, "tools/list", {}, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("resource_metadata=");
  });

  it("is 503, not 401, while the store is away", async () => {
    const { server, gateway } = await wired();
    const { access_token } = await connect(server);
    await server.store.close();
    const answer = await postStateless(gateway.url, "tools/list", {}, { headers: bearer(access_token) });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).not.toBeNull();
  });
});

const paths = [
  "/.well-known/oauth-protected-resource",
  "/.well-known/oauth-protected-resource/mcp",
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/mcp/oauth/authorize",
  "/mcp/oauth/token",
  "/mcp/oauth/revoke",
  "/mcp/oauth/register",
  "/mcp/oauth/jwks",
  "/mcp/oauth/interaction/x",
  "/api/v1/admin/hosted-mcp/settings",
  "/api/v1/admin/hosted-mcp/connections/x/revoke",
];

describe("a whole gateway", () => {
  it.each(["", "oauth: { mode: off }", "oauth: { mode: server }\nsurfaces: { default: { oauth: false } }"])(
    "13.7: has nothing of OAuth with %j, and keys work",
    async (yaml) => {
      const gateway = await startHandGateway({ yaml });
      onTestFinished(() => gateway.close());
      for (const path of paths)
        for (const method of ["GET", "POST"]) {
          const answer = await get(`${gateway.base}${path}`, {}, method);
          expect({ path, status: answer.status, body: answer.body }).toMatchObject({
            path,
            status: 404,
            body: { code: "not_found" },
          });
        }
      const refused = await send(gateway.url, {});
      expect(refused.status).toBe(401);
      expect(refused.headers.get("www-authenticate")).not.toContain("resource_metadata");
      expect((await postStateless(gateway.url, "tools/list")).status).toBe(200);
    },
  );

  it("is a resource server and an authorization server by its configuration", async () => {
    const yaml =
      "oauth: { mode: server }\nsurfaces: { default: {}, keys: { path: /keys, oauth: false } }\nbrand: { name: Acme }";
    const gateway = await startHandGateway({ yaml });
    onTestFinished(() => gateway.close());
    const metadata = await get(`${gateway.base}/.well-known/oauth-protected-resource/mcp`);
    const { resource, authorization_servers } = metadata.body as { resource: string; authorization_servers: string[] };
    expect(resource).toMatch(/^http:\/\/localhost:\d+\/mcp$/);
    const [issuer = ""] = authorization_servers;
    expect((await get(`${gateway.base}/.well-known/oauth-authorization-server`)).body).toMatchObject({ issuer });
    const refused = await send(gateway.url, {});
    expect(refused.headers.get("www-authenticate")).toContain(
      `resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp", scope="mcp.read"`,
    );
    expect((await get(`${gateway.base}/.well-known/oauth-protected-resource/keys`)).status).toBe(404);
    const keyOnly = await send(`${gateway.base}/keys`, {});
    expect(keyOnly.status).toBe(401);
    expect(keyOnly.headers.get("www-authenticate")).not.toContain("resource_metadata");
    const page = await get(`${gateway.base}/mcp/oauth/authorize?client_id=x`, { accept: "text/html" });
    expect(page.status).toBe(400);
    expect(page.text).toContain("Acme");
    expect(page.text).not.toContain("Specgate");
  });

  it("T17: shows documents and tokens to pages of any origin, and nothing else", async () => {
    const gateway = await startHandGateway({
      yaml: "oauth: { mode: server }",
      variables: { ALLOWED_ORIGINS: "https://inspector.example" },
    });
    onTestFinished(() => gateway.close());
    const ask = (path: string, origin: string, method = "GET"): ReturnType<typeof get> =>
      get(`${gateway.base}${path}`, { origin, "access-control-request-method": "POST" }, method);
    const foreign = await ask("/.well-known/oauth-authorization-server", "https://evil.example");
    expect(foreign.headers.get("access-control-allow-origin")).toBe("*");
    expect(foreign.headers.get("access-control-allow-credentials")).toBeNull();
    expect(
      (await ask("/mcp/oauth/token", "https://evil.example", "POST")).headers.get("access-control-allow-origin"),
    ).toBe("*");
    expect((await ask("/mcp/oauth/register", "https://evil.example", "POST")).status).toBe(403);
    expect((await ask("/mcp/oauth/interaction/x", "https://evil.example", "POST")).status).toBe(403);
    for (const path of [
      "/.well-known/oauth-protected-resource/mcp",
      "/mcp/oauth/token",
      "/mcp/oauth/register",
      "/mcp/oauth/revoke",
    ]) {
      expect((await ask(path, "https://evil.example", "OPTIONS")).status, path).toBe(403);
      const allowed = await ask(path, "https://inspector.example", "OPTIONS");
      expect(allowed.status, path).toBe(204);
      expect(allowed.headers.get("access-control-allow-origin")).toBe("https://inspector.example");
      expect(allowed.headers.get("access-control-allow-headers")).toContain("mcp-protocol-version");
    }
    const registered = await ask("/mcp/oauth/register", "https://inspector.example", "POST");
    expect(registered.headers.get("access-control-allow-origin")).toBe("https://inspector.example");
  });
});
