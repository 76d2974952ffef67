import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  adminToken,
  connect,
  type OAuthReplicas,
  soon,
  startOAuthReplicas,
  type Tokens,
  token,
} from "../fakes/oauthReplicas.ts";
import { withoutPostgres } from "../fakes/postgres.ts";
import { withoutRedis } from "../fakes/redis.ts";
import { openSession, postSession, postStateless, type Wired } from "../http/wire.ts";

// X15: the keys of sessions, cookies, signing, peppers and credentials are made of SPECGATE_SECRET, so one rotation is that of all five.

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
  let served: OAuthReplicas;
  beforeAll(async () => {
    served = await startOAuthReplicas("the former secret");
  });
  afterAll(() => served?.close());

  it("fails no request of sessions, keys, tokens, refreshes and sign-ins that go on meanwhile (X15, 13.6)", async () => {
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
