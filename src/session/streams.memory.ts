import type { EventPage, SessionEvent } from "./port.ts";

/** Event streams of one session. */
export interface EventStreams {
  readonly append: (stream: string, data: string, last: boolean) => string;
  readonly read: (stream: string, after: string) => EventPage | null;
  readonly tail: (stream: string) => string;
  /** Drops what is too old. */
  readonly sweep: () => void;
}

interface Stream {
  events: { readonly event: SessionEvent; readonly at: number }[];
  /** Number of the newest event. */
  seq: number;
  ended: boolean;
  bytes: number;
  usedAt: number;
}

/** Events kept per stream, and for how long: enough for a client that lost its connection to come back. */
const maxEvents = 256;
const maxBytes = 2_097_152;
const lifeMs = 600_000;
/** Streams per session: one GET stream and the POST streams of the last minutes. */
const maxStreams = 64;

/** Bounded in events, bytes, age and number of streams (reliability.md §2). */
export function createEventStreams(now: () => number): EventStreams {
  const streams = new Map<string, Stream>();
  const open = (name: string): Stream => {
    const known = streams.get(name);
    if (known !== undefined) return known;
    const oldest = streams.keys().next();
    if (streams.size >= maxStreams && oldest.done !== true) streams.delete(oldest.value);
    const stream: Stream = { events: [], seq: 0, ended: false, bytes: 0, usedAt: now() };
    streams.set(name, stream);
    return stream;
  };
  const trim = (stream: Stream): void => {
    const { events } = stream;
    let gone = 0;
    while (
      gone < events.length - 1 &&
      (events.length - gone > maxEvents || stream.bytes > maxBytes || (events[gone]?.at ?? 0) + lifeMs < now())
    ) {
      stream.bytes -= events[gone]?.event.data.length ?? 0;
      gone += 1;
    }
    if (gone > 0) events.splice(0, gone);
  };
  return {
    append: (name, data, last) => {
      const stream = open(name);
      stream.seq += 1;
      stream.ended = last;
      stream.usedAt = now();
      stream.bytes += data.length;
      stream.events.push({ event: { seq: String(stream.seq), data }, at: now() });
      trim(stream);
      return String(stream.seq);
    },
    read: (name, after) => {
      const stream = streams.get(name);
      if (stream === undefined && after === "0") return { events: [], ended: false };
      const position = /^(0|[1-9]\d{0,14})$/.test(after) ? Number(after) : Number.NaN;
      if (stream === undefined || !(position <= stream.seq)) return null;
      const first = stream.seq - stream.events.length + 1;
      if (position + 1 < first) return null;
      return { events: stream.events.slice(position + 1 - first).map(({ event }) => event), ended: stream.ended };
    },
    tail: (name) => String(streams.get(name)?.seq ?? 0),
    sweep: () => {
      for (const [name, stream] of streams) {
        if (stream.usedAt + lifeMs < now()) streams.delete(name);
      }
    },
  };
}
