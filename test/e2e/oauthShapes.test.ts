import { createHash, randomBytes } from "node:crypto";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, withoutChromium } from "../fakes/chromium.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";
import { startCallback, walk } from "../fakes/oauthWalk.ts";

// One row of oauth.md §12 each: the shapes that clients document, as far as anybody can see them from here.

/** https://claude.ai/oauth/claude-code-client-metadata, as far as it matters: portless loopback redirects. */
const claudeCodeDocument = "https://claude.ai/oauth/claude-code-client-metadata";
const documents: Readonly<Record<string, object>> = {
  [claudeCodeDocument]: {
    client_id: claudeCodeDocument,
    client_name: "Claude Code",
    client_uri: "https://claude.ai",
    redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
};

let browser: Browser;
let person: BrowserContext;
let gateway: OAuthGateway;

beforeAll(async () => {
  if (withoutChromium) return;
  [browser, gateway] = await Promise.all([
    launchChromium(),
    startOAuthGateway({
      fetchDocument: async (url) => {
        const document = documents[url];
        if (document === undefined) throw new Error(`there is no document at ${url}`);
        return { body: Buffer.from(JSON.stringify(document)), headers: { "content-type": "application/json" } };
      },
    }),
  ]);
  person = await browser.newContext();
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

interface Shape {
  readonly client: string;
  /** What it registers; absent: it is known by a document. */
  readonly registers?: object;
  readonly clientId?: string;
  /** What it sends; `$port` is that of a program on this machine. */
  readonly redirectUri: string;
  /** Whether it sends `resource`. */
  readonly sendsResource: boolean;
  readonly scope?: string;
  /** What the consent page says of it. */
  readonly shows: readonly string[];
  readonly keyName: string;
}

const shapes: readonly Shape[] = [
  {
    client: "Claude.ai",
    registers: {
      client_name: "Claude",
      redirect_uris: ["https://claude.ai/api/mcp/auth_callback"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    redirectUri: "https://claude.ai/api/mcp/auth_callback",
    sendsResource: true,
    scope: "mcp.read",
    shows: ["Unverified", "claude.ai"],
    keyName: "MCP — Claude.ai",
  },
  {
    client: "Claude Code",
    clientId: claudeCodeDocument,
    redirectUri: "http://localhost:$port/callback",
    sendsResource: true,
    scope: "mcp.read",
    shows: ["Verified", "by claude.ai", "a program on this computer"],
    keyName: "MCP — Claude Code",
  },
  {
    client: "ChatGPT",
    registers: {
      client_name: "ChatGPT",
      redirect_uris: ["https://chatgpt.com/connector_platform_oauth_redirect"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    redirectUri: "https://chatgpt.com/connector_platform_oauth_redirect",
    sendsResource: true,
    shows: ["Unverified", "chatgpt.com"],
    keyName: "MCP — ChatGPT",
  },
  {
    client: "VS Code",
    registers: {
      client_name: "Visual Studio Code",
      client_uri: "https://code.visualstudio.com",
      redirect_uris: [
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
      ],
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "native",
    },
    redirectUri: "http://127.0.0.1:$port/",
    sendsResource: false,
    scope: "mcp.read",
    shows: ["Unverified", "a program on this computer"],
    keyName: "MCP — Visual Studio Code (unverified)",
  },
  {
    client: "Cursor",
    registers: {
      client_name: "Cursor",
      redirect_uris: ["cursor://anysphere.cursor-mcp/oauth/callback"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    redirectUri: "cursor://anysphere.cursor-mcp/oauth/callback",
    sendsResource: true,
    scope: "mcp.read",
    shows: ["Unverified", "whichever program on this device opens"],
    keyName: "MCP — Cursor (unverified)",
  },
];

async function clientIdOf({ registers, clientId }: Shape): Promise<string> {
  if (clientId !== undefined) return clientId;
  const answer = await fetch(`${gateway.base}/mcp/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(registers),
  });
  const registered = (await answer.json()) as { readonly client_id: string };
  expect([answer.status, registered]).toEqual([201, expect.objectContaining({ client_id: expect.any(String) })]);
  expect(registered).not.toHaveProperty("client_secret");
  return registered.client_id;
}

/** Where the browser was sent in the end, whoever is there: also a program that is not installed here. */
function sentTo(context: BrowserContext, redirectUri: string): Promise<URL> {
  return new Promise((resolve) => {
    context.once("page", async (page) => {
      const devtools = await context.newCDPSession(page);
      devtools.on("Network.responseReceivedExtraInfo", ({ headers }) => {
        const location = Object.entries(headers).find(([name]) => name.toLowerCase() === "location")?.[1];
        if (location?.startsWith(`${redirectUri}?`)) resolve(new URL(location));
      });
      await devtools.send("Network.enable");
    });
  });
}

describe.skipIf(withoutChromium)("Ada connects Acme Cloud, read-only, by touching nothing", () => {
  let isSignedIn = false;
  for (const shape of shapes)
    it(`13.1: from ${shape.client}`, async () => {
      const callback = await startCallback(new URL(shape.redirectUri.replace("$port", "1")).pathname);
      const redirectUri = shape.redirectUri.replace("$port", String(callback.port));
      await person.route(/^https:\/\/(claude\.ai|chatgpt\.com)\//, (route) => route.fulfill({ body: "the client" }));
      const verifier = randomBytes(32).toString("base64url");
      const clientId = await clientIdOf(shape);
      const url = `${gateway.base}/mcp/oauth/authorize?${new URLSearchParams({
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        state: "of-the-client",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        ...(shape.scope !== undefined && { scope: shape.scope }),
        ...(shape.sendsResource && { resource: gateway.url }),
      })}`;
      const back = sentTo(person, redirectUri);
      const page = await walk(person, url, {
        ...(!isSignedIn && { as: "Ada" }),
        organisation: "Acme Cloud",
        onConsent: async (consent) => {
          const text = (await consent.locator("main").textContent()) ?? "";
          for (const words of [...shape.shows, shape.keyName, "Ada Lindqvist", "Acme Cloud"])
            expect(text).toContain(words);
        },
      });
      isSignedIn = true;
      const answered = await back;
      expect(answered.searchParams.get("state")).toBe("of-the-client");
      expect(answered.searchParams.get("iss")).toBe(gateway.base);
      const tokens = await fetch(`${gateway.base}/mcp/oauth/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          code: answered.searchParams.get("code") ?? "",
          redirect_uri: redirectUri,
          client_id: clientId,
          code_verifier: verifier,
          ...(shape.sendsResource && { resource: gateway.url }),
        }),
      });
      const body = (await tokens.json()) as { readonly access_token: string };
      expect([tokens.status, body]).toEqual([200, expect.objectContaining({ scope: "mcp.read" })]);
      const tools = await fetch(`${gateway.url}/tools?limit=1000`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      });
      expect(tools.status).toBe(200);
      // Beacon knows the key that was made for it, by its name, as it knows those made by hand.
      const keys = await fetch(`${gateway.beacon.url}/api-keys?perPage=100`, {
        headers: { "x-api-key": gateway.beacon.keys.full },
      });
      expect(await keys.text()).toContain(shape.keyName);
      callback.close();
      await page.close();
    });
});
