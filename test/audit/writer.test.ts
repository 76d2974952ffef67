import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { eventOf } from "../../src/audit/chain.ts";
import type { AuditEvent } from "../../src/audit/event.ts";
import { startHousekeeping, sweepUnknowns } from "../../src/audit/housekeeping.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { createAuditWriter } from "../../src/audit/writer.ts";
import { GatewayError } from "../../src/errors.ts";
import type { AuditRow, AuditStore } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { testFolder } from "../fakes/folder.ts";
import { auditEvent } from "./event.ts";

const logger = createLogger("silent");

const ended = (id: string, more: Partial<AuditEvent> = {}): AuditEvent =>
  auditEvent(id, { kind: "outcome", outcome: "ok", ...more });

let file: string;
let store: AuditStore;
/** What stands behind `store`. */
let real: AuditStore;
/** Every `append` that reached the store. */
let commits: (readonly AuditRow[])[];
/** What `append` does instead; none: what the store does. */
let fault: ((rows: readonly AuditRow[]) => Promise<never>) | undefined;

beforeEach(async () => {
  file = `${testFolder()}/audit.db`;
  const opened = openStore(new Secret(`sqlite:${file}`), { logger });
  await opened.ready();
  onTestFinished(() => opened.close());
  real = opened.audit;
  commits = [];
  fault = undefined;
  store = {
    ...opened.audit,
    append: async (rows, forward) => {
      if (fault !== undefined) return fault(rows);
      commits.push(rows);
      return opened.audit.append(rows, forward);
    },
  };
});

const away = async (): Promise<never> => {
  throw new GatewayError("store_unavailable", "the database is unavailable");
};
const all = async (): Promise<AuditRow[]> => {
  const rows: AuditRow[] = [];
  for await (const row of store.stream()) rows.push(row);
  return rows;
};
const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 10_000, interval: 5 });
const outcomes = async (): Promise<unknown[]> =>
  (await all()).map(eventOf).flatMap(({ event_id: id, kind, outcome, code }) => [[id, kind, outcome, code]]);

describe("an audit writer", () => {
  it("lets concurrent intents share a commit", async () => {
    const writer = createAuditWriter({ store, logger });
    await Promise.all(Array.from({ length: 40 }, (_, at) => writer.intend(auditEvent(`e${at}`))));
    expect(commits.length).toBeLessThanOrEqual(3);
    expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 40, writers: 1, open: 40 });
  });

  it("has committed an intent when it resolves", async () => {
    const writer = createAuditWriter({ store, logger });
    await writer.intend(auditEvent("e1"));
    expect((await store.event("e1")).map(({ kind }) => kind)).toEqual(["intent"]);
  });

  it("refuses an intent within its bound while the store is away, and at once after that", async () => {
    const writer = createAuditWriter({ store, logger, boundMs: 2_000 });
    fault = away;
    const start = performance.now();
    await expect(writer.intend(auditEvent("e1"))).rejects.toMatchObject({
      code: "audit_unavailable",
      facts: { change: "none" },
    });
    expect(performance.now() - start).toBeGreaterThan(1_500);
    const again = performance.now();
    await expect(writer.intend(auditEvent("e2"))).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(performance.now() - again).toBeLessThan(1_000);
    fault = undefined;
    await until(() => expect(writer.waiting()).toBe(0));
    await writer.intend(auditEvent("e3"));
    expect((await store.event("e2")).length).toBe(0);
  });

  it("waits out a short absence", async () => {
    const writer = createAuditWriter({ store, logger, boundMs: 5_000 });
    fault = away;
    const intent = writer.intend(auditEvent("e1"));
    setTimeout(() => {
      fault = undefined;
    }, 50);
    await intent;
    expect((await store.event("e1")).length).toBe(1);
  });

  it("closes an intent that was refused and came to be committed all the same", async () => {
    const writer = createAuditWriter({ store, logger, boundMs: 100 });
    fault = away;
    await expect(writer.intend(auditEvent("e1"))).rejects.toThrow();
    writer.record(auditEvent("e1", { kind: "call", outcome: "refused", code: "audit_unavailable", change: "none" }));
    fault = undefined;
    await until(async () =>
      expect(await outcomes()).toEqual([
        ["e1", "intent", undefined, undefined],
        ["e1", "outcome", "refused", "audit_unavailable"],
      ]),
    );
    expect(await store.openIntents("2027-01-01T00:00:00.000Z")).toEqual([]);
  });

  it("writes a batch whose answer was lost in the same places again", async () => {
    const writer = createAuditWriter({ store, logger });
    fault = async (rows) => {
      fault = undefined;
      await real.append(rows);
      return away();
    };
    await writer.intend(auditEvent("e1"));
    await writer.intend(auditEvent("e2"));
    expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 2, writers: 1, open: 2 });
  });

  it("keeps outcomes until the store takes them, in order", async () => {
    const writer = createAuditWriter({ store, logger });
    const ids = Array.from({ length: 20 }, (_, at) => `e${at}`);
    await Promise.all(ids.map((id) => writer.intend(auditEvent(id))));
    fault = away;
    for (const id of ids) writer.record(ended(id));
    await new Promise((resolve) => setTimeout(resolve, 300));
    fault = undefined;
    await until(() => expect(writer.waiting()).toBe(0));
    expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 40, writers: 1, open: 0 });
  });

  it("leaves out a record that the store will never take, and goes on", async () => {
    const writer = createAuditWriter({ store, logger });
    fault = async (rows) => {
      if (rows.some(({ eventId }) => eventId === "bad")) throw new GatewayError("internal", "internal error");
      return (await real.append(rows)) as never; // the other rows are taken
    };
    const results = await Promise.allSettled(["e1", "bad", "e2"].map((id) => writer.intend(auditEvent(id))));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    fault = undefined;
    expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 2, writers: 1, open: 2 });
  });

  it("drops an outcome that another replica has given, and keeps its chain whole", async () => {
    const one = createAuditWriter({ store, logger, writer: "one" });
    const two = createAuditWriter({ store, logger, writer: "two" });
    await one.intend(auditEvent("e1"));
    two.record(ended("e1", { outcome: "unknown" }));
    await until(async () => expect(await outcomes()).toHaveLength(2));
    one.record(ended("e1"));
    await one.intend(auditEvent("e2"));
    expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 3, writers: 2, open: 1 });
    expect(one.holds("e1")).toBe(false);
  });

  it("ends with its open intents unknown", async () => {
    const writer = createAuditWriter({ store, logger });
    await writer.intend(auditEvent("e1"));
    await writer.intend(auditEvent("e2"));
    writer.record(ended("e2"));
    await writer.close(5_000);
    expect((await outcomes()).sort()).toEqual([
      ["e1", "intent", undefined, undefined],
      ["e1", "outcome", "unknown", undefined],
      ["e2", "intent", undefined, undefined],
      ["e2", "outcome", "ok", undefined],
    ]);
    await expect(writer.intend(auditEvent("e3"))).rejects.toMatchObject({ code: "audit_unavailable" });
  });

  it("forgets reads and refusals before it forgets outcomes, while the store is away", async () => {
    const writer = createAuditWriter({ store, logger });
    await writer.intend(auditEvent("e1"));
    fault = away;
    for (let at = 0; at < 10_500; at++) writer.record(auditEvent(`c${at}`, { kind: "call", outcome: "ok" }));
    writer.record(ended("e1"));
    for (let at = 0; at < 100; at++) writer.record(auditEvent(`d${at}`, { kind: "call", outcome: "ok" }));
    expect(writer.waiting()).toBeLessThanOrEqual(10_500);
    fault = undefined;
    await until(() => expect(writer.waiting()).toBe(0));
    expect((await store.event("e1")).map(({ kind }) => kind)).toEqual(["intent", "outcome"]);
  });
});

describe("a sweep", () => {
  const at = (text: string) => (): number => Date.parse(text);

  it("makes what is overdue unknown, and nothing else", async () => {
    const dead = createAuditWriter({ store, logger, writer: "dead" });
    await Promise.all([
      dead.intend(auditEvent("late")),
      dead.intend(auditEvent("early", { deadline: "2026-07-01T09:00:00.000Z" })),
    ]);
    await dead.intend(auditEvent("done"));
    dead.record(ended("done"));
    await until(() => expect(dead.waiting()).toBe(0));
    const writer = createAuditWriter({ store, logger, writer: "alive" });
    const now = at("2026-07-01T00:02:00.000Z");
    expect(await sweepUnknowns({ store, writer, logger, now })).toBe(1);
    await until(() => expect(writer.waiting()).toBe(0));
    expect((await store.query({ outcome: "unknown" })).rows.map(({ eventId }) => eventId)).toEqual(["late"]);
    expect(await sweepUnknowns({ store, writer, logger, now })).toBe(0);
  });

  it("leaves alone what its own process still has to tell, and what was told while it waited", async () => {
    const writer = createAuditWriter({ store, logger });
    const now = at("2026-07-01T00:02:00.000Z");
    await writer.intend(auditEvent("mine"));
    expect(await sweepUnknowns({ store, writer, logger, now })).toBe(0);
    const other = createAuditWriter({ store, logger });
    const settle = async (): Promise<void> => {
      writer.record(ended("mine"));
      await until(() => expect(writer.waiting()).toBe(0));
    };
    expect(await sweepUnknowns({ store, writer: other, logger, now, settle })).toBe(0);
  });
});

describe("housekeeping", () => {
  const tidy = (lease: () => Promise<boolean>, keepDays: number | undefined): void => {
    const writer = createAuditWriter({ store, logger });
    const now = (): number => Date.parse("2026-07-05T12:00:00.000Z");
    onTestFinished(startHousekeeping({ store, writer, logger, lease, keepDays: () => keepDays, now }));
  };
  const days = async (): Promise<string[]> => (await all()).map(({ at }) => at.slice(8, 10));

  it("deletes whole days beyond keepDays, where the replica holds the lease and the operator said so", async () => {
    const writer = createAuditWriter({ store, logger });
    for (const day of ["01", "02", "03", "05"])
      await writer.intend(
        auditEvent(`e${day}`, { at: `2026-07-${day}T10:00:00.000Z`, deadline: "2027-01-01T00:00:00.000Z" }),
      );
    const asked = vi.fn(async () => false);
    tidy(asked, 2);
    await until(() => expect(asked).toHaveBeenCalled());
    tidy(async () => true, undefined);
    expect(await days()).toEqual(["01", "02", "03", "05"]);
    tidy(async () => true, 2);
    await until(async () => expect(await days()).toEqual(["03", "05"]));
    expect((await verifyAudit(store.stream(), await store.seals())).broken).toBeUndefined();
  });
});

describe("verification", () => {
  const tampered: readonly { name: string; sql: string; want: RegExp; seq: number }[] = [
    {
      name: "a changed payload",
      sql: `update specgate_audit set payload = replace(payload, '"tool":"create_widget"', '"tool":"get_widget"') where seq = 3`,
      want: /hash is not that of what it says/,
      seq: 3,
    },
    {
      name: "a changed column",
      sql: "update specgate_audit set actor_id = 'k2' where seq = 2",
      want: /column actorId/,
      seq: 2,
    },
    {
      name: "a row that was taken out",
      sql: "delete from specgate_audit where seq = 3",
      want: /row 3 is missing/,
      seq: 4,
    },
    {
      name: "a first row that was taken out",
      sql: "delete from specgate_audit where seq = 1",
      want: /row 1 is missing/,
      seq: 2,
    },
    {
      name: "a row with a hash of its own",
      sql: "update specgate_audit set prev_hash = '', hash = 'x' where seq = 4",
      want: /does not follow/,
      seq: 4,
    },
    {
      name: "a payload that is none",
      sql: "update specgate_audit set payload = '{', hash = '' where seq = 2",
      want: /hash/,
      seq: 2,
    },
  ];
  for (const { name, sql, want, seq } of tampered)
    it(`names ${name}`, async () => {
      const writer = createAuditWriter({ store, logger, writer: "w" });
      for (const id of ["a", "b", "c", "d", "e"]) await writer.intend(auditEvent(id));
      expect(await verifyAudit(store.stream(), [])).toEqual({ rows: 5, writers: 1, open: 5 });
      const database = new DatabaseSync(file);
      expect(database.prepare(sql).run().changes).toBe(1);
      database.close();
      const { broken } = await verifyAudit(store.stream(), await store.seals());
      expect(broken).toMatchObject({ writer: "w", seq, why: expect.stringMatching(want) });
    });

  it("goes on from the seal of days that were deleted", async () => {
    const writer = createAuditWriter({ store, logger, writer: "w" });
    for (const day of ["01", "01", "02", "03"])
      await writer.intend(auditEvent(`e${Math.random()}`, { at: `2026-07-${day}T10:00:00.000Z` }));
    expect(await store.deleteBefore("2026-07-03")).toBe(3);
    expect(await verifyAudit(store.stream(), await store.seals())).toEqual({ rows: 1, writers: 1, open: 1 });
    expect((await verifyAudit(store.stream(), [])).broken?.why).toMatch(/row 1 is missing/);
    const database = new DatabaseSync(file);
    database.exec("update specgate_audit_seals set hash = 'x'");
    database.close();
    expect((await verifyAudit(store.stream(), await store.seals())).broken?.why).toMatch(/does not follow/);
  });
});
