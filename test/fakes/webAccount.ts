import { createHash, randomBytes } from "node:crypto";
import { type HttpBrowser, hiddenField, openHttpBrowser, type Seen } from "./httpBrowser.ts";
import type { OAuthGateway } from "./oauthGateway.ts";

/** An answer of the routes behind the pages. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** A JSON value to look into; `{}` where there is none. */
  readonly body: Tree;
}

interface Tree {
  readonly [name: string]: Tree;
}

/** Somebody who is signed in at the gateway's own pages. */
export interface WebAccount {
  readonly browser: HttpBrowser;
  /** Of their page. */
  readonly csrfToken: string;
  /** `request` is `METHOD /path`, below `/api/v1`; sent as a page of ours sends it. Headers that are given as undefined are left out. */
  readonly send: (
    request: string,
    body?: unknown,
    headers?: Readonly<Record<string, string | undefined>>,
  ) => Promise<JsonAnswer>;
}

/** Signs in at `/account` as a person of the demo (`usr_ada`), or with a key. */
export async function openAccount(
  { base }: Pick<OAuthGateway, "base">,
  by: { readonly person: string } | { readonly key: string },
): Promise<WebAccount> {
  const browser = openHttpBrowser();
  const start = await browser.get(`${base}/account`);
  const form = { csrf: hiddenField(start, "csrf"), to: hiddenField(start, "to") };
  const post = (fields: Readonly<Record<string, string>>): Promise<Seen> =>
    browser.post(`${base}/account/sign-in`, { ...form, ...fields }, { origin: base });
  const page =
    "key" in by
      ? await post({ with: "key", key: by.key })
      : await atProvider(browser, await post({ with: "oidc" }), by.person);
  const csrfToken = factsOf(page).csrfToken;
  return {
    browser,
    csrfToken,
    send: async (request, body, headers = {}) => {
      const [method = "GET", path = "/"] = request.split(" ");
      const sent: Readonly<Record<string, string | undefined>> = {
        cookie: browser.cookies(base).join("; "),
        "sec-fetch-site": "same-origin",
        ...(method !== "GET" && { origin: base, "x-csrf-token": csrfToken }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      };
      const response = await fetch(`${base}/api/v1${path}`, {
        method,
        headers: Object.entries(sent).filter((one): one is [string, string] => one[1] !== undefined),
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /^application\/json(;|$)/.test(response.headers.get("content-type") ?? "");
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
    },
  };
}

async function atProvider(browser: HttpBrowser, leaving: Seen, person: string): Promise<Seen> {
  const away = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(leaving.text)?.[1] ?? "";
  const people = await browser.get(away.replaceAll("&#38;", "&"));
  return browser.post(people.url, { person });
}

/** What the gateway wrote into a page of `web/`. */
export function factsOf({ text }: Pick<Seen, "text">): { readonly csrfToken: string; readonly isAdmin: boolean } {
  const written = /data-facts="([^"]*)"/.exec(text)?.[1];
  if (written === undefined) throw new Error(`this is no page of web/: ${text.slice(0, 200)}`);
  return JSON.parse(written.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code))));
}

/** A client that is connected for somebody who is signed in. */
export interface ConnectedClient {
  readonly accessToken: string;
  readonly clientId: string;
}

const callback = "https://client.example/callback";

/** Registers a client, and approves it with what is ticked at first. */
export async function connectClient(
  { base }: Pick<OAuthGateway, "base">,
  { browser }: WebAccount,
  { organisation, page }: { readonly organisation: string; readonly page: string },
): Promise<ConnectedClient> {
  const registration = await fetch(`${base}/mcp/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: [callback], client_name: "Test client" }),
  });
  const clientId = ((await registration.json()) as { readonly client_id: string }).client_id;
  const verifier = randomBytes(32).toString("base64url");
  const asking = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: callback,
    scope: "mcp.read mcp.write",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const start = await browser.get(`${base}/mcp/oauth/authorize?${asking}`);
  const at = `${start.url.origin}${start.url.pathname}`;
  const consent = await browser.get(`${at}?organisation=${organisation}`);
  const done = await browser.post(`${at}/decision`, {
    csrf: hiddenField(consent, "csrf"),
    decision: "approve",
    organisation,
    page,
    scope: "mcp.read",
  });
  const tokens = await fetch(`${base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: clientId,
      code: done.url.searchParams.get("code") ?? "",
      redirect_uri: callback,
      code_verifier: verifier,
    }),
  });
  return { clientId, accessToken: ((await tokens.json()) as { readonly access_token: string }).access_token };
}
