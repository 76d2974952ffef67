import { createHash, randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Artifact, ConnectionRow, OAuthStore } from "../../src/storage/oauthPort.ts";
import type { GatewayKeyRow, Store } from "../../src/storage/port.ts";
import { keyRow } from "./contract.ts";

const hashed = (id: string): string => createHash("sha256").update(id).digest("base64url");

/** An artefact that lives ten minutes. */
function artifact(model: string, id: string, more: Partial<Artifact> = {}): Artifact {
  return { model, idHash: hashed(id), payload: { clientId: "c1" }, grantHash: hashed("g1"), seconds: 600, ...more };
}

function grant(id: string, more: Partial<Artifact> = {}): Artifact {
  return artifact("Grant", id, { grantHash: null, ...more });
}

function connectionRow(id: string, more: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    id,
    clientId: "c1",
    clientName: "Claude",
    clientHost: "claude.ai",
    redirectHost: "claude.ai",
    resource: "https://gw.example/mcp",
    pages: [{ id: "p1", name: "Status" }],
    upstreamKeyRef: null,
    ...more,
  };
}

function connectionKey(id: string, more: Partial<GatewayKeyRow> = {}): GatewayKeyRow {
  return keyRow(id, { name: "MCP — Claude", hash: "", pepperId: "", expiresAt: null, kind: "connection", ...more });
}

/**
 * What every store must keep to of oauth.md §8.
 * @param open gives a new, empty store and closes it after the test; twice in a test, the same database by another process' eyes
 */
export function oauthContract(name: string, open: (clock?: () => Date) => Promise<Store>): void {
  describe(`OAuth in ${name} (13.6)`, () => {
    let nowMs = Date.parse("2026-07-01T12:00:00.000Z");
    let store: Store;
    let oauth: OAuthStore;
    const pass = (seconds: number): void => {
      nowMs += seconds * 1_000;
    };
    const connected = async (id = "k1", grantId = "g1"): Promise<void> => {
      await oauth.connect(grant(grantId, { seconds: 31_536_000 }), connectionRow(id), connectionKey(id));
      const issued = { grantHash: hashed(grantId) };
      await oauth.put(artifact("AccessToken", `at-${grantId}`, { ...issued, seconds: 3_600 }));
      await oauth.put(artifact("RefreshToken", `rt-${grantId}`, { ...issued, seconds: 2_592_000 }));
    };
    beforeEach(async () => {
      nowMs = Date.parse("2026-07-01T12:00:00.000Z");
      store = await open(() => new Date(nowMs));
      oauth = store.oauth;
    });

    it("gives back what was put, until it expires", async () => {
      const payload = { scope: "mcp.read", nested: { list: [1, null, "é\u{1F511}"] } };
      await oauth.put(artifact("AuthorizationCode", "a", { payload }));
      pass(599);
      expect(await oauth.find("AuthorizationCode", hashed("a"))).toEqual({ payload, consumedMs: null, leftMs: 1_000 });
      expect(await oauth.find("RefreshToken", hashed("a"))).toBeNull();
      pass(1);
      expect(await oauth.find("AuthorizationCode", hashed("a"))).toBeNull();
    });

    it("A1: lets one of twenty consume, each of ten codes", async () => {
      const ids = Array.from({ length: 10 }, () => randomBytes(16).toString("hex"));
      for (const id of ids) await oauth.put(artifact("AuthorizationCode", id));
      const tries = await Promise.all(
        ids.map((id) => Promise.all(Array.from({ length: 20 }, () => oauth.consume("AuthorizationCode", hashed(id))))),
      );
      expect(tries.map((one) => one.filter(Boolean).length)).toEqual(ids.map(() => 1));
      expect(await oauth.consume("AuthorizationCode", hashed("none"))).toBe(false);
    });

    it("lets one of twenty claim, until it lets go or its time is over", async () => {
      for (let round = 0; round < 5; round++) {
        const tries = await Promise.all(Array.from({ length: 20 }, () => oauth.claim("work", 60)));
        expect(tries.filter(Boolean)).toHaveLength(1);
        if (round % 2 === 0) await oauth.letGo("work");
        else pass(60);
      }
      expect(await oauth.claim("other work", 60)).toBe(true);
    });

    it("tells for a day of Connections that ended and have a key at the upstream, until it is forgotten", async () => {
      const left = async (): Promise<readonly string[]> =>
        (await oauth.endedWithUpstreamKey(10)).map(({ key }) => key.id).sort();
      for (const [id, upstreamKeyRef] of [
        ["a", "up-a"],
        ["b", "up-b"],
        ["c", null],
        ["d", "up-d"],
      ] as const)
        await oauth.connect(
          grant(`g-${id}`),
          connectionRow(id, { upstreamKeyRef }),
          connectionKey(id, { upstreamCredential: `sealed-${id}` }),
        );
      for (const id of ["a", "b", "c"]) await oauth.endConnection(id);
      expect(await left()).toEqual(["a", "b"]);
      await oauth.forgetUpstreamKey("a");
      expect(await left()).toEqual(["b"]);
      const found = await oauth.connection("a");
      expect([found?.connection.upstreamKeyRef, found?.key.upstreamCredential]).toEqual([null, null]);
      expect((await oauth.connection("d"))?.key.upstreamCredential).toBe("sealed-d");
      pass(86_401);
      expect(await left()).toEqual([]);
    });

    it("tells how long ago something was consumed, and does not forget it when it is written again", async () => {
      await oauth.put(artifact("RefreshToken", "r"));
      await oauth.consume("RefreshToken", hashed("r"));
      pass(11);
      await oauth.put(artifact("RefreshToken", "r"));
      expect((await oauth.find("RefreshToken", hashed("r")))?.consumedMs).toBe(11_000);
    });

    it("A6: expires by its own clock, not by that of the process", async () => {
      const real = await open();
      await real.oauth.put(artifact("Interaction", "i", { seconds: 100 }));
      const left = (await real.oauth.find("Interaction", hashed("i")))?.leftMs ?? 0;
      expect(left).toBeGreaterThan(90_000);
      expect(left).toBeLessThanOrEqual(100_000);
      await real.oauth.put(artifact("Interaction", "over", { seconds: -1 }));
      expect(await real.oauth.find("Interaction", hashed("over"))).toBeNull();
    });

    it("counts and prolongs what has not expired", async () => {
      await oauth.put(artifact("Client", "a", { seconds: 100 }));
      await oauth.put(artifact("Client", "b", { seconds: 100 }));
      await oauth.prolong("Client", hashed("a"), 1_000);
      pass(101);
      expect(await oauth.count("Client")).toBe(1);
    });

    it("says what an access token stands for", async () => {
      await connected();
      const access = await oauth.access(hashed("at-g1"));
      expect(access?.connection).toEqual(connectionRow("k1"));
      expect(access?.key).toEqual(connectionKey("k1"));
      expect(access).toMatchObject({ payload: { clientId: "c1" }, leftMs: 3_600_000 });
      expect(await oauth.access(hashed("rt-g1"))).toBeNull();
      pass(3_601);
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
    });

    it("A5: refuses a token whose Grant is gone, whatever else is left", async () => {
      await connected();
      await oauth.destroy("Grant", hashed("g1"));
      expect(await oauth.find("AccessToken", hashed("at-g1"))).not.toBeNull();
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
    });

    it("ends the Connection with its Grant, once", async () => {
      await connected();
      const ended = await Promise.all([1, 2, 3, 4].map(() => oauth.endGrant(hashed("g1"))));
      expect(ended.filter((one) => one !== null)).toEqual(["k1"]);
      expect((await store.keys.byId("k1"))?.revokedAt).not.toBeNull();
      for (const [model, id] of [
        ["AccessToken", "at-g1"],
        ["RefreshToken", "rt-g1"],
        ["Grant", "g1"],
      ] as const)
        expect(await oauth.find(model, hashed(id))).toBeNull();
    });

    it("ends everything when the key is deleted", async () => {
      await connected();
      await store.keys.revoke("k1", "2026-07-01T12:00:01.000Z");
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
      expect(await oauth.find("Grant", hashed("g1"))).toBeNull();
      expect(await oauth.endConnection("k1")).toBe(false);
      expect(await oauth.find("RefreshToken", hashed("rt-g1"))).toBeNull();
    });

    it("ends a Connection by its id, and no other", async () => {
      await connected();
      await connected("k2", "g2");
      expect(await oauth.endConnection("k1")).toBe(true);
      expect(await oauth.endConnection("k1")).toBe(false);
      expect(await oauth.endConnection("none")).toBe(false);
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
      expect(await oauth.access(hashed("at-g2"))).not.toBeNull();
    });

    it("widens a Connection by another Grant; the end of the former one ends nothing else", async () => {
      await connected();
      const scopes = ["mcp.read", "mcp.write"];
      expect(await oauth.widen("k1", grant("g2"), { scopes, upstreamCredential: "k1.new" })).toBe(true);
      await oauth.put(artifact("AccessToken", "at-g2", { grantHash: hashed("g2") }));
      expect(await oauth.endGrant(hashed("g1"))).toBeNull();
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
      expect((await oauth.access(hashed("at-g2")))?.key).toEqual(
        connectionKey("k1", { scopes, upstreamCredential: "k1.new" }),
      );
      expect(await oauth.endGrant(hashed("g2"))).toBe("k1");
      expect(await oauth.widen("k1", grant("g3"), { scopes })).toBe(false);
      expect(await oauth.find("Grant", hashed("g3"))).toBeNull();
    });

    it("numbers the names of one owner, by those that live", async () => {
      for (const id of ["a", "b", "c"]) await oauth.connect(grant(id), connectionRow(id), connectionKey(id));
      await oauth.connect(grant("d"), connectionRow("d"), connectionKey("d", { owner: { id: "u2" } }));
      const names = async (): Promise<unknown> =>
        Promise.all(["a", "b", "c", "d"].map(async (id) => (await store.keys.byId(id))?.name));
      expect(await names()).toEqual(["MCP — Claude", "MCP — Claude (2)", "MCP — Claude (3)", "MCP — Claude"]);
      await oauth.endConnection("b");
      await oauth.connect(grant("e"), connectionRow("e"), connectionKey("e"));
      expect((await store.keys.byId("e"))?.name).toBe("MCP — Claude (2)");
    });

    it("keeps nothing of a Connection that cannot be kept whole", async () => {
      await store.keys.insert(keyRow("taken"));
      await expect(oauth.connect(grant("g1"), connectionRow("taken"), connectionKey("taken"))).rejects.toMatchObject({
        code: "internal",
      });
      expect(await oauth.connection("taken")).toBeNull();
      expect(await oauth.find("Grant", hashed("g1"))).toBeNull();
    });

    it("lists Connections newest first, page by page, narrowed", async () => {
      for (const day of [1, 2, 3]) {
        const createdAt = `2026-06-0${day}T00:00:00.000Z`;
        await oauth.connect(grant(`g${day}`), connectionRow(`k${day}`), connectionKey(`k${day}`, { createdAt }));
      }
      await oauth.connect(
        grant("g4"),
        connectionRow("k4", { clientId: "c2" }),
        connectionKey("k4", { owner: { id: "u2" }, organisation: { id: "o2" } }),
      );
      await store.keys.insert(keyRow("not a Connection"));
      await oauth.endConnection("k1");
      const ids = async (filter: object): Promise<string[]> =>
        (await oauth.connections({ now: "", ...filter })).rows.map(({ key }) => key.id);
      expect(await ids({ owner: "u1" })).toEqual(["k3", "k2"]);
      expect(await ids({ owner: "u1", includeEnded: true })).toEqual(["k3", "k2", "k1"]);
      expect(await ids({ organisation: "o2" })).toEqual(["k4"]);
      expect(await ids({ clientId: "c2" })).toEqual(["k4"]);
      expect(await ids({ search: "CLAUDE.ai" })).toEqual(await ids({}));
      expect(await ids({ search: "no such client" })).toEqual([]);
      const first = await oauth.connections({ now: "", owner: "u1" }, { limit: 1 });
      const after = first.next ?? "";
      expect(first.rows.map(({ key }) => key.id)).toEqual(["k3"]);
      const second = await oauth.connections({ now: "", owner: "u1" }, { limit: 1, after });
      expect(second.rows.map(({ key }) => key.id)).toEqual(["k2"]);
      expect(second.next).toBeUndefined();
    });

    it("sweeps what has expired, and ends Connections that nothing can be done with any more", async () => {
      await connected();
      await oauth.connect(
        grant("fresh"),
        connectionRow("k2"),
        connectionKey("k2", { createdAt: "2026-07-31T12:00:00.000Z" }),
      );
      await oauth.put(artifact("Interaction", "i", { grantHash: null }));
      pass(3_601);
      expect(await oauth.sweep()).toEqual([]);
      expect(await oauth.access(hashed("at-g1"))).toBeNull();
      pass(2_592_000 - 3_601);
      expect(await oauth.sweep()).toEqual(["k1"]);
      expect((await oauth.connection("k1"))?.key.revokedAt).not.toBeNull();
      expect((await oauth.connection("k2"))?.key.revokedAt).toBeNull();
    });

    it("takes one signing key of each generation", async () => {
      const key = (generation: number, keyId: string) => ({
        generation,
        keyId,
        sealed: "x",
        activeAt: "2026-07-01T00:00:00.000Z",
      });
      const added = await Promise.all(["a", "b", "c", "d"].map((id) => oauth.addSigningKey(key(1, id))));
      expect(added.filter(Boolean)).toHaveLength(1);
      expect(await oauth.addSigningKey(key(2, "e"))).toBe(true);
      expect((await oauth.signingKeys()).map(({ generation }) => generation)).toEqual([1, 2]);
      await oauth.deleteSigningKeys(2);
      expect(await oauth.signingKeys()).toEqual([key(2, "e")]);
    });
  });
}
