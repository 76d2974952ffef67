import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * One request of a client, from its first byte to the end of its answer. Times are `performance.now()` of one process, in
 * milliseconds.
 */
export interface Operation {
  readonly kind: "operation";
  readonly client: string;
  readonly tenant: string;
  /** What the client did: `initialize`, `read`, `create`, `ask`, … */
  readonly operation: string;
  /** Null where there is none: before `initialize`, and in the stateless era. */
  readonly session: string | null;
  /** JSON-RPC id; every client counts from 0. */
  readonly id: number | null;
  readonly start: number;
  readonly end: number;
  /** It has to end within this many milliseconds. Absent for a stream that is open for as long as its client likes. */
  readonly boundMs?: number;
  /**
   * `ok`: answered as asked. `failed`: a tool result or JSON-RPC error. `refused`: an HTTP error. `cut`: the connection
   * ended before the answer did. `shed`: refused unread by a gateway that was busy; the client came back. `left`: the client cut it on purpose. `late`: the client gave up at its bound.
   */
  readonly outcome: "ok" | "failed" | "refused" | "shed" | "cut" | "left" | "late";
  readonly status: number;
  /** Of a failure: the code of the tool result, or of the JSON-RPC error. */
  readonly code?: string;
  /** The answer named a part that is away (`x-gateway-degraded`). */
  readonly degraded?: true;
  /** What about the answer is not what this client asked for. */
  readonly wrong?: string;
  /** Tenants whose canary stands in the bytes that were received, and clients whose mark does. */
  readonly canaries?: readonly string[];
  readonly marks?: readonly string[];
  /** The row that this writes, if it writes one. */
  readonly row?: string;
  /** How the client answered the question on which the write depends; `none` when it did not answer. */
  readonly confirmed?: "yes" | "no" | "none";
  /** Whether the client cancelled it. */
  readonly cancelled?: true;
  /** The call says itself that it was stopped. */
  readonly stopped?: true;
  readonly key?: string;
  /** It was answered that it was done before, and that its result is not kept. */
  readonly unkept?: true;
  /** What was answered to a call with a key, without the mark of a replay. */
  readonly answer?: string;
  /** Uses what belongs to another principal: a session id, or an event id. */
  readonly foreign?: true;
  /** The stream that carried the answer, where events did, and how many of them carried a number. */
  readonly stream?: string;
  readonly numbers?: number;
}

/** One message that a client received on an event stream. */
export interface Received {
  readonly kind: "event";
  readonly client: string;
  readonly tenant: string;
  readonly session: string | null;
  /** The first part of its event id; null for an event without an id. */
  readonly stream: string | null;
  /** The second part. */
  readonly seq: string | null;
  readonly at: number;
  /** Counts from 1 the messages that one call sends, or the announcements of a run. */
  readonly number?: number;
  readonly canaries?: readonly string[];
  readonly marks?: readonly string[];
}

/** The session's own stream is open, or not any more. `reason` says why it ended: `left`, `ended`, `cut`, `deleted`. */
export interface Listening {
  readonly kind: "listening";
  readonly client: string;
  readonly session: string;
  readonly at: number;
  readonly open: boolean;
  /** Since this opening nothing is missing that came after the one before; false where the client began anew. */
  readonly resumed: boolean;
  readonly reason?: string;
}

/** A change that every session was told. `number` rises by one with each; `ok` when every replica said that it was told. */
export interface Announced {
  readonly kind: "announced";
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly ok: boolean;
}

/** A row that the upstream has when everything is over. */
export interface Row {
  readonly kind: "row";
  readonly tenant: string;
  readonly name: string;
}

/** What was broken, from when to when it was whole again. `pubsub`: only messages between replicas, which may be lost;
 * `machine`: a process that had no processor, which is not the gateway's fault. */
export interface Fault {
  readonly kind: "fault";
  readonly fault: "redis" | "replica" | "flush" | "pubsub" | "machine";
  readonly start: number;
  readonly end: number;
}

export type Line = Operation | Received | Listening | Announced | Row | Fault;

/** Lines in the order in which they were told. */
export interface History {
  readonly lines: readonly Line[];
  readonly tell: (line: Line) => void;
  /** Writes one JSON line each; `node test/load/check.ts <file>` judges them again. */
  readonly save: (file: string) => Promise<void>;
}

export function createHistory(): History {
  const lines: Line[] = [];
  return {
    lines,
    tell: (line) => void lines.push(line),
    save: (file) => {
      mkdirSync(dirname(file), { recursive: true });
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const out = createWriteStream(file).once("error", reject);
      for (const line of lines) out.write(`${JSON.stringify(line)}\n`);
      out.end(resolve);
      return promise;
    },
  };
}
