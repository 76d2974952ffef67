import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startIdentityProvider } from "../../demo/identity.ts";
import { demoOAuth } from "../../demo/oauth.ts";
import { startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { startBalancer } from "../fakes/balancer.ts";
import { httpWalk } from "../fakes/httpWalk.ts";
import { startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { freePort, startRedis, withoutRedis } from "../fakes/redis.ts";
import { openSession, postSession, postStateless, type Wired } from "../http/wire.ts";

// X15: the keys of sessions, cookies, signing, peppers and credentials are made of SPECGATE_SECRET, so one rotation is that of all five.

const callback = "https://client.example/callback";
const adminToken = "an-admin-token-of-the-tests";
const size = 3;

/** What is served by replicas that can be given other secrets, one after the other. */
interface Rotating {
  /** Of the balancer. */
  readonly base: string;
  /** Starts each replica anew with these, one after the other, as a deploy does. */
  readonly roll: (secrets: string) => Promise<void>;
  readonly lost: readonly string[];
  readonly close: () => Promise<void>;
}

async function rotating(first: string): Promise<Rotating> {
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

function soon(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function token(base: string, body: Readonly<Record<string, string>>): Promise<Tokens> {
  const answer = await fetch(`${base}/mcp/oauth/token`, {
    method: "POST",
    body: new URLSearchParams(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`token: ${answer.status} ${text}`);
  return JSON.parse(text) as Tokens;
}

/** The whole way of Ada of Acme: every form, cookie and page of it, while secrets change. */
async function connect(base: string, client = "assistant"): Promise<Tokens> {
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

/** Instead of the key that the wire helpers send. */
function bearer({ access_token }: Tokens): Readonly<Record<string, string | undefined>> {
  return { "x-api-key": undefined, authorization: `Bearer ${access_token}` };
}

function assertGood(what: string, { status, body }: Wired): void {
  const { result } = (body ?? {}) as { readonly result?: { readonly isError?: boolean } };
  if (status !== 200 || result === undefined || result.isError === true)
    throw new Error(`${what}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
}

const call = { name: "list_monitors", arguments: { limit: 1 } };

describe.skipIf(withoutPostgres || withoutRedis)("a rotation of SPECGATE_SECRET on three replicas", () => {
  let served: Rotating;
  beforeAll(async () => {
    served = await rotating("the former secret");
  });
  afterAll(() => served?.close());

  it("fails no request of sessions, keys, tokens, refreshes and sign-ins that go on meanwhile (X15)", async () => {
    const { base } = served;
    const url = `${base}/mcp`;
    const issued = await fetch(`${base}/api/v1/admin/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "CI", user: { id: "usr_ada" }, scopes: ["read"] }),
    });
    const { key } = (await issued.json()) as { readonly key: string };
    const beaconKey = { "x-api-key": key };
    const own = await connect(base);
    let turning = await connect(base, "another");
    const session = await openSession(url, { headers: bearer(own) });
    const workers: Readonly<Record<string, () => Promise<void>>> = {
      "a session that is as old as the first secret": async () =>
        assertGood(
          "session",
          await postSession(url, "tools/list", {}, { headers: { ...session.headers, ...bearer(own) } }),
        ),
      "a token that is as old": async () =>
        assertGood(
          "token",
          await postStateless(url, "tools/call", call, {
            headers: bearer(own),
          }),
        ),
      "a key that is as old": async () =>
        assertGood("key", await postStateless(url, "tools/list", {}, { headers: beaconKey })),
      "a client that refreshes": async () => {
        const { refresh_token } = turning;
        turning = await token(base, { client_id: "another", grant_type: "refresh_token", refresh_token });
        assertGood("refreshed", await postStateless(url, "tools/call", call, { headers: bearer(turning) }));
      },
      "people who sign in": async () => void (await connect(base)),
      "the published keys": async () => {
        const answer = await fetch(`${base}/mcp/oauth/jwks`);
        const { keys } = (await answer.json()) as { readonly keys?: readonly unknown[] };
        if (answer.status !== 200 || (keys ?? []).length === 0) throw new Error(`jwks: ${answer.status}`);
      },
    };
    const failed: string[] = [];
    const done = new Map(Object.keys(workers).map((name) => [name, 0]));
    let isOver = false;
    const running = Object.entries(workers).map(async ([name, work]) => {
      while (!isOver) {
        await work().catch((thrown: unknown) => failed.push(`${name}: ${String(thrown)}`));
        done.set(name, (done.get(name) ?? 0) + 1);
        if (/refreshes|sign in/.test(name)) await soon(1_200); // a client gets 60 tokens in a minute
      }
    });
    /** Until each has done this many more. */
    const rounds = async (count: number): Promise<void> => {
      const from = new Map(done);
      while ([...done].some(([name, now]) => now < (from.get(name) ?? 0) + count)) await soon();
    };
    await rounds(2);
    // Every replica verifies with the new one before any mints with it.
    await served.roll("the former secret,the secret after it");
    await rounds(2);
    await served.roll("the secret after it,the former secret");
    await rounds(2);
    isOver = true;
    await Promise.all(running);
    expect(failed).toEqual([]);
    expect(served.lost).toEqual([]);
    for (const count of done.values()) expect(count).toBeGreaterThanOrEqual(6);
  });
});
