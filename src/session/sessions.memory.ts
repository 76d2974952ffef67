import type { SessionSignal, SessionState, Sessions, StopSignal } from "./port.ts";
import { createQuestions } from "./questions.memory.ts";
import { createSeen } from "./seen.ts";
import { createEventStreams, type EventStreams, type NewEvent } from "./streams.memory.ts";

export interface MemorySessionsOptions {
  /** Sessions of one principal; one more ends the least recently used. Default 50. */
  readonly perPrincipal?: number;
  /** Sessions in all; one more ends the least recently used. Default 10,000, some 100 MB at their fullest. */
  readonly max?: number;
  /** Life after the last use. Default 30 min. */
  readonly idleMs?: number;
  /** Life in all. Default 24 h. */
  readonly absoluteMs?: number;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

interface Session {
  readonly principalHash: string;
  state: SessionState;
  lastUsed: number;
  readonly endsAt: number;
  readonly streams: EventStreams;
  /** What the client was told last, by the URIs that it subscribed to. */
  readonly told: Map<string, string>;
  readonly watchers: Set<(signal: SessionSignal) => void>;
  readonly calls: Set<(signal: StopSignal) => unknown>;
}

/**
 * {@link Sessions} in this process, for one replica. A Map keeps the order of use: a touched session is put last, so the
 * first one is the least recently used.
 */
export function createMemorySessions(options: MemorySessionsOptions = {}): Sessions {
  const { perPrincipal = 50, max = 10_000, idleMs = 1_800_000, absoluteMs = 86_400_000, now = Date.now } = options;
  const sessions = new Map<string, Session>();
  const byPrincipal = new Map<string, Set<string>>();
  const broadcasts = createSeen(1_000);
  const questions = createQuestions();

  const signal = (session: Session, what: SessionSignal): void => {
    for (const listener of [...session.watchers]) listener(what);
  };
  const stop = (session: Session, what: StopSignal): void => {
    for (const listener of [...session.calls]) listener(what);
  };
  const end = (id: string): boolean => {
    const session = sessions.get(id);
    if (session === undefined) return false;
    sessions.delete(id);
    const own = byPrincipal.get(session.principalHash);
    own?.delete(id);
    if (own?.size === 0) byPrincipal.delete(session.principalHash);
    questions.forget(id);
    signal(session, { type: "close" });
    stop(session, { type: "close" });
    return true;
  };
  const alive = (id: string): Session | undefined => {
    const session = sessions.get(id);
    if (session === undefined) return undefined;
    if (now() < session.endsAt && now() < session.lastUsed + idleMs) return session;
    end(id);
    return undefined;
  };
  const append = (session: Session, stream: string, event: NewEvent): string => {
    const seq = session.streams.append(stream, event);
    signal(session, { type: "event", stream });
    return seq;
  };
  const sweep = setInterval(() => {
    for (const id of sessions.keys()) alive(id)?.streams.sweep();
  }, 60_000);
  sweep.unref();

  return {
    create: async (id, principalHash, state, cap = perPrincipal) => {
      const own = byPrincipal.get(principalHash) ?? new Set();
      for (const old of own) if (own.size >= cap) end(old);
      own.add(id);
      byPrincipal.set(principalHash, own);
      const oldest = sessions.keys().next();
      if (sessions.size >= max && oldest.done !== true) end(oldest.value);
      const endsAt = now() + absoluteMs;
      sessions.set(id, {
        principalHash,
        state,
        lastUsed: now(),
        endsAt,
        streams: createEventStreams(now),
        told: new Map(),
        watchers: new Set(),
        calls: new Set(),
      });
    },
    touch: async (id, principalHash) => {
      const session = alive(id);
      if (session === undefined || session.principalHash !== principalHash) return null;
      session.lastUsed = now();
      sessions.delete(id);
      sessions.set(id, session);
      const own = byPrincipal.get(principalHash);
      own?.delete(id);
      own?.add(id);
      return session.state;
    },
    remember: async (id, patch) => {
      const session = alive(id);
      if (session !== undefined) session.state = { ...session.state, ...patch };
    },
    subscribe: async (id, uri, max) => {
      const session = alive(id);
      const { subscriptions = [] } = session?.state ?? {};
      if (session === undefined || subscriptions.includes(uri)) return true;
      if (subscriptions.length >= max) return false;
      session.state = { ...session.state, subscriptions: [...subscriptions, uri] };
      return true;
    },
    unsubscribe: async (id, uri) => {
      const session = alive(id);
      if (session === undefined) return;
      const subscriptions = session.state.subscriptions.filter((one) => one !== uri);
      session.state = { ...session.state, subscriptions };
      session.told.delete(uri);
    },
    told: async (id, uri, digest) => {
      const session = alive(id);
      if (session?.state.subscriptions.includes(uri) !== true) return null;
      const before = session.told.get(uri) ?? "";
      session.told.set(uri, digest);
      return before;
    },
    end: async (id) => alive(id) !== undefined && end(id),
    count: async () => {
      for (const id of [...sessions.keys()]) alive(id);
      return sessions.size;
    },
    append: async (id, stream, data, last = false, name = undefined) => {
      const session = alive(id);
      return session === undefined ? "0" : append(session, stream, { data, last, shared: false, name });
    },
    // The streams end with the process that writes them.
    begin: async (id, stream) => {
      const session = alive(id);
      return session === undefined ? "0" : append(session, stream, { data: "", last: false, shared: false });
    },
    abandon: () => undefined,
    broadcast: async (stream, data, eventId) => {
      if (!broadcasts.first(eventId)) return;
      for (const session of sessions.values()) append(session, stream, { data, last: false, shared: true });
    },
    read: async (id, stream, after) => alive(id)?.streams.read(stream, after) ?? null,
    tail: async (id, stream) => alive(id)?.streams.tail(stream) ?? "0",
    openQuestion: async (id, requestId, ttlMs) => {
      if (alive(id) !== undefined) questions.open(id, requestId, ttlMs);
    },
    answer: async (id, requestId, message) => questions.answer(id, requestId, message),
    awaitAnswer: (id, requestId, abort) => questions.wait(id, requestId, abort),
    publish: async (id, what) => {
      const session = alive(id);
      if (session !== undefined) signal(session, what);
    },
    watch: (id, listener) => {
      const session = alive(id);
      session?.watchers.add(listener);
      return () => session?.watchers.delete(listener);
    },
    cancel: async (id, requestId) => {
      const session = alive(id);
      if (session !== undefined) stop(session, { type: "cancel", requestId });
    },
    watchCalls: (id, listener) => {
      const session = alive(id);
      session?.calls.add(listener);
      return () => session?.calls.delete(listener);
    },
    close: async () => {
      clearInterval(sweep);
      questions.close();
    },
  };
}
