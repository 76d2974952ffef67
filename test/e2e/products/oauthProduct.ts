import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { type IdentityProvider, startIdentityProvider } from "../../../demo/identity.ts";
import type { Beacon } from "../../../demo/server.ts";
import { startBeacon } from "../../../demo/server.ts";
import { api } from "../../../generated/beacon/index.ts";
import { loadHooks } from "../../../src/cli/api.ts";
import { compose } from "../../../src/compose.ts";
import { readEnvironment } from "../../../src/config/environment.ts";
import { type GatewayFile, readGatewayFile, resolveConfig } from "../../../src/config/load.ts";
import { createLogger } from "../../../src/telemetry/log.ts";
import { type Walk, walk } from "../../fakes/oauthWalk.ts";
import { projectRoot } from "../process.ts";
import type { Product } from "./product.ts";

/** A product whose users sign in, with the provider where they do. */
export interface OAuthProduct {
  /** `http://localhost:41234`. */
  readonly base: string;
  readonly beacon: Beacon;
  readonly identity: IdentityProvider;
  readonly file: GatewayFile;
  readonly close: () => Promise<void>;
}

/** `examples/<product>/gateway.yaml` as it stands but for where Beacon and the identity provider listen. */
export async function startOAuthProduct(
  product: Product,
  environment: Readonly<Record<string, string>> = {},
  now?: Date,
): Promise<OAuthProduct> {
  const identity = await startIdentityProvider();
  const beacon = await startBeacon({ userOf: identity.userOf, ...(now && { now }) });
  const path = resolve(projectRoot, "examples", product, "gateway.yaml");
  const file = readGatewayFile(path);
  const { signIn } = file.oauth ?? {};
  if (signIn?.oidc === undefined) throw new Error(`${path} says nothing of who signs in`);
  const oauth = { ...file.oauth, signIn: { ...signIn, oidc: { ...signIn.oidc, issuer: identity.issuer } } };
  const config = resolveConfig(
    { ...file, oauth: oauth as NonNullable<GatewayFile["oauth"]> }, // the issuer alone is another
    readEnvironment({ LOG_LEVEL: "silent", ...environment }),
    { port: 0, upstreamUrl: beacon.url, inMemory: true },
    api.version,
  );
  const hooks = file.hooks === undefined ? [] : await loadHooks(resolve(path, "..", file.hooks));
  const gateway = compose({ api, config, hooks, logger: createLogger(config.server.logLevel) });
  const base = `http://localhost:${await gateway.listen()}`;
  return {
    base,
    beacon,
    identity,
    file,
    close: async () => {
      await gateway.close();
      await beacon.close();
      await identity.close();
    },
  };
}

/** Where Claude.ai is sent its codes. */
const claudeCallback = "https://claude.ai/api/mcp/auth_callback";

/** What Claude.ai holds of a server it is connected to. */
export interface Connected {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
  readonly scope: string;
  readonly clientId: string;
  /** Asks for other tokens; status and what was answered. */
  readonly refresh: () => Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
}

const digest = async (text: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toString("base64url");

async function posted(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, { method: "POST", body: new URLSearchParams(form) });
}

/** By issuer: a service registers once for all of its users. */
const registered = new Map<string, string>();

async function register(endpoint: string): Promise<string> {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Claude",
      redirect_uris: [claudeCallback],
      token_endpoint_auth_method: "none",
    }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { client_id: string }).client_id;
}

/**
 * What Claude.ai does with nothing but the URL of a server: finds who issues tokens, registers, sends its user there, and exchanges the
 * code. The user acts in a real browser.
 */
export async function connectClaude(
  browser: Browser,
  url: string,
  how: Walk & { readonly scope: string },
): Promise<Connected> {
  const challenge = (await fetch(url, { method: "POST", body: "{}" })).headers.get("www-authenticate") ?? "";
  const [, metadataUrl = ""] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
  const resource = (await (await fetch(metadataUrl)).json()) as { resource: string; authorization_servers: string[] };
  const [issuer = ""] = resource.authorization_servers;
  const server = (await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
    string,
    string
  >;
  const clientId = registered.get(issuer) ?? (await register(server.registration_endpoint ?? ""));
  registered.set(issuer, clientId);
  const verifier = "v".repeat(64);
  const asked = new URL(server.authorization_endpoint ?? "");
  asked.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: claudeCallback,
    scope: how.scope,
    state: "state",
    code_challenge: await digest(verifier),
    code_challenge_method: "S256",
    resource: resource.resource,
  }).toString();
  const person = await browser.newContext();
  const back = Promise.withResolvers<URL>();
  await person.route(`${claudeCallback}*`, async (route) => {
    back.resolve(new URL(route.request().url()));
    await route.fulfill({ status: 200, body: "connected" });
  });
  await walk(person, asked.href, how);
  const code = (await back.promise).searchParams.get("code") ?? "";
  await person.close();
  const exchange = { grant_type: "authorization_code", code, client_id: clientId, redirect_uri: claudeCallback };
  const answer = await posted(server.token_endpoint ?? "", {
    ...exchange,
    code_verifier: verifier,
    resource: resource.resource,
  });
  const tokens = (await answer.json()) as {
    access_token: string;
    refresh_token: string;
    expires_in: number;
    scope: string;
  };
  if (answer.status !== 200) throw new Error(JSON.stringify(tokens));
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresIn: tokens.expires_in,
    scope: tokens.scope,
    clientId,
    refresh: async () => {
      const form = { grant_type: "refresh_token", refresh_token: tokens.refresh_token, client_id: clientId };
      const again = await posted(server.token_endpoint ?? "", form);
      return { status: again.status, body: (await again.json()) as Readonly<Record<string, unknown>> };
    },
  };
}
