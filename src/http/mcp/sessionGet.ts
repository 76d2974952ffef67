import { randomUUID } from "node:crypto";
import { rpc } from "../../mcp/versions.ts";
import type { EventPage, SessionSignal } from "../../session/port.ts";
import { type Exchange, header } from "./exchange.ts";
import { type HeldStream, holdStream } from "./heldStream.ts";
import { retryMs } from "./recordedStream.ts";
import { assertVersion, isAway, liveSession, refuse, unknownSession } from "./sessionCheck.ts";
import { watchSubscriptions } from "./sessionSubscriptions.ts";
import { openSse, type Sse } from "./sse.ts";

/** The stream of a session that belongs to no POST: change notifications go there. */
export const sessionStream = "session";

/** A wake-up may be lost on its way between replicas: every wait also looks for itself. */
const pollMs = 2_000;
/** Between two attempts to read on while the store is away: service is back within 2 s of its return. */
const againMs = 1_000;

/**
 * A session-era GET: the session's own stream from now on, or with `Last-Event-ID` any stream of it from where that id stands
 * (protocol.md §2.4). A newer GET of the session's own stream takes over from an older one. An id that the history no longer
 * reaches is 404, never a silent gap.
 */
export async function serveSessionGet(exchange: Exchange): Promise<void> {
  assertVersion(exchange);
  const { res, headers, parts } = exchange;
  const { sessions } = parts;
  const session = await liveSession(exchange);
  const position = await positionOf(exchange, session.id);
  const held = holdStream(exchange);
  const wake = createWake();
  held.signal.addEventListener("abort", wake.ring, { once: true });
  const owner = randomUUID();
  const subscriptions =
    position.stream === sessionStream ? watchSubscriptions(exchange, session, held, sessionStream) : undefined;
  // Watched before it is read: what comes in between rings the bell.
  const stop = sessions.watch(session.id, (signal) => {
    subscriptions?.signal(signal);
    if (endsStream(signal, position.stream, owner)) held.end();
    else if (signal.type === "event" && signal.stream === position.stream) wake.ring();
  });
  try {
    const first = await sessions.read(session.id, position.stream, position.after);
    if (first === null) throw unknownSession();
    if (position.stream === sessionStream) await sessions.publish(session.id, { type: "stream", owner });
    const sse = openSse(res, headers);
    const primes = session.state.version >= "2025-11-25" && !position.resumes;
    if (primes) sse.write({ data: "", id: `${position.stream}/${position.after}`, retryMs });
    const wants = subscriptions?.wants ?? (() => true);
    await follow({ exchange, sessionId: session.id, ...position, held, wake, sse, wants }, first).finally(() => {
      sse.end(held.signal.reason === "drain" ? retryMs : undefined);
    });
  } finally {
    stop();
    held.end();
  }
}

/** A session-era DELETE: the session is over, everywhere. */
export async function serveSessionDelete(exchange: Exchange): Promise<void> {
  const { res, headers, parts } = exchange;
  assertVersion(exchange);
  const { id } = await liveSession(exchange);
  if (!(await parts.sessions.end(id))) throw unknownSession();
  res.writeHead(200, headers).end();
}

interface Position {
  readonly stream: string;
  readonly after: string;
  readonly resumes: boolean;
}

async function positionOf({ req, parts }: Exchange, sessionId: string): Promise<Position> {
  const lastEventId = header(req, "last-event-id");
  if (lastEventId === undefined || lastEventId === "") {
    return { stream: sessionStream, after: await parts.sessions.tail(sessionId, sessionStream), resumes: false };
  }
  const [, stream, after] = /^([\w-]{1,64})\/([\w-]{1,64})$/.exec(lastEventId) ?? [];
  if (stream === undefined || after === undefined)
    throw refuse(400, rpc.refused, "Last-Event-ID is not an event id of ours");
  return { stream, after, resumes: true };
}

function endsStream(signal: SessionSignal, stream: string, owner: string): boolean {
  return signal.type === "close" || (signal.type === "stream" && stream === sessionStream && signal.owner !== owner);
}

interface Following extends Position {
  readonly exchange: Exchange;
  readonly sessionId: string;
  readonly held: HeldStream;
  readonly wake: Wake;
  readonly sse: Sse;
  /** Whether the client is to hear a message. */
  readonly wants: (message: string) => boolean;
}

/** Sends what is stored, then what comes, until the stream's last message or until the connection has to end. */
async function follow(following: Following, first: EventPage): Promise<void> {
  const { stream, held, wake, sse, wants } = following;
  let { after } = following;
  let page: EventPage | null = first;
  while (page !== null && !held.signal.aborted) {
    for (const { seq, data } of page.events) {
      if (data !== "" && wants(data) && !sse.write({ data, id: `${stream}/${seq}` })) return;
      after = seq;
      held.active();
    }
    if (page.ended) return;
    await sse.drained();
    if (page.events.length === 0) await wake.wait(pollMs);
    page = await nextPage(following, after);
  }
}

/**
 * What follows; null when nothing will. A store that is away ends no stream before a heartbeat's time has passed: most come
 * back sooner, and until then clients would only ask again and again.
 */
async function nextPage(following: Following, after: string): Promise<EventPage | null> {
  const { exchange, sessionId, stream, held, wake } = following;
  const { sessions, streamLimits } = exchange.parts;
  const start = performance.now();
  while (!held.signal.aborted) {
    try {
      return await sessions.read(sessionId, stream, after);
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      if (performance.now() - start >= streamLimits.storeAwayMs) return null;
    }
    await wake.wait(againMs);
  }
  return null;
}

/** A bell that remembers having rung, so that an event between a read and the wait for the next is not missed. */
interface Wake {
  readonly ring: () => void;
  /** Resolves when it rang, or after that many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
}

function createWake(): Wake {
  let rung = false;
  let listener: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      listener?.();
    },
    wait: async (ms) => {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        listener = resolve;
        const timer = setTimeout(resolve, ms);
        timer.unref();
        await promise;
        clearTimeout(timer);
        listener = undefined;
      }
      rung = false;
    },
  };
}
