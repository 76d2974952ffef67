import { generateKeyPair, SignJWT } from "jose";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ResourceOAuthConfig } from "../../src/config/oauth.ts";
import type { OAuth } from "../../src/oauth/port.ts";
import { createResourceServer, type ResourceServerOptions } from "../../src/oauth/resource/resourceServer.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { startHandGateway } from "../fakes/handGateways.ts";
import { get, postStateless, send } from "../http/wire.ts";
import { audience, startProvider, type TestProvider } from "./identityProvider.ts";

function resourceServer(
  { issuer }: TestProvider,
  config: Partial<ResourceOAuthConfig> = {},
  more: Partial<ResourceServerOptions> = {},
): OAuth {
  return createResourceServer({
    config: {
      mode: "resource",
      issuer,
      audience,
      tokenType: "at+jwt",
      clockToleranceSeconds: 30,
      claims: { user: "sub", scopes: "scope" },
      upstream: "gateway",
      ...config,
    },
    readScope: "mcp.read",
    surfaces: [{ path: "/mcp", title: "Beacon" }],
    publicUrl: () => "https://gw.example",
    ...more,
  });
}

const verify = (oauth: OAuth, token: string): ReturnType<OAuth["verify"]> => oauth.verify(new Secret(token), audience);

/** The clock of this process, which the library reads too. */
function clock(): (seconds: number) => void {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  return (seconds) => void vi.setSystemTime(Date.now() + seconds * 1_000);
}

describe("tokens of another authorization server", () => {
  it("are taken with what the claims say", async () => {
    const provider = await startProvider();
    const oauth = resourceServer(provider, {
      claims: {
        user: "sub",
        userName: "profile.name",
        organisation: "https://claims.example/org",
        scopes: "scp",
        map: { "api:read": "mcp.read", "api:write": "mcp.write" },
      },
    });
    const token = await provider.issue({
      profile: { name: "Ada" },
      "https://claims.example/org": "o1",
      scp: ["api:read", "unheard.of", "mcp.delete"],
      client_id: "c1",
    });
    const principal = await verify(oauth, token);
    expect(principal).toEqual({
      kind: "connection",
      id: expect.stringMatching(/^[\w-]{22}$/),
      user: { id: "u1", name: "Ada" },
      organisation: { id: "o1" },
      scopes: ["mcp.read"],
      expiresAtMs: expect.any(Number),
    });
    const later = await provider.issue({ client_id: "c1", jti: "other" });
    expect((await verify(oauth, later))?.id).toBe(principal?.id);
    expect((await verify(oauth, await provider.issue({ client_id: "c2" })))?.id).not.toBe(principal?.id);
  });

  const nowS = (): number => Math.floor(Date.now() / 1_000);
  const none = (provider: TestProvider): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: provider.issuer, aud: audience, sub: "u1", exp: nowS() + 300, scope: "mcp.read" };
    return `${part({ alg: "none", typ: "at+jwt" })}.${part(claims)}.`;
  };
  const forged = async (provider: TestProvider): Promise<string> => {
    const claims = { iss: provider.issuer, aud: audience, sub: "u1", exp: nowS() + 300 };
    const header = { alg: "HS256", kid: "k1", typ: "at+jwt" };
    return new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(JSON.stringify(provider.publicKey())));
  };
  const foreign = async (provider: TestProvider): Promise<string> => {
    const { privateKey } = await generateKeyPair("ES256");
    const claims = { iss: provider.issuer, aud: audience, sub: "u1", exp: nowS() + 300 };
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k1", typ: "at+jwt" }).sign(privateKey);
  };
  const cases: readonly [name: string, make: (provider: TestProvider) => string | Promise<string>][] = [
    ["alg none", none],
    ["HS256 with the public key", forged],
    ["a signature by another key", foreign],
    ["another audience", (provider) => provider.issue({ aud: "https://other.example" })],
    ["no audience", (provider) => provider.issue({ aud: undefined })],
    ["another issuer", (provider) => provider.issue({ iss: "https://evil.example" })],
    ["no exp", (provider) => provider.issue({ exp: undefined })],
    ["an exp that is over", (provider) => provider.issue({ exp: nowS() - 31 })],
    ["an nbf ahead", (provider) => provider.issue({ nbf: nowS() + 60 })],
    ["an unknown kid", (provider) => provider.issue({}, { kid: "k9" })],
    ["the typ of an ID token", (provider) => provider.issue({}, { typ: "JWT" })],
    ["no user", (provider) => provider.issue({ sub: undefined })],
    ["100 KB", (provider) => provider.issue({ pad: "x".repeat(100_000) })],
    ["a broken body", async (provider) => `${(await provider.issue()).split(".")[0]}.e30.x`],
    ["five parts", () => "eyJhbGciOiJkaXIifQ.a.b.c.d"],
  ];
  it.each(cases)("B32: are refused with %s", async (_name, make) => {
    const provider = await startProvider();
    const oauth = resourceServer(provider);
    const token = await make(provider);
    expect(oauth.takes(new Secret(token))).toBe(true);
    expect(await verify(oauth, token)).toBeNull();
    expect(await verify(oauth, await provider.issue())).not.toBeNull();
  });

  it("may be 30 s late by our clock, and of any typ where that is configured", async () => {
    const provider = await startProvider();
    const oauth = resourceServer(provider, { tokenType: "any" });
    expect(await verify(oauth, await provider.issue({ exp: nowS() - 25 }, { typ: "JWT" }))).not.toBeNull();
  });

  it("are known by a new key at once, and asked about at most once in 30 s", async () => {
    const pass = clock();
    const provider = await startProvider();
    const oauth = resourceServer(provider);
    await verify(oauth, await provider.issue());
    await provider.rotate();
    pass(31);
    expect(await verify(oauth, await provider.issue())).not.toBeNull();
    for (let at = 0; at < 20; at++) expect(await verify(oauth, await provider.issue({}, { kid: `x${at}` }))).toBeNull();
    expect(provider.asked.get("/jwks")).toBe(2);
  });

  it("13.6: stay good while the provider is away, for a day; unknown keys stay unknown", async () => {
    const pass = clock();
    const provider = await startProvider();
    const oauth = resourceServer(provider);
    await verify(oauth, await provider.issue());
    provider.state.away = true;
    for (let minutes = 0; minutes < 60; minutes += 5) {
      pass(300);
      expect(await verify(oauth, await provider.issue()), `${minutes} minutes`).not.toBeNull();
      expect(await verify(oauth, await provider.issue({}, { kid: "k9" }))).toBeNull();
    }
    pass(24 * 3_600);
    await expect(verify(oauth, await provider.issue())).rejects.toMatchObject({ code: "store_unavailable" });
    provider.state.away = false;
    pass(31);
    expect(await verify(oauth, await provider.issue())).not.toBeNull();
  });

  it("are 503 where the provider never answered, which is asked seldom", async () => {
    const provider = await startProvider();
    provider.state.away = true;
    const oauth = resourceServer(provider);
    for (let at = 0; at < 10; at++)
      await expect(verify(oauth, await provider.issue())).rejects.toMatchObject({ code: "store_unavailable" });
    expect(provider.asked.get("/.well-known/oauth-authorization-server") ?? 0).toBeLessThanOrEqual(2);
  });

  it("are not taken by metadata of another issuer", async () => {
    const provider = await startProvider({ issuer: "https://evil.example" });
    await expect(verify(resourceServer(provider), await provider.issue())).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });

  it("tells at the start whether unknown clients can get in", async () => {
    const said = async (more: object): Promise<string> => {
      const lines: string[] = [];
      const log = (first: unknown, second?: unknown): void => void lines.push(String(second ?? first));
      resourceServer(await startProvider(more), {}, { logger: { info: log, warn: log } as never });
      await vi.waitFor(() => expect(lines).toHaveLength(1));
      return lines[0] ?? "";
    };
    expect(await said({})).toContain("registered there beforehand");
    expect(await said({ registration_endpoint: "https://x/register" })).toContain("register at the identity provider");
    expect(await said({ client_id_metadata_document_supported: true })).toContain("register at the identity provider");
  });
});

describe("what is sent to the upstream for them", () => {
  const exchange: Partial<ResourceOAuthConfig> = {
    upstream: { exchange: { clientId: "gateway", audience: "https://api.example", scope: "api" } },
  };
  const exchangeSecret = new Secret("s3cret/+");

  it("is what the provider exchanges them for, once", async () => {
    const provider = await startProvider();
    const oauth = resourceServer(provider, exchange, { exchangeSecret });
    const token = await provider.issue();
    const [first] = await Promise.all([verify(oauth, token), verify(oauth, token), verify(oauth, token)]);
    expect(first?.credential?.reveal()).toBe("upstream-token");
    expect(provider.exchanges).toHaveLength(1);
    const [{ body, authorization } = { body: new URLSearchParams(), authorization: "" }] = provider.exchanges;
    expect(Object.fromEntries(body)).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience: "https://api.example",
      scope: "api",
    });
    expect(authorization).toBe(`Basic ${Buffer.from("gateway:s3cret%2F%2B").toString("base64")}`);
  });

  it("is had anew before it runs out", async () => {
    const pass = clock();
    const provider = await startProvider();
    const oauth = resourceServer(provider, exchange, { exchangeSecret });
    const token = await provider.issue({ exp: Math.floor(Date.now() / 1_000) + 3_600 });
    await verify(oauth, token);
    pass(269);
    await verify(oauth, token);
    expect(provider.exchanges).toHaveLength(1);
    pass(6);
    await verify(oauth, token);
    expect(provider.exchanges).toHaveLength(2);
  });

  it.each([
    [400, "not_permitted"],
    [403, "not_permitted"],
    [429, "store_unavailable"],
    [500, "store_unavailable"],
  ])("is nothing where the exchange answers %i: %s, in words of ours", async (status, code) => {
    const provider = await startProvider();
    provider.answer.status = status;
    provider.answer.body = { error: "invalid_grant", error_description: "s3cret" };
    const oauth = resourceServer(provider, exchange, { exchangeSecret });
    const refused = verify(oauth, await provider.issue());
    await expect(refused).rejects.toMatchObject({ code, message: expect.not.stringContaining("s3cret") });
  });

  it.each([{}, { access_token: "" }, { access_token: "a b" }, { access_token: 1 }, []])(
    "is nothing where it answers %j",
    async (body) => {
      const provider = await startProvider();
      provider.answer.body = body;
      const oauth = resourceServer(provider, exchange, { exchangeSecret });
      await expect(verify(oauth, await provider.issue())).rejects.toMatchObject({ code: "store_unavailable" });
    },
  );

  it("is the key that a claim maps to, and nobody else's", async () => {
    const provider = await startProvider();
    const config: Partial<ResourceOAuthConfig> = { upstream: { keys: { claim: "org" } } };
    const upstreamKeys = new Map([["acme", new Secret("key-of-acme")]]);
    const oauth = resourceServer(provider, config, { upstreamKeys });
    const principal = await verify(oauth, await provider.issue({ org: "acme" }));
    expect(principal?.credential?.reveal()).toBe("key-of-acme");
    for (const org of ["other", undefined, "__proto__"])
      await expect(verify(oauth, await provider.issue({ org }))).rejects.toMatchObject({ code: "not_permitted" });
  });
});

describe("a whole gateway in front of an identity provider", () => {
  it("leads clients there, in its words, and serves no endpoint of its own", async () => {
    const provider = await startProvider();
    const yaml = `oauth: { mode: resource, issuer: "${provider.issuer}", audience: "${audience}", upstream: gateway, claims: { scopes: scope, map: { "api:read": mcp.read, "api:write": mcp.write } } }`;
    const gateway = await startHandGateway({ yaml });
    onTestFinished(() => gateway.close());
    const { body } = await get(`${gateway.base}/.well-known/oauth-protected-resource/mcp`);
    expect(body).toMatchObject({ authorization_servers: [provider.issuer], scopes_supported: ["api:read"] });
    for (const path of ["/.well-known/oauth-authorization-server", "/mcp/oauth/authorize", "/mcp/oauth/token"])
      expect((await get(`${gateway.base}${path}`)).status, path).toBe(404);
    expect((await send(gateway.url, {})).headers.get("www-authenticate")).toContain('scope="api:read"');
    const headers = {
      "x-api-key": undefined,
      authorization: `Bearer ${await provider.issue({ scope: "api:read" })}`,
    };
    expect((await postStateless(gateway.url, "tools/list", {}, { headers })).status).toBe(200);
    const call = { name: "create_widget", arguments: { name: "a" } };
    const refused = await postStateless(gateway.url, "tools/call", call, { headers });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain('scope="api:read api:write"');
    const bad = { ...headers, authorization: `Bearer ${await provider.issue({ aud: "https://other.example" })}` };
    const answer = await postStateless(gateway.url, "tools/list", {}, { headers: bad });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });
});
