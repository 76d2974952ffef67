import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../../demo/beacon.ts";
import { type Caller, callerOf } from "../../fakes/caller.ts";
import { launchChromium, withoutChromium } from "../../fakes/chromium.ts";
import { get, send } from "../../http/wire.ts";
import { type Connected, connectClaude, type OAuthProduct, startOAuthProduct } from "./oauthProduct.ts";
import { documentLines, withoutDocuments } from "./product.ts";

// examples/statibeat-hosted, as the reference describes Hosted MCP.

const p = "statibeat://pages/{page_id}";
/** Resources by the scope that shows them. */
const resourcesOf: Readonly<Record<string, readonly string[]>> = {
  "": ["statibeat://me"],
  "mcp.pages.read": [
    "statibeat://pages",
    `${p}/summary`,
    `${p}/status-definitions`,
    `${p}/lifecycle/stages`,
    `${p}/maintenance-lifecycle/stages`,
    `${p}/hierarchy/tree`,
  ],
  "mcp.incidents.read": [
    `${p}/incidents/active`,
    `${p}/incidents/resolved?limit={limit}`,
    `${p}/incidents/{incident_id}`,
    `${p}/incidents/{incident_id}/updates?limit={limit}`,
  ],
  "mcp.maintenances.read": [
    `${p}/maintenances/active`,
    `${p}/maintenances/upcoming`,
    `${p}/maintenances/{maintenance_id}`,
    `${p}/maintenances/{maintenance_id}/updates?limit={limit}`,
  ],
  "mcp.analytics.read": [`${p}/analytics/summary?window_days={window_days}`],
  "mcp.beats.read": [
    `${p}/beats`,
    `${p}/beat-groups`,
    `${p}/beats/recent-failures?limit={limit}`,
    `${p}/beats/{monitor_id}/recent-events?limit={limit}`,
  ],
  "mcp.beats.manage": [`${p}/beats/pending-actions`],
  "mcp.incidents.write": [],
  "mcp.maintenances.write": [],
};
const promptsOf: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: "draft_customer_incident", needs: ["mcp.pages.read"] },
  { name: "draft_incident_update", needs: ["mcp.incidents.read"] },
  { name: "investigate_beat_failure", needs: ["mcp.beats.read"] },
  { name: "plan_maintenance_window", needs: ["mcp.maintenances.read"] },
  { name: "review_existing_incident_state", needs: ["mcp.incidents.read"] },
  { name: "review_pending_beat_action", needs: ["mcp.beats.read", "mcp.beats.manage"] },
  { name: "summarize_current_beat_health", needs: ["mcp.beats.read"] },
];
const toolsOf: Readonly<Record<string, readonly string[]>> = {
  "mcp.incidents.write": ["add_incident_update", "create_incident"],
  "mcp.maintenances.write": ["add_maintenance_update", "schedule_maintenance"],
};
const everything = Object.keys(resourcesOf).filter(Boolean);

let browser: Browser;
let product: OAuthProduct;
let url: string;
let whole: Connected;

const as = ({ accessToken }: Connected): Caller =>
  callerOf(url, "", { authorization: `Bearer ${accessToken}`, "x-api-key": "" });

const connect = (scopes: readonly string[], who: "Ada" | "Vic" = "Ada"): Promise<Connected> =>
  connectClaude(browser, url, {
    as: who,
    at: "StatiBeat",
    organisation: "Acme Cloud",
    scope: scopes.join(" "),
    tick: scopes.filter((scope) => /(write|manage)$/.test(scope)),
  });

async function offered(caller: Caller): Promise<{
  readonly uris: readonly string[];
  readonly prompts: readonly string[];
  readonly tools: readonly string[];
}> {
  const fixed = ((await caller.request("resources/list")).result?.resources ?? []) as readonly { uri: string }[];
  const templates = (await caller.request("resources/templates/list")).result?.resourceTemplates as readonly {
    uriTemplate: string;
  }[];
  const prompts = (await caller.request("prompts/list")).result?.prompts as readonly { name: string }[];
  return {
    uris: [...fixed.map(({ uri }) => uri), ...templates.map(({ uriTemplate }) => uriTemplate)].sort(),
    prompts: prompts.map(({ name }) => name).sort(),
    tools: (await caller.listTools()).map(({ name }) => name).sort(),
  };
}

const wanted = (scopes: readonly string[]): Awaited<ReturnType<typeof offered>> => ({
  uris: ["", ...scopes]
    .filter((scope) => scope !== "mcp.beats.manage" || scopes.includes("mcp.beats.read"))
    .flatMap((scope) => resourcesOf[scope] ?? [])
    .sort(),
  prompts: promptsOf.filter(({ needs }) => needs.every((one) => scopes.includes(one))).map(({ name }) => name),
  tools: scopes.flatMap((scope) => toolsOf[scope] ?? []).sort(),
});

async function read(
  caller: Caller,
  uri: string,
): Promise<{
  readonly value?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}> {
  const { result, error } = await caller.request("resources/read", { uri });
  const [content] = (result?.contents ?? []) as readonly { text: string }[];
  return {
    ...(content && { value: JSON.parse(content.text) as Readonly<Record<string, unknown>> }),
    ...(error && { error }),
  };
}

beforeAll(async () => {
  if (withoutChromium) return;
  [browser, product] = await Promise.all([launchChromium(), startOAuthProduct("statibeat-hosted")]);
  url = `${product.base}/mcp`;
  whole = await connect(everything);
});

afterAll(async () => {
  await browser?.close();
  await product?.close();
});

describe.skipIf(withoutChromium)("discovery", () => {
  it("is at the documented paths, and says code, PKCE S256, no secret, refresh", async () => {
    const resource = (await get(`${product.base}/.well-known/oauth-protected-resource`)).body;
    expect(resource).toMatchObject({ resource: url, authorization_servers: [product.base] });
    const server = (await get(`${product.base}/.well-known/oauth-authorization-server`)).body as Record<
      string,
      unknown
    >;
    expect(server).toMatchObject({
      authorization_endpoint: `${product.base}/mcp/oauth/authorize`,
      token_endpoint: `${product.base}/mcp/oauth/token`,
      revocation_endpoint: `${product.base}/mcp/oauth/revoke`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: expect.arrayContaining(["none"]),
    });
    const documented = everything.filter((scope) => !scope.endsWith(".manage"));
    expect(server.scopes_supported).toEqual(expect.arrayContaining(documented));
  });

  const redirects: readonly { readonly uri: string; readonly good: boolean }[] = [
    { uri: "https://app.example.com/callback", good: true },
    { uri: "http://localhost:1234/callback", good: true },
    { uri: "http://127.0.0.1/callback", good: true },
    { uri: "http://[::1]:99/callback", good: true },
    { uri: "http://app.example.com/callback", good: false },
    { uri: "https://app.example.com/callback#part", good: false },
    { uri: "http://localhost:1234/callback#part", good: false },
  ];
  for (const { uri, good } of redirects)
    it(`${good ? "takes" : "refuses"} the redirect URI ${uri}`, async () => {
      const body = { client_name: "x", redirect_uris: [uri], token_endpoint_auth_method: "none" };
      expect((await send(`${product.base}/mcp/oauth/register`, body)).status).toBe(good ? 201 : 400);
    });

  it("gives access for an hour, and refreshes it", async () => {
    expect(whole.expiresIn).toBe(3_600);
    const again = await connect(["mcp.pages.read"]);
    const { status, body } = await again.refresh();
    expect([status, body]).toMatchObject([200, { expires_in: 3_600, scope: "mcp.pages.read" }]);
  });

  it("is transport for JSON-RPC, and 401 with where to sign in for whoever has no token", async () => {
    expect((await as(whole).request("tools/list")).status).toBe(200);
    const { status, headers } = await send(url, { jsonrpc: "2.0", id: 1, method: "tools/list" });
    expect([status, headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("oauth-protected-resource"),
    ]);
  });
});

describe.skipIf(withoutChromium)("what a client is offered", () => {
  it("with every scope is every resource, prompt and tool of the reference", async () =>
    expect(await offered(as(whole))).toEqual(wanted(everything)));

  for (const scope of everything)
    it(`with ${scope} alone is what that scope names`, async () =>
      expect(await offered(as(await connect([scope])))).toEqual(wanted([scope])));

  it("is no delete, no update, no resolve, no Beat change, no subscriber, branding or setting", async () => {
    for (const name of [
      "delete_incident",
      "update_incident",
      "resolve_incident",
      "reopen_incident",
      "run_beat",
      "approve_beat_action",
      "create_status_page_subscriber",
      "update_status_page_branding",
      "update_organisation_settings",
      "whoami",
    ]) {
      const { error } = await as(whole).request("tools/call", { name, arguments: {} });
      expect(error?.message).toContain(`Tool not available: ${name}`);
    }
  });

  it("is no more than the user may do: Vic, who may look, can grant nothing that writes or manages", async () => {
    const vic = await connectClaude(browser, url, {
      as: "Vic",
      at: "StatiBeat",
      organisation: "Acme Cloud",
      scope: everything.join(" "),
    });
    expect(vic.scope.split(" ").sort()).toEqual(everything.filter((scope) => /read$/.test(scope)).sort());
    expect((await offered(as(vic))).tools).toEqual([]);
    expect((await read(as(vic), "statibeat://pages/page_acme_api/beats/pending-actions")).error?.code).toBe(-32602);
  });
});

describe.skipIf(withoutChromium)("a resource", () => {
  const page = "statibeat://pages/page_acme_api";
  const uris = [
    "statibeat://me",
    "statibeat://pages",
    `${page}/summary`,
    `${page}/status-definitions`,
    `${page}/lifecycle/stages`,
    `${page}/maintenance-lifecycle/stages`,
    `${page}/hierarchy/tree`,
    `${page}/incidents/active`,
    `${page}/incidents/resolved?limit=2`,
    `${page}/incidents/inc_acme_payments`,
    `${page}/incidents/inc_acme_database/updates?limit=1`,
    `${page}/maintenances/active`,
    `${page}/maintenances/upcoming`,
    `${page}/maintenances/mnt_acme_database`,
    `${page}/maintenances/mnt_acme_network/updates?limit=20`,
    `${page}/analytics/summary?window_days=7`,
    `${page}/beats`,
    `${page}/beat-groups`,
    `${page}/beats/pending-actions`,
    `${page}/beats/recent-failures?limit=2`,
    `${page}/beats/beat_acme_checkout/recent-events?limit=2`,
  ];
  it.each(uris)("%s is read", async (uri) => {
    const { value, error } = await read(as(whole), uri);
    expect([error, Object.keys(value ?? {}).length > 0]).toEqual([undefined, true]);
  });

  it("statibeat://me says user, client and scopes of the connection", async () => {
    const { value } = await read(as(whole), "statibeat://me");
    expect(value).toMatchObject({ kind: "connection", user: { id: "usr_ada" }, organisation: { id: "org_acme" } });
    expect([...((value?.scopes ?? []) as string[])].sort()).toEqual([...everything].sort());
  });

  const limits = [
    { uri: `${page}/incidents/resolved`, sent: "limit=20", note: undefined },
    { uri: `${page}/incidents/resolved?limit=200`, sent: "limit=200", note: undefined },
    { uri: `${page}/incidents/resolved?limit=201`, sent: "limit=200", note: "200" },
    { uri: `${page}/analytics/summary`, sent: "windowDays=30", note: undefined },
    { uri: `${page}/analytics/summary?window_days=90`, sent: "windowDays=90", note: undefined },
    { uri: `${page}/analytics/summary?window_days=91`, sent: "windowDays=90", note: "90" },
  ];
  for (const { uri, sent, note } of limits)
    it(`${uri} asks for ${sent}${note === undefined ? "" : " and says so"}`, async () => {
      const before = product.beacon.requests.length;
      const { value } = await read(as(whole), uri);
      expect(
        product.beacon.requests
          .slice(before)
          .map((one) => one.url)
          .join(" "),
      ).toContain(sent);
      if (note === undefined) expect(value?.notes).toBeUndefined();
      else expect(value?.notes).toContainEqual(expect.stringContaining(note));
    });

  it("refuses a limit below 1", async () =>
    expect((await read(as(whole), `${page}/incidents/resolved?limit=0`)).error?.code).toBe(-32602));

  it("of an incident is not there under another page", async () =>
    expect((await read(as(whole), "statibeat://pages/page_acme_main/incidents/inc_acme_payments")).error?.code).toBe(
      -32602,
    ));
});

describe.skipIf(withoutChromium)("a prompt", () => {
  it.each(promptsOf.map(({ name }) => name))("%s brings what it reads", async (name) => {
    const args = {
      page_id: "page_acme_api",
      incident_id: "inc_acme_payments",
      monitor_id: "beat_acme_checkout",
      what: "x",
      work: "x",
    };
    const { prompts } = (await as(whole).request("prompts/list")).result as {
      prompts: readonly { name: string; arguments?: readonly { name: string }[] }[];
    };
    const own = prompts.find((one) => one.name === name)?.arguments?.map((one) => one.name) ?? [];
    const given = Object.fromEntries(Object.entries(args).filter(([arg]) => own.includes(arg)));
    const { result, error } = await as(whole).request("prompts/get", { name, arguments: given });
    expect(error).toBeUndefined();
    const messages = result?.messages as readonly { content: { type: string } }[];
    expect(messages.some(({ content }) => content.type === "resource")).toBe(true);
  });
});

describe.skipIf(withoutChromium)("a tool", () => {
  const page_id = "page_acme_api";
  it("create_incident and schedule_maintenance need an explicit page_id", async () => {
    const tools = await as(whole).listTools();
    for (const name of ["create_incident", "schedule_maintenance"]) {
      expect(tools.find((tool) => tool.name === name)?.inputSchema.required).toContain("page_id");
      const { error } = await as(whole).call(name, { title: "x" });
      expect(error.code).toBe("invalid_arguments");
    }
  });

  it("writes what the API then shows, alerting nobody without being told to", async () => {
    const made = await as(whole).call("create_incident", { title: "Slow", severity: "minor", page_id, notify: false });
    const { id } = made.structured.item as { id: string };
    const updated = await as(whole).call("add_incident_update", {
      incident_id: id,
      status: "identified",
      message: "Found",
      notify: false,
    });
    expect([made.isError, updated.isError, updated.text]).toEqual([false, false, updated.text]);
    const key = product.beacon.keys.full;
    expect((await call(product.beacon, key, `GET /incidents/${id}`)).body).toMatchObject({
      title: "Slow",
      status: "identified",
    });
    const window = {
      title: "Work",
      message: "m",
      page_id,
      from: "2036-03-14T02:00:00Z",
      to: "2036-03-14T04:00:00Z",
      notify: false,
    };
    const planned = await as(whole).call("schedule_maintenance", window);
    const { id: maintenance_id } = planned.structured.item as { id: string };
    const said = await as(whole).call("add_maintenance_update", {
      maintenance_id,
      message: "Soon",
      notify: false,
    });
    expect([planned.isError, said.isError]).toEqual([false, false]);
    expect((await call(product.beacon, key, "GET /outbox/count")).body).toEqual({ count: 0 });
  });
});

describe.skipIf(withoutChromium)("revoking", () => {
  it("ends access at once", async () => {
    const gone = await connect(["mcp.pages.read"]);
    expect((await as(gone).request("tools/list")).status).toBe(200);
    const form = new URLSearchParams({ token: gone.refreshToken, client_id: gone.clientId });
    expect((await fetch(`${product.base}/mcp/oauth/revoke`, { method: "POST", body: form })).status).toBe(200);
    expect((await as(gone).request("tools/list")).status).toBe(401);
    expect((await gone.refresh()).status).toBe(400);
  });
});

describe.skipIf(withoutDocuments !== false)(
  `the reference${withoutDocuments === false ? "" : ` (${withoutDocuments})`}`,
  () => {
    it("lists exactly the resources, prompts and tools that are offered", () => {
      const lines = documentLines("statibeat");
      const end = lines.findIndex((line) => line.startsWith("## Page MCP server setup"));
      const bullets = lines.slice(0, end).flatMap((line) => /^- `([^`]+)`$/.exec(line)?.[1] ?? []);
      const uris = bullets.filter((one) => one.startsWith("statibeat://"));
      const names = bullets.filter((one) => /^[a-z_]+$/.test(one));
      const { uris: ours, prompts, tools } = wanted(everything);
      expect(uris.toSorted()).toEqual(ours);
      expect(names.toSorted()).toEqual([...prompts, ...tools].sort());
    });
  },
);
