/** RFC 5424 severity, as MCP's `logging/setLevel` names it. */
export type SessionLogLevel = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/** What a session remembers: everything a method may ask of it, and nothing else (protocol.md §7.2). */
export interface SessionState {
  /** Negotiated protocol version. */
  readonly version: string;
  readonly client: { readonly name: string; readonly version?: string } | null;
  /** Client capabilities of `initialize`. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly initialized: boolean;
  /** Least severity the client wants to hear; null until it says. */
  readonly logLevel: SessionLogLevel | null;
  /** Resource URIs the client subscribed to. */
  readonly subscriptions: readonly string[];
}

/** What of a session may change. */
export type SessionPatch = Partial<Pick<SessionState, "initialized" | "logLevel" | "subscriptions">>;

/** One message of an event stream. `seq` rises within the stream; the wire's event id is `<stream>/<seq>`. */
export interface SessionEvent {
  readonly seq: string;
  /** A JSON-RPC message, or empty for a priming event. */
  readonly data: string;
}

/** What a stream holds after a position. */
export interface EventPage {
  readonly events: readonly SessionEvent[];
  /** The stream's last message is among those given so far; nothing follows. */
  readonly ended: boolean;
}

/** What happens to a session on whichever replica. Listeners hear it everywhere; a wake-up may be lost, so waits also poll. */
export type SessionSignal =
  | { readonly type: "event"; readonly stream: string }
  /** A newer GET stream took over; `owner` names it. */
  | { readonly type: "stream"; readonly owner: string }
  /** What it subscribed to has changed. */
  | { readonly type: "subscriptions" }
  | { readonly type: "close" };

/** What ends a running call of a session on whichever replica. */
export type StopSignal =
  /** The client cancelled its request of this JSON-RPC id. */
  { readonly type: "cancel"; readonly requestId: string | number } | { readonly type: "close" };

/**
 * Session-era state (reliability.md §2). Every replica reaches the same sessions through it and keeps nothing of them itself.
 * Ids are minted and checked by `src/session/id.ts`; the port trusts that the id has a good MAC.
 *
 * Limits: idle 30 min, absolute 24 h, 50 sessions per principal, 256 events per stream kept for 10 min.
 * Every method may throw `store_unavailable`.
 */
export interface Sessions {
  /**
   * Resolves when the session is stored. Beyond the cap of its principal the least recently used one ends; `cap` stands in
   * for it where many callers are one principal. `principalHash` binds the session; see `SessionIds.principalHash`.
   */
  readonly create: (id: string, principalHash: string, state: SessionState, cap?: number) => Promise<void>;
  /**
   * The state of the session, its expiry moved on; null when it is unknown, over, or another principal's: one answer, so
   * that nobody learns which.
   */
  readonly touch: (id: string, principalHash: string) => Promise<SessionState | null>;
  readonly remember: (id: string, patch: SessionPatch) => Promise<void>;
  /**
   * Adds `uri` to the subscriptions, in one step whoever else does; nothing changes where it is there. False when there would be
   * more than `max`.
   */
  readonly subscribe: (id: string, uri: string, max: number) => Promise<boolean>;
  readonly unsubscribe: (id: string, uri: string) => Promise<void>;
  /**
   * Notes `digest` as what the client knows of `uri`, and answers what was noted before: `""` when nothing was, null when the
   * session is not subscribed. Of several that note the same change one alone sees the old digest.
   */
  readonly told: (id: string, uri: string, digest: string) => Promise<string | null>;
  /** Ends the session everywhere. False when there was none. */
  readonly end: (id: string) => Promise<boolean>;
  /** Sessions alive. */
  readonly count: () => Promise<number>;

  /**
   * Begins the stream of a call that runs in this process: appends an empty message, and from then on holds the stream by a
   * lease until its last message. When the process dies the lease lapses, and who reads on finds `farewell` as the last
   * message, within 15 s. A store that dies with the process needs no lease.
   */
  readonly begin: (id: string, stream: string, farewell: string) => Promise<string>;
  /**
   * Appends a message and wakes the readers of the stream; resolves to its `seq`, `"0"` when the session is over. `last` ends
   * the stream: it takes nothing more. What is appended twice in a row under one `name` is appended once.
   */
  readonly append: (id: string, stream: string, data: string, last?: boolean, name?: string) => Promise<string>;
  /** Holds the stream no longer, as if the process had died: its last message will not come. */
  readonly abandon: (id: string, stream: string) => void;
  /** Appends `data` to `stream` of every session unless that was done for `eventId` before, by any replica. */
  readonly broadcast: (stream: string, data: string, eventId: string) => Promise<void>;
  /**
   * What follows `after`; `"0"` is before the first message of any stream, also one that has none yet. Null when the stream
   * is unknown or its history no longer reaches back to `after`.
   */
  readonly read: (id: string, stream: string, after: string) => Promise<EventPage | null>;
  /** The `seq` of the newest message of the stream, `"0"` when there is none. */
  readonly tail: (id: string, stream: string) => Promise<string>;

  /** Opens a request of ours to the client. An answer is accepted only while it is open. */
  readonly openQuestion: (id: string, requestId: string, ttlMs: number) => Promise<void>;
  /** Stores the client's answer. False when no such question is open or it has one already: then it is dropped. */
  readonly answer: (id: string, requestId: string, message: unknown) => Promise<boolean>;
  /** The answer to an open question as soon as there is one; null when time is up or `signal` aborts. Closes the question. */
  readonly awaitAnswer: (id: string, requestId: string, signal: AbortSignal) => Promise<unknown>;

  /** Tells every replica of the session's signal. */
  readonly publish: (id: string, signal: SessionSignal) => Promise<void>;
  /** Hears the signals of one session until the returned function is called. For streams: it may cost a subscription. */
  readonly watch: (id: string, listener: (signal: SessionSignal) => void) => () => void;
  /** Tells the replica that runs the request. While the store is away that is this one, or it throws `store_unavailable`. */
  readonly cancel: (id: string, requestId: string | number) => Promise<void>;
  /**
   * Hears what ends the calls of one session until the returned function is called. For every call: it costs nothing. A
   * listener that returns true says that the signal was for it.
   */
  readonly watchCalls: (id: string, listener: (signal: StopSignal) => unknown) => () => void;

  /** Ends timers and connections. Sessions in a shared store stay. */
  readonly close: () => Promise<void>;
}
