import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { AuditRow, GatewayKeyRow, Store } from "../../src/storage/port.ts";

/** A key with every field filled. */
export function keyRow(id: string, more: Partial<GatewayKeyRow> = {}): GatewayKeyRow {
  return {
    id,
    hash: "aGFzaA",
    pepperId: "p1",
    name: "CI",
    owner: { id: "u1", name: "Ada" },
    organisation: { id: "o1", name: "Acme" },
    scopes: ["mcp.read", "mcp.write"],
    boundArguments: { page_id: { fixed: "7" }, region: { within: ["eu", "us"] } },
    upstreamCredential: "k1.ciphertext",
    createdBy: "admin",
    createdAt: "2026-07-01T00:00:00.000Z",
    expiresAt: "2027-07-01T00:00:00.000Z",
    revokedAt: null,
    rotatedTo: null,
    lastUsedAt: null,
    ...more,
  };
}

/** A row of the audit log that says as little as one may. */
export function auditRow(
  writer: string,
  seq: number,
  more: Partial<AuditRow> & Pick<AuditRow, "eventId" | "kind">,
): AuditRow {
  const hashOf = (at: number): string => createHash("sha256").update(`${writer} ${at}`).digest("hex");
  return {
    writer,
    seq,
    at: "2026-07-01T00:00:00.000Z",
    actorId: null,
    actorUserId: null,
    organisation: null,
    tool: null,
    effect: null,
    resource: null,
    resourceId: null,
    outcome: null,
    idempotencyKey: null,
    payload: JSON.stringify({ writer, seq }),
    prevHash: seq === 1 ? "" : hashOf(seq - 1),
    hash: hashOf(seq),
    ...more,
  };
}

/** What is read to the end. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const july = (day: number): string => `2026-07-${String(day).padStart(2, "0")}T00:00:00.000Z`;

/** What every store must do, whatever database it is in. @param open gives a new, empty store, and closes it after the test */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`gateway keys in ${name}`, () => {
    let keys: Store["keys"];
    beforeEach(async () => {
      keys = (await open()).keys;
    });

    it("come back as they were put in", async () => {
      const bare = keyRow("bare", {
        owner: null,
        organisation: { id: "o2" },
        scopes: [],
        boundArguments: null,
        upstreamCredential: null,
        createdBy: null,
        expiresAt: null,
      });
      const odd = keyRow("odd", { name: "'; drop table specgate_keys; -- \u{1F511}", boundArguments: [null, 0, "é"] });
      for (const row of [keyRow("full"), bare, odd]) {
        await keys.insert(row);
        expect(await keys.byId(row.id)).toEqual(row);
      }
      expect(await keys.byId("none")).toBeNull();
      expect(await keys.byId("")).toBeNull();
    });

    it("have an id that is taken once", async () => {
      await keys.insert(keyRow("k1"));
      await expect(keys.insert(keyRow("k1", { name: "other" }))).rejects.toMatchObject({ code: "internal" });
      expect((await keys.byId("k1"))?.name).toBe("CI");
    });

    it("are listed newest first, in pages without gap or double", async () => {
      const ids = Array.from({ length: 7 }, (_, at) => `k${at}`);
      for (const [at, id] of ids.entries()) await keys.insert(keyRow(id, { createdAt: july(1 + Math.floor(at / 3)) })); // some at one moment
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await keys.list({ now: july(9) }, { limit: 2, ...(after !== undefined && { after }) });
        expect(page.rows.length).toBeLessThanOrEqual(2);
        seen.push(...page.rows.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual([...ids].reverse());
    });

    it("are listed by organisation and owner, the ended ones on request alone", async () => {
      const inserted = [
        keyRow("live"),
        keyRow("forever", { expiresAt: null, owner: { id: "u2" } }),
        keyRow("expired", { expiresAt: july(5) }),
        keyRow("revoked", { revokedAt: july(5) }),
        keyRow("foreign", { organisation: { id: "o2" } }),
        keyRow("nobody's", { organisation: null, owner: null }),
      ];
      for (const row of inserted) await keys.insert(row);
      const listed = async (filter: object): Promise<string[]> =>
        (await keys.list({ now: july(5), ...filter })).rows.map(({ id }) => id).sort();
      expect(await listed({})).toEqual(["foreign", "forever", "live", "nobody's"]);
      expect(await listed({ organisation: "o1" })).toEqual(["forever", "live"]);
      expect(await listed({ organisation: "o1", owner: "u1" })).toEqual(["live"]);
      expect(await listed({ organisation: "o1", includeEnded: true })).toEqual([
        "expired",
        "forever",
        "live",
        "revoked",
      ]);
      expect(await listed({ organisation: "none" })).toEqual([]);
    });

    it("are searched by what people know of them, in whatever case, and no sign of the text is a pattern", async () => {
      const inserted = [
        keyRow("k1", { name: "Deploy 100%_a", owner: { id: "u1", name: "Ada" } }),
        keyRow("k2", {
          name: "Nightly",
          owner: { id: "u2", name: "Bert" },
          organisation: { id: "o2", name: "Globex" },
        }),
        keyRow("k3", { name: "x", owner: null, organisation: null }),
      ];
      for (const row of inserted) await keys.insert(row);
      const found = async (search: string): Promise<string[]> =>
        (await keys.list({ now: july(2), search })).rows.map(({ id }) => id).sort();
      expect(await found("NIGHT")).toEqual(["k2"]);
      expect(await found("globex")).toEqual(["k2"]);
      expect(await found("ada")).toEqual(["k1"]);
      expect(await found("K3")).toEqual(["k3"]);
      expect(await found("%_")).toEqual(["k1"]);
      expect(await found("%")).toEqual(["k1"]);
      expect(await found("_")).toEqual(["k1"]);
      expect(await found("' or 1=1 --")).toEqual([]);
    });

    it.each([
      "x",
      "",
      "bnVsbA",
      Buffer.from('["a"]').toString("base64url"),
      Buffer.from('[{},"b"]').toString("base64url"),
    ])("are not listed after %j, which is no cursor", async (after) => {
      await expect(keys.list({ now: july(1) }, { after })).rejects.toMatchObject({ code: "invalid_arguments" });
    });

    it("are revoked once, and keep the first moment", async () => {
      await keys.insert(keyRow("k1"));
      expect(await Promise.all([1, 2, 3, 4, 5].map(() => keys.revoke("k1", july(5))))).toHaveLength(5);
      expect(await keys.revoke("k1", july(6))).toBe(false);
      expect(await keys.revoke("none", july(6))).toBe(false);
      expect((await keys.byId("k1"))?.revokedAt).toBe(july(5));
    });

    it("are revoked by one of those who try at once", async () => {
      await keys.insert(keyRow("k1"));
      const tries = await Promise.all(Array.from({ length: 10 }, () => keys.revoke("k1", july(5))));
      expect(tries.filter(Boolean)).toHaveLength(1);
    });

    it("are rotated with an overlap, once", async () => {
      await keys.insert(keyRow("old"));
      const successors = Array.from({ length: 10 }, (_, at) => keyRow(`new${at}`, { createdAt: july(2) }));
      const tries = await Promise.all(successors.map((row) => keys.rotate("old", row, july(3))));
      expect(tries.filter(Boolean)).toHaveLength(1);
      const winner = `new${tries.indexOf(true)}`;
      expect(await keys.byId("old")).toEqual(keyRow("old", { expiresAt: july(3), rotatedTo: winner }));
      expect(await keys.byId(winner)).toEqual(keyRow(winner, { createdAt: july(2) }));
      expect((await keys.list({ includeEnded: true, now: july(1) })).rows).toHaveLength(2);
    });

    it("are not rotated when they have ended, and never live longer for it", async () => {
      await keys.insert(keyRow("revoked", { revokedAt: july(1) }));
      await keys.insert(keyRow("expired", { expiresAt: july(2) }));
      await keys.insert(keyRow("ending", { expiresAt: july(3) }));
      const successor = (id: string): GatewayKeyRow => keyRow(id, { createdAt: july(2) });
      expect(await keys.rotate("revoked", successor("a"), july(9))).toBe(false);
      expect(await keys.rotate("expired", successor("b"), july(9))).toBe(false);
      expect(await keys.rotate("none", successor("c"), july(9))).toBe(false);
      expect(await keys.rotate("ending", successor("d"), july(9))).toBe(true);
      expect((await keys.byId("ending"))?.expiresAt).toBe(july(3));
      expect(await Promise.all(["a", "b", "c"].map((id) => keys.byId(id)))).toEqual([null, null, null]);
    });

    it("keep their end when the successor cannot be stored", async () => {
      await keys.insert(keyRow("old"));
      await keys.insert(keyRow("taken"));
      await expect(keys.rotate("old", keyRow("taken"), july(3))).rejects.toMatchObject({ code: "internal" });
      expect(await keys.byId("old")).toEqual(keyRow("old"));
    });

    it("have their credential encrypted anew only where it is still the old one", async () => {
      await keys.insert(keyRow("k1"));
      expect(await keys.replaceCredential("k1", "k1.ciphertext", "k2.other")).toBe(true);
      expect(await keys.replaceCredential("k1", "k1.ciphertext", "k2.late")).toBe(false);
      expect((await keys.byId("k1"))?.upstreamCredential).toBe("k2.other");
    });

    it("have their hash made anew only where it is still the old one, and nothing else of them changes", async () => {
      await keys.insert(keyRow("k"));
      const renewed = { hash: "bmV3", pepperId: "p2" };
      expect(await keys.replaceHash("k", "another", renewed)).toBe(false);
      expect(await keys.replaceHash("none", "aGFzaA", renewed)).toBe(false);
      expect(await keys.byId("k")).toEqual(keyRow("k"));
      expect(await keys.replaceHash("k", "aGFzaA", renewed)).toBe(true);
      expect(await keys.replaceHash("k", "aGFzaA", renewed)).toBe(false);
      expect(await keys.byId("k")).toEqual(keyRow("k", renewed));
    });

    it("remember when they were last used, in whatever order that arrives", async () => {
      await keys.insert(keyRow("k1"));
      await keys.insert(keyRow("k2"));
      await keys.touchUsed([
        { id: "k2", at: july(3) },
        { id: "gone", at: july(3) },
        { id: "k1", at: july(4) },
      ]);
      await keys.touchUsed([{ id: "k1", at: july(2) }]);
      await keys.touchUsed([]);
      expect((await keys.byId("k1"))?.lastUsedAt).toBe(july(4));
      expect((await keys.byId("k2"))?.lastUsedAt).toBe(july(3));
    });

    it("add up their calls by Effect, from all replicas", async () => {
      const batch = [
        { keyId: "k1", hour: july(1), effect: "read", calls: 1 },
        { keyId: "k1", hour: july(2), effect: "read", calls: 10 },
        { keyId: "k1", hour: july(2), effect: "destroy", calls: 100 },
        { keyId: "k2", hour: july(2), effect: "write", calls: 3_000_000_000 },
      ] as const;
      await Promise.all([batch, [...batch].reverse(), batch].map((one) => keys.addUsage(one)));
      expect([...(await keys.usage(["k1", "k2", "k3"], july(2)))].sort()).toEqual([
        ["k1", { read: 30, write: 0, destroy: 300 }],
        ["k2", { read: 0, write: 9_000_000_000, destroy: 0 }],
      ]);
      expect((await keys.usage(["k1"], july(1))).get("k1")?.read).toBe(33);
      expect(await keys.usage([], july(1))).toEqual(new Map());
      expect(await keys.deleteUsage(july(2))).toBe(1);
      expect((await keys.usage(["k1"], july(1))).get("k1")?.read).toBe(30);
    });
  });

  describe(`the audit log in ${name}`, () => {
    let audit: Store["audit"];
    beforeEach(async () => {
      audit = (await open()).audit;
    });
    const chain = (writer: string, count: number, from = 1): AuditRow[] =>
      Array.from({ length: count }, (_, at) =>
        auditRow(writer, from + at, { eventId: `${writer}${from + at}`, kind: "call" }),
      );

    it("gives rows back as they were written", async () => {
      const intent = auditRow("w1", 1, {
        eventId: "e1",
        kind: "intent",
        actorId: "k1",
        actorUserId: "u1",
        organisation: "o1",
        tool: "delete_widget",
        effect: "destroy",
        resource: "Widget",
        resourceId: "7",
        idempotencyKey: "h1",
        payload: '{"a":"\u{1F9E8} \\u0000"}',
      });
      const outcome = auditRow("w2", 1, { eventId: "e1", kind: "outcome", at: july(2), outcome: "ok" });
      expect(await audit.append([intent])).toEqual([]);
      expect(await audit.append([outcome])).toEqual([]);
      expect(await audit.append([])).toEqual([]);
      expect(await audit.event("e1")).toEqual([intent, outcome]);
      expect(await all(audit.stream())).toEqual([intent, outcome]);
      expect(await audit.event("none")).toEqual([]);
    });

    it("takes more rows at once than one statement holds, and streams them in order", async () => {
      const first = chain("b", 1_201);
      const second = chain("a", 3);
      await audit.append(first);
      await audit.append(second);
      const streamed = await all(audit.stream());
      expect(streamed).toHaveLength(1_204);
      expect(streamed).toEqual([...second, ...first]);
    });

    it("takes a batch again whose answer was lost, and the rest of it", async () => {
      const rows = chain("w", 4);
      await audit.append(rows.slice(0, 2));
      expect(await audit.append(rows)).toEqual([]);
      expect(await all(audit.stream())).toEqual(rows);
    });

    it("refuses another row in the place of one that is there, and all that came with it", async () => {
      await audit.append(chain("w", 2));
      const forged = { ...auditRow("w", 2, { eventId: "other", kind: "call" }), hash: "forged" };
      await expect(audit.append([forged, ...chain("w", 1, 3)])).rejects.toMatchObject({ code: "internal" });
      expect(await all(audit.stream())).toEqual(chain("w", 2));
    });

    it("takes one outcome of an event, and names the event to whoever comes later", async () => {
      const outcome = (writer: string, outcomeName: string): AuditRow =>
        auditRow(writer, 1, { eventId: "e1", kind: "outcome", outcome: outcomeName });
      const late = [outcome("w2", "ok"), ...chain("w2", 1, 2)];
      expect(await audit.append([outcome("w1", "unknown")])).toEqual([]);
      expect(await audit.append(late)).toEqual(["e1"]);
      expect(await all(audit.stream())).toEqual([outcome("w1", "unknown")]);
      const racing = await Promise.all(
        ["a", "b", "c", "d"].map((writer) => audit.append([auditRow(writer, 1, { eventId: "e2", kind: "outcome" })])),
      );
      expect(racing.filter((taken) => taken.length === 0)).toHaveLength(1);
      expect(await audit.event("e2")).toHaveLength(1);
    });

    it("finds intents that have no outcome, oldest first", async () => {
      const intent = (seq: number, eventId: string, day: number): AuditRow =>
        auditRow("w", seq, { eventId, kind: "intent", at: july(day) });
      await audit.append([intent(1, "done", 1), intent(2, "later", 3), intent(3, "open", 1)]);
      await audit.append([auditRow("w", 4, { eventId: "done", kind: "outcome", at: july(2) })]);
      await audit.append([intent(5, "both", 1), auditRow("w", 6, { eventId: "both", kind: "outcome", at: july(1) })]);
      await audit.append([intent(7, "young", 9)]);
      expect((await audit.openIntents(july(9))).map(({ eventId }) => eventId)).toEqual(["open", "later"]);
      expect(await audit.openIntents(july(9), 1)).toEqual([intent(3, "open", 1)]);
    });

    it("answers by what is asked for, newest first", async () => {
      const rows = [
        auditRow("w", 1, { eventId: "e1", kind: "intent", at: july(1), actorId: "k1", tool: "a", organisation: "o1" }),
        auditRow("w", 2, { eventId: "e1", kind: "outcome", at: july(2), actorId: "k1", tool: "a", outcome: "ok" }),
        auditRow("w", 3, { eventId: "e2", kind: "call", at: july(3), actorUserId: "u1", effect: "read" }),
        auditRow("w", 4, { eventId: "e3", kind: "call", at: july(4), resource: "Widget", resourceId: "7" }),
      ];
      await audit.append(rows);
      const cases = [
        { given: {}, want: [4, 3, 2, 1] },
        { given: { from: july(2), to: july(4) }, want: [3, 2] },
        { given: { actorId: "k1" }, want: [2, 1] },
        { given: { actorId: "k1", kind: "intent" }, want: [1] },
        { given: { actorId: null, from: july(4) }, want: [4] },
        { given: { actorUserId: "u1" }, want: [3] },
        { given: { organisation: "o1" }, want: [1] },
        { given: { tool: "a", outcome: "ok" }, want: [2] },
        { given: { tool: "a", outcome: null }, want: [1] },
        { given: { resource: "Widget", resourceId: "7" }, want: [4] },
        { given: { effect: "read" }, want: [3] },
        { given: { eventId: "e2" }, want: [3] },
        { given: { tool: "' or 1=1 --" }, want: [] },
      ] as const;
      for (const { given, want } of cases)
        expect([given, (await audit.query(given)).rows.map(({ seq }) => seq)]).toEqual([given, want]);
      const first = await audit.query({}, { limit: 3 });
      expect(first.rows).toEqual([rows[3], rows[2], rows[1]]);
      const rest = await audit.query({}, { limit: 3, after: first.next ?? "" });
      expect(rest).toEqual({ rows: [rows[0]] });
      await expect(audit.query({}, { after: "x" })).rejects.toMatchObject({ code: "invalid_arguments" });
    });

    it("finds the latest event of an idempotency key", async () => {
      const rows = [
        auditRow("w", 1, { eventId: "e1", kind: "intent", at: july(1), idempotencyKey: "h" }),
        auditRow("w", 2, { eventId: "e1", kind: "outcome", at: july(2), idempotencyKey: "h" }),
        auditRow("w", 3, { eventId: "e2", kind: "intent", at: july(3), idempotencyKey: "h" }),
        auditRow("w", 4, { eventId: "e3", kind: "intent", at: july(4), idempotencyKey: "other" }),
      ];
      await audit.append(rows, { follows: new Map([["e2", "e1"]]) });
      expect(await audit.byIdempotencyKey("h")).toEqual([rows[2]]);
      expect(await audit.byIdempotencyKey("none")).toEqual([]);
    });

    const keyed = (writer: string, seq: number, eventId: string, more: Partial<AuditRow> = {}): AuditRow =>
      auditRow(writer, seq, { eventId, kind: "intent", idempotencyKey: "h", ...more });

    it("lets an intent take its key from nobody, or from the event that it follows, and nobody else", async () => {
      const first = keyed("w", 1, "e1");
      expect(await audit.append([first])).toEqual([]);
      expect(await audit.append([first])).toEqual([]); // its answer was lost
      expect(await audit.append([keyed("v", 1, "e2")])).toEqual(["e2"]);
      expect(await audit.append([keyed("v", 1, "e2")], { follows: new Map([["e2", "another"]]) })).toEqual(["e2"]);
      const second = keyed("v", 1, "e2");
      expect(await audit.append([second], { follows: new Map([["e2", "e1"]]) })).toEqual([]);
      expect(await audit.append([first])).toEqual([]); // it was committed, whatever came of its key
      expect(await audit.byIdempotencyKey("h")).toEqual([second]);
      expect(await all(audit.stream())).toEqual([second, first]);
    });

    it("writes nothing of a batch with an intent whose key is taken", async () => {
      await audit.append([keyed("w", 1, "e1")]);
      const batch = [auditRow("v", 1, { eventId: "c", kind: "call" }), keyed("v", 2, "e2"), keyed("v", 3, "e3")];
      expect([...(await audit.append(batch))].sort()).toEqual(["e2", "e3"]);
      expect(await all(audit.stream())).toHaveLength(1);
    });

    it("gives a key to one of those who take it at once", async () => {
      for (let round = 0; round < 10; round++) {
        const idempotencyKey = `h${round}`;
        const rows = ["a", "b", "c", "d"].map((writer) =>
          keyed(writer, round + 1, `${writer}${round}`, { idempotencyKey }),
        );
        const late = (await Promise.all(rows.map((row) => audit.append([row])))).flat();
        expect(late).toHaveLength(3);
        const [kept] = await audit.byIdempotencyKey(idempotencyKey);
        expect([...late, kept?.eventId].sort()).toEqual(rows.map(({ eventId }) => eventId));
      }
    });

    it("forgets a key with its event", async () => {
      await audit.append([keyed("w", 1, "e1")]);
      await audit.deleteBefore("2026-07-02");
      expect(await audit.byIdempotencyKey("h")).toEqual([]);
      expect(await audit.append([keyed("w", 2, "e2")])).toEqual([]);
    });

    it("keeps rows that are to be forwarded until they are, oldest first", async () => {
      const rows = [3, 1, 2].map((day, at) =>
        auditRow("w", at + 1, { eventId: `e${at}`, kind: "call", at: `2026-07-0${day}T10:00:00.000Z` }),
      );
      const [late, early, middle] = rows as [AuditRow, AuditRow, AuditRow]; // as many as days
      await audit.append(rows, { forward: true });
      await audit.append(rows, { forward: true }); // its answer was lost
      await audit.append([auditRow("v", 1, { eventId: "kept", kind: "call" })]);
      expect(await audit.undelivered(10)).toEqual([early, middle, late]);
      expect(await audit.undelivered(2)).toEqual([early, middle]);
      for (const _ of ["taken off", "taken off before"]) await audit.delivered([early, middle]);
      expect(await audit.undelivered(10)).toEqual([late]);
      expect(await all(audit.stream())).toHaveLength(4);
    });

    it("notes nothing for forwarding of a batch that is not written", async () => {
      await audit.append([auditRow("w", 1, { eventId: "e", kind: "outcome" })]);
      const batch = [
        auditRow("v", 1, { eventId: "c", kind: "call" }),
        auditRow("v", 2, { eventId: "e", kind: "outcome" }),
      ];
      expect(await audit.append(batch, { forward: true })).toEqual(["e"]);
      expect(await audit.undelivered(10)).toEqual([]);
    });

    it("forwards rows of several writers, and more than one statement holds", async () => {
      await audit.append(chain("w", 600), { forward: true });
      await audit.append(chain("v", 3), { forward: true });
      expect((await audit.undelivered(500)).length).toBe(500);
      const rows = chain("w", 600);
      await audit.delivered([...rows.slice(0, 599), ...chain("v", 2)]);
      expect(await audit.undelivered(10)).toEqual([...chain("v", 1, 3), ...rows.slice(599)]);
    });

    it("forgets the oldest beyond so many, and those whose day was deleted", async () => {
      await audit.append(chain("w", 10), { forward: true });
      expect(await audit.trimUndelivered(20)).toBe(0);
      expect(await audit.trimUndelivered(4)).toBe(6);
      expect(await audit.undelivered(10)).toEqual(chain("w", 4, 7));
      expect(await all(audit.stream())).toHaveLength(10);
      const later = auditRow("v", 1, { eventId: "later", kind: "call", at: "2026-07-09T10:00:00.000Z" });
      await audit.append([later], { forward: true });
      await audit.deleteBefore("2026-07-02");
      expect(await audit.undelivered(10)).toEqual([later]);
      expect(await audit.trimUndelivered(1)).toBe(0);
    });

    it("deletes whole days from the front of each chain, and keeps the last hash of each", async () => {
      const days = [1, 1, 2, 3, 2, 4]; // the clock of this writer stepped back
      const rows = days.map((day, at) =>
        auditRow("w", at + 1, { eventId: `e${at}`, kind: "call", at: `2026-07-0${day}T10:00:00.000Z` }),
      );
      const other = auditRow("v", 1, { eventId: "o", kind: "call", at: july(1) });
      await audit.append(rows);
      await audit.append([other]);
      const seals = [
        { writer: "v", day: "2026-07-01", seq: 1, hash: other.hash },
        { writer: "w", day: "2026-07-01", seq: 2, hash: rows[1]?.hash },
        { writer: "w", day: "2026-07-02", seq: 3, hash: rows[2]?.hash },
      ];
      expect(await audit.deleteBefore("2026-07-03")).toBe(4);
      expect(await audit.seals()).toEqual(seals);
      expect(await all(audit.stream())).toEqual(rows.slice(3));
      expect(rows[3]?.prevHash).toBe(seals[2]?.hash);
      expect(await audit.deleteBefore("2026-07-03")).toBe(0);
      expect(await audit.seals()).toEqual(seals);
      expect(await audit.deleteBefore("2026-08-01")).toBe(3);
      expect((await audit.seals()).at(-1)).toEqual({ writer: "w", day: "2026-07-04", seq: 6, hash: rows[5]?.hash });
      expect(await all(audit.stream())).toEqual([]);
    });

    it("deletes more than one transaction takes", async () => {
      await audit.append(chain("w", 2_100));
      expect(await audit.deleteBefore("2026-07-02")).toBe(2_100);
      expect(await audit.seals()).toHaveLength(1);
    });
  });

  describe(`settings in ${name}`, () => {
    it("are what was decided last, by whom and when", async () => {
      const { settings } = await open();
      expect(await settings.get("hosted mcp")).toBeNull();
      await settings.put("hosted mcp", "off", "u1");
      await settings.put("other", "1", "u2");
      const before = Date.now() - 60_000;
      await settings.put("hosted mcp", "on", "u2");
      const found = await settings.get("hosted mcp");
      expect(found).toEqual({ value: "on", changedBy: "u2", changedAt: expect.any(String) });
      expect(Date.parse(found?.changedAt ?? "")).toBeGreaterThan(before);
    });
  });
}
