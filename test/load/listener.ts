import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "./history.ts";
import type { Peer } from "./peer.ts";

/** A client's GET stream, kept open over every break. */
export interface Listener {
  /** Cuts the stream and takes it up again, on the next replica. */
  readonly resume: () => Promise<void>;
  /** The session is not known any more. */
  readonly lost: () => boolean;
  /** Leaves the stream to end by itself, as DELETE makes it. */
  readonly stop: () => void;
  /** Resolves when the stream is over for good. */
  readonly ended: Promise<void>;
}

/** Between two attempts, as `retry:` of the stream asks; shorter, since a test has less time than a client. */
const retryMs = 250;
/** A stream that DELETE did not end is left after this long. */
const endMs = 3_000;

/** Opens the session's own stream and holds it, resuming by the last event id, until `stop`. */
export function startListening(options: {
  readonly peer: Peer;
  readonly history: History;
  readonly session: string;
  readonly headers: Readonly<Record<string, string>>;
}): Listener {
  const { peer, history, session, headers } = options;
  let lastEventId: string | undefined;
  let isStopped = false;
  let isLost = false;
  let cut = new AbortController();
  let opened = Promise.withResolvers<void>();
  const tell = (open: boolean, resumed: boolean, reason?: string): void =>
    history.tell({
      kind: "listening",
      client: peer.name,
      session,
      at: performance.now(),
      open,
      resumed,
      ...(reason !== undefined && { reason }),
    });

  const once = async (): Promise<void> => {
    const resumed = lastEventId !== undefined;
    const answered = await peer.ask({
      operation: "listen",
      session,
      id: null,
      sending: {
        method: "GET",
        headers: { ...headers, accept: "text/event-stream", ...(resumed && { "last-event-id": `${lastEventId}` }) },
        boundMs: undefined,
        signal: cut.signal,
        onHead: (status) => {
          if (status === 200 && !isStopped) tell(true, resumed);
          opened.resolve();
        },
      },
    });
    lastEventId = answered.lastEventId ?? lastEventId;
    if (answered.line.status === 200 && !isStopped) tell(false, resumed, answered.line.outcome);
    isLost = answered.line.status === 404 && !isStopped;
    opened.resolve();
  };
  const hold = async (): Promise<void> => {
    while (!isStopped && !isLost) {
      await once();
      cut = new AbortController();
      if (!isStopped && !isLost) await sleep(retryMs);
    }
  };
  const ended = hold();
  return {
    resume: async () => {
      opened = Promise.withResolvers();
      cut.abort();
      await Promise.race([opened.promise, ended]);
    },
    lost: () => isLost,
    stop: () => {
      if (!isStopped) tell(false, true, "deleted");
      isStopped = true;
      const own = cut;
      setTimeout(() => own.abort(), endMs).unref();
    },
    ended,
  };
}
