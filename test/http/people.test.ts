import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { demoOAuth } from "../../demo/oauth.ts";
import { callerOf } from "../fakes/caller.ts";
import { testFolder } from "../fakes/folder.ts";
import { hiddenField, openHttpBrowser } from "../fakes/httpBrowser.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";
import { type ConnectedClient, connectClient, factsOf, openAccount, type WebAccount } from "../fakes/webAccount.ts";

// What is behind the account and admin pages, as somebody who is not a page sends to it. Ada is an administrator and in both
// organisations, Vic may read in both, Mina is in Acme alone.

const adminToken = "an-admin-token-of-the-tests";
let gateway: OAuthGateway;
let ada: WebAccount;
let vic: WebAccount;
let mina: WebAccount;

beforeAll(async () => {
  gateway = await startOAuthGateway({
    brand: { name: "Acme Status", colour: "#0f766e", supportUrl: "https://acme.example/help" },
    environment: { SPECGATE_ADMIN_TOKEN: adminToken },
  });
  [ada, vic, mina] = (await Promise.all(
    ["usr_ada", "usr_vic", "usr_mina"].map((person) => openAccount(gateway, { person })),
  )) as [WebAccount, WebAccount, WebAccount];
});

afterAll(() => gateway?.close());

const wish = { name: "Nightly", preset: "read", organisation: "org_acme" };

async function keyOf(account: WebAccount, more: object = {}): Promise<{ readonly id: string; readonly key: string }> {
  const { status, body } = await account.send("POST /account/keys", { ...wish, ...more });
  expect([status, body.message]).toEqual([201, undefined]);
  return { id: String(body.id), key: String(body.key) };
}

async function statusOf(token: string): Promise<{ readonly status: number; readonly challenge: string | null }> {
  const answer = await fetch(gateway.url, {
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
  });
  await answer.text();
  return { status: answer.status, challenge: answer.headers.get("www-authenticate") };
}

/** Whether a key opens the gateway. */
async function keyStatus(key: string): Promise<number> {
  return (await fetch(gateway.url, { headers: { "x-api-key": key, accept: "application/json" } })).status;
}

const namesIn = (list: unknown): readonly string[] => (list as readonly { name: string }[]).map(({ name }) => name);

describe("signing in to the pages", () => {
  it.each(["/account", "/admin"])("is where %s sends whoever is not signed in, and leads back there", async (path) => {
    const browser = openHttpBrowser();
    const page = await browser.get(`${gateway.base}${path}`);
    expect([page.status, page.url.pathname, hiddenField(page, "to")]).toEqual([200, "/account/sign-in", path]);
    expect(page.headers.get("content-security-policy")).toMatch(/frame-ancestors 'none'/);
    expect(page.text).not.toMatch(/specgate|<script/i);
  });

  it.each(["//evil.example", "https://evil.example", "/mcp", "/account/../evil"])(
    "leads nowhere else, as %s would",
    async (to) => {
      const browser = openHttpBrowser();
      const page = await browser.get(`${gateway.base}/account/sign-in?to=${encodeURIComponent(to)}`);
      expect(hiddenField(page, "to")).toBe("/account");
      const form = { csrf: hiddenField(page, "csrf"), with: "key", key: gateway.beacon.keys.readOnly, to };
      const landed = await browser.post(`${gateway.base}/account/sign-in`, form, { origin: gateway.base });
      expect([landed.status, landed.url.pathname]).toEqual([200, "/account"]);
    },
  );

  it.each([
    ["without a token", {}],
    ["with somebody else's token", { csrf: "x".repeat(43) }],
  ])("is refused %s", async (_name, fields) => {
    const browser = openHttpBrowser();
    await browser.get(`${gateway.base}/account/sign-in`);
    const sent = { with: "key", key: gateway.beacon.keys.readOnly, ...fields };
    const page = await browser.post(`${gateway.base}/account/sign-in`, sent, { origin: gateway.base });
    expect(page.status).toBe(403);
    expect(browser.cookies(gateway.base).join()).not.toContain("__Host-mcp_session");
  });

  it("is refused when the form was shown to another browser, or sent from a page of another site", async () => {
    const form = { with: "key", key: gateway.beacon.keys.readOnly };
    const [one, other] = [openHttpBrowser(), openHttpBrowser()];
    const shown = await one.get(`${gateway.base}/account/sign-in`);
    await other.get(`${gateway.base}/account/sign-in`);
    const csrf = hiddenField(shown, "csrf");
    const url = `${gateway.base}/account/sign-in`;
    expect((await other.post(url, { ...form, csrf }, { origin: gateway.base })).status).toBe(403);
    expect((await one.post(url, { ...form, csrf }, { origin: "https://evil.example" })).status).toBe(403);
  });

  it("is refused with a bad key, in words, and takes a good one", async () => {
    const browser = openHttpBrowser();
    const url = `${gateway.base}/account/sign-in`;
    const page = await browser.get(url);
    const csrf = hiddenField(page, "csrf");
    const refused = await browser.post(url, { csrf, with: "key", key: "bk_wrong" }, { origin: gateway.base });
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining("This key is not valid")]);
    const taken = await browser.post(
      url,
      { csrf, with: "key", key: gateway.beacon.keys.full },
      { origin: gateway.base },
    );
    expect(factsOf(taken)).toMatchObject({ isAdmin: false, page: "account" });
    expect((await browser.post(url, { csrf, with: "magic" }, { origin: gateway.base })).status).toBe(400);
  });

  it("ends with sign-out, for every copy of the cookie, and not without the token of the page", async () => {
    const account = await openAccount(gateway, { person: "usr_vic" });
    const url = `${gateway.base}/account/sign-out`;
    expect((await account.browser.post(url, { csrf: "" }, { origin: gateway.base })).status).toBe(403);
    const cookie = account.browser.cookies(gateway.base).join("; ");
    await account.browser.post(url, { csrf: account.csrfToken }, { origin: gateway.base });
    expect((await account.send("GET /account", undefined, { cookie })).status).toBe(401);
  });
});

describe("the pages", () => {
  it("are the brand's own, load from here alone, and are framed by nobody", async () => {
    const page = await ada.browser.get(`${gateway.base}/admin`);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self' 'sha256-[^']+'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'$/,
    );
    expect([page.headers.get("cache-control"), page.headers.get("x-frame-options")]).toEqual(["no-store", "DENY"]);
    expect(page.text).toContain("Acme Status");
    expect(page.text).not.toMatch(/specgate/i);
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path ?? "");
    expect(files).toHaveLength(2);
    for (const path of files) {
      const file = await fetch(`${gateway.base}${path}`);
      expect([file.status, file.headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
      expect(path).toMatch(/-[\w-]{8}\.(js|css)$/);
      expect(await file.text()).not.toMatch(/specgate|https?:\/\/(?!www\.w3\.org)/i);
    }
    expect((await fetch(`${gateway.base}/account/assets/none-12345678.js`)).status).toBe(404);
    expect((await fetch(`${gateway.base}/account/assets/..%2fmanifest.json`)).status).toBe(404);
  });

  it("keep /admin from everybody else, and say so", async () => {
    const page = await mina.browser.get(`${gateway.base}/admin`);
    expect(page.status).toBe(403);
    expect(page.text).toContain("You are signed in as Mina Park");
    expect(page.text).not.toContain("data-facts");
  });

  it("are not there where nobody can sign in", async () => {
    const keysAlone = await startOAuthGateway({
      oauth: () => ({ mode: "off" }),
      environment: { SPECGATE_ADMIN_TOKEN: adminToken },
    });
    try {
      const headers = { authorization: `Bearer ${adminToken}` };
      for (const path of [
        "/account",
        "/admin",
        "/account/sign-in",
        "/api/v1/account",
        "/api/v1/admin/hosted-mcp/settings",
      ])
        expect([path, (await fetch(`${keysAlone.base}${path}`, { headers })).status]).toEqual([path, 404]);
    } finally {
      await keysAlone.close();
    }
  });
});

describe("the routes behind the account page", () => {
  it.each([
    ["GET /account"],
    ["GET /account/offer"],
    ["POST /account/keys"],
    ["POST /account/keys/x/rotate"],
    ["POST /account/keys/x/revoke"],
    ["POST /account/connections/x/revoke"],
  ])("%s is for those who are signed in: neither a key nor the admin token opens it", async (request) => {
    for (const headers of [{}, { "x-api-key": gateway.beacon.keys.full }, { authorization: `Bearer ${adminToken}` }]) {
      const { status, body } = await ada.send(request, request.startsWith("POST") ? {} : undefined, {
        cookie: undefined,
        ...headers,
      });
      expect([status, body.code]).toEqual([401, "unauthenticated"]);
    }
  });

  it.each([
    "POST /account/keys",
    "POST /account/keys/x/rotate",
    "POST /account/keys/x/revoke",
    "POST /account/connections/x/revoke",
  ])("%s is 403 without the token of the page, with another's, and from another site", async (request) => {
    for (const headers of [
      { "x-csrf-token": undefined },
      { "x-csrf-token": mina.csrfToken },
      { origin: "https://evil.example" },
    ]) {
      const { status, body } = await ada.send(request, {}, headers);
      expect([status, body.code]).toEqual([403, "not_permitted"]);
    }
  });

  it("make a key that is good at once, show it once, and end it", async () => {
    const { id, key } = await keyOf(mina);
    expect(await keyStatus(key)).toBe(200);
    const { body } = await mina.send("GET /account");
    expect(JSON.stringify(body)).not.toContain(key);
    expect(body.keys).toContainEqual(
      expect.objectContaining({ id, name: "Nightly", access: expect.objectContaining({ label: "Read-only" }) }),
    );
    expect((await mina.send(`POST /account/keys/${id}/revoke`)).status).toBe(204);
    expect(await keyStatus(key)).toBe(401);
    expect((await mina.send(`POST /account/keys/${id}/revoke`)).status).toBe(204);
  });

  it("make a key that is its owner's at the API, within the pages that were chosen", async () => {
    const { key } = await keyOf(mina, { pages: ["page_acme_main"], expiresAt: "2999-01-01T00:00:00Z" });
    const caller = callerOf(gateway.url, key);
    expect((await caller.call("get_me")).text).toContain("usr_mina");
    const [tool] = (await caller.listTools()).filter(({ name }) => name === "get_status_page_summary");
    expect(Object.keys(tool?.inputSchema.properties ?? {})).not.toContain("pageId");
    const two = await keyOf(mina, { pages: ["page_acme_main", "page_acme_api"] });
    const [within] = (await callerOf(gateway.url, two.key).listTools()).filter(
      ({ name }) => name === "get_status_page_summary",
    );
    expect(within?.inputSchema.properties?.pageId?.enum).toEqual(["page_acme_main", "page_acme_api"]);
  });

  it("rotate a key, and both are good until the overlap ends", async () => {
    const old = await keyOf(ada);
    const { status, body } = await ada.send(`POST /account/keys/${old.id}/rotate`, { overlapSeconds: 3_600 });
    expect(status).toBe(201);
    expect([await keyStatus(old.key), await keyStatus(String(body.key))]).toEqual([200, 200]);
    expect((await ada.send(`POST /account/keys/${old.id}/rotate`, {})).status).toBe(409);
    const next = await ada.send(`POST /account/keys/${body.id}/rotate`, { overlapSeconds: 0 });
    expect([await keyStatus(String(body.key)), await keyStatus(String(next.body.key))]).toEqual([401, 200]);
  });

  it("offer nobody more than they may do at the API", async () => {
    const allowed = async (account: WebAccount, organisation: string): Promise<unknown> => {
      const { body } = await account.send(`GET /account/offer?organisation=${organisation}`);
      return (body.presets as unknown as { name: string; isAllowed: boolean }[])
        .filter(({ isAllowed }) => isAllowed)
        .map(({ name }) => name);
    };
    expect(await allowed(ada, "org_globex")).toEqual(["read", "write", "full"]);
    expect(await allowed(vic, "org_acme")).toEqual(["read"]);
    const { status, body } = await vic.send("POST /account/keys", { ...wish, preset: "full" });
    expect([status, body.code]).toEqual([403, "not_permitted"]);
  });

  it("show and end nothing of another user's or another organisation's", async () => {
    const [acme, globex] = [await keyOf(ada), await keyOf(ada, { organisation: "org_globex", name: "Of Globex" })];
    const { body } = await mina.send("GET /account");
    expect(JSON.stringify(body)).not.toMatch(/globex/i);
    expect(namesIn(body.organisations)).toEqual(["Acme Cloud"]);
    for (const { id } of [acme, globex])
      for (const request of [
        `POST /account/keys/${id}/revoke`,
        `POST /account/keys/${id}/rotate`,
        `POST /account/connections/${id}/revoke`,
      ]) {
        const answer = await mina.send(request, {});
        expect([request, answer.status, answer.body.code]).toEqual([request, 404, "unknown_resource"]);
      }
    for (const request of ["GET /account/offer?organisation=org_globex"])
      expect((await mina.send(request)).status).toBe(403);
    expect((await mina.send("POST /account/keys", { ...wish, organisation: "org_globex" })).status).toBe(403);
    expect((await mina.send("POST /account/keys", { ...wish, pages: ["page_globex_main"] })).status).toBe(403);
    expect([await keyStatus(acme.key), await keyStatus(globex.key)]).toEqual([200, 200]);
  });

  it.each<readonly [string, unknown, number, string]>([
    ["no name", { preset: "read" }, 400, "name must be a text"],
    ["an empty name", { ...wish, name: " " }, 400, "name must be"],
    ["an unknown preset", { ...wish, preset: "all" }, 400, "preset must be one of read, write, full"],
    ["an unknown member", { ...wish, owner: "usr_vic" }, 400, 'unknown member "owner"'],
    ["pages that are no list", { ...wish, pages: "page_acme_main" }, 400, "pages must be a list"],
    ["no pages", { ...wish, pages: [] }, 400, "choose at least one page"],
    ["an expiry in the past", { ...wish, expiresAt: "2020-01-01T00:00:00Z" }, 400, "in the past"],
    ["no organisation, in several", { name: "x", preset: "read" }, 400, "which organisation"],
    ["a list", [], 400, "must be a JSON object"],
    ["no JSON", "{", 400, "not JSON"],
    ["a large body", { ...wish, name: "x".repeat(70_000) }, 413, "larger"],
  ])("say what is wrong with %s, and make no key", async (_name, body, status, words) => {
    const keysBefore = (await ada.send("GET /account")).body.keys;
    const answer = await ada.send("POST /account/keys", body);
    expect([answer.status, String(answer.body.message)]).toEqual([status, expect.stringContaining(words)]);
    expect((await ada.send("GET /account")).body.keys).toEqual(keysBefore);
  });

  it("do not pass over a body of another type, or an organisation given twice", async () => {
    const typed = await ada.send("POST /account/keys", JSON.stringify(wish), { "content-type": "text/plain" });
    expect(typed.status).toBe(415);
    expect((await ada.send("GET /account/offer?organisation=a&organisation=b")).status).toBe(400);
  });

  it("leave no key behind at the API when none was made here", async () => {
    const count = async (): Promise<unknown> => {
      const headers = { "x-api-key": gateway.beacon.keys.full };
      const answer = await fetch(`${gateway.beacon.url}/api-keys?perPage=100`, { headers });
      return ((await answer.json()) as { readonly total: number }).total;
    };
    const before = await count();
    expect((await ada.send("POST /account/keys", { ...wish, expiresAt: "2020-01-01T00:00:00Z" })).status).toBe(400);
    expect(await count()).toBe(before);
  });
});

describe("somebody who signed in with a key", () => {
  it("makes keys within what that one may do, which die with it", async () => {
    const reader = await openAccount(gateway, { key: gateway.beacon.keys.readOnly });
    const { body } = await reader.send("GET /account/offer");
    expect((body.presets as unknown as { isAllowed: boolean }[]).map(({ isAllowed }) => isAllowed)).toEqual([
      true,
      false,
      false,
    ]);
    const { key } = await keyOf(reader);
    expect(await keyStatus(key)).toBe(200);
    expect((await reader.send("POST /account/keys", { ...wish, preset: "write" })).status).toBe(403);
  });

  it("ends no key that may do more than the one they showed", async () => {
    const writer = await openAccount(gateway, { key: gateway.beacon.keys.full });
    const strong = await keyOf(writer, { preset: "full" });
    const owner = String((await writer.send("GET /account")).body.user?.id);
    const reader = await openAccount(gateway, { key: gateway.beacon.keys.readOnly });
    expect((await reader.send("GET /account")).body.user?.id).toBe(owner);
    expect((await reader.send(`POST /account/keys/${strong.id}/revoke`)).status).toBe(403);
    expect((await reader.send(`POST /account/keys/${strong.id}/rotate`, {})).status).toBe(403);
    expect(await keyStatus(strong.key)).toBe(200);
  });

  it("makes and rotates none with a key that was made here, and is signed out when that is revoked", async () => {
    const made = await keyOf(mina);
    const holder = await openAccount(gateway, { key: made.key });
    const { body } = await holder.send("GET /account");
    expect(String(body.noNewKeys)).toContain("such a key makes no others");
    expect((await holder.send("POST /account/keys", wish)).status).toBe(403);
    expect((await holder.send(`POST /account/keys/${made.id}/rotate`, {})).status).toBe(403);
    expect((await holder.send(`POST /account/keys/${made.id}/revoke`)).status).toBe(204);
    expect((await holder.send("GET /account")).status).toBe(401);
    const page = await holder.browser.get(`${gateway.base}/account`);
    expect(page.url.pathname).toBe("/account/sign-in");
  });
});

describe("the routes behind the admin page", () => {
  let connected: ConnectedClient;
  let connectionId: string;
  beforeAll(async () => {
    connected = await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    const { body } = await mina.send("GET /account");
    connectionId = String(body.connections?.[0]?.id);
  });

  const hosted = [
    "GET /admin/hosted-mcp/settings",
    "PUT /admin/hosted-mcp/settings",
    "POST /admin/hosted-mcp/connections/x/revoke",
  ];
  it.each(hosted)("%s takes neither a key nor the admin token, whoever is signed in besides", async (request) => {
    const made = await keyOf(ada, { preset: "full" });
    for (const credential of [
      { authorization: `Bearer ${adminToken}` },
      { "x-api-key": made.key },
      { authorization: `Bearer ${made.key}` },
    ])
      for (const cookie of [undefined, ada.browser.cookies(gateway.base).join("; ")]) {
        const body = request.startsWith("PUT") ? { enabled: true } : undefined;
        const answer = await ada.send(request, body, { ...credential, cookie });
        expect([request, answer.status, answer.body.code]).toEqual([request, 403, "not_permitted"]);
      }
  });

  it.each([
    ...hosted,
    "GET /admin/keys",
    "GET /admin/connections",
    "GET /admin/audit",
    "GET /admin/audit/export",
    "POST /admin/keys",
  ])("%s is 403 for whoever is no administrator", async (request) => {
    const body = request.startsWith("GET") ? undefined : { enabled: false };
    const { status, body: said } = await mina.send(request, body);
    expect([status, said.code]).toEqual([403, "not_permitted"]);
  });

  it.each([...hosted, "GET /admin/keys", "GET /admin/audit/export"])("%s is 401 for nobody", async (request) => {
    const body = request.startsWith("GET") ? undefined : { enabled: false };
    expect((await ada.send(request, body, { cookie: undefined })).status).toBe(401);
  });

  it.each([
    ["PUT /admin/hosted-mcp/settings", { enabled: false }],
    ["POST /admin/hosted-mcp/connections/x/revoke", undefined],
    ["POST /admin/keys", { name: "x", user: { id: "u" }, scopes: ["read"] }],
    ["POST /admin/keys/x/revoke", undefined],
  ])("%s is 403 without the token of the page, with another's, and from another site", async (request, body) => {
    for (const headers of [
      { "x-csrf-token": undefined },
      { "x-csrf-token": mina.csrfToken },
      { origin: "https://evil.example" },
    ]) {
      const answer = await ada.send(request, body, headers);
      expect([answer.status, answer.body.code]).toEqual([403, "not_permitted"]);
    }
  });

  it.each<readonly [string, unknown]>([
    ["nothing", {}],
    ["another type", { enabled: "no" }],
    ["more", { enabled: true, mode: "x" }],
    ["a list", []],
  ])("take a setting of hosted MCP, and not %s", async (_name, body) => {
    expect((await ada.send("PUT /admin/hosted-mcp/settings", body)).status).toBe(400);
  });

  it("have no other methods, and know no other connections", async () => {
    const other = await ada.send("POST /admin/hosted-mcp/settings", { enabled: true });
    expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD, PUT"]);
    const read = await ada.send(`GET /admin/hosted-mcp/connections/${connectionId}/revoke`);
    expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await ada.send("POST /admin/hosted-mcp/connections/none/revoke")).status).toBe(404);
  });

  it("list everybody's keys and connections, searched and page by page", async () => {
    await keyOf(vic, { name: "Of Vic" });
    const found = (await ada.send("GET /admin/keys?search=VIC")).body.items;
    expect(namesIn(found)).toContain("Of Vic");
    expect(namesIn(found)).not.toContain("Nightly");
    const first = await ada.send("GET /admin/keys?limit=1");
    const second = await ada.send(`GET /admin/keys?limit=1&cursor=${first.body.nextCursor}`);
    expect(first.body.items?.[0]?.id).not.toBe(second.body.items?.[0]?.id);
    const connections = (await ada.send("GET /admin/connections?search=test%20client")).body.items;
    expect(connections).toContainEqual(expect.objectContaining({ id: connectionId, clientName: "Test client" }));
    expect((await ada.send("GET /admin/connections?search=nobody")).body.items).toEqual([]);
    const byToken = await ada.send("GET /admin/connections", undefined, {
      cookie: undefined,
      authorization: `Bearer ${adminToken}`,
    });
    expect(byToken.body.items).toContainEqual(expect.objectContaining({ id: connectionId }));
  });

  it("turn hosted MCP off and on: its paths are 404, its tokens refused without a way in, and keys are as before", async () => {
    const { key } = await keyOf(mina);
    expect((await statusOf(connected.accessToken)).status).toBe(200);
    const off = await ada.send("PUT /admin/hosted-mcp/settings", { enabled: false });
    expect(off.body).toMatchObject({ enabled: false, changedBy: "usr_ada", resources: [{ url: gateway.url }] });
    try {
      for (const path of [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/mcp/oauth/authorize",
        "/mcp/oauth/jwks",
      ]) {
        const answer = await fetch(`${gateway.base}${path}`);
        expect([path, answer.status]).toEqual([path, 404]);
        expect(await answer.text()).toContain("There is nothing at this URL");
      }
      for (const path of ["/mcp/oauth/token", "/mcp/oauth/register", "/mcp/oauth/revoke"])
        expect([path, (await fetch(`${gateway.base}${path}`, { method: "POST" })).status]).toEqual([path, 404]);
      const { status, challenge } = await statusOf(connected.accessToken);
      expect([status, challenge]).toEqual([401, expect.not.stringContaining("resource_metadata")]);
      expect(await keyStatus(key)).toBe(200);
      const signedInMeanwhile = await openAccount(gateway, { person: "usr_ada" });
      expect((await signedInMeanwhile.send("GET /admin/hosted-mcp/settings")).body.enabled).toBe(false);
    } finally {
      expect((await ada.send("PUT /admin/hosted-mcp/settings", { enabled: true })).status).toBe(200);
    }
    expect((await statusOf(connected.accessToken)).status).toBe(200);
    expect((await fetch(`${gateway.base}/.well-known/oauth-protected-resource`)).status).toBe(200);
  });

  it("leave a record of who turned hosted MCP off and on", async () => {
    for (const enabled of [false, true]) await ada.send("PUT /admin/hosted-mcp/settings", { enabled });
    await vi.waitFor(async () => {
      const { body } = await ada.send("GET /admin/audit?resource=hosted_mcp&user=usr_ada&limit=2");
      const tools = (body.items as unknown as { tool: string }[]).map(({ tool }) => tool);
      expect(tools).toEqual(["hosted_mcp.turned_on", "hosted_mcp.turned_off"]);
    }, 10_000);
  });

  it("end a connection of anybody's, whose next call is 401 with the way back in", async () => {
    const { accessToken } = await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    const id = String((await mina.send("GET /account")).body.connections?.[0]?.id);
    expect((await statusOf(accessToken)).status).toBe(200);
    const ended = await ada.send(`POST /admin/hosted-mcp/connections/${id}/revoke`);
    expect([ended.status, ended.body.id, ended.body.revokedAt]).toEqual([200, id, expect.any(String)]);
    expect(await statusOf(accessToken)).toEqual({
      status: 401,
      challenge: expect.stringContaining("resource_metadata"),
    });
    expect((await ada.send(`POST /admin/hosted-mcp/connections/${id}/revoke`)).status).toBe(200);
    expect((await mina.send("GET /account")).body.connections).not.toContainEqual(expect.objectContaining({ id }));
  });

  it("end a connection by its owner, and nobody else but an administrator", async () => {
    const { accessToken } = await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    const id = String((await mina.send("GET /account")).body.connections?.[0]?.id);
    expect((await vic.send(`POST /account/connections/${id}/revoke`)).status).toBe(404);
    expect((await statusOf(accessToken)).status).toBe(200);
    expect((await mina.send(`POST /account/connections/${id}/revoke`)).status).toBe(204);
    expect((await statusOf(accessToken)).status).toBe(401);
  });

  it("show and export the audit log, as far as the filters say", async () => {
    const { key } = await keyOf(mina, { preset: "write" });
    await createLabel(key);
    const wanted = "tool=create_label&user=usr_mina";
    const listed = async (): Promise<readonly unknown[]> => {
      const { body } = await ada.send(`GET /admin/audit?${wanted}`);
      return (body.items as unknown as { kind: string }[]).map(({ kind }) => kind);
    };
    await vi.waitFor(async () => expect(await listed()).toEqual(["outcome", "intent"]), 10_000);
    expect((await ada.send(`GET /admin/audit?${wanted}&effect=read`)).body.items).toEqual([]);
    expect((await ada.send("GET /admin/audit?outcome=never")).status).toBe(400);
    const csv = await ada.send(`GET /admin/audit/export?format=csv&${wanted}`);
    expect(csv.headers.get("content-disposition")).toMatch(/^attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"$/);
    const [head = "", ...lines] = String(csv.body.text).trim().split("\r\n");
    expect(head).toMatch(/^at,kind,outcome,code,tool,/);
    expect(lines.map((line) => line.split(",")[4])).toEqual(["create_label", "create_label"]);
    expect(lines[0]).toContain(`"'=HYPERLINK(""https://evil.example"")"`); // no formula in a spreadsheet
    const jsonl = String((await ada.send(`GET /admin/audit/export?${wanted}`)).body.text);
    const records = jsonl.trim().split("\n");
    expect(records.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["outcome", "intent"]);
    expect((await ada.send("GET /admin/audit/export?format=xml")).status).toBe(400);
    expect((await ada.send("GET /admin/audit/export?colour=red")).status).toBe(400);
    const post = await ada.send("POST /admin/audit/export", {});
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

/** By a client whose name a spreadsheet would take for a formula. */
async function createLabel(key: string): Promise<void> {
  const clientInfo = { name: '=HYPERLINK("https://evil.example")', version: "1" };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": clientInfo,
  };
  const answer = await fetch(gateway.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "create_label",
      "x-api-key": key,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "create_label", arguments: { name: "audited", color: "#0f766e" }, _meta: meta },
    }),
  });
  expect(await answer.json()).toMatchObject({ result: { structuredContent: { item: { name: "audited" } } } });
}

describe("replicas that share a database", () => {
  it("know within a second that another turned hosted MCP off, and on", async () => {
    const folder = testFolder();
    const environment = { DATABASE_URL: `sqlite:${folder}/specgate.db`, SPECGATE_SECRET: "s".repeat(43) };
    const [one, other] = await Promise.all([startOAuthGateway({ environment }), startOAuthGateway({ environment })]);
    onTestFinished(async () => void (await Promise.all([one.close(), other.close()])));
    const statuses = async (): Promise<readonly number[]> =>
      Promise.all(
        [one, other].map(async ({ base }) => (await fetch(`${base}/.well-known/oauth-protected-resource`)).status),
      );
    expect(await statuses()).toEqual([200, 200]);
    const admin = await openAccount(one, { person: "usr_ada" });
    for (const [enabled, status] of [
      [false, 404],
      [true, 200],
    ] as const) {
      await admin.send("PUT /admin/hosted-mcp/settings", { enabled });
      await vi.waitFor(async () => expect(await statuses()).toEqual([status, status]), {
        timeout: 1_000,
        interval: 50,
      });
      const challenge = async (): Promise<string | null> =>
        (await fetch(other.url, { headers: { accept: "application/json" } })).headers.get("www-authenticate");
      expect((await challenge())?.includes("resource_metadata")).toBe(enabled);
    }
  });
});

describe("where keys are not made", () => {
  it("says so on the page, and makes none", async () => {
    const own = await startOAuthGateway({
      oauth: (issuer) => {
        const { mint: _mint, unmint: _unmint, ...consent } = demoOAuth(issuer).consent ?? {};
        return { ...demoOAuth(issuer), consent, upstreamCredential: "userToken" };
      },
    });
    try {
      const account = await openAccount(own, { person: "usr_mina" });
      expect(String((await account.send("GET /account")).body.noNewKeys)).toContain("Keys are not made on this page");
      expect((await account.send("POST /account/keys", wish)).status).toBe(403);
    } finally {
      await own.close();
    }
  });
});
