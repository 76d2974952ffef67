import { afterEach, describe, expect, it } from "vitest";
import { createLocalRevocations } from "../../src/auth/revocations.ts";
import { GatewayError } from "../../src/errors.ts";
import { createHostedMcp } from "../../src/oauth/hostedMcp.ts";
import type { Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

function opened(): Store {
  const store = openStore(new Secret("sqlite::memory:"), { logger: createLogger("silent") });
  stores.push(store);
  return store;
}

describe("hosted MCP", () => {
  it("is on until somebody turns it off, and says who did", async () => {
    const hosted = createHostedMcp({ store: opened(), revocations: createLocalRevocations() });
    expect([await hosted.isOn(), await hosted.setting()]).toEqual([
      true,
      { isOn: true, changedBy: null, changedAt: null },
    ]);
    expect(await hosted.turn(false, "u1")).toEqual({ isOn: false, changedBy: "u1", changedAt: expect.any(String) });
    expect([await hosted.isOn(), hosted.wasOn()]).toEqual([false, false]);
    expect((await hosted.turn(true, "u2")).changedBy).toBe("u2");
    expect([await hosted.isOn(), hosted.wasOn()]).toEqual([true, true]);
  });

  it("is off at every replica at once when the message arrives, and within half a second when it is lost", async () => {
    const store = opened();
    const shared = createLocalRevocations();
    let nowMs = 0;
    const now = (): number => nowMs;
    const one = createHostedMcp({ store, revocations: shared, now });
    const told = createHostedMcp({ store, revocations: shared, now });
    const untold = createHostedMcp({ store, revocations: createLocalRevocations(), now });
    expect([await told.isOn(), await untold.isOn()]).toEqual([true, true]);
    await one.turn(false, "u1");
    expect([await told.isOn(), await untold.isOn()]).toEqual([false, true]);
    nowMs += 500;
    expect(await untold.isOn()).toBe(false);
  });

  it("does not keep what was read before a decision", async () => {
    const store = opened();
    const gate = Promise.withResolvers<void>();
    const slow = {
      oauth: store.oauth,
      settings: {
        put: store.settings.put,
        get: async (name: string) => {
          const found = await store.settings.get(name);
          await gate.promise;
          return found;
        },
      },
    };
    const hosted = createHostedMcp({ store: slow, revocations: createLocalRevocations() });
    const early = hosted.isOn();
    const turning = hosted.turn(false, "u1");
    await new Promise(setImmediate);
    gate.resolve();
    await Promise.all([early, turning]);
    expect(await hosted.isOn()).toBe(false);
  });

  it("tells of every Connection when it goes off, so that their streams end", async () => {
    const rows = Array.from({ length: 3 }, (_, at) => ({ key: { id: `c${at}` } }));
    const store = opened();
    const connections = async (_filter: object, { after }: { after?: string } = {}) =>
      after === undefined ? { rows: rows.slice(0, 2), next: "2" } : { rows: rows.slice(2) };
    const revocations = createLocalRevocations();
    const told: string[] = [];
    revocations.listen((id) => told.push(id));
    const oauth = { connections: connections as unknown as Store["oauth"]["connections"] }; // only the ids are looked at
    const hosted = createHostedMcp({ store: { settings: store.settings, oauth }, revocations });
    await hosted.turn(false, "u1");
    expect(told).toEqual(["hosted mcp", "c0", "c1", "c2"]);
    told.length = 0;
    await hosted.turn(true, "u1");
    expect(told).toEqual(["hosted mcp"]);
  });

  it("stays what it was while the store is away, and cannot be told where it never was read", async () => {
    let isAway = false;
    const away = new GatewayError("store_unavailable", "away");
    const store = opened();
    const settings = {
      put: store.settings.put,
      get: (name: string) => (isAway ? Promise.reject(away) : store.settings.get(name)),
    };
    let nowMs = 0;
    const parts = { store: { oauth: store.oauth, settings }, revocations: createLocalRevocations(), now: () => nowMs };
    const hosted = createHostedMcp(parts);
    await hosted.turn(false, "u1");
    expect(await hosted.isOn()).toBe(false);
    isAway = true;
    nowMs += 10_000;
    expect(await hosted.isOn()).toBe(false);
    await expect(createHostedMcp(parts).isOn()).rejects.toBe(away);
  });
});
