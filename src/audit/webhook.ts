import { createHmac } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { safeFetch } from "../safeFetch.ts";
import type { AuditStore } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { shownRecord } from "./filter.ts";

export interface WebhookOptions {
  readonly url: string;
  readonly secret: Secret;
  readonly store: Pick<AuditStore, "undelivered" | "delivered" | "trimUndelivered">;
  readonly logger: Pick<Logger, "info" | "warn">;
  /** Whether this replica delivers, for the next `ms`. Default: it does. */
  readonly lease?: (ms: number) => Promise<boolean>;
  /** Records that wait at most; beyond it the oldest are not sent. Default 100,000: they stay in the log. */
  readonly mostWaiting?: number;
  /** First pause after a failure, milliseconds; doubles up to five minutes. Default 1,000. */
  readonly pauseMs?: number;
}

/** Sends what is in the log to a URL. */
export interface Webhook {
  /** There is something new. */
  readonly wake: () => void;
  /** Ends; a request under way is finished. */
  readonly close: () => Promise<void>;
}

const batchSize = 100;
const pollMs = 5_000;
const longestPauseMs = 300_000;
const requestMs = 10_000;
const leaseMs = 30_000;

/**
 * Delivers committed records to `url`, oldest first, each at least once, with their places in the chain by which the receiver
 * knows one that comes twice: `POST { "events": [ … ] }` with the header of {@link signatureOf}. What is left to send is in SQL, so a restart goes on with it. A 2xx answer takes a batch; anything else is
 * tried again, later each time. Nothing waits for it.
 */
export function startWebhook(options: WebhookOptions): Webhook {
  const { url, secret, store, logger, lease = async () => true, mostWaiting = 100_000, pauseMs = 1_000 } = options;
  const ending = new AbortController();
  let failures = 0;
  let rouse: () => void = () => undefined;
  let isRoused = false;

  /** Whether there may be more. */
  const deliver = async (): Promise<boolean> => {
    if (!(await lease(leaseMs))) return false;
    const rows = await store.undelivered(batchSize);
    if (rows.length === 0) return false;
    const body = JSON.stringify({ events: rows.map(shownRecord) });
    const headers = { "content-type": "application/json", "specgate-signature": signatureOf(secret, body, Date.now()) };
    await safeFetch(url, { trust: "operator", method: "POST", body, headers, timeoutMs: requestMs, maxBytes: 65_536 });
    await store.delivered(rows);
    return rows.length === batchSize;
  };
  const attempt = async (): Promise<number> => {
    try {
      const more = await deliver();
      if (failures > 0) logger.info("the audit webhook takes records again");
      failures = 0;
      return more ? 0 : pollMs;
    } catch (thrown) {
      failures += 1;
      const { message } = GatewayError.from(thrown);
      if (failures === 1) logger.warn({ reason: message }, "the audit webhook did not take records; they are kept");
      const dropped = await store.trimUndelivered(mostWaiting).catch(() => 0);
      if (dropped > 0)
        logger.warn({ records: dropped }, "too many records wait for the audit webhook; these are not sent");
      return Math.min(pauseMs * 2 ** (failures - 1), longestPauseMs) * (0.5 + Math.random() / 2);
    }
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const wait = await attempt();
      if (!ending.signal.aborted && wait > 0) await rest(wait);
    }
  };
  /** Nothing new ends a pause after a failure. */
  const rest = async (ms: number): Promise<void> => {
    if (isRoused && failures === 0) ms = 0;
    isRoused = false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      rouse = () => {
        if (failures > 0 && !ending.signal.aborted) return;
        clearTimeout(timer);
        resolve();
      };
      if (ending.signal.aborted) rouse();
    });
  };
  const running = run();
  return {
    wake: () => {
      isRoused = true;
      rouse();
    },
    close: async () => {
      ending.abort();
      rouse();
      await running;
    },
  };
}

/**
 * `t=<seconds since the epoch>,v1=<hexadecimal HMAC-SHA-256 of "<t>.<body>">`. The receiver compares it in constant time and
 * refuses a `t` that is minutes old.
 */
export function signatureOf(secret: Secret, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${createHmac("sha256", secret.reveal()).update(`${seconds}.${body}`).digest("hex")}`;
}
