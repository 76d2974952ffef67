import { expect, it, vi } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import type { MintedKey } from "../../src/oauth/upstreamKeys.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { ada, connect, refresh, startServer, type TestServer, type TestServerOptions, verified } from "./server.ts";

// The key that was made at the API for a Connection is deleted there when it ends, whatever ended it.

interface Deleting {
  readonly server: TestServer;
  readonly deleted: MintedKey[];
  /** Makes the upstream refuse, or not. */
  readonly refuse: (isRefusing: boolean) => void;
}

async function deleting(options: TestServerOptions = {}): Promise<Deleting> {
  const deleted: MintedKey[] = [];
  let isRefusing = false;
  const server = await startServer({
    deleteUpstreamKey: async (key) => {
      if (isRefusing) throw new GatewayError("upstream_unavailable", "the API does not answer");
      deleted.push(key);
    },
    ...options,
  });
  const refuse = (is: boolean): void => {
    isRefusing = is;
  };
  return { server, deleted, refuse };
}

const minted = { ...ada, upstream: { credential: new Secret("narrow-key"), keyRef: "upstream-7" } };

async function connected(
  server: TestServer,
): Promise<{ clientId: string; access: string; refreshToken: string; id: string }> {
  const { clientId, access_token: access, refresh_token: refreshToken } = await connect(server, { approval: minted });
  return { clientId, access, refreshToken, id: (await verified(server, access))?.id ?? "" };
}

type Connected = Awaited<ReturnType<typeof connected>>;

const ways: readonly {
  readonly by: string;
  readonly end: (of: TestServer, one: Connected) => Promise<unknown>;
  readonly actor: object;
}[] = [
  {
    by: "an administrator or its user",
    end: (server, { id }) => server.oauth.revokeConnection(id, { kind: "user", id: "u9" }),
    actor: { actor: { kind: "user", id: "u9" } },
  },
  {
    by: "its client (RFC 7009)",
    end: (server, { clientId, refreshToken }) =>
      fetch(`${server.url}/mcp/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({ client_id: clientId, token: refreshToken }),
      }),
    actor: { actor: { kind: "connection", id: expect.stringMatching(/^.{12}$/) } },
  },
  {
    by: "a refresh token that was used twice",
    end: async (server, { clientId, refreshToken }) => {
      await refresh(server, clientId, refreshToken);
      server.pass(11);
      await refresh(server, clientId, refreshToken);
    },
    actor: { actor: { kind: "gateway", id: "gateway" }, reason: "reuse" },
  },
];

it.each(ways)("is deleted when the Connection is ended by $by, and the log says so", async ({ end, actor }) => {
  const { server, deleted } = await deleting();
  const one = await connected(server);
  await end(server, one);
  await vi.waitFor(() => expect(deleted).toHaveLength(1));
  expect(deleted[0]).toMatchObject({ keyRef: "upstream-7", user: ada.user, organisation: ada.organisation });
  expect(deleted[0]?.credential?.reveal()).toBe("narrow-key");
  await vi.waitFor(() =>
    expect(server.changes.map(({ type }) => type).sort()).toEqual(["created", "ended", "upstream_key_deleted"]),
  );
  const told = {
    connectionId: one.id,
    name: expect.stringContaining("Test client"),
    user: ada.user,
    scopes: ["mcp.read"],
  };
  expect(server.changes.find(({ type }) => type === "ended")).toMatchObject({ ...told, ...actor });
  expect(JSON.stringify(server.changes)).not.toMatch(/narrow-key/);
  const kept = await server.store.oauth.connection(one.id);
  expect([kept?.connection.upstreamKeyRef, kept?.key.upstreamCredential]).toEqual([null, null]);
});

it("is deleted when its key is, which the gateway is told of", async () => {
  const { server, deleted } = await deleting();
  const { id, access } = await connected(server);
  await server.store.keys.revoke(id, new Date().toISOString());
  server.oauth.keyRevoked?.(id);
  await vi.waitFor(() => expect(deleted).toHaveLength(1));
  await server.revocations.publish(id);
  expect(await verified(server, access)).toBeNull();
});

it("does not hold up the end while the API refuses, is recorded as left, and deleted later", async () => {
  const { server, deleted, refuse } = await deleting({ sweepMs: 50 });
  const { id, access } = await connected(server);
  refuse(true);
  expect(await server.oauth.revokeConnection(id, { id: "admin" })).toBe(true);
  expect(await verified(server, access)).toBeNull();
  const types = (): readonly string[] => server.changes.map(({ type }) => type);
  await vi.waitFor(() => expect(types()).toContain("upstream_key_left"));
  refuse(false);
  await vi.waitFor(() => expect(types()).toContain("upstream_key_deleted"));
  expect(types().filter((type) => type === "upstream_key_left")).toHaveLength(1);
  expect(deleted).toHaveLength(1);
});

it("is left alone where none was made", async () => {
  const { server, deleted } = await deleting({ sweepMs: 50 });
  const { access_token } = await connect(server);
  await server.oauth.revokeConnection((await verified(server, access_token))?.id ?? "", { id: "admin" });
  const second = await connected(server);
  await server.oauth.revokeConnection(second.id, { id: "admin" });
  await vi.waitFor(() => expect(deleted.map(({ keyRef }) => keyRef)).toEqual(["upstream-7"]));
});

it("is claimed by one of all who would delete it", async () => {
  const { server } = await deleting();
  const { claim, letGo } = server.store.oauth;
  const claims = await Promise.all(Array.from({ length: 10 }, () => claim("a key", 60)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  expect(await claim("another key", 60)).toBe(true);
  await letGo("a key");
  expect(await claim("a key", 60)).toBe(true);
  server.pass(61);
  expect(await claim("a key", 60)).toBe(true);
});
