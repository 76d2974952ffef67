import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import {
  approved,
  authorizeUrl,
  callback,
  connect,
  openBrowser,
  pkce,
  redeem,
  refresh,
  register,
  startServer,
  type TestServer,
  token,
  verified,
} from "./server.ts";

/** security.md §7.3, the rows that need no page. */
async function registered(server: TestServer): Promise<string> {
  return String((await register(server)).client_id);
}

/** What the client is told in its redirect. */
async function answered(
  server: TestServer,
  clientId: string,
  more: Record<string, string | undefined>,
): Promise<object> {
  const { url } = await openBrowser(server.url).get(authorizeUrl(server, { clientId, more }));
  const fragment = new URLSearchParams(url.hash.slice(1));
  return { to: `${url.origin}${url.pathname}`, ...Object.fromEntries([...url.searchParams, ...fragment]) };
}

describe("authorize", () => {
  it.each([
    ["B34: no PKCE", { code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    ["B35: plain", { code_challenge_method: "plain" }, "invalid_request"],
    ["B37: another resource", { resource: "https://other.example/mcp" }, "invalid_target"],
    ["the implicit flow", { response_type: "token" }, "unsupported_response_type"],
  ])("%s goes back to the client", async (_name, more, error) => {
    const server = await startServer();
    expect(await answered(server, await registered(server), more)).toMatchObject({
      to: callback,
      error,
      iss: server.url,
    });
  });

  it("B37: the resource with a slash behind it is another one", async () => {
    const server = await startServer();
    const more = { resource: `${server.resource}/` };
    expect(await answered(server, await registered(server), more)).toMatchObject({ error: "invalid_target" });
  });

  it.each([
    "https://client.example/other",
    "https://client.example/callback/",
    "https://client.example/callback#x",
    "https://user@client.example/callback",
    "http://evil.example/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.1/cb",
    "https://claude.ai.evil/api/mcp/auth_callback",
  ])("B38: the redirect URI %s ends on our page, never there", async (redirect_uri) => {
    const server = await startServer();
    const clientId = await registered(server);
    const landing = await openBrowser(server.url).get(authorizeUrl(server, { clientId, more: { redirect_uri } }));
    expect(landing.url.origin).toBe(server.url);
    expect(landing.status).toBe(400);
    expect(landing.headers.get("content-type")).toContain("text/html");
    expect(landing.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(landing.text).toContain("Not connected to Beacon");
    expect(landing.text).not.toContain("Specgate");
  });

  it("B38: localhost is not 127.0.0.1, and another path is another place", async () => {
    const server = await startServer();
    const { client_id } = await register(server, { redirect_uris: ["http://127.0.0.1/cb"] });
    for (const [redirect_uri, status] of [
      ["http://127.0.0.1:4000/cb", 200],
      ["http://localhost/cb", 400],
      ["http://127.0.0.1:4000/other", 400],
    ] as const) {
      const url = authorizeUrl(server, { clientId: String(client_id), more: { redirect_uri } });
      expect((await openBrowser(server.url).get(url)).status, redirect_uri).toBe(status);
    }
  });

  it("tells a person, and nobody else, of a client that is not known", async () => {
    const server = await startServer();
    const landing = await openBrowser(server.url).get(authorizeUrl(server, { clientId: "<script>" }));
    expect(landing.status).toBe(400);
    expect(landing.text).toContain("invalid_client");
    expect(landing.text).not.toContain("<script>");
  });
});

describe("registration", () => {
  it.each([
    "http://evil.example/cb",
    "https://user@host/cb",
    "https://client.example/cb#f",
    "http://127.1/cb",
    "http://2130706433/cb",
    "ftp://x/cb",
    "javascript:alert(1)",
    "cursor://anysphere.cursor-mcp/oauth/callback",
  ])("B38: refuses %s, for native and web clients", async (uri) => {
    const server = await startServer();
    for (const application_type of [undefined, "native", "web"]) {
      const answer = await register(server, {
        redirect_uris: [callback, uri],
        ...(application_type && { application_type }),
      });
      expect(answer.status, application_type).toBe(400);
      expect(answer.error).toMatch(/^invalid_(redirect_uri|client_metadata)$/);
    }
    expect(await server.store.oauth.count("Client")).toBe(0);
  });

  it("takes a scheme that the operator allows", async () => {
    const server = await startServer({ config: { extraRedirectSchemes: ["cursor"] } });
    const redirect_uris = ["cursor://anysphere.cursor-mcp/oauth/callback"];
    expect(await register(server, { redirect_uris })).toMatchObject({ status: 201, redirect_uris });
  });

  it("13.2: gives no secret to anybody, and no token to manage with", async () => {
    const server = await startServer();
    const { status, client_id, client_id_issued_at, ...rest } = await register(server);
    expect({ status, client_id, client_id_issued_at }).toEqual({
      status: 201,
      client_id: expect.any(String),
      client_id_issued_at: expect.any(Number),
    });
    expect(rest).toEqual({
      application_type: "native",
      client_name: "Test client",
      grant_types: ["authorization_code", "refresh_token"],
      id_token_signed_response_alg: "ES256",
      redirect_uris: [callback],
      require_auth_time: false,
      response_types: ["code"],
      subject_type: "public",
      token_endpoint_auth_method: "none",
    });
  });

  it("refuses clients with a secret, bodies over 8 KB and what is no JSON", async () => {
    const server = await startServer();
    const secretive = { redirect_uris: [callback], token_endpoint_auth_method: "client_secret_basic" };
    expect(await register(server, secretive)).toMatchObject({ status: 400 });
    expect(await register(server, { redirect_uris: [callback], client_name: "x".repeat(8_192) })).toMatchObject({
      status: 413,
      error: "invalid_request",
    });
    const broken = await fetch(`${server.url}/mcp/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect(broken.status).toBe(400);
  });

  it("B46: refuses the eleventh within an hour, from one network alone", async () => {
    const server = await startServer();
    const from = (network: string): ReturnType<typeof register> =>
      register(server, { redirect_uris: [callback] }, { "x-test-network": network });
    for (let at = 0; at < 10; at++) expect((await from("a")).status).toBe(201);
    expect(await from("a")).toMatchObject({ status: 429, error: "temporarily_unavailable" });
    expect((await from("b")).status).toBe(201);
  });

  it("T16: keeps so many clients and no more, until some are forgotten", async () => {
    const server = await startServer({ mostClients: 3 });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) statuses.push((await register(server)).status);
    expect(statuses).toEqual([201, 201, 201, 429]);
    server.pass(86_401);
    expect((await register(server)).status).toBe(201);
  });

  it("forgets a client without a token after a day, and none that has one", async () => {
    const server = await startServer();
    const unused = await registered(server);
    const used = await connect(server);
    server.pass(86_401);
    expect(await refresh(server, used.clientId, used.refresh_token)).toMatchObject({ status: 200 });
    expect(await refresh(server, unused, "x")).toMatchObject({ status: 401, error: "invalid_client" });
    const landing = await openBrowser(server.url).get(authorizeUrl(server, { clientId: unused }));
    expect(landing.status).toBe(400);
  });
});

describe("the token endpoint", () => {
  it("B36: refuses another verifier", async () => {
    const server = await startServer();
    const clientId = await registered(server);
    const landed = await approved(server, { clientId });
    const answer = await redeem(server, clientId, String(landed.searchParams.get("code")), pkce());
    expect(answer).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it("B39: refuses a code after ten minutes", async () => {
    const server = await startServer();
    const clientId = await registered(server);
    const proof = pkce();
    const landed = await approved(server, { clientId, pkce: proof });
    server.pass(601);
    const answer = await redeem(server, clientId, String(landed.searchParams.get("code")), proof);
    expect(answer).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  it("B39: an access token ends after an hour, a refresh token after 30 days without use", async () => {
    const server = await startServer();
    const tokens = await connect(server);
    server.pass(3_601);
    expect(await verified(server, tokens.access_token)).toBeNull();
    const second = await refresh(server, tokens.clientId, tokens.refresh_token);
    server.pass(30 * 86_400 - 10);
    const third = await refresh(server, tokens.clientId, second.refresh_token);
    expect(third.status).toBe(200);
    server.pass(30 * 86_400 + 1);
    expect(await refresh(server, tokens.clientId, third.refresh_token)).toMatchObject({
      status: 400,
      error: "invalid_grant",
    });
  });

  it("B40: of twenty who redeem one code at once one gets tokens, and they are worth nothing", async () => {
    const server = await startServer();
    const clientId = await registered(server);
    const proof = pkce();
    const code = String((await approved(server, { clientId, pkce: proof })).searchParams.get("code"));
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(server, clientId, code, proof)));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect(answers.filter(({ error }) => error === "invalid_grant")).toHaveLength(19);
    expect(await verified(server, good[0]?.access_token ?? "")).toBeNull();
    expect(await refresh(server, clientId, good[0]?.refresh_token ?? "")).toMatchObject({ status: 400 });
    expect((await server.oauth.connections?.list({}))?.rows).toEqual([]);
  });

  it("A1: of twenty who use one refresh token at once one gets a successor, and it works", async () => {
    const server = await startServer();
    const { clientId, refresh_token } = await connect(server);
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(server, clientId, refresh_token)));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect(await refresh(server, clientId, good[0]?.refresh_token ?? "")).toMatchObject({ status: 200 });
  });

  it("B41: a refresh token used again within ten seconds harms nobody; later it ends all", async () => {
    const server = await startServer();
    const { clientId, refresh_token } = await connect(server);
    const second = await refresh(server, clientId, refresh_token);
    server.pass(5);
    expect(await refresh(server, clientId, refresh_token)).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await verified(server, second.access_token)).not.toBeNull();
    server.pass(6);
    expect(await refresh(server, clientId, refresh_token)).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await verified(server, second.access_token)).toBeNull();
    expect(await refresh(server, clientId, second.refresh_token)).toMatchObject({ status: 400 });
    expect(server.changes.map(({ type }) => type)).toEqual(["created", "ended"]);
  });

  it("B42: refuses another client's code and refresh token, which stay good", async () => {
    const server = await startServer();
    const tokens = await connect(server);
    const other = await registered(server);
    expect(await refresh(server, other, tokens.refresh_token)).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await refresh(server, tokens.clientId, tokens.refresh_token)).toMatchObject({ status: 200 });
  });

  it("refuses a wider scope with invalid_scope, and the token stays good", async () => {
    const server = await startServer();
    const { clientId, refresh_token } = await connect(server);
    const wider = { grant_type: "refresh_token", client_id: clientId, refresh_token, scope: "mcp.read mcp.write" };
    expect(await token(server, wider)).toMatchObject({ status: 400, error: "invalid_scope" });
    expect(await refresh(server, clientId, refresh_token)).toMatchObject({ status: 200 });
  });

  it("answers a client that it does not know with 401, on which clients register anew", async () => {
    const server = await startServer();
    expect(await refresh(server, "nobody", "x")).toMatchObject({ status: 401, error: "invalid_client" });
  });

  it("A8: is 503 while the store is away, never a reason to throw a token away", async () => {
    const server = await startServer();
    const { clientId, refresh_token, access_token } = await connect(server);
    await server.store.close();
    const answer = await refresh(server, clientId, refresh_token);
    expect(answer).toMatchObject({ status: 503, error: "temporarily_unavailable" });
    expect(answer.headers.get("retry-after")).toBe("2");
    await expect(verified(server, access_token)).rejects.toMatchObject({ code: "store_unavailable" });
    const landing = await openBrowser(server.url).get(authorizeUrl(server, { clientId }));
    expect(landing.status).toBe(503);
    expect(landing.text).toContain("temporarily_unavailable");
  });
});

describe("revocation", () => {
  const revoke = (server: TestServer, clientId: string, given: string): Promise<Response> =>
    fetch(`${server.url}/mcp/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: clientId, token: given }),
    });

  it.each(["access_token", "refresh_token"] as const)("of the %s ends the Connection at once", async (kind) => {
    const server = await startServer();
    const tokens = await connect(server);
    const heard: string[] = [];
    server.revocations.listen((id) => heard.push(id));
    const { id } = (await verified(server, tokens.access_token)) ?? {};
    expect((await revoke(server, tokens.clientId, tokens[kind])).status).toBe(200);
    expect(await verified(server, tokens.access_token)).toBeNull();
    expect(await refresh(server, tokens.clientId, tokens.refresh_token)).toMatchObject({ status: 400 });
    expect(heard).toEqual([id]);
  });

  it("B42: of another client's token, or of none, is 200 and changes nothing", async () => {
    const server = await startServer();
    const tokens = await connect(server);
    const other = await registered(server);
    expect((await revoke(server, other, tokens.access_token)).status).toBe(200);
    expect((await revoke(server, other, "mcp_at_none")).status).toBe(200);
    expect(await verified(server, tokens.access_token)).not.toBeNull();
  });

  it("B47: of a Connection, and of its key, ends everything", async () => {
    const server = await startServer();
    const first = await connect(server);
    const second = await connect(server);
    const idOf = async (given: string): Promise<string> => (await verified(server, given))?.id ?? "";
    const [one, two] = [await idOf(first.access_token), await idOf(second.access_token)];
    expect(await server.oauth.revokeConnection(one, { id: "admin" })).toBe(true);
    expect(await server.oauth.revokeConnection(one, { id: "admin" })).toBe(false);
    await server.store.keys.revoke(two, new Date().toISOString());
    await server.revocations.publish(two);
    for (const { access_token, clientId, refresh_token } of [first, second]) {
      expect(await verified(server, access_token)).toBeNull();
      expect(await refresh(server, clientId, refresh_token)).toMatchObject({ status: 400, error: "invalid_grant" });
    }
  });

  it("is heard of by a replica that missed the message, within 5 s", async () => {
    const server = await startServer();
    const { access_token } = await connect(server);
    const { id = "" } = (await verified(server, access_token)) ?? {};
    await server.store.oauth.endConnection(id);
    expect(await verified(server, access_token)).not.toBeNull();
    server.pass(5);
    expect(await verified(server, access_token)).toBeNull();
  });
});

describe("B43: metadata documents of clients", () => {
  const documentUrl = "https://apps.example/client.json";
  const good = { client_id: documentUrl, client_name: "Apps", redirect_uris: [callback] };
  const served = (text: string): (() => Promise<{ body: Uint8Array; headers: Record<string, string> }>) => {
    return async () => ({ body: Buffer.from(text), headers: {} });
  };

  it.each([
    ["of another client", { ...good, client_id: "https://apps.example/other.json" }, "invalid_client_metadata"],
    ["with a secret", { ...good, client_secret: "s3cret" }, "invalid_client_metadata"],
    [
      "with an authentication by secret",
      { ...good, token_endpoint_auth_method: "client_secret_post" },
      "invalid_client_metadata",
    ],
    ["with a redirect URI that is none", { ...good, redirect_uris: ["http://evil.example/"] }, "invalid_"],
    ["that is a list", [good], "invalid_client_metadata"],
  ])("%s end on our page", async (_name, document, error) => {
    const server = await startServer({ fetchDocument: served(JSON.stringify(document)) });
    const landing = await openBrowser(server.url).get(authorizeUrl(server, { clientId: documentUrl }));
    expect(landing.status).toBe(400);
    expect(landing.text).toContain(error);
    expect(landing.text).not.toContain("s3cret");
  });

  it("that cannot be had are asked for once a minute", async () => {
    let asked = 0;
    const fetchDocument = async (): Promise<never> => {
      asked += 1;
      throw new GatewayError("invalid_request", "cannot fetch");
    };
    const server = await startServer({ fetchDocument });
    const open = async (): Promise<unknown> =>
      (await openBrowser(server.url).get(authorizeUrl(server, { clientId: documentUrl }))).status;
    expect([await open(), await open(), await open()]).toEqual([400, 400, 400]);
    expect(asked).toBe(1);
    server.pass(61);
    await open();
    expect(asked).toBe(2);
  });

  it("are asked for at the hosts that the operator allows", async () => {
    const server = await startServer({
      fetchDocument: served(JSON.stringify(good)),
      config: { clientDocuments: { hosts: ["other.example"] } },
    });
    expect((await openBrowser(server.url).get(authorizeUrl(server, { clientId: documentUrl }))).status).toBe(400);
  });

  it("are never looked for in our own network", async () => {
    let hits = 0;
    const canary = createServer((_req, res) => {
      hits += 1;
      res.end(JSON.stringify(good));
    });
    canary.on("connection", () => {
      hits += 1;
    });
    await new Promise<void>((listening) => canary.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void canary.close());
    const { port } = canary.address() as AddressInfo; // it listens on TCP
    const server = await startServer();
    const hosts = [
      "127.0.0.1",
      "127.1",
      "127.0.1",
      "2130706433",
      "0x7f.1",
      "0x7f000001",
      "0177.0.0.1",
      "0",
      "0.0.0.0",
      "localhost",
      "localhost.",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "[::127.0.0.1]",
      "169.254.169.254",
      "10.0.0.1",
      "192.168.0.1",
      "172.16.0.1",
      "100.64.0.1",
      "[fe80::1]",
      "[fc00::1]",
    ];
    expect(hosts).toHaveLength(25);
    const browser = openBrowser(server.url);
    const statuses = await Promise.all(
      hosts.map(async (host) => {
        const clientId = `https://${host}:${port}/client.json`;
        return (await browser.get(authorizeUrl(server, { clientId }))).status;
      }),
    );
    expect(statuses).toEqual(hosts.map(() => 400));
    expect(hits).toBe(0);
  });
});
