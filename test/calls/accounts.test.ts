import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startIdentityProvider } from "../../demo/identity.ts";
import { demoOAuth } from "../../demo/oauth.ts";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import type { Accounts, Asking } from "../../src/auth/account.ts";
import { createAccounts } from "../../src/calls/accounts.ts";
import type { Config } from "../../src/config/config.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { SignInFile } from "../../src/config/signIn.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { createUpstream, type Upstream } from "../../src/upstream/client.ts";

// What Beacon says of people, asked with their own credentials. Tokens stand for people as the identity provider's do.

let beacon: Beacon;
const upstreams: Upstream[] = [];
const acme = { id: "org_acme", name: "Acme Cloud" };

beforeAll(async () => {
  beacon = await startBeacon({
    userOf: async (token) => (token.startsWith("usr_") ? (token.split(".")[0] ?? null) : null),
  });
});

afterAll(async () => {
  await Promise.all(upstreams.map((one) => one.close()));
  await beacon?.close();
});

function configWith(consent: SignInFile["consent"]): Config {
  const { prompts: _prompts, promptFiles: _files, ...file } = readGatewayFile("openapi/beacon/gateway.yaml");
  const oauth = demoOAuth("http://localhost:4020");
  return resolveConfig(
    { ...file, oauth: { ...oauth, consent: { ...oauth.consent, ...consent } } },
    readEnvironment({}),
    { upstreamUrl: beacon.url, inMemory: true },
    "1",
  );
}

function accountsWith(consent: SignInFile["consent"] = {}): Accounts {
  const config = configWith(consent);
  const upstream = Object.values(config.upstreams)[0];
  if (config.oauth.mode !== "server" || upstream === undefined) throw new Error("the demo has both");
  const { consent: resolved } = config.oauth.signIn;
  const forKeys = createUpstream(upstream);
  const forTokens = createUpstream({ ...upstream, credential: resolved.credential });
  upstreams.push(forKeys, forTokens);
  return createAccounts({ api, consent: resolved, forKeys, forTokens });
}

const token = (user: string, organisation: Asking["organisation"] = null): Asking => ({
  credential: new Secret(`${user}.of.tests`),
  kind: "token",
  organisation,
  user: { id: user },
});
const key = (text: string): Asking => ({ credential: new Secret(text), kind: "key", organisation: null, user: null });

describe("accounts", () => {
  it("tell who somebody is, by a token within an organisation, or by a key", async () => {
    const { me } = accountsWith();
    expect(await me?.(token("usr_vic", acme))).toEqual({
      user: { id: "usr_vic", name: "Vic Moreau" },
      organisation: acme,
      scopes: ["mcp.read"],
    });
    expect(await me?.(key(beacon.keys.other.full))).toMatchObject({ organisation: { id: "org_globex" } });
    expect(await me?.(key("bk_unknown"))).toBeNull();
    expect(await me?.(token("usr_mina", { id: "org_globex" }))).toBeNull();
  });

  it("list organisations and the pages of one", async () => {
    const { organisations, pages } = accountsWith();
    const names = async (listed: ReturnType<NonNullable<typeof pages>> | undefined): Promise<unknown> =>
      (await listed)?.map(({ name }) => name).sort();
    expect(await names(organisations?.(token("usr_ada")))).toEqual(["Acme Cloud", "Globex"]);
    expect(await names(organisations?.(token("usr_mina")))).toEqual(["Acme Cloud"]);
    expect(await names(pages?.(token("usr_mina", acme)))).toEqual(["Acme Cloud", "Acme Cloud API"]);
    await expect(pages?.(token("usr_mina", { id: "org_globex" }))).rejects.toMatchObject({ code: "not_permitted" });
    await expect(pages?.(token("nobody", acme))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("find a list at a path of an answer that is none itself", async () => {
    const { pages } = accountsWith({ pages: { operation: "getMe", items: "permissions", id: "id" } });
    expect(await pages?.(token("usr_ada", acme))).toEqual([]); // texts have no ids
    const { pages: none } = accountsWith({ pages: { operation: "getMe", items: "nothing" } });
    await expect(none?.(token("usr_ada", acme))).rejects.toMatchObject({ code: "upstream_invalid_response" });
  });

  it("make a narrow key for somebody, and delete it", async () => {
    const { mint, unmint, me } = accountsWith();
    const made = await mint?.(token("usr_mina", acme), { name: "MCP — Test", scopes: ["mcp.read"] });
    expect(await me?.(key(made?.credential.reveal() ?? ""))).toMatchObject({
      user: { id: "usr_mina" },
      scopes: ["mcp.read"],
    });
    await unmint?.(token("usr_mina", acme), made?.keyRef ?? "");
    expect(await me?.(key(made?.credential.reveal() ?? ""))).toBeNull();
  });

  it("make none with rights that its owner lacks, or of scopes that mean nothing there", async () => {
    const { mint } = accountsWith();
    await expect(mint?.(token("usr_vic", acme), { name: "x", scopes: ["mcp.delete"] })).rejects.toMatchObject({
      code: "not_permitted",
    });
    const { mint: odd } = accountsWith({
      mint: { operation: "createApiKey", arguments: { name: "x", scopes: ["read"] }, key: "secret" },
    });
    await expect(odd?.(token("usr_ada", acme), { name: "x", scopes: [] })).rejects.toMatchObject({
      code: "upstream_invalid_response",
    });
  });

  it("ask for no organisation where none is known", async () => {
    const { pages } = accountsWith({
      pages: { operation: "listStatusPageComponents", arguments: { pageId: "{organisation.id}" } },
    });
    await expect(pages?.(token("usr_ada"))).rejects.toThrow("needs to know the organisation");
  });

  for (const [use, consent] of [
    ["me", { me: { operation: "createApiKey" } }],
    ["organisations", { organisations: { operation: "noSuchThing" } }],
    ["mint", { mint: { operation: "listApiKeys" } }],
    ["unmint", { unmint: { operation: "getMe", arguments: {} } }],
  ] as const)
    it(`refuse to start where ${use} names no fitting operation`, () => {
      expect(() => accountsWith(consent)).toThrow(`oauth.consent.${use}.operation`);
    });
});

describe("the demo's identity provider", () => {
  it("knows its own tokens alone", async () => {
    const identity = await startIdentityProvider();
    expect(await identity.userOf("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfYWRhIn0.")).toBeNull();
    await identity.close();
  });
});
