import { randomBytes } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { open, seal } from "../../src/auth/seal.ts";
import { GatewayError } from "../../src/errors.ts";
import type { UpstreamGrant } from "../../src/oauth/port.ts";
import { type CredentialOf, createUpstreamCredential } from "../../src/oauth/upstreamCredential.ts";
import { openUpstream, sealUpstream } from "../../src/oauth/upstreamGrant.ts";
import type { GatewayKeyRow, KeyStore } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";

// A provider that rotates refresh tokens, and takes the second who uses one for a thief.

const seals = deriveKeys([new Secret("0123456789abcdef")], "credential");

interface Provider {
  readonly refresh: (grant: UpstreamGrant) => Promise<UpstreamGrant>;
  /** Refresh tokens that it was shown. */
  readonly shown: string[];
}

function rotating(lifeMs: number): Provider {
  const shown: string[] = [];
  return {
    shown,
    refresh: async ({ refresh }) => {
      const given = refresh?.token.reveal() ?? "";
      if (shown.includes(given)) throw new GatewayError("unauthenticated", "that token was used before");
      shown.push(given);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const name = String(shown.length + 1);
      return {
        credential: new Secret(`token-${name}`),
        refresh: { token: new Secret(`refresh-${name}`), expiresAtMs: Date.now() + lifeMs },
      };
    },
  };
}

interface Kept {
  /** As many replicas on one store. */
  readonly replicas: readonly CredentialOf[];
  readonly row: () => Promise<GatewayKeyRow>;
}

async function kept(
  provider: Provider,
  { endsInMs, count, replace }: { endsInMs: number; count: number; replace?: (keys: KeyStore) => KeyStore },
): Promise<Kept> {
  const store = openStore(new Secret("sqlite::memory:"), { logger: createLogger("silent") });
  onTestFinished(() => store.close());
  const id = randomBytes(9).toString("base64url");
  const grant = {
    credential: new Secret("token-1"),
    refresh: { token: new Secret("refresh-1"), expiresAtMs: Date.now() + endsInMs },
  };
  await store.keys.insert({
    id,
    hash: "",
    pepperId: "",
    name: "MCP — Test",
    owner: { id: "u1" },
    organisation: null,
    scopes: ["mcp.read"],
    boundArguments: null,
    upstreamCredential: seal(seals, sealUpstream(grant), id),
    createdBy: "u1",
    createdAt: new Date().toISOString(),
    expiresAt: null,
    revokedAt: null,
    rotatedTo: null,
    lastUsedAt: null,
    kind: "connection",
  });
  const keys = replace?.(store.keys) ?? store.keys;
  const parts = { store: store.oauth, keys, seals, refreshUpstream: provider.refresh, now: Date.now };
  return {
    replicas: Array.from({ length: count }, () => createUpstreamCredential(parts)),
    row: async () => (await store.keys.byId(id)) as GatewayKeyRow, // inserted above
  };
}

it.each([
  ["has run out", -1_000, ["token-2"]],
  ["is about to", 10_000, ["token-1", "token-2"]],
])("is had anew once by replicas that need it at once when it %s", async (_when, endsInMs, good) => {
  const provider = rotating(600_000);
  const { replicas, row } = await kept(provider, { endsInMs, count: 5 });
  const before = await row();
  const calls = replicas.flatMap((of) => [of(before), of(before)]);
  const given = (await Promise.all(calls)).map((secret) => secret?.reveal() ?? "");
  expect(provider.shown).toEqual(["refresh-1"]);
  expect(given.every((token) => good.includes(token))).toBe(true);
  const after = await row();
  expect(await Promise.all(replicas.map(async (of) => (await of(after))?.reveal()))).toEqual(
    Array.from({ length: 5 }, () => "token-2"),
  );
});

it("is had anew again and again, by whichever replica", async () => {
  const provider = rotating(-1);
  const { replicas, row } = await kept(provider, { endsInMs: -1, count: 2 });
  for (let round = 2; round < 6; round++)
    expect((await replicas[round % 2]?.(await row()))?.reveal()).toBe(`token-${round}`);
  expect(provider.shown).toEqual(["refresh-1", "refresh-2", "refresh-3", "refresh-4"]);
});

it("is not lost, nor had twice, when the store goes away while it is had", async () => {
  let isAway = true;
  const provider = rotating(600_000);
  const { replicas, row } = await kept(provider, {
    endsInMs: -1,
    count: 1,
    replace: (keys) => ({
      ...keys,
      replaceCredential: async (...change) => {
        if (isAway) throw new GatewayError("store_unavailable", "the database does not answer");
        return keys.replaceCredential(...change);
      },
    }),
  });
  const [of] = replicas as [CredentialOf];
  const before = await row();
  expect((await of(before))?.reveal()).toBe("token-2");
  isAway = false;
  expect((await of(before))?.reveal()).toBe("token-2");
  const after = await row();
  const stored = openUpstream(open(seals, after.upstreamCredential ?? "", after.id));
  expect(stored?.grant.refresh?.token.reveal()).toBe("refresh-2");
  expect(provider.shown).toEqual(["refresh-1"]);
});

it("is asked for by the next when the provider refused the first", async () => {
  const provider = rotating(600_000);
  let isAway = true;
  const refresh: Provider["refresh"] = async (grant) => {
    if (isAway) throw new GatewayError("upstream_unavailable", "the sign-in provider does not answer");
    return provider.refresh(grant);
  };
  const { replicas, row } = await kept({ ...provider, refresh }, { endsInMs: -1, count: 2 });
  const before = await row();
  await expect(replicas[0]?.(before)).rejects.toMatchObject({ code: "upstream_unavailable" });
  isAway = false;
  expect((await replicas[1]?.(before))?.reveal()).toBe("token-2");
});
