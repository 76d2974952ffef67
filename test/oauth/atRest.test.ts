import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { createSigningKeys } from "../../src/oauth/signingKeys.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { testFolder } from "../fakes/folder.ts";
import { approved, connect, openInteraction, pkce, refresh, register, startServer } from "./server.ts";

it("A2: the files of the store hold no token, code, cookie or credential that could be used", async () => {
  const file = join(testFolder(), "specgate.db");
  const server = await startServer({ databaseUrl: `sqlite:${file}` });
  const first = await connect(server);
  const second = await refresh(server, first.clientId, first.refresh_token);
  const clientId = String((await register(server)).client_id);
  const proof = pkce();
  const code = String((await approved(server, { clientId, pkce: proof })).searchParams.get("code"));
  await openInteraction(server, { clientId });
  await fetch(`${server.url}/mcp/oauth/jwks`);
  const dump = readdirSync(dirname(file))
    .map((name) => readFileSync(join(dirname(file), name)).toString("latin1"))
    .join("");
  expect(dump).toContain("Test client"); // what is looked through is the store
  const secrets = [
    first.access_token,
    first.refresh_token,
    second.access_token,
    second.refresh_token,
    code,
    proof.verifier,
    "upstream-key-of-ada",
    '"d":"',
  ];
  for (const secret of secrets) expect(dump.includes(secret), secret.slice(0, 8)).toBe(false);
});

it("signing keys are made once by replicas that start together, published before use and kept after", async () => {
  const file = join(testFolder(), "specgate.db");
  const open = (): ReturnType<typeof openStore> =>
    openStore(new Secret(`sqlite:${file}`), { logger: createLogger("silent") });
  const [one, two] = [open(), open()];
  await one.ready();
  await two.ready();
  let nowMs = Date.parse("2026-07-01T00:00:00.000Z");
  const now = (): number => nowMs;
  const seals = deriveKeys([new Secret("0123456789abcdef")], "oauth signing");
  const replica = (store: typeof one): ReturnType<typeof createSigningKeys> =>
    createSigningKeys({ store: store.oauth, seals, now });
  const kids = async (keys: ReturnType<typeof createSigningKeys>): Promise<readonly string[]> =>
    (await keys.current()).map(({ kid }) => kid);
  const [a, b] = [replica(one), replica(two)];
  const [first, same] = await Promise.all([kids(a), kids(b)]);
  expect(first).toHaveLength(1);
  expect(same).toEqual(first);
  nowMs += 90 * 86_400_000;
  const published = await kids(a);
  expect(published).toEqual([first[0], expect.any(String)]);
  nowMs += 10 * 60_000;
  expect(await kids(b)).toEqual(published);
  nowMs += 55 * 60_000;
  expect(await kids(b)).toEqual([published[1], first[0]]);
  nowMs += 25 * 3_600_000;
  expect(await kids(a)).toEqual([published[1]]);
  // After a secret that is gone a new key is made, rather than none be had.
  const other = createSigningKeys({
    store: one.oauth,
    seals: deriveKeys([new Secret("fedcba9876543210")], "oauth signing"),
    now,
  });
  expect(await kids(other)).toEqual([expect.not.stringMatching(published[1] ?? "")]);
  await Promise.all([one.close(), two.close()]);
});
