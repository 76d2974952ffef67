import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { testFolder } from "../fakes/folder.ts";
import {
  approved,
  connect,
  openInteraction,
  pkce,
  redeem,
  refresh,
  register,
  startServer,
  verified,
} from "./server.ts";

it.each([300, -300])("A6: a replica whose clock is %i s off serves as the others do", async (seconds) => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const databaseUrl = `sqlite:${join(testFolder(), "specgate.db")}`;
  const right = await startServer({ databaseUrl, ownClock: true });
  const tokens = await connect(right);
  const code = pkce();
  const landed = await approved(right, { clientId: tokens.clientId, pkce: code });

  vi.setSystemTime(Date.now() + seconds * 1_000);
  const wrong = await startServer({ databaseUrl, ownClock: true, publicUrl: () => right.url });
  expect(await verified(wrong, tokens.access_token)).not.toBeNull();
  const second = await refresh(wrong, tokens.clientId, tokens.refresh_token);
  expect(second.status).toBe(200);
  const redeemed = await redeem(wrong, tokens.clientId, String(landed.searchParams.get("code")), code);
  expect(redeemed.status).toBe(200);
  const own = await startServer({ databaseUrl, ownClock: true });
  const { client_id } = await register(own);
  const { details } = await openInteraction(own, { clientId: String(client_id) });
  expect(details.expiresAtMs - Date.now()).toBeGreaterThan(590_000);

  vi.setSystemTime(Date.now() - seconds * 1_000);
  expect(await verified(right, second.access_token)).not.toBeNull();
  expect((await refresh(right, tokens.clientId, second.refresh_token)).status).toBe(200);
});

it("secrets are rotated without a token, credential or page lost", async () => {
  const databaseUrl = `sqlite:${join(testFolder(), "specgate.db")}`;
  const [former = "", next = ""] = ["the former secret", "the secret after it"];
  const before = await startServer({ databaseUrl, secrets: [former] });
  const tokens = await connect(before);
  const publicUrl = (): string => before.url;

  const during = await startServer({ databaseUrl, secrets: [next, former], publicUrl });
  expect((await verified(during, tokens.access_token))?.credential?.reveal()).toBe("upstream-key-of-ada");
  const second = await refresh(during, tokens.clientId, tokens.refresh_token);
  expect(second.status).toBe(200);
  const key = await during.store.keys.byId((await verified(during, second.access_token))?.id ?? "");
  expect(key?.upstreamCredential).not.toBeNull();

  const after = await startServer({ databaseUrl, secrets: [next], publicUrl });
  const principal = await verified(after, second.access_token);
  expect(principal?.credential?.reveal()).toBe("upstream-key-of-ada"); // it was encrypted anew meanwhile
  expect((await refresh(after, tokens.clientId, second.refresh_token)).status).toBe(200);
});

it("an interaction that began under the former secret is answered under the next", async () => {
  const databaseUrl = `sqlite:${join(testFolder(), "specgate.db")}`;
  const server = await startServer({ databaseUrl, secrets: ["the former secret"] });
  const { client_id } = await register(server);
  const { landing, details } = await openInteraction(server, { clientId: String(client_id) });
  expect(landing.url.pathname).toContain(details.uid);
  const page = (secrets: readonly string[]): ReturnType<typeof startServer> =>
    startServer({ databaseUrl, secrets, publicUrl: () => server.url });
  const cookie = landing.cookies;
  for (const [secrets, status] of [
    [["the secret after it", "the former secret"], 200],
    [["the secret after it"], 500],
  ] as const) {
    const other = await page(secrets);
    const answer = await fetch(`${other.url}${landing.url.pathname}`, { headers: { cookie } });
    expect(answer.status).toBe(status);
  }
});
