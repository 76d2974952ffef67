import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** One event of a stream. */
export interface SseEvent {
  readonly data: string;
  readonly id?: string;
  /** Milliseconds a client waits before it reconnects. */
  readonly retryMs?: number;
}

/** A server-sent event stream. */
export interface Sse {
  /** Writes one event; false when the client has gone or reads too slowly, and the stream is over. */
  readonly write: (event: SseEvent) => boolean;
  /** Resolves when the client has taken what was written, or has gone; one that takes nothing for too long is dropped. */
  readonly drained: () => Promise<void>;
  /** @param retryMs tells the client to come back for the rest, after so long */
  readonly end: (retryMs?: number) => void;
  readonly isOpen: () => boolean;
}

/** Times of a stream, in milliseconds. */
export interface SseTimes {
  /** A comment this often keeps proxies from closing a quiet stream. Default 15,000. */
  readonly keepAliveMs?: number;
  /** A client that takes nothing for this long, while there is something, is dropped; it can resume. Default 30,000. */
  readonly stallMs?: number;
}

/** A client that leaves this much unread is dropped; it can resume (security.md T50). */
const maxUnreadBytes = 1_048_576;

/** Starts the stream: headers leave at once, so that a client knows it is connected before the first event. */
export function openSse(res: ServerResponse, headers: OutgoingHttpHeaders, times: SseTimes = {}): Sse {
  const { keepAliveMs = 15_000, stallMs = 30_000 } = times;
  res.writeHead(200, { ...headers, "content-type": "text/event-stream", "x-accel-buffering": "no" });
  res.flushHeaders();
  const isOpen = (): boolean => !res.writableEnded && !res.destroyed;
  const put = (text: string): boolean => {
    if (!isOpen()) return false;
    res.write(text);
    if (res.writableLength <= maxUnreadBytes) return true;
    res.destroy();
    return false;
  };
  const keepAlive = setInterval(() => put(": keep-alive\n\n"), keepAliveMs);
  keepAlive.unref();
  res.once("close", () => clearInterval(keepAlive));
  return {
    write: (event) => put(frame(event)),
    drained: () => drained(res, stallMs),
    end: (retryMs) => {
      clearInterval(keepAlive);
      if (!isOpen()) return;
      if (retryMs !== undefined) res.write(`retry: ${retryMs}\n\n`);
      res.end();
      if (res.writableLength > 0) dropWhenStalled(res, stallMs);
    },
    isOpen,
  };
}

/** JSON has no raw line break, so one `data` line holds a message whole. */
function frame({ data, id, retryMs }: SseEvent): string {
  const lines = id === undefined ? "" : `id: ${id}\n`;
  const retry = retryMs === undefined ? "" : `retry: ${retryMs}\n`;
  const type = data === "" ? "" : "event: message\n";
  return `${type}${lines}${retry}data: ${data}\n\n`;
}

function drained(res: ServerResponse, stallMs: number): Promise<void> {
  if (!res.writableNeedDrain || res.destroyed) return Promise.resolve();
  dropWhenStalled(res, stallMs);
  return new Promise((resolve) => {
    const done = (): void => {
      res.off("drain", done);
      res.off("close", done);
      resolve();
    };
    res.once("drain", done);
    res.once("close", done);
  });
}

/** Ends the connection unless what is written leaves in time. */
function dropWhenStalled(res: ServerResponse, stallMs: number): void {
  const timer = setTimeout(() => res.destroy(), stallMs);
  timer.unref();
  const done = (): void => {
    clearTimeout(timer);
    for (const event of ["drain", "finish", "close"]) res.off(event, done);
  };
  for (const event of ["drain", "finish", "close"]) res.once(event, done);
}
