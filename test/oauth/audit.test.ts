import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { demoOAuth } from "../../demo/oauth.ts";
import { httpWalk } from "../fakes/httpWalk.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";

// Who may get in, and who let them, is in the audit log beside what they did.

const callback = "https://client.example/callback";
const adminToken = "an-admin-token-of-the-tests";
let gateway: OAuthGateway;

beforeAll(async () => {
  gateway = await startOAuthGateway({
    environment: { SPECGATE_ADMIN_TOKEN: adminToken },
    oauth: (issuer) => ({
      ...demoOAuth(issuer),
      clients: [{ id: "assistant", name: "Assistant", redirectUris: [callback] }],
    }),
  });
});

afterAll(() => gateway?.close());

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Ada of Acme lets the assistant read, or more. */
async function connect(scopes: readonly string[] = ["mcp.read"], how: "anew" | "more" = "anew"): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: "assistant",
    redirect_uri: callback,
    scope: "mcp.read mcp.write",
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const done = await httpWalk(`${gateway.base}/mcp/oauth/authorize?${query}`, {
    person: "usr_ada",
    ...(how === "anew" && { of: { organisation: "org_acme", page: "page_acme_main" } }),
    scopes,
  });
  const answer = await fetch(`${gateway.base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: "assistant",
      code: done.url.searchParams.get("code") ?? "",
      redirect_uri: callback,
      code_verifier: verifier,
    }),
  });
  return (await answer.json()) as Tokens;
}

async function admin(path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${gateway.base}/api/v1/admin${path}`, {
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

type Entry = Readonly<Record<string, unknown>>;

async function recordsOf(id: string): Promise<readonly Entry[]> {
  const page = await admin(`/audit?resource_id=${id}`);
  return [...(page.items as Entry[])].reverse(); // newest first
}

async function connectionId(): Promise<string> {
  const { items } = (await admin("/connections")) as unknown as { readonly items: readonly { readonly id: string }[] };
  return items[0]?.id ?? "";
}

/** How many keys there are at Beacon that were made for connections. */
async function upstreamKeys(): Promise<number> {
  const answer = await fetch(`${gateway.beacon.url}/api-keys?perPage=100`, {
    headers: { "x-api-key": gateway.beacon.keys.full },
  });
  const { items } = (await answer.json()) as { readonly items: readonly { readonly name: string }[] };
  return items.filter(({ name }) => name.startsWith("MCP — Assistant")).length;
}

it("says that a Connection was made, by whom and with what, and that an administrator ended it by its key", async () => {
  const tokens = await connect();
  expect(await upstreamKeys()).toBe(1);
  const id = await connectionId();
  await admin(`/keys/${id}/revoke`, {});
  // The key was made with no more than reading; it deletes itself at Beacon.
  await vi.waitFor(async () => expect(await upstreamKeys()).toBe(0));
  await vi.waitFor(async () => expect(await recordsOf(id)).toHaveLength(3));
  const records = await recordsOf(id);
  expect(records).toMatchObject([
    {
      tool: "connection.created",
      kind: "call",
      actor_type: "user",
      actor_id: "usr_ada",
      actor_user_id: "usr_ada",
      organisation: "org_acme",
      client: { name: "Assistant" },
      effect: "write",
      resource: "connection",
      outcome: "ok",
      values: { name: "MCP — Assistant", user: "usr_ada", scopes: ["mcp.read"] },
    },
    { tool: "connection.ended", actor_type: "operator", actor_id: "admin", effect: "destroy" },
    { tool: "connection.upstream_key_deleted", actor_type: "gateway", outcome: "ok" },
  ]);
  expect(JSON.stringify(records)).not.toMatch(/bk_[\w-]{20}/);
  for (const secret of [tokens.access_token, tokens.refresh_token, adminToken])
    expect(JSON.stringify(records).includes(secret)).toBe(false);
});

it("says that a client ended its own Connection", async () => {
  const { refresh_token } = await connect();
  const id = await connectionId();
  await fetch(`${gateway.base}/mcp/oauth/revoke`, {
    method: "POST",
    body: new URLSearchParams({ client_id: "assistant", token: refresh_token }),
  });
  await vi.waitFor(async () => expect(await upstreamKeys()).toBe(0));
  await vi.waitFor(async () =>
    expect(await recordsOf(id)).toMatchObject([
      { tool: "connection.created" },
      { tool: "connection.ended", actor_type: "mcp", actor_kind: "connection", actor_id: id, actor_user_id: "usr_ada" },
      { tool: "connection.upstream_key_deleted" },
    ]),
  );
});

it("says that a Connection was widened, with the scopes it has now", async () => {
  await connect();
  const id = await connectionId();
  await connect(["mcp.write"], "more");
  await vi.waitFor(async () =>
    expect((await recordsOf(id)).map(({ tool, values }) => [tool, (values as Entry).scopes])).toEqual([
      ["connection.created", ["mcp.read"]],
      ["connection.widened", ["mcp.read", "mcp.write"]],
    ]),
  );
  await admin(`/keys/${id}/revoke`, {});
  await vi.waitFor(async () => expect(await upstreamKeys()).toBe(0));
});

it("says likewise of keys, and never what they are", async () => {
  const made = await admin("/keys", { name: "CI", user: { id: "usr_ada" }, scopes: ["read"] });
  const { id, key } = made as { readonly id: string; readonly key: string };
  const rotated = await admin(`/keys/${id}/rotate`, { overlapSeconds: 0 });
  await admin(`/keys/${String(rotated.id)}/revoke`, {});
  await vi.waitFor(async () => expect(await recordsOf(String(rotated.id))).toHaveLength(1));
  const records = [...(await recordsOf(id)), ...(await recordsOf(String(rotated.id)))];
  expect(records).toMatchObject([
    { tool: "key.created", actor_type: "operator", actor_id: "admin", values: { name: "CI", user: "usr_ada" } },
    { tool: "key.rotated", values: { successor: rotated.id } },
    { tool: "key.revoked", effect: "destroy", outcome: "ok" },
  ]);
  expect(JSON.stringify(records)).not.toContain(key.slice(16));
});
