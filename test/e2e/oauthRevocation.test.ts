import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { adminToken, connect, type OAuthReplicas, startOAuthReplicas } from "../fakes/oauthReplicas.ts";
import { withoutPostgres } from "../fakes/postgres.ts";
import { withoutRedis } from "../fakes/redis.ts";
import { openSession, openStream, postStateless } from "../http/wire.ts";

describe.skipIf(withoutPostgres || withoutRedis)("three whole gateways", () => {
  let served: OAuthReplicas;
  beforeAll(async () => {
    served = await startOAuthReplicas("a secret of the tests");
  });
  afterAll(() => served?.close());

  it("refuse a Connection within a second when its key is deleted at one of them, and its stream ends (13.4, B47)", async () => {
    const { base, origins } = served;
    const { access_token, refresh_token } = await connect(base);
    const headers = { "x-api-key": undefined, authorization: `Bearer ${access_token}` };
    const statusAt = async (origin: string): Promise<number> =>
      (await postStateless(`${origin}/mcp`, "tools/list", {}, { headers })).status;
    const all = (): Promise<readonly number[]> => Promise.all(origins.map(statusAt));
    expect(await all()).toEqual([200, 200, 200]);
    const [first = "", second = ""] = origins;
    const session = await openSession(`${first}/mcp`, { headers });
    const stream = await openStream(`${second}/mcp`, { headers: { ...session.headers, ...headers } });
    expect(stream.status).toBe(200);

    const admin = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
    const listed = await fetch(`${base}/api/v1/admin/connections`, { headers: admin });
    const { items } = (await listed.json()) as { readonly items: readonly { readonly id: string }[] };
    await fetch(`${base}/api/v1/admin/keys/${items[0]?.id}/revoke`, { method: "POST", headers: admin, body: "{}" });

    const refused = async (): Promise<void> => expect(await all()).toEqual([401, 401, 401]);
    await vi.waitFor(refused, { timeout: 10_000, interval: 50 }); // a second, ten times as long
    for (let event = await stream.next(); event !== null; event = await stream.next()) expect(event.data).toBe("");
    const again = await fetch(`${base}/mcp/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ client_id: "assistant", grant_type: "refresh_token", refresh_token }),
    });
    expect([again.status, await again.json()]).toEqual([400, expect.objectContaining({ error: "invalid_grant" })]);
  });
});
