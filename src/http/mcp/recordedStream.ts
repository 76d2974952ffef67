import { randomUUID } from "node:crypto";
import type { Exchange } from "./exchange.ts";
import { openSse, type Sse } from "./sse.ts";

/** How long a client waits before it resumes a broken stream. */
export const retryMs = 1_000;

/**
 * The answer stream of one session-era POST. Each message is stored before it is sent, so that a client whose connection
 * broke collects the rest by `Last-Event-ID`, on any replica; after a break the call goes on and its messages are stored.
 */
export interface RecordedStream {
  /** Sends a message, after those before it. The first one starts the stream. */
  readonly send: (message: string) => Promise<void>;
  /** Sends the last message and ends the stream. */
  readonly end: (message: string) => Promise<void>;
  readonly started: () => boolean;
}

/** @param primed send an empty first event with an id, which clients from 2025-11-25 on understand */
export function createRecordedStream(exchange: Exchange, sessionId: string, primed: boolean): RecordedStream {
  const { res, headers, parts } = exchange;
  const name = randomUUID();
  let sse: Sse | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  // What cannot be stored (the store is away, the message is too large for it) is sent all the same: it cannot be resumed.
  const record = async (data: string, last: boolean): Promise<{ readonly id?: string }> => {
    try {
      return { id: `${name}/${await parts.sessions.append(sessionId, name, data, last)}` };
    } catch (thrown) {
      parts.log?.error({ err: thrown, requestId: exchange.requestId }, "a message of a stream was not stored");
      return {};
    }
  };
  const start = (): Sse => {
    const opened = openSse(res, headers);
    // Stored even where it is not sent, so that event ids do not depend on the version.
    queue = queue
      .then(() => record("", false))
      .then((stored) => primed && stored.id !== undefined && opened.write({ data: "", ...stored, retryMs }));
    return opened;
  };
  const put = (data: string, last: boolean): Promise<void> => {
    sse ??= start();
    const stream = sse;
    const written = queue.then(async () => {
      stream.write({ data, ...(await record(data, last)) });
      await stream.drained();
    });
    queue = written.catch(() => undefined);
    return written;
  };
  return {
    send: (message) => put(message, false),
    end: (message) => put(message, true).finally(() => sse?.end()),
    started: () => sse !== undefined,
  };
}
