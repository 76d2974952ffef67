import { randomUUID } from "node:crypto";
import type { Exchange } from "./exchange.ts";
import { openSse, type Sse } from "./sse.ts";
import { createStreamRecord, type StreamRecord } from "./streamRecord.ts";

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

export interface RecordedStreamOptions {
  /** Null: nothing of the stream is stored, and its events have no ids. */
  readonly sessionId: string | null;
  /** Send an empty first event with an id, which clients from 2025-11-25 on understand. */
  readonly primed: boolean;
  /** The last message for who resumes the stream when this process has died; made when the stream starts. */
  readonly farewell: () => string;
}

export function createRecordedStream(exchange: Exchange, options: RecordedStreamOptions): RecordedStream {
  const { sessionId, primed, farewell } = options;
  const { res, headers, requestId } = exchange;
  const { sessions, log } = exchange.parts;
  let sse: Sse | undefined;
  let record: StreamRecord | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const start = (): Sse => {
    const opened = openSse(res, headers);
    if (sessionId === null) return opened;
    const stored = createStreamRecord({
      sessions,
      sessionId,
      stream: randomUUID(),
      farewell: farewell(),
      onLost: (err) => log?.error({ err, requestId }, "a message of a stream was not stored"),
    });
    record = stored;
    // Stored even where it is not sent, so that event ids do not depend on the version.
    queue = queue
      .then(() => stored.begin())
      .then((id) => primed && id !== undefined && opened.write({ data: "", id, retryMs }));
    return opened;
  };
  const put = (data: string, last: boolean): Promise<void> => {
    sse ??= start();
    const stream = sse;
    const written = queue.then(async () => {
      const id = await record?.add(data, last);
      stream.write(id === undefined ? { data } : { data, id });
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
