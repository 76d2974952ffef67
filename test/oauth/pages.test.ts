import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoOAuth } from "../../demo/oauth.ts";
import { type Fields, type HttpBrowser, hiddenField, openHttpBrowser, type Seen } from "../fakes/httpBrowser.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";

// The pages as an attacker sends to them: no step here is one that a browser would not let somebody take.

const callback = "https://client.example/callback";
const adminToken = "an-admin-token-of-the-tests";
let gateway: OAuthGateway;

beforeAll(async () => {
  gateway = await startOAuthGateway({
    brand: { name: "Acme Status", colour: "#ffd500", supportUrl: "https://acme.example/help" },
    environment: { SPECGATE_ADMIN_TOKEN: adminToken },
    oauth: (issuer) => ({
      ...demoOAuth(issuer),
      clients: [
        { id: "assistant", name: "<b>Assistant</b>", redirectUris: [callback] },
        { id: "other", name: "Other", redirectUris: ["https://other.example/callback"] },
      ],
    }),
  });
});

afterAll(() => gateway?.close());

interface Asking {
  readonly client?: "assistant" | "other";
  readonly scope?: string;
}

const verifier = randomBytes(32).toString("base64url");

function authorizeUrl({ client = "assistant", scope = "mcp.read mcp.write mcp.delete" }: Asking = {}): string {
  return `${gateway.base}/mcp/oauth/authorize?${new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: client === "assistant" ? callback : "https://other.example/callback",
    scope,
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  })}`;
}

/** The sign-in of a person of the demo, up to the page behind it. */
async function signIn(browser: HttpBrowser, start: Seen, person: string): Promise<Seen> {
  const leaving = await leave(browser, start);
  const people = await browser.get(awayUrl(leaving));
  return browser.post(people.url, { person });
}

function leave(browser: HttpBrowser, start: Seen): Promise<Seen> {
  return browser.post(`${pageOf(start)}/sign-in`, { csrf: hiddenField(start, "csrf"), with: "oidc" });
}

/** Where the page goes by itself. */
function awayUrl({ text }: Seen): string {
  return /http-equiv="refresh" content="0;url=([^"]+)"/.exec(text)?.[1]?.replaceAll("&#38;", "&") ?? "";
}

function pageOf({ url }: Seen): string {
  return `${url.origin}${url.pathname}`;
}

/** A browser at the consent page. */
async function atConsent(
  person: string,
  organisation?: string,
  asking?: Asking,
): Promise<{ readonly browser: HttpBrowser; readonly page: Seen }> {
  const browser = openHttpBrowser();
  const page = await signIn(browser, await browser.get(authorizeUrl(asking)), person);
  return organisation === undefined
    ? { browser, page }
    : { browser, page: await browser.get(`${pageOf(page)}?organisation=${organisation}`) };
}

function decide(browser: HttpBrowser, page: Seen, fields: Fields): Promise<Seen> {
  return browser.post(`${pageOf(page)}/decision`, { csrf: hiddenField(page, "csrf"), ...fields });
}

const approving = {
  decision: "approve",
  organisation: "org_acme",
  page: "page_acme_main",
  scope: "mcp.read",
} as const;

/** Keys of Acme at Beacon: one for each connection. */
async function keyCount(): Promise<number> {
  const answer = await fetch(`${gateway.beacon.url}/api-keys?perPage=100`, {
    headers: { "x-api-key": gateway.beacon.keys.full },
  });
  return ((await answer.json()) as { readonly total: number }).total;
}

function expectOwnPage({ headers, text }: Seen): void {
  expect(headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'( https:\/\/client\.example)?$/,
  );
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(text.replaceAll(/https?:[^"]+/g, "")).not.toMatch(/specgate|<script|<b>/i); // the provider knows us by that name
  expect(text).toContain("Acme Status");
  expect(text).toContain("https://acme.example/help");
}

describe("every page", () => {
  it("is the brand's own, framed by nobody, and sends its forms nowhere else", async () => {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl());
    const leaving = await leave(browser, start);
    const choice = await signIn(browser, start, "usr_ada");
    const consent = await browser.get(`${pageOf(choice)}?organisation=org_acme`);
    const failed = await browser.get(`${gateway.base}/mcp/oauth/interaction/signed-in?state=x`);
    expect([start, leaving, choice, consent, failed].map(({ status }) => status)).toEqual([200, 200, 200, 200, 400]);
    for (const page of [start, leaving, choice, consent, failed]) expectOwnPage(page);
    expect(start.text).toContain("&#60;b&#62;Assistant");
  });

  it("has what a screen reader needs", async () => {
    const { page } = await atConsent("usr_ada", "org_acme");
    expect(page.text).toMatch(/<html lang="en">/);
    expect(page.text.match(/<h1>/g)).toHaveLength(1);
    expect(page.text.match(/<input type="checkbox"/g)).toHaveLength(5);
    expect(page.text.match(/<label class="choice"><input type="checkbox"/g)).toHaveLength(5);
    expect(page.text.match(/<legend>/g)).toHaveLength(4);
    expect(page.text).not.toMatch(/<(input|button)[^>]*tabindex/);
  });
});

describe("sign-in (T1)", () => {
  it("sets no cookie of its own before Continue, and a bound one then", async () => {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl());
    expect(start.set.filter((line) => line.startsWith("__Host-mcp"))).toEqual([]);
    const leaving = await leave(browser, start);
    const [cookie] = leaving.set.filter((line) => line.startsWith("__Host-mcp_signin"));
    expect(cookie).toMatch(
      /^__Host-mcp_signin_[\w-]{8}=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    );
    const away = new URL(awayUrl(leaving));
    expect(away.origin).toBe(gateway.identity.issuer);
    for (const name of ["state", "nonce", "code_challenge"]) expect(away.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
  });

  it("starts a session under a new name, for an hour", async () => {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl());
    browser.plant("__Host-mcp_session=chosen-by-somebody-else; Path=/");
    const choice = await signIn(browser, start, "usr_ada");
    const [cookie] = choice.set.filter((line) => line.startsWith("__Host-mcp_session="));
    expect(cookie).toMatch(/^__Host-mcp_session=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$/);
    expect(choice.text).toContain("Globex");
  });

  it("takes a state once, and from the browser that left alone", async () => {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl());
    const leaving = await leave(browser, start);
    const [mark = ""] = leaving.set.filter((line) => line.startsWith("__Host-mcp_signin"));
    const people = await browser.get(awayUrl(leaving));
    const stranger = openHttpBrowser();
    const back = await fetchBack(browser, people);
    expect((await stranger.get(back)).status).toBe(400);
    expect((await browser.get(back)).url.pathname).toBe(start.url.pathname);
    expect((await browser.get(back)).status).toBe(400);
    browser.plant(mark);
    expect((await browser.get(back)).status).toBe(400);
    const forged = new URL(back);
    forged.searchParams.set("state", "A".repeat(43));
    expect((await browser.get(forged)).status).toBe(400);
  });

  it("shows another client a page, never a code, with the cookies of the first", async () => {
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    expect((await decide(browser, page, approving)).url.searchParams.get("code")).toEqual(expect.any(String));
    const other = await browser.get(authorizeUrl({ client: "other" }));
    expect(other.url.pathname).toMatch(/^\/mcp\/oauth\/interaction\//);
    expect(other.text).toContain("other.example");
    expect(await decide(browser, other, {}).then(({ status }) => status)).toBe(400);
  });

  it("says when the person does not sign in after all", async () => {
    const browser = openHttpBrowser();
    const page = await signIn(browser, await browser.get(authorizeUrl()), "");
    expect([page.status, page.text]).toEqual([403, expect.stringContaining("You did not sign in")]);
    expect(browser.cookies(gateway.base).filter((one) => one.startsWith("__Host-mcp_session"))).toEqual([]);
  });

  it("lets somebody else sign in, and forgets the first everywhere", async () => {
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    const session = browser.cookies(gateway.base).find((one) => one.startsWith("__Host-mcp_session")) ?? "";
    const start = await browser.post(`${pageOf(page)}/sign-out`, { csrf: hiddenField(page, "csrf") });
    expect(start.text).toContain("Continue with Beacon accounts");
    browser.plant(`${session}; Path=/`);
    expect((await browser.get(page.url)).text).toContain("Continue with Beacon accounts");
  });
});

/** The URL that the provider sends a browser back to, not followed. */
async function fetchBack(browser: HttpBrowser, people: Seen): Promise<string> {
  let url: URL = people.url;
  let init: RequestInit = { method: "POST", body: new URLSearchParams({ person: "usr_ada" }) };
  for (;;) {
    const answer = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: { cookie: browser.cookies(url).join("; ") },
    });
    for (const line of answer.headers.getSetCookie()) browser.plant(line);
    url = new URL(answer.headers.get("location") ?? "", url);
    if (url.origin === gateway.base) return url.href;
    init = {};
  }
}

describe("a consent that was not given on its page", () => {
  it("is refused without a token, with an old one, and with another browser's (B44)", async () => {
    const before = await keyCount();
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    const other = await atConsent("usr_ada", "org_acme");
    const fresh = openHttpBrowser();
    const beforeSignIn = hiddenField(await fresh.get(authorizeUrl()), "csrf");
    for (const csrf of ["", "x", beforeSignIn, hiddenField(other.page, "csrf")])
      expect([csrf, (await decide(browser, page, { ...approving, csrf })).status]).toEqual([csrf, 403]);
    const withoutField = await browser.post(`${pageOf(page)}/decision`, approving);
    expect(withoutField.status).toBe(403);
    const stale = hiddenField(page, "csrf");
    await signIn(browser, await browser.post(`${pageOf(page)}/sign-out`, { csrf: stale }), "usr_vic");
    expect((await decide(browser, page, { ...approving, csrf: stale })).status).toBe(403);
    expect(await keyCount()).toBe(before);
  });

  it("is refused when a page of another site sends it", async () => {
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    const fields = { csrf: hiddenField(page, "csrf"), ...approving };
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }])
      expect((await browser.post(`${pageOf(page)}/decision`, fields, headers)).status).toBe(403);
  });

  it("is refused for an organisation that the user is not in, and nothing is made (B45)", async () => {
    const before = await keyCount();
    const { browser, page } = await atConsent("usr_mina"); // she is in Acme alone
    const answer = await decide(browser, page, { ...approving, organisation: "org_globex", page: "page_globex_main" });
    expect([answer.status, answer.url.pathname]).toEqual([403, expect.stringMatching(/decision$/)]);
    expect(await keyCount()).toBe(before);
  });

  for (const [what, fields] of [
    ["a page of another organisation", { page: "page_globex_main" }],
    ["a page beside those that were offered", { page: ["page_acme_main", "page_globex_main"] }],
    ["a scope that was not asked for", { scope: "incident.write" }],
    ["a scope beyond the user's own permission", { scope: ["mcp.read", "mcp.delete"] }],
  ] as const)
    it(`is refused for ${what} (B45)`, async () => {
      const before = await keyCount();
      const { browser, page } = await atConsent("usr_vic", "org_acme"); // he may only look
      expect((await decide(browser, page, { ...approving, ...fields })).status).toBe(403);
      expect(await keyCount()).toBe(before);
    });

  it("is refused in another browser, and once it was answered", async () => {
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    const stranger = openHttpBrowser();
    expect((await stranger.get(page.url)).status).toBe(400);
    expect(
      (await stranger.post(`${pageOf(page)}/decision`, { csrf: hiddenField(page, "csrf"), ...approving })).status,
    ).toBe(400);
    expect((await decide(browser, page, approving)).status).toBe(303);
    const again = await decide(browser, page, approving);
    expect([again.status, again.text]).toEqual([400, expect.stringContaining("over")]);
  });
});

describe("the decision", () => {
  it("is no by default and leads back with access_denied and iss", async () => {
    const { browser, page } = await atConsent("usr_ada", "org_acme");
    expect(page.text.indexOf('value="deny"')).toBeLessThan(page.text.indexOf('value="approve"'));
    const { url } = await decide(browser, page, { decision: "deny" });
    expect(`${url.origin}${url.pathname}`).toBe(callback);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: "access_denied",
      state: "s",
      iss: gateway.base,
    });
  });

  it("reads alone unless something else was ticked", async () => {
    const { page } = await atConsent("usr_ada", "org_acme");
    const boxes = [...page.text.matchAll(/name="scope" value="([^"]+)"( checked)?/g)];
    expect(boxes.map(([, scope, ticked]) => [scope, ticked !== undefined])).toEqual([
      ["mcp.read", true],
      ["mcp.write", false],
      ["mcp.delete", false],
    ]);
  });

  for (const [what, fields, says] of [
    ["nothing was ticked", { scope: [] }, "Tick at least one thing"],
    ["no page was chosen", { page: [] }, "Choose at least one of the pages"],
  ] as const)
    it(`is asked for again when ${what}, with the other choices kept`, async () => {
      const { browser, page } = await atConsent("usr_ada", "org_acme");
      const again = await decide(browser, page, { ...approving, ...fields });
      expect([again.status, again.text]).toEqual([400, expect.stringContaining(says)]);
      expect(again.text).not.toMatch(/value="page_acme_api" checked/);
      const at = { ...again, url: page.url };
      expect((await decide(browser, at, approving)).url.searchParams.get("code")).toEqual(expect.any(String));
    });

  it("is about one of several installations of the same program, which the person names, or about another", async () => {
    for (const scope of ["mcp.read", "mcp.read"]) {
      const { browser, page } = await atConsent("usr_ada", "org_acme", { client: "other", scope });
      await decide(browser, page, approving);
    }
    const { browser, page } = await atConsent("usr_ada", undefined, { client: "other" });
    expect(page.text).toContain("asks from another computer");
    const [, other = ""] = /href="[^"]*\?extend=([\w-]{12})"/.exec(page.text) ?? [];
    const shown = hiddenField(page, "extend");
    expect([other === shown, other.length]).toEqual([false, 12]);
    const chosen = await browser.get(`${pageOf(page)}?extend=${other}`);
    expect(hiddenField(chosen, "extend")).toBe(other);
    const none = await decide(browser, chosen, {
      decision: "approve",
      organisation: "org_acme",
      extend: "AAAAAAAAAAAA",
    });
    expect(none.status).toBe(403);
    const anew = await browser.get(`${pageOf(page)}?new=1&organisation=org_acme`);
    expect(anew.text).not.toContain('name="extend"');
    const fields = { decision: "approve", organisation: "org_acme", extend: other, scope: "mcp.write" };
    const { url } = await decide(browser, chosen, fields);
    expect(url.searchParams.get("code")).toEqual(expect.any(String));
    const found = await fetch(`${gateway.base}/api/v1/admin/connections`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const { items } = (await found.json()) as {
      readonly items: readonly { readonly id: string; readonly scopes: unknown }[];
    };
    const scopes = new Map(items.map((one) => [one.id, one.scopes]));
    expect([scopes.get(other), scopes.get(shown)]).toEqual([["mcp.read", "mcp.write"], ["mcp.read"]]);
  });

  it("makes a narrow key at the API under the name of the connection", async () => {
    const { browser, page } = await atConsent("usr_mina");
    await decide(browser, page, approving);
    const answer = await fetch(`${gateway.beacon.url}/api-keys?perPage=100&userId=usr_mina`, {
      headers: { "x-api-key": gateway.beacon.keys.full },
    });
    const { items } = (await answer.json()) as {
      readonly items: readonly { readonly name: string; readonly scopes: unknown }[];
    };
    expect(items.filter(({ name }) => name.startsWith("MCP — "))).toEqual([
      expect.objectContaining({ scopes: ["read"], userId: "usr_mina" }),
    ]);
  });
});

describe("sign-in with a key", () => {
  async function withKey(
    key: string,
    asking?: Asking,
  ): Promise<{ readonly browser: HttpBrowser; readonly page: Seen }> {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl(asking));
    const fields = { csrf: hiddenField(start, "csrf"), with: "key", key };
    return { browser, page: await browser.post(`${pageOf(start)}/sign-in`, fields) };
  }

  it("offers what a read-only key of the API may do", async () => {
    const { page } = await withKey(gateway.beacon.keys.readOnly);
    expect(page.text).toContain("Ada Lindqvist");
    expect([...page.text.matchAll(/name="scope" value="([^"]+)"/g)].map(([, scope]) => scope)).toEqual(["mcp.read"]);
    expect(page.text).not.toContain("Globex");
    expect(page.text).not.toContain(gateway.beacon.keys.readOnly);
  });

  /** A key of the gateway for Ada in Acme, bound to one page. */
  async function gatewayKey(): Promise<{ readonly id: string; readonly key: string }> {
    const made = await admin("/keys", {
      name: "Bound",
      user: { id: "usr_ada", name: "Ada" },
      organisation: { id: "org_acme", name: "Acme" },
      scopes: ["mcp.read", "mcp.write"],
      boundArguments: {
        pageId: { within: ["page_acme_api"], elsewhere: "allow" },
        incidentId: { within: ["inc_acme_payments"], elsewhere: "allow" },
      },
      upstreamCredential: gateway.beacon.keys.full,
    });
    return (await made.json()) as { readonly id: string; readonly key: string };
  }

  it("offers what a gateway key is bound to, within its other bounds", async () => {
    const { key } = await gatewayKey();
    const { browser, page } = await withKey(key);
    expect([...page.text.matchAll(/name="(?:scope|page)" value="([^"]+)"/g)].map(([, value]) => value)).toEqual([
      "page_acme_api",
      "mcp.read",
      "mcp.write",
    ]);
    expect((await decide(browser, page, approving)).status).toBe(403);
    const { url } = await decide(browser, page, { ...approving, page: "page_acme_api" });
    const token = await redeemed(url);
    expect(await toolArgument(token, "get_incident", "incidentId")).toMatchObject({ enum: ["inc_acme_payments"] });
    expect(await toolArgument(token, "get_status_page", "pageId")).toMatchObject({ enum: ["page_acme_api"] });
  });

  it("ends what was made with a gateway key when that key does", async () => {
    const { id, key } = await gatewayKey();
    const { browser, page } = await withKey(key);
    const token = await redeemed((await decide(browser, page, { ...approving, page: "page_acme_api" })).url);
    expect(await statusWith(token)).toBe(200);
    await admin(`/keys/${id}/revoke`, {});
    await expect.poll(() => statusWith(token), { timeout: 60_000 }).toBe(401);
  });

  for (const [what, key] of [
    ["unknown", "bk_unknown"],
    ["no key at all", "two words"],
    ["a gateway key that was cut off", "sg_abc"],
  ] as const)
    it(`is refused with a key that is ${what}, which is shown nowhere`, async () => {
      const { browser, page } = await withKey(key);
      expect([page.status, page.text]).toEqual([401, expect.stringContaining("This key is not valid")]);
      expect(page.text).not.toContain(`"${key}"`);
      expect(browser.cookies(gateway.base).filter((one) => one.startsWith("__Host-mcp_session"))).toEqual([]);
    });

  it("is over when the key is, between the page and the answer", async () => {
    const created = await fetch(`${gateway.beacon.url}/api-keys`, {
      method: "POST",
      headers: { "x-api-key": gateway.beacon.keys.full, "content-type": "application/json" },
      body: JSON.stringify({ name: "Short", scopes: ["read"] }),
    });
    const { id, key } = (await created.json()) as { readonly id: string; readonly key: string };
    const { browser, page } = await withKey(key);
    await fetch(`${gateway.beacon.url}/api-keys/${id}`, {
      method: "DELETE",
      headers: { "x-api-key": gateway.beacon.keys.full },
    });
    const answer = await decide(browser, page, approving);
    expect(answer.url.origin).toBe(gateway.base); // no code
    expect(answer.text).toContain("Your sign-in is over");
  });

  it("is refused unread after twenty keys that were not good", async () => {
    const browser = openHttpBrowser();
    const start = await browser.get(authorizeUrl());
    const send = (key: string): Promise<Seen> =>
      browser.post(`${pageOf(start)}/sign-in`, { csrf: hiddenField(start, "csrf"), with: "key", key });
    const statuses = new Set<number>();
    for (let tries = 0; tries < 25; tries++) statuses.add((await send("bk_guess")).status);
    expect([...statuses]).toEqual([401, 429]);
    const { status, headers } = await send(gateway.beacon.keys.readOnly);
    expect([status, headers.get("retry-after")]).toEqual([429, expect.stringMatching(/^\d+$/)]);
  });
});

function admin(path: string, body: object): Promise<Response> {
  return fetch(`${gateway.base}/api/v1/admin${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function redeemed({ searchParams }: URL): Promise<string> {
  const answer = await fetch(`${gateway.base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: searchParams.get("code") ?? "",
      redirect_uri: callback,
      client_id: "assistant",
      code_verifier: verifier,
    }),
  });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

async function statusWith(token: string): Promise<number> {
  const answer = await fetch(`${gateway.url}/tools/get_me`, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  return answer.status;
}

/** The schema of an argument, as the bearer of the token sees it. */
async function toolArgument(token: string, tool: string, argument: string): Promise<unknown> {
  const answer = await fetch(`${gateway.url}/tools/${tool}`, { headers: { authorization: `Bearer ${token}` } });
  const { inputSchema } = (await answer.json()) as {
    readonly inputSchema?: { readonly properties?: Readonly<Record<string, unknown>> };
  };
  return inputSchema?.properties?.[argument];
}
