import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { demoOAuth } from "../../demo/oauth.ts";
import { httpWalk } from "../fakes/httpWalk.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";
import { postStateless } from "../http/wire.ts";

// Ada is in two organisations with two pages each. Each of her four connections is for one page, and tools that could reach others hide.

const callback = "https://client.example/callback";
const pages = [
  { organisation: "org_acme", page: "page_acme_main" },
  { organisation: "org_acme", page: "page_acme_api" },
  { organisation: "org_globex", page: "page_globex_main" },
  { organisation: "org_globex", page: "page_globex_api" },
] as const;
type Place = (typeof pages)[number];

let gateway: OAuthGateway;
const tokens = new Map<string, string>();

beforeAll(async () => {
  gateway = await startOAuthGateway({
    oauth: (issuer) => ({
      ...demoOAuth(issuer),
      bind: { pages: { argument: "pageId", elsewhere: "hide" } },
      clients: [{ id: "assistant", name: "Assistant", redirectUris: [callback] }],
    }),
  });
  for (const place of pages) {
    await plant(place);
    tokens.set(place.page, await connect(place));
  }
});

afterAll(() => gateway?.close());

function canaryOf({ page }: Place): string {
  return `canary-of-${page.replaceAll("_", "-")}`;
}

/** An incident that nobody else is to see. */
async function plant(place: Place): Promise<void> {
  const { keys, url } = gateway.beacon;
  const answer = await fetch(`${url}/incidents`, {
    method: "POST",
    headers: {
      "x-api-key": place.organisation === "org_acme" ? keys.full : keys.other.full,
      "content-type": "application/json",
    },
    body: JSON.stringify({ title: canaryOf(place), pageId: place.page, severity: "minor", notify: false }),
  });
  if (answer.status !== 201) throw new Error(`no canary: ${answer.status} ${await answer.text()}`);
}

async function connect(of: Place): Promise<string> {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: "assistant",
    redirect_uri: callback,
    scope: "mcp.read",
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const walk = { person: "usr_ada", of, scopes: ["mcp.read"] };
  const { url } = await httpWalk(`${gateway.base}/mcp/oauth/authorize?${query}`, walk);
  const answer = await fetch(`${gateway.base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "assistant",
      code: url.searchParams.get("code") ?? "",
      redirect_uri: callback,
      code_verifier: verifier,
    }),
  });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

interface Asked {
  readonly text: string;
  readonly result: Readonly<Record<string, unknown>> & { readonly isError?: boolean };
}

/** What the connection for `place` is answered. */
async function ask(place: Place, method: string, params: object = {}): Promise<Asked> {
  const headers = { "x-api-key": undefined, authorization: `Bearer ${tokens.get(place.page)}` };
  const { body } = await postStateless(gateway.url, method, { ...params }, { headers });
  return { text: JSON.stringify(body), result: (body as { readonly result?: Asked["result"] }).result ?? {} };
}

function read(place: Place, uri: string): Promise<Asked> {
  return ask(place, "resources/read", { uri });
}

function expectNoneButOwn(own: Place, text: string): void {
  for (const other of pages)
    if (other !== own) expect([other.page, text.includes(canaryOf(other))]).toEqual([other.page, false]);
}

interface Listed {
  readonly name: string;
  readonly inputSchema: {
    readonly properties?: Readonly<Record<string, { readonly enum?: unknown }>>;
    readonly required?: readonly string[];
  };
}

it.each(pages)(
  "the connection for $page sees its own by tools, and asks Beacon for nothing else (13.5)",
  async (own) => {
    const { result, text } = await ask(own, "tools/list");
    const tools = result.tools as readonly Listed[];
    const bound = tools.filter(({ inputSchema }) => inputSchema.properties?.pageId !== undefined);
    expect(bound.length).toBeGreaterThan(5);
    expect(bound.length).toBe(tools.filter(({ name }) => name !== "get_me").length);
    for (const { name, inputSchema } of bound)
      expect([name, inputSchema.properties?.pageId?.enum]).toEqual([name, [own.page]]);
    for (const other of pages) if (other !== own) expect(text.includes(other.page)).toBe(false);

    const mine = await ask(own, "tools/call", { name: "list_incidents", arguments: { pageId: own.page, limit: 200 } });
    expect(mine.text).toContain(canaryOf(own));
    expectNoneButOwn(own, mine.text);
    const sent = gateway.beacon.requests.length;
    for (const other of pages) {
      if (other === own) continue;
      const refused = await ask(own, "tools/call", { name: "list_incidents", arguments: { pageId: other.page } });
      expect(refused.result.isError).toBe(true);
      expect(refused.text).toContain("not_permitted");
      expectNoneButOwn(own, refused.text);
    }
    expect(gateway.beacon.requests.length).toBe(sent);
  },
);

it.each(pages)("the connection for $page sees its own by resources, completions and search (13.5)", async (own) => {
  const mine = await read(own, `beacon://pages/${own.page}/incidents/active`);
  expect(mine.text).toContain(canaryOf(own));
  const { text: listed, result } = await ask(own, "resources/list");
  expectNoneButOwn(own, listed);
  for (const { uri } of (result.resources ?? []) as readonly { readonly uri: string }[])
    expectNoneButOwn(own, (await read(own, uri)).text);
  for (const other of pages) {
    if (other === own) continue;
    for (const uri of [`beacon://pages/${other.page}/incidents/active`, `beacon://pages/${other.page}/summary`]) {
      const refused = await read(own, uri);
      expect(refused.result.contents).toBeUndefined();
      expectNoneButOwn(own, refused.text);
    }
  }
  const ref = { type: "ref/resource", uri: "beacon://pages/{page_id}/summary" };
  const completed = await ask(own, "completion/complete", { ref, argument: { name: "page_id", value: "" } });
  for (const other of pages) if (other !== own) expect(completed.text.includes(other.page)).toBe(false);
  const shown = await fetch(`${gateway.url}/tools?q=incident&schema=1`, {
    headers: { authorization: `Bearer ${tokens.get(own.page)}` },
  });
  const found = await shown.text();
  expect(found).toContain("list_incidents");
  for (const other of pages) if (other !== own) expect(found.includes(other.page)).toBe(false);
});
