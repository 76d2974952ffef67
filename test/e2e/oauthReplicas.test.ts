import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createRedisRevocations } from "../../src/auth/revocations.redis.ts";
import { createRedisOAuthLimits } from "../../src/oauth/limits.redis.ts";
import { connectRedis } from "../../src/redis/connection.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type PostgresServer, run, startPostgres, withoutPostgres } from "../fakes/postgres.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import {
  approved,
  callback,
  connect,
  pkce,
  redeem,
  refresh,
  register,
  startServer,
  type TestServer,
  verified,
} from "../oauth/server.ts";

describe.skipIf(withoutPostgres || withoutRedis)("OAuth among replicas that share PostgreSQL and Redis", () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  });
  afterAll(async () => {
    await Promise.all([postgres?.close(), redis?.close()]);
  });

  /** Replicas of one gateway: the URL that clients know is the first one's. */
  const replicas = async (count: number): Promise<readonly TestServer[]> => {
    const databaseUrl = await postgres.database();
    const all: TestServer[] = [];
    for (let at = 0; at < count; at++) {
      const connection = connectRedis(new Secret(redis.url), { logger: createLogger("silent") });
      await connection.ready();
      onTestFinished(() => connection.close());
      const [first] = all;
      const prefix = `test:${databaseUrl}:`;
      all.push(
        await startServer({
          databaseUrl,
          ownClock: true,
          revocations: createRedisRevocations({ redis: connection, prefix }),
          limits: createRedisOAuthLimits({ redis: connection, prefix }),
          ...(first && { publicUrl: () => first.url }),
        }),
      );
    }
    return all;
  };

  it("A1, B40: of 20 who redeem one code at three replicas at once one gets tokens, ten codes over", async () => {
    const all = await replicas(3);
    const [first] = all as [TestServer];
    const clientId = String((await register(first)).client_id);
    for (let round = 0; round < 10; round++) {
      const proof = pkce();
      const code = String((await approved(first, { clientId, pkce: proof })).searchParams.get("code"));
      const tries = Array.from({ length: 20 }, (_, at) => redeem(all[at % 3] as TestServer, clientId, code, proof));
      const good = (await Promise.all(tries)).filter(({ status }) => status === 200);
      expect(good).toHaveLength(1);
      for (const replica of all) expect(await verified(replica, good[0]?.access_token ?? "")).toBeNull();
    }
    expect((await first.oauth.connections?.list({}))?.rows).toEqual([]);
  });

  it("A1: of 20 who use one refresh token at three replicas at once one gets a successor", async () => {
    const all = await replicas(3);
    const { clientId, refresh_token } = await connect(all[0] as TestServer);
    const tries = Array.from({ length: 20 }, (_, at) => refresh(all[at % 3] as TestServer, clientId, refresh_token));
    const good = (await Promise.all(tries)).filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect((await refresh(all[1] as TestServer, clientId, good[0]?.refresh_token ?? "")).status).toBe(200);
  });

  it("B47: a Connection that is revoked at one is refused by all within a second", async () => {
    const all = await replicas(3);
    const [first] = all as [TestServer];
    const { access_token, clientId, refresh_token } = await connect(first);
    const principals = await Promise.all(all.map((replica) => verified(replica, access_token)));
    expect(new Set(principals.map((one) => one?.id)).size).toBe(1);
    await first.oauth.revokeConnection(principals[0]?.id ?? "", { id: "admin" });
    const refused = async (): Promise<void> =>
      expect(await Promise.all(all.map((replica) => verified(replica, access_token)))).toEqual([null, null, null]);
    await vi.waitFor(refused, { timeout: 1_000, interval: 20 });
    for (const replica of all) expect(await refresh(replica, clientId, refresh_token)).toMatchObject({ status: 400 });
  });

  it("B47: so is one whose token was revoked by its client", async () => {
    const [first, second] = (await replicas(2)) as [TestServer, TestServer];
    const { access_token, clientId, refresh_token } = await connect(first);
    expect(await verified(second, access_token)).not.toBeNull();
    await fetch(`${first.url}/mcp/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: clientId, token: refresh_token }),
    });
    await vi.waitFor(async () => expect(await verified(second, access_token)).toBeNull(), {
      timeout: 1_000,
      interval: 20,
    });
  });

  it("B46: registrations are counted by all together", async () => {
    const all = await replicas(2);
    const statuses: number[] = [];
    for (let at = 0; at < 11; at++) {
      const headers = { "x-test-network": "one network" };
      statuses.push((await register(all[at % 2] as TestServer, { redirect_uris: [callback] }, headers)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 201), 429]);
  });

  it("A2: no table holds a token, a code or a credential that could be used", async () => {
    const databaseUrl = await postgres.database();
    const server = await startServer({ databaseUrl, ownClock: true });
    const { clientId, access_token, refresh_token } = await connect(server);
    const next = await refresh(server, clientId, refresh_token);
    const dump: unknown[] = [];
    const tables = await run(
      databaseUrl,
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    for (const { name } of tables) dump.push(await run(databaseUrl, `select * from "${name}"`));
    const text = JSON.stringify(dump);
    expect(text).toContain("Test client"); // what is looked through is what was written
    for (const secret of [access_token, refresh_token, next.access_token, next.refresh_token, "upstream-key-of-ada"])
      expect(text.includes(secret)).toBe(false);
  });
});
