import { describe, expect, it } from "vitest";
import { Secret } from "../../src/telemetry/secret.ts";
import {
  ada,
  approvalBody,
  approved,
  authorizeUrl,
  callback,
  connect,
  openBrowser,
  openInteraction,
  pkce,
  redeem,
  refresh,
  register,
  startServer,
  token,
  verified,
} from "./server.ts";

const metadataHosts = "https://apps.example/client.json";

describe("the authorization server", () => {
  it("takes a client from registration to tokens, and knows its Principal", async () => {
    const server = await startServer();
    const tokens = await connect(server);
    expect(tokens).toMatchObject({ status: 200, token_type: "Bearer", expires_in: 3_600, scope: "mcp.read" });
    expect(tokens.headers.get("cache-control")).toBe("no-store");
    expect(tokens.access_token).toMatch(/^mcp_at_[\w-]{43}$/);
    expect(tokens.refresh_token).toMatch(/^mcp_rt_[\w-]{43}$/);
    const principal = await verified(server, tokens.access_token);
    expect(principal).toMatchObject({
      kind: "connection",
      user: { id: "u1", name: "Ada" },
      organisation: { id: "o1", name: "Acme" },
      scopes: ["mcp.read"],
    });
    expect(principal?.credential?.reveal()).toBe("upstream-key-of-ada");
    const next = await refresh(server, tokens.clientId, tokens.refresh_token);
    expect(next).toMatchObject({ status: 200, scope: "mcp.read" });
    expect((await verified(server, next.access_token))?.id).toBe(principal?.id);
  });

  it("names the iss and the state in its answer, and no session is kept of the user", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const asking = { clientId: String(client_id) };
    const { browser, details } = await openInteraction(server, asking);
    const { url } = await browser.post(`/mcp/oauth/interaction/${details.uid}/approve`, approvalBody(ada));
    expect(`${url.origin}${url.pathname}`).toBe(callback);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      code: expect.any(String),
      state: "abc",
      iss: server.url,
    });
    const again = await browser.get(authorizeUrl(server, asking));
    expect(again.url.pathname).toMatch(/^\/mcp\/oauth\/interaction\//); // the page, never a code
  });

  it("tells the pages what they need, and no more scopes than there are", async () => {
    const server = await startServer();
    const { client_id } = await register(server, { redirect_uris: [callback], client_name: "Claude\u202e <b>" });
    const scope = "mcp.read mcp.write monitor.write unheard.of offline_access";
    const { details } = await openInteraction(server, { clientId: String(client_id), scope });
    expect(details).toEqual({
      uid: expect.any(String),
      client: {
        id: client_id,
        name: "Claude <b>",
        verifiedHost: null,
        registration: "dynamic",
        keyName: "MCP — Claude <b> (unverified)",
      },
      redirect: {
        uri: callback,
        host: "client.example",
        isLoopback: false,
        isCustomScheme: false,
        formAction: "https://client.example",
      },
      scopes: [
        { scope: "mcp.read", effect: "read" },
        { scope: "mcp.write", effect: "write" },
        { scope: "monitor.write", effect: "write", resource: "monitor" },
      ],
      resource: server.resource,
      path: "/mcp",
      expiresAtMs: expect.any(Number),
    });
  });

  it("asks for the scope to read where a client names none", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const { details } = await openInteraction(server, { clientId: String(client_id), more: { scope: undefined } });
    expect(details.scopes).toEqual([{ scope: "mcp.read", effect: "read" }]);
  });

  it("gives what was approved of what was asked, without asking again", async () => {
    const server = await startServer();
    const tokens = await connect(server, { scope: "mcp.read mcp.write offline_access" });
    expect(tokens).toMatchObject({ status: 200, scope: expect.not.stringContaining("write") });
    expect((await verified(server, tokens.access_token))?.scopes).toEqual(["mcp.read"]);
  });

  it("gives tokens for the right resource to clients that name none", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const proof = pkce();
    const clientId = String(client_id);
    const landed = await approved(server, { clientId, pkce: proof, more: { resource: undefined } });
    const tokens = await token(server, {
      grant_type: "authorization_code",
      client_id: clientId,
      code: String(landed.searchParams.get("code")),
      redirect_uri: callback,
      code_verifier: proof.verifier,
    });
    expect(await verified(server, tokens.access_token)).not.toBeNull();
    expect(await server.oauth.verify(new Secret(tokens.access_token), `${server.url}/other`)).toBeNull();
  });

  it("binds organisation and pages as sets of values", async () => {
    const bind = {
      organisation: { argument: "org_id", elsewhere: "allow" },
      pages: { argument: "page_id", elsewhere: "hide" },
    } as const;
    const server = await startServer({ config: { bind } });
    const tokens = await connect(server, { approval: { ...ada, pages: [{ id: "p1", name: "Status" }, { id: "p2" }] } });
    expect((await verified(server, tokens.access_token))?.boundArguments).toEqual({
      org_id: { within: ["o1"], elsewhere: "allow" },
      page_id: { within: ["p1", "p2"] },
    });
  });

  it("lists the Connection with its key, which nobody holds", async () => {
    const server = await startServer();
    await connect(server);
    await connect(server);
    const rows = (await server.oauth.connections?.list({ user: "u1" }))?.rows ?? [];
    expect(rows.map(({ keyName }) => keyName).sort()).toEqual([
      "MCP — Test client (unverified)",
      "MCP — Test client (unverified) (2)",
    ]);
    expect(rows[0]).toMatchObject({
      user: ada.user,
      organisation: ada.organisation,
      scopes: ["mcp.read"],
      clientName: "Test client",
      clientHost: null,
      redirectHost: "client.example",
      resource: server.resource,
      revokedAt: null,
    });
    expect(await server.store.keys.byId(rows[0]?.id ?? "")).toMatchObject({
      kind: "connection",
      hash: "",
      pepperId: "",
    });
    expect(server.changes.map(({ type }) => type)).toEqual(["created", "created"]);
  });

  it("widens the same Connection by a step-up, and keeps its name", async () => {
    const server = await startServer();
    const first = await connect(server);
    const before = await verified(server, first.access_token);
    const asking = { clientId: first.clientId, scope: "mcp.read mcp.write" };
    const proof = pkce();
    const { browser, details } = await openInteraction(server, { ...asking, pkce: proof });
    const existing = await server.oauth.interactions?.stepUpsOf(details, ada.user);
    expect(existing).toMatchObject([{ id: before?.id, scopes: ["mcp.read"] }]);
    expect(await server.oauth.interactions?.stepUpsOf(details, { id: "u2" })).toEqual([]);
    const body = approvalBody({ ...ada, scopes: ["mcp.write"], extend: String(before?.id), upstream: null });
    const { url } = await browser.post(`/mcp/oauth/interaction/${details.uid}/approve`, body);
    const wider = await redeem(server, first.clientId, String(url.searchParams.get("code")), proof);
    const after = await verified(server, wider.access_token);
    expect(after).toMatchObject({ id: before?.id, scopes: ["mcp.read", "mcp.write"] });
    expect(after?.credential?.reveal()).toBe("upstream-key-of-ada");
    expect((await verified(server, first.access_token))?.scopes).toEqual(["mcp.read"]);
    expect((await server.oauth.connections?.list({}))?.rows).toHaveLength(1);
    expect(server.changes.map(({ type }) => type)).toEqual(["created", "widened"]);
    // The former refresh token ends its own Grant alone.
    await fetch(`${server.url}/mcp/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: first.clientId, token: first.refresh_token }),
    });
    server.pass(6);
    expect(await verified(server, first.access_token)).toBeNull();
    expect((await verified(server, wider.access_token))?.id).toBe(before?.id);
  });

  it("offers to widen those of the same client that lack something, the one used last first", async () => {
    const server = await startServer({ surfaces: ["/mcp", "/two"].map((path) => ({ path, title: "Beacon" })) });
    const clientId = String((await register(server)).client_id);
    const ids: string[] = [];
    for (const approval of [ada, ada, { ...ada, scopes: ["mcp.write"] }]) {
      const { access_token } = await connect(server, { clientId, scope: approval.scopes.join(" "), approval });
      ids.push((await verified(server, access_token))?.id ?? "");
      server.pass(1);
    }
    const [first, second, third] = ids;
    const offered = async (scope: string, resource?: string): Promise<readonly (string | undefined)[]> => {
      const more = resource === undefined ? {} : { more: { resource } };
      const { details } = await openInteraction(server, { clientId, scope, ...more });
      return (await server.oauth.interactions?.stepUpsOf(details, ada.user))?.map(({ id }) => id) ?? [];
    };
    expect(await offered("mcp.read")).toEqual([]);
    expect(await offered("mcp.write")).toEqual([second, first]);
    expect(await offered("mcp.read mcp.delete")).toEqual([third, second, first]);
    // Nothing of what it can do is to be lost.
    expect(await offered("monitor.write")).toEqual([]);
    expect(await offered("mcp.write", `${server.url}/two`)).toEqual([]);
    await server.store.keys.touchUsed([{ id: String(first), at: new Date(Date.now() + 60_000).toISOString() }]);
    expect(await offered("mcp.write")).toEqual([first, second]);
  });

  it("widens nobody else's Connection", async () => {
    const server = await startServer();
    const theirs = await connect(server, { approval: { ...ada, user: { id: "u2" } } });
    const { id = "" } = (await verified(server, theirs.access_token)) ?? {};
    const { browser, details } = await openInteraction(server, { clientId: theirs.clientId });
    const body = approvalBody({ ...ada, extend: id });
    expect((await browser.post(`/mcp/oauth/interaction/${details.uid}/approve`, body)).status).toBe(500); // no page turns it into words here
    expect((await server.oauth.connections?.get(id))?.scopes).toEqual(["mcp.read"]);
  });

  it("takes a decision once", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const { browser, details } = await openInteraction(server, { clientId: String(client_id) });
    const post = (answer: string): ReturnType<typeof browser.post> =>
      browser.post(`/mcp/oauth/interaction/${details.uid}/${answer}`, approvalBody(ada));
    const landings = await Promise.all([post("approve"), post("approve"), post("deny"), post("approve")]);
    expect(landings.filter(({ url }) => url.origin === "https://client.example")).toHaveLength(1);
    expect((await server.oauth.connections?.list({ includeEnded: true }))?.rows.length).toBeLessThanOrEqual(1);
  });

  it("lets nobody decide for another browser", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const { details } = await openInteraction(server, { clientId: String(client_id) });
    const other = openBrowser(server.url);
    await other.get(authorizeUrl(server, { clientId: String(client_id) }));
    const landing = await other.post(`/mcp/oauth/interaction/${details.uid}/approve`, approvalBody(ada));
    expect(landing.status).toBe(500);
    expect((await server.oauth.connections?.list({}))?.rows).toEqual([]);
  });

  it("ends an interaction after ten minutes, with nothing left of it", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const { browser, details } = await openInteraction(server, { clientId: String(client_id) });
    server.pass(601);
    const landing = await browser.post(`/mcp/oauth/interaction/${details.uid}/approve`, approvalBody(ada));
    expect(landing.url.origin).toBe(server.url);
    expect((await server.oauth.connections?.list({}))?.rows).toEqual([]);
  });

  it("says no to the client with access_denied and iss", async () => {
    const server = await startServer();
    const { client_id } = await register(server);
    const { browser, details } = await openInteraction(server, { clientId: String(client_id) });
    const { url } = await browser.post(`/mcp/oauth/interaction/${details.uid}/deny`, {});
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: "access_denied",
      iss: server.url,
      state: "abc",
    });
  });

  it("knows a client by its metadata document, fetched once", async () => {
    let fetched = 0;
    const document = { client_id: metadataHosts, client_name: "Apps", redirect_uris: ["http://localhost/callback"] };
    const server = await startServer({
      fetchDocument: async () => {
        fetched += 1;
        return { body: Buffer.from(JSON.stringify(document)), headers: { "cache-control": "max-age=600" } };
      },
    });
    const asking = { clientId: metadataHosts, more: { redirect_uri: "http://localhost:3118/callback" } };
    const { details } = await openInteraction(server, asking);
    expect(details.client).toMatchObject({
      name: "Apps",
      verifiedHost: "apps.example",
      registration: "document",
      keyName: "MCP — Apps (apps.example)",
    });
    expect(details.redirect).toMatchObject({ host: "localhost:3118", isLoopback: true });
    await openInteraction(server, asking);
    expect(fetched).toBe(1);
    expect(await server.store.oauth.count("Client")).toBe(0);
  });

  it("takes a client of the configuration", async () => {
    const clients = [{ id: "ours", name: "Our bot", redirectUris: [callback] }];
    const server = await startServer({ config: { clients, registration: false } });
    const { details } = await openInteraction(server, { clientId: "ours" });
    expect(details.client).toMatchObject({ registration: "configured", keyName: "MCP — Our bot" });
    expect(await connect(server, { clientId: "ours" })).toMatchObject({ status: 200 });
    expect(await register(server)).toMatchObject({ status: 404 });
  });
});
