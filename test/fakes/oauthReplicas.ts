import { createHash, randomBytes } from "node:crypto";
import { startIdentityProvider } from "../../demo/identity.ts";
import { demoOAuth } from "../../demo/oauth.ts";
import { startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { startBalancer } from "./balancer.ts";
import { httpWalk } from "./httpWalk.ts";
import { startPostgres } from "./postgres.ts";
import { freePort, startRedis } from "./redis.ts";

const callback = "https://client.example/callback";

/** Of the admin API. */
export const adminToken = "an-admin-token-of-the-tests";
const size = 3;

/** Three whole gateways of the demo on PostgreSQL and Redis behind a balancer, which can be given other secrets one after the other. */
export interface OAuthReplicas {
  /** Of the balancer. */
  readonly base: string;
  /** Of each. */
  readonly origins: readonly string[];
  /** Starts each replica anew with these, one after the other, as a deploy does. */
  readonly roll: (secrets: string) => Promise<void>;
  /** What the balancer could not get through. */
  readonly lost: readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts them; the clients `assistant` and `another` are configured. @param first their `SPECGATE_SECRET` */
export async function startOAuthReplicas(first: string): Promise<OAuthReplicas> {
  const [postgres, redis, identity] = await Promise.all([startPostgres(), startRedis(), startIdentityProvider()]);
  const beacon = await startBeacon({ userOf: identity.userOf });
  const databaseUrl = await postgres.database();
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const balancer = await startBalancer({
    backends: ports.map((port) => `http://127.0.0.1:${port}`),
    healthPath: "/readyz",
    healthMs: 50,
  });
  const base = `http://localhost:${balancer.port}`;
  const { prompts: _prompts, promptFiles: _files, ...file } = readGatewayFile("openapi/beacon/gateway.yaml");
  const off = { readsPerMinute: "off", writesPerMinute: "off", requestsPerMinutePerAddress: "off" } as const;
  const limits = { ...file.limits, ...off, shedAboveDelayMs: "off" } as const;
  const clients = ["assistant", "another"].map((id) => ({ id, name: id, redirectUris: [callback] }));
  const start = async (port: number, secrets: string): Promise<Gateway> => {
    const environment = readEnvironment({
      LOG_LEVEL: "silent",
      PUBLIC_URL: base,
      SPECGATE_SECRET: secrets,
      SPECGATE_ADMIN_TOKEN: adminToken,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      INSTANCES: String(size),
    });
    const oauth = { ...demoOAuth(identity.issuer), clients };
    const flags = { port, upstreamUrl: beacon.url };
    const config = resolveConfig({ ...file, limits, oauth }, environment, flags, api.version);
    const gateway = compose({ api, config, logger: createLogger("silent") });
    await gateway.listen();
    while (!balancer.healthy().includes(`http://127.0.0.1:${port}`)) await soon();
    return gateway;
  };
  const gateways: Gateway[] = [];
  for (const port of ports) gateways.push(await start(port, first));
  return {
    base,
    origins: ports.map((port) => `http://127.0.0.1:${port}`),
    lost: balancer.failures,
    roll: async (secrets) => {
      for (const [index, port] of ports.entries()) {
        await gateways[index]?.close({ readyMs: 300, graceMs: 5_000 });
        gateways[index] = await start(port, secrets);
      }
    },
    close: async () => {
      await Promise.all(gateways.map((gateway) => gateway.close()));
      await Promise.all([balancer.close(), beacon.close(), identity.close(), redis.close(), postgres.close()]);
    },
  };
}

/** A moment. */
export function soon(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What a client keeps. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** The answer of the token endpoint. Throws for any other than 200. */
export async function token(base: string, body: Readonly<Record<string, string>>): Promise<Tokens> {
  const answer = await fetch(`${base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`token: ${answer.status} ${text}`);
  return JSON.parse(text) as Tokens;
}

/** The whole way of Ada of Acme: every form, cookie and page of it, while secrets change. */
export async function connect(base: string, client = "assistant"): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: callback,
    scope: "mcp.read",
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const of = { organisation: "org_acme", page: "page_acme_main" };
  const { url, status } = await httpWalk(`${base}/mcp/oauth/authorize?${query}`, {
    person: "usr_ada",
    of,
    scopes: ["mcp.read"],
  });
  const code = url.searchParams.get("code");
  if (code === null) throw new Error(`no code: ${status} ${url}`);
  const more = { client_id: client, code, redirect_uri: callback, code_verifier: verifier };
  return token(base, { grant_type: "authorization_code", ...more });
}
