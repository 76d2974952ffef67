/** The demo's identity provider: OpenID Connect with three people and no passwords, so that the whole flow works offline. */
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify } from "jose";
import { type Adapter, type AdapterPayload, type Configuration, Provider } from "oidc-provider";
import { signInPage } from "./identityPage.ts";

/** Somebody who can sign in. */
export interface Person {
  /** As in Beacon. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Claim that makes an administrator of the gateway's own pages. */
  readonly role: "admin" | "member";
  /** What the sign-in page says of them. */
  readonly about: string;
}

/** The people of the demo. */
export const persons: readonly Person[] = [
  {
    id: "usr_ada",
    name: "Ada Lindqvist",
    email: "ada@acme.example",
    role: "admin",
    about: "Administrator of Acme Cloud and Globex",
  },
  {
    id: "usr_vic",
    name: "Vic Moreau",
    email: "vic@acme.example",
    role: "member",
    about: "May look at Acme Cloud and Globex",
  },
  {
    id: "usr_mina",
    name: "Mina Park",
    email: "mina@acme.example",
    role: "member",
    about: "Responds to incidents in Acme Cloud alone",
  },
];

/** A running identity provider. */
export interface IdentityProvider {
  /** `http://localhost:4020`. */
  readonly issuer: string;
  /** The id of the person whom an access token stands for; null: it is not one of ours for Beacon, or has expired. */
  readonly userOf: (token: string) => Promise<string | null>;
  readonly close: () => Promise<void>;
}

/** Audience of the access tokens. */
const beacon = "https://beacon.example/api";

/** Starts it on 127.0.0.1; everybody is forgotten when it stops. Its one client is `specgate`, at any port of this machine. */
export async function startIdentityProvider({ port = 0 }: { readonly port?: number } = {}): Promise<IdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const naming = { alg: "ES256", use: "sig", kid: randomUUID() };
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...naming }] });
  let serve = (_req: IncomingMessage, res: ServerResponse): void => void res.writeHead(503).end();
  const server = createServer((req, res) => serve(req, res));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`; // it listens on TCP
  const provider = new Provider(issuer, configurationOf({ ...(await exportJWK(privateKey)), ...naming }));
  const callback = provider.callback();
  serve = (req, res) => {
    const [, uid] = /^\/sign-in\/([\w-]+)$/.exec(req.url ?? "") ?? [];
    if (uid === undefined) void callback(req, res);
    else signIn(provider, req, res).catch((thrown: unknown) => refuse(res, thrown));
  };
  return {
    issuer,
    userOf: async (token) => {
      const verified = await jwtVerify(token, keys, { issuer, audience: beacon }).catch(() => null);
      return verified?.payload.sub ?? null;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** GET shows the people, POST takes one of them. */
async function signIn(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await provider.interactionDetails(req, res); // throws for another browser's
  if (req.method !== "POST") {
    res
      .writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" })
      .end(signInPage(persons));
    return;
  }
  const chosen = new URLSearchParams(await textOf(req)).get("person");
  const person = persons.find(({ id }) => id === chosen);
  const result = person ? { login: { accountId: person.id }, consent: {} } : { error: "access_denied" };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

async function textOf(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req) text += String(chunk).slice(0, 10_000);
  return text;
}

function refuse(res: ServerResponse, thrown: unknown): void {
  const message = thrown instanceof Error ? thrown.message : "this did not work";
  res
    .writeHead(400, { "content-type": "text/plain; charset=utf-8" })
    .end(`${message}. Start again from the program you want to connect.\n`);
}

function configurationOf(signingKey: JWK): Configuration {
  return {
    adapter: memoryAdapters(),
    clients: [
      {
        client_id: "specgate",
        application_type: "native", // at any port of this machine
        token_endpoint_auth_method: "none",
        id_token_signed_response_alg: "ES256",
        redirect_uris: [
          "http://localhost/mcp/oauth/interaction/signed-in",
          "http://127.0.0.1/mcp/oauth/interaction/signed-in",
        ],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub"], profile: ["name", "role"], email: ["email"] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => beacon,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "api",
          accessTokenFormat: "jwt",
          accessTokenTTL: 3_600,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
    findAccount: (_ctx, id) => {
      const person = persons.find((one) => one.id === id);
      if (person === undefined) return undefined;
      const { about: _text, id: sub, ...claims } = person;
      return { accountId: id, claims: () => ({ sub, ...claims }) };
    },
    interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
    jwks: { keys: [signingKey] },
    // The gateway belongs to the same owner, so nobody is asked whether it may know them.
    loadExistingGrant: async ({ oidc }) => {
      if (oidc.account === undefined || oidc.client === undefined) return undefined;
      const grant = new oidc.provider.Grant({ accountId: oidc.account.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope("openid profile email");
      grant.addResourceScope(beacon, "api");
      await grant.save();
      return grant;
    },
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    responseTypes: ["code"],
    scopes: ["openid", "profile", "email", "offline_access", "api"],
    ttl: {
      AccessToken: 3_600,
      RefreshToken: 86_400,
      AuthorizationCode: 60,
      IdToken: 3_600,
      Interaction: 600,
      Session: 3_600,
      Grant: 3_600,
    },
  };
}

/** What the provider keeps, in this process alone. */
function memoryAdapters(): (model: string) => Adapter {
  const rows = new Map<string, { readonly payload: AdapterPayload; readonly until: number }>();
  const live = (key: string): AdapterPayload | undefined => {
    const row = rows.get(key);
    return row !== undefined && row.until > Date.now() ? row.payload : undefined;
  };
  return (model) => ({
    upsert: async (id, payload, expiresIn = 3_600) => {
      rows.set(`${model} ${id}`, { payload, until: Date.now() + expiresIn * 1_000 });
    },
    find: async (id) => live(`${model} ${id}`),
    findByUid: async (uid) =>
      [...rows].find(([key, { payload }]) => key.startsWith(`${model} `) && payload.uid === uid)?.[1].payload,
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const payload = live(`${model} ${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000);
    },
    destroy: async (id) => {
      rows.delete(`${model} ${id}`);
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, { payload }] of rows) if (payload.grantId === grantId) rows.delete(key);
    },
  });
}
