import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { onTestFinished } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { createLocalRevocations, type Revocations } from "../../src/auth/revocations.ts";
import type { ServerOAuthConfig } from "../../src/config/oauth.ts";
import { resolveSignIn } from "../../src/config/signIn.ts";
import type { ConnectionChange } from "../../src/oauth/connectionViews.ts";
import { createMemoryOAuthLimits } from "../../src/oauth/limits.ts";
import type { Approval, InteractionDetails, Interactions, OAuth } from "../../src/oauth/port.ts";
import { type AuthorizationServerOptions, createAuthorizationServer } from "../../src/oauth/server.ts";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";

export const scopesConfig = {
  effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
  hierarchy: { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] },
} as const;

const config: ServerOAuthConfig = {
  mode: "server",
  clients: [],
  registration: true,
  clientDocuments: "open",
  extraRedirectSchemes: [],
  bind: { pages: { argument: "page_id", elsewhere: "hide" } },
  signIn: resolveSignIn({ signIn: { key: true } }, {}),
};

/** An authorization server on a free port, whose "pages" do by JSON what people do on them. */
export interface TestServer {
  readonly url: string;
  readonly resource: string;
  readonly oauth: OAuth;
  readonly store: Store;
  readonly revocations: Revocations;
  readonly changes: ConnectionChange[];
  /** Moves the clock of the server and of its store. */
  readonly pass: (seconds: number) => void;
}

export type TestServerOptions = Partial<Omit<AuthorizationServerOptions, "config">> & {
  readonly config?: Partial<ServerOAuthConfig>;
  /** Default: in memory. */
  readonly databaseUrl?: string;
  /** The store goes by its own clock, as it does where nobody tests. Default false. */
  readonly ownClock?: true;
  /** Default: one. */
  readonly secrets?: readonly string[];
};

/** Ada of Acme, who reads. */
export const ada: Approval = {
  user: { id: "u1", name: "Ada" },
  organisation: { id: "o1", name: "Acme" },
  scopes: ["mcp.read"],
  upstream: { credential: new Secret("upstream-key-of-ada") },
};

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { databaseUrl: _url, ownClock: _clock, secrets: _secrets, ...given } = options;
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const store = openStore(new Secret(options.databaseUrl ?? "sqlite::memory:"), {
    logger: createLogger("silent"),
    ...(options.ownClock !== true && { clock: () => new Date(now()) }),
  });
  const secrets = (options.secrets ?? ["0123456789abcdef"]).map((one) => new Secret(one));
  const revocations = options.revocations ?? createLocalRevocations();
  const changes: ConnectionChange[] = [];
  let url = "";
  const oauth = createAuthorizationServer({
    scopes: scopesConfig,
    allScopes: new Set(["mcp.read", "mcp.write", "mcp.delete", "monitor.write"]),
    surfaces: [{ path: "/mcp", title: "Beacon" }],
    publicUrl: () => url,
    store,
    revocations,
    ring: { seals: deriveKeys(secrets, "credential") },
    signingSeals: deriveKeys(secrets, "oauth signing"),
    cookieKeys: deriveKeys(secrets, "oauth cookies"),
    limits: createMemoryOAuthLimits(),
    networkOf: (req: IncomingMessage) => String(req.headers["x-test-network"] ?? randomBytes(4).toString("hex")),
    brand: { name: "Beacon" },
    pages: jsonPages,
    onChange: (change) => changes.push(change),
    now,
    ...given,
    config: { ...config, ...options.config },
  });
  const app = express();
  app.use(oauth.router);
  app.use((_req, res) => void res.status(404).json({ code: "not_found" }));
  const server = createServer(app);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await oauth.close();
    await store.close();
  });
  const pass = (seconds: number): void => {
    aheadMs += seconds * 1_000;
  };
  const resource = `${options.publicUrl?.() ?? url}/mcp`;
  return { url, resource, oauth, store, revocations, changes, pass };
}

/** What the pages of sign-in and consent come to, without people: the same calls of the seam. */
function jsonPages(interactions: Interactions): express.Router {
  const router = express.Router();
  router.get("/:uid", async (req, res) => void res.json(await interactions.details(req, res, req.params.uid)));
  router.post("/:uid/:answer", express.json(), async (req, res) => {
    const { uid, answer } = req.params;
    const { credential, keyRef, ...approval } = req.body as Omit<Approval, "upstream"> & {
      credential?: string;
      keyRef?: string;
    };
    const upstream =
      credential === undefined ? null : { credential: new Secret(credential), ...(keyRef !== undefined && { keyRef }) };
    const to =
      answer === "approve"
        ? await interactions.approve(req, res, uid, { ...approval, upstream })
        : await interactions.deny(req, res, uid);
    res.redirect(303, to);
  });
  return router;
}

/** A browser without eyes: follows redirects within the server, keeps cookies by path, stops at any other origin. */
export interface Browser {
  readonly get: (url: string) => Promise<Landing>;
  readonly post: (url: string, body: object) => Promise<Landing>;
}

/** Where a browser came to rest. */
export interface Landing {
  /** The last URL, which may be another origin's and was then not asked. */
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Those that it was asked for with. */
  readonly cookies: string;
}

export function openBrowser(origin: string): Browser {
  const jar = new Map<string, { readonly path: string; readonly value: string }>();
  const go = async (first: string, init: RequestInit): Promise<Landing> => {
    let url = new URL(first, origin);
    let sending = init;
    for (let hop = 0; hop < 10; hop++) {
      const cookies = [...jar].filter(([, { path }]) => url.pathname.startsWith(path));
      const cookie = cookies.map(([key, { value }]) => `${key.split(" ", 1)[0]}=${value}`).join("; ");
      const headers = { accept: "text/html", ...sending.headers, ...(cookie !== "" && { cookie }) };
      const answer = await fetch(url, { ...sending, headers, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) keepCookie(jar, line);
      const location = answer.headers.get("location");
      const { status, headers: answered } = answer;
      if (location === null) return { url, status, text: await answer.text(), headers: answered, cookies: cookie };
      await answer.arrayBuffer();
      url = new URL(location, url);
      if (url.origin !== new URL(origin).origin) return { url, status, text: "", headers: answered, cookies: cookie };
      sending = {};
    }
    throw new Error(`too many redirects, the last to ${url}`);
  };
  return {
    get: (url) => go(url, {}),
    post: (url, body) =>
      go(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  };
}

function keepCookie(jar: Map<string, { readonly path: string; readonly value: string }>, line: string): void {
  const [pair = "", ...attributes] = line.split(/;\s*/);
  const at = pair.indexOf("=");
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  const path = attributes.find((one) => one.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
  if (value === "") jar.delete(`${name} ${path}`);
  else jar.set(`${name} ${path}`, { path, value });
}

export const callback = "https://client.example/callback";

/** PKCE of one authorization. */
export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export function pkce(): Pkce {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** The answer to a registration, with its status. */
export async function register(
  { url }: Pick<TestServer, "url">,
  metadata: object = { redirect_uris: [callback], client_name: "Test client" },
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>> & { readonly status: number }> {
  const answer = await fetch(`${url}/mcp/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(metadata),
  });
  return { ...((await answer.json()) as object), status: answer.status };
}

export interface Asking {
  readonly clientId: string;
  readonly pkce?: Pkce;
  readonly scope?: string;
  /** Replaces or, undefined, removes parameters. */
  readonly more?: Readonly<Record<string, string | undefined>>;
}

/** The URL of an authorization request. */
export function authorizeUrl({ url, resource }: Pick<TestServer, "url" | "resource">, asking: Asking): string {
  const { clientId, pkce: { challenge } = pkce(), scope = "mcp.read", more = {} } = asking;
  const all: Readonly<Record<string, string | undefined>> = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: callback,
    code_challenge: challenge,
    code_challenge_method: "S256",
    state: "abc",
    scope,
    resource,
    ...more,
  };
  const query = new URLSearchParams(Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined));
  return `${url}/mcp/oauth/authorize?${query}`;
}

/** Opens an authorization as far as the page that asks. */
export async function openInteraction(
  server: TestServer,
  asking: Asking,
): Promise<{ readonly browser: Browser; readonly details: InteractionDetails; readonly landing: Landing }> {
  const browser = openBrowser(server.url);
  const landing = await browser.get(authorizeUrl(server, asking));
  if (landing.status !== 200) throw new Error(`no interaction: ${landing.status} ${landing.url} ${landing.text}`);
  return { browser, landing, details: JSON.parse(landing.text) as InteractionDetails };
}

/** What an approval is sent as; its credential goes as text. */
export function approvalBody({ upstream, ...approval }: Approval): object {
  const { credential, keyRef } = upstream ?? {};
  return {
    ...approval,
    ...(credential && { credential: credential.reveal() }),
    ...(keyRef !== undefined && { keyRef }),
  };
}

/** Says yes to an authorization; resolves to where the client is sent. */
export async function approved(server: TestServer, asking: Asking, approval: Approval = ada): Promise<URL> {
  const { browser, details } = await openInteraction(server, asking);
  return (await browser.post(`/mcp/oauth/interaction/${details.uid}/approve`, approvalBody(approval))).url;
}

/** The answer of the token endpoint, with its status. */
export interface TokenAnswer {
  readonly status: number;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
  readonly error?: string;
  readonly headers: Headers;
}

export async function token(
  { url }: Pick<TestServer, "url">,
  body: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  const answer = await fetch(`${url}/mcp/oauth/token`, { method: "POST", body: new URLSearchParams(body) });
  return { ...((await answer.json()) as TokenAnswer), status: answer.status, headers: answer.headers };
}

export function redeem(
  server: Pick<TestServer, "url" | "resource">,
  clientId: string,
  code: string,
  { verifier }: Pkce,
  more: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  return token(server, {
    grant_type: "authorization_code",
    client_id: clientId,
    code,
    redirect_uri: callback,
    code_verifier: verifier,
    resource: server.resource,
    ...more,
  });
}

export function refresh(server: Pick<TestServer, "url">, clientId: string, refreshToken: string): Promise<TokenAnswer> {
  return token(server, { grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken });
}

/** The whole way of a fresh client: registration, approval, tokens. */
export async function connect(
  server: TestServer,
  { scope = "mcp.read", approval = ada, clientId }: { scope?: string; approval?: Approval; clientId?: string } = {},
): Promise<TokenAnswer & { readonly clientId: string }> {
  const id = clientId ?? String((await register(server)).client_id);
  const proof = pkce();
  const landed = await approved(server, { clientId: id, pkce: proof, scope }, approval);
  const answer = await redeem(server, id, String(landed.searchParams.get("code")), proof);
  return { ...answer, clientId: id };
}

/** Who the token is of; null when it is not good. */
export async function verified(server: TestServer, accessToken: string): ReturnType<OAuth["verify"]> {
  return server.oauth.verify(new Secret(accessToken), server.resource);
}
