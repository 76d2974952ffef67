import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { chained } from "../../src/audit/chain.ts";
import { startWebhook, type Webhook, type WebhookOptions } from "../../src/audit/webhook.ts";
import type { AuditRow, Store } from "../../src/storage/port.ts";
import { openStore } from "../../src/storage/store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type Recorder, startRecorder } from "../fakes/recorder.ts";
import { auditEvent } from "./event.ts";

const logger = createLogger("silent");
const secret = new Secret("a secret of the receiver");

let store: Store;
let receiver: Recorder;
/** What the receiver answers. */
let status: number;
beforeEach(async () => {
  store = openStore(new Secret("sqlite::memory:"), { logger });
  status = 204;
  receiver = await startRecorder(() => ({ status }));
  onTestFinished(async () => {
    await receiver.close();
    await store.close();
  });
});

const start = (more: Partial<WebhookOptions> = {}): Webhook => {
  const webhook = startWebhook({
    url: `${receiver.url}/hook`,
    secret,
    store: store.audit,
    logger,
    pauseMs: 20,
    ...more,
  });
  onTestFinished(() => webhook.close());
  return webhook;
};
/** Commits rows `from` to `to` of the writer `w`. */
const commit = async (from: number, to: number): Promise<void> => {
  const rows: AuditRow[] = [];
  for (let seq = 1; seq <= to; seq++) {
    const event = auditEvent(`e${seq}`, { at: `2026-07-01T00:00:00.${String(seq).padStart(3, "0")}Z` });
    rows.push(chained(event, rows.at(-1) ?? { writer: "w", seq: 0, hash: "" }));
  }
  await store.audit.append(rows.slice(from - 1), { forward: true });
};
const received = (): readonly string[] =>
  receiver.requests.flatMap(({ body }) =>
    (JSON.parse(body.toString()) as { events: { event_id: string }[] }).events.map(({ event_id: id }) => id),
  );
const ids = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `e${from + at}`);
const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe("an audit webhook", () => {
  it("is sent each record once, oldest first, in batches", async () => {
    await commit(1, 250);
    const webhook = start();
    await until(() => expect(received()).toEqual(ids(1, 250)));
    await commit(251, 253);
    webhook.wake();
    await until(() => expect(received()).toEqual(ids(1, 253)));
    expect(receiver.requests).toHaveLength(4);
    await until(async () => expect(await store.audit.undelivered(10)).toEqual([]));
  });

  it("can be verified: who sent it, when, and its place in the chain", async () => {
    await commit(1, 1);
    start();
    await until(() => expect(receiver.requests).toHaveLength(1));
    const { headers, body, method, url } = receiver.last();
    expect([method, url, headers["content-type"]]).toEqual(["POST", "/hook", "application/json"]);
    const [, time = "", mac] = /^t=(\d+),v1=([\da-f]{64})$/.exec(String(headers["specgate-signature"])) ?? [];
    expect(mac).toBe(createHmac("sha256", secret.reveal()).update(`${time}.${body.toString()}`).digest("hex"));
    expect(Math.abs(Date.now() / 1_000 - Number(time))).toBeLessThan(60);
    const [event] = (JSON.parse(body.toString()) as { events: Record<string, unknown>[] }).events;
    expect(event).toMatchObject({ writer: "w", seq: 1, prev_hash: "", hash: expect.stringMatching(/^[\da-f]{64}$/) });
  });

  it("is tried again until it takes them, and by another process after a restart", async () => {
    status = 500;
    await commit(1, 3);
    const first = start();
    await until(() => expect(receiver.requests.length).toBeGreaterThan(2));
    await first.close();
    status = 302; // a redirect is not followed with what is signed
    const tries = receiver.requests.length;
    const second = start();
    await until(() => expect(receiver.requests.length).toBeGreaterThan(tries));
    await second.close();
    expect(await store.audit.undelivered(10)).toHaveLength(3);
    status = 200;
    start();
    await until(async () => expect(await store.audit.undelivered(10)).toEqual([]));
    expect(new Set(received())).toEqual(new Set(ids(1, 3)));
  });

  it("does not let wait more than it may; the log keeps them", async () => {
    status = 503;
    await commit(1, 40);
    start({ mostWaiting: 10 });
    await until(async () => expect(await store.audit.undelivered(100)).toHaveLength(10));
    expect((await store.audit.undelivered(1))[0]?.seq).toBe(31);
    expect((await store.audit.query({}, { limit: 100 })).rows).toHaveLength(40);
  });

  it("is left to the replica that holds the lease", async () => {
    await commit(1, 1);
    const asked = vi.fn(async () => false);
    start({ lease: asked });
    await until(() => expect(asked).toHaveBeenCalled());
    start();
    await until(() => expect(received()).toEqual(["e1"]));
  });

  it("passes over records whose day was deleted", async () => {
    status = 500;
    await commit(1, 2);
    await store.audit.deleteBefore("2026-07-02");
    expect(await store.audit.undelivered(10)).toEqual([]);
  });
});
