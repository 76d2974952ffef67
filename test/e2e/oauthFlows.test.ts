import type { OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js";
import * as oauth from "oauth4webapi";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, withoutChromium } from "../fakes/chromium.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";
import { KeptOAuth, oauthSdks } from "../fakes/oauthSdk.ts";
import { type CallbackServer, startCallback, walk } from "../fakes/oauthWalk.ts";

// A person with a real browser and two clients that know nothing of us: what they agree on is the protocol.

let browser: Browser;
let gateway: OAuthGateway;
let callback: CallbackServer;

beforeAll(async () => {
  if (withoutChromium) return;
  [browser, gateway, callback] = await Promise.all([launchChromium(), startOAuthGateway(), startCallback()]);
});

afterAll(async () => {
  await browser?.close();
  callback?.close();
  await gateway?.close();
});

const incident = { title: "Checkout slow", pageId: "page_globex_main", severity: "minor", notify: false } as const;

describe.skipIf(withoutChromium)("the SDK's own OAuth client, for Ada in Globex", () => {
  for (const sdk of oauthSdks)
    it(`13.1, 13.3: ${sdk.name} connects, is refused a change, steps up, refreshes, and is out once revoked`, async () => {
      const person = await browser.newContext();
      const kept = new KeptOAuth(sdk.name, `http://localhost:${callback.port}/callback`);
      await expect(sdk.connect(gateway.url, kept)).rejects.toThrow(sdk.Unauthorized);
      expect(kept.wanted?.searchParams.get("scope")).toBe("mcp.read");
      await walk(person, String(kept.wanted), { as: "Ada", organisation: "Globex" });
      await sdk.finish(gateway.url, kept, await callback.next());
      expect(kept.kept?.scope).toBe("mcp.read");

      const client = await sdk.connect(gateway.url, kept);
      expect(await client.call("get_me")).toMatchObject({
        structuredContent: { item: { user: { id: "usr_ada" }, organisation: { id: "org_globex" } } },
      });
      const tools = await client.listTools();
      expect(tools.length).toBeGreaterThan(100);
      expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([]);

      // The v1 SDK refreshes as long as it can, so its host has to forget the refresh token to ask for more.
      if (!sdk.stepsUp) kept.saveTokens(withoutRefresh(kept));
      await expect(client.call("create_incident", incident)).rejects.toThrow(sdk.Unauthorized);
      expect(kept.wanted?.searchParams.get("scope")?.split(" ").sort()).toEqual(["mcp.read", "mcp.write"]);
      await walk(person, String(kept.wanted), { tick: ["mcp.write"], onConsent: asksForOneThing });
      await sdk.finish(gateway.url, kept, await callback.next());
      const wider = await sdk.connect(gateway.url, kept);
      expect(await wider.call("create_incident", incident)).toMatchObject({
        structuredContent: { item: { title: incident.title } },
      });

      // A token that is good no more: the SDK gets another by itself.
      kept.saveTokens({ ...(kept.kept as OAuthTokens), access_token: "mcp_at_expired" });
      const refreshed = await sdk.connect(gateway.url, kept);
      expect(await refreshed.call("count_teams")).toMatchObject({ structuredContent: { exact: true } });
      expect(kept.kept?.access_token).toMatch(/^mcp_at_[\w-]{43}$/);

      await revoke(kept);
      await expect(refreshed.call("count_teams")).rejects.toThrow(sdk.Unauthorized);
      expect(await sdk.authorize(gateway.url, kept)).toBe("REDIRECT"); // the refresh token is gone too
      await Promise.allSettled([client.close(), wider.close(), refreshed.close()]);
      await person.close();
    });
});

/** Only what is new is asked for, and it is not ticked. */
async function asksForOneThing(page: Page): Promise<void> {
  const boxes = page.getByRole("checkbox");
  expect(await boxes.count()).toBe(1);
  expect(await boxes.isChecked()).toBe(false);
}

function withoutRefresh({ kept }: KeptOAuth): OAuthTokens {
  const { refresh_token: _forgotten, ...tokens } = kept as OAuthTokens;
  return tokens;
}

async function revoke({ kept, client }: KeptOAuth): Promise<void> {
  const body = new URLSearchParams({ token: kept?.access_token ?? "", client_id: client?.client_id ?? "" });
  const answer = await fetch(`${gateway.base}/mcp/oauth/revoke`, { method: "POST", body });
  expect(answer.status).toBe(200);
}

const insecure = { [oauth.allowInsecureRequests]: true };

/** A strict client, from nothing but the URL of the endpoint. */
async function discover(): Promise<{ readonly server: oauth.AuthorizationServer; readonly scope: string }> {
  const resource = new URL(gateway.url);
  const described = await oauth
    .resourceDiscoveryRequest(resource, insecure)
    .then((response) => oauth.processResourceDiscoveryResponse(resource, response));
  const issuer = new URL(described.authorization_servers?.[0] ?? "");
  const server = await oauth
    .discoveryRequest(issuer, { algorithm: "oauth2", ...insecure })
    .then((response) => oauth.processDiscoveryResponse(issuer, response));
  return { server, scope: described.scopes_supported?.join(" ") ?? "" };
}

async function registered(server: oauth.AuthorizationServer): Promise<oauth.Client> {
  const redirect_uris = [`http://localhost:${callback.port}/callback`];
  const response = await oauth.dynamicClientRegistrationRequest(
    server,
    { client_name: "Strict client", redirect_uris, token_endpoint_auth_method: "none" },
    insecure,
  );
  return oauth.processDynamicClientRegistrationResponse(response);
}

describe.skipIf(withoutChromium)("a strict client (oauth4webapi)", () => {
  it("13.1: gets for Vic, who may only look, what he may do, and no more", async () => {
    const person = await browser.newContext();
    const { server, scope } = await discover();
    const client = await registered(server);
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const redirectUri = `http://localhost:${callback.port}/callback`;
    const url = new URL(server.authorization_endpoint ?? "");
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: "code",
      scope: `${scope} mcp.write mcp.delete`,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      resource: gateway.url,
    }).toString();
    await walk(person, url.href, {
      as: "Vic",
      organisation: "Acme Cloud",
      untick: ["Acme Cloud API"],
      onConsent: async (page) => {
        const boxes = page.getByRole("checkbox");
        expect(await boxes.count()).toBe(3); // two pages, and reading
        expect(await page.getByText("your own account does not allow it").textContent()).toContain("Delete");
      },
    });
    const parameters = oauth.validateAuthResponse(server, client, await callback.next(), state); // checks state and iss
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri,
      verifier,
      { additionalParameters: { resource: gateway.url }, ...insecure },
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
    expect(tokens.scope).toBe("mcp.read");

    const listed = await call(tokens.access_token, "list_status_page_components", { pageId: "page_acme_main" });
    expect(listed).toMatchObject({ status: 200, body: { result: { structuredContent: { hasMore: false } } } });
    const elsewhere = await call(tokens.access_token, "list_status_page_components", { pageId: "page_acme_api" });
    expect(JSON.stringify(elsewhere.body)).toContain("not_permitted"); // he unticked it
    const refused = await call(tokens.access_token, "create_incident", { title: "x", pageId: "page_acme_main" });
    expect(refused).toMatchObject({ status: 403 });
    const [challenge] = oauthChallenges(refused.challenge);
    expect(challenge?.error).toBe("insufficient_scope");
    expect(challenge?.scope?.split(" ").sort()).toEqual(["mcp.read", "mcp.write"]);

    const again = await oauth
      .refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token ?? "", insecure)
      .then((answer) => oauth.processRefreshTokenResponse(server, client, answer));
    expect(again.scope).toBe("mcp.read");
    const gone = await oauth.revocationRequest(server, client, oauth.None(), again.refresh_token ?? "", insecure);
    await oauth.processRevocationResponse(gone);
    expect(await call(again.access_token, "count_teams", {})).toMatchObject({ status: 401 });
    await person.close();
  });

  it("is told access_denied when Mina, who is in Acme alone, says no", async () => {
    const person = await browser.newContext();
    const { server, scope } = await discover();
    const client = await registered(server);
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint ?? "");
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: `http://localhost:${callback.port}/callback`,
      response_type: "code",
      scope,
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: "S256",
      state,
    }).toString();
    await walk(person, url.href, {
      as: "Mina",
      decide: "Deny",
      onConsent: async (page) => expect(await page.getByText("Globex").count()).toBe(0),
    });
    const back = await callback.next();
    expect(() => oauth.validateAuthResponse(server, client, back, state)).toThrow(
      expect.objectContaining({ error: "access_denied" }),
    );
    await person.close();
  });
});

interface Called {
  readonly status: number;
  readonly challenge: string;
  readonly body: unknown;
}

/** One call by the stateless protocol, with nothing around it. */
async function call(token: string, name: string, args: object): Promise<Called> {
  const version = "2026-07-28";
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": version,
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name,
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": version,
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
  const text = await response.text();
  const body: unknown = text === "" ? null : JSON.parse(text);
  return { status: response.status, challenge: response.headers.get("www-authenticate") ?? "", body };
}

/** The parameters of each challenge. */
function oauthChallenges(header: string): readonly Readonly<Record<string, string | undefined>>[] {
  return [Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))];
}
