import type { EventPage, SessionEvent } from "./port.ts";

/** Event streams of one session. */
export interface EventStreams {
  /** Returns the `seq` of the new event. */
  readonly append: (stream: string, event: NewEvent) => string;
  readonly read: (stream: string, after: string) => EventPage | null;
  readonly tail: (stream: string) => string;
  /** Drops the events that are too old. Where each stream stands is kept: a reader of a quiet one is still at its end. */
  readonly sweep: () => void;
}

export interface NewEvent {
  readonly data: string;
  /** It ends the stream. */
  readonly last: boolean;
  /** It goes to every session. */
  readonly shared: boolean;
  /** What is appended twice in a row under one name is appended once. */
  readonly name?: string | undefined;
}

interface Stream {
  /** Begins each `seq`: a position in a stream of this name that was forgotten is none in this one. */
  readonly base: number;
  events: { readonly event: SessionEvent; readonly at: number }[];
  /** Number of the newest event. They count without gaps, so a position tells whether anything after it was dropped. */
  count: number;
  ended: boolean;
  shared: boolean;
  /** Of the newest event. */
  name: string | undefined;
  bytes: number;
  usedAt: number;
}

/** Events kept per stream, and for how long: enough for a client that lost its connection to come back. */
const maxEvents = 256;
const maxBytes = 2_097_152;
const lifeMs = 600_000;
/** Streams known per session: its own and those of its latest POSTs. */
const maxStreams = 64;
/** Events of all streams of a session, so that one client cannot fill the memory with answers it does not collect. */
const maxSessionBytes = 4_194_304;

/** Bounded in events, bytes, age and number of streams (reliability.md §2). */
export function createEventStreams(now: () => number): EventStreams {
  const streams = new Map<string, Stream>();
  let bases = 0;
  let bytes = 0;
  const open = (name: string): Stream => {
    const known = streams.get(name);
    if (known !== undefined) return known;
    if (streams.size >= maxStreams) forgetOne();
    bases += 1;
    const stream = {
      base: bases,
      events: [],
      count: 0,
      ended: false,
      shared: false,
      name: undefined,
      bytes: 0,
      usedAt: now(),
    };
    streams.set(name, stream);
    return stream;
  };
  /** What is over goes first, then what was quiet longest; the session's own stream, which is quiet for hours, last. */
  const forgetOne = (): void => {
    const [first] = [...streams].sort(([, a], [, b]) => keeping(a) - keeping(b) || a.usedAt - b.usedAt);
    if (first === undefined) return;
    drop(first[1], first[1].events.length);
    streams.delete(first[0]);
  };
  const drop = (stream: Stream, count: number): void => {
    if (count === 0) return;
    const size = stream.events.splice(0, count).reduce((sum, { event }) => sum + event.data.length, 0);
    stream.bytes -= size;
    bytes -= size;
  };
  const trim = (stream: Stream): void => {
    let left = stream.bytes;
    let gone = 0;
    const { events } = stream;
    while (gone < events.length - 1 && (events.length - gone > maxEvents || left > maxBytes)) {
      left -= events[gone]?.event.data.length ?? 0;
      gone += 1;
    }
    drop(stream, gone);
  };
  const age = (stream: Stream): void => {
    const fresh = stream.events.findIndex(({ at }) => at + lifeMs >= now());
    drop(stream, fresh < 0 ? stream.events.length : fresh);
  };
  /** Events of the streams that were quiet longest make room for those of `current`. */
  const makeRoom = (current: Stream): void => {
    const others = [...streams.values()].filter((stream) => stream !== current && stream.bytes > 0);
    for (const stream of others.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= maxSessionBytes) return;
      drop(stream, stream.events.length);
    }
  };
  return {
    append: (streamName, { data, last, shared, name }) => {
      const stream = open(streamName);
      age(stream);
      if (stream.ended || (name !== undefined && name === stream.name)) return seqOf(stream);
      stream.count += 1;
      stream.ended = last;
      stream.name = name;
      stream.shared ||= shared;
      stream.usedAt = now();
      stream.bytes += data.length;
      bytes += data.length;
      const seq = seqOf(stream);
      stream.events.push({ event: { seq, data }, at: now() });
      trim(stream);
      if (bytes > maxSessionBytes) makeRoom(stream);
      return seq;
    },
    read: (name, after) => {
      const stream = streams.get(name);
      if (stream === undefined) return after === "0" ? { events: [], ended: false } : null;
      age(stream);
      const position = after === "0" ? 0 : positionIn(stream, after);
      const first = stream.count - stream.events.length;
      if (position === null || position < first || position > stream.count) return null;
      return { events: stream.events.slice(position - first).map(({ event }) => event), ended: stream.ended };
    },
    tail: (name) => {
      const stream = streams.get(name);
      return stream === undefined ? "0" : seqOf(stream);
    },
    sweep: () => {
      for (const stream of streams.values()) age(stream);
    },
  };
}

function keeping({ ended, shared }: Stream): number {
  if (shared) return 2;
  return ended ? 0 : 1;
}

function seqOf({ base, count }: Stream): string {
  return `${base}-${count}`;
}

function positionIn(stream: Stream, seq: string): number | null {
  const [, base, number] = /^([1-9]\d{0,14})-([1-9]\d{0,14})$/.exec(seq) ?? [];
  return Number(base) === stream.base ? Number(number) : null;
}
