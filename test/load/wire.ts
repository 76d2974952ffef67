import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A JSON-RPC message. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** One event of a stream; `data` is empty for one that only carries an id. */
export interface StreamEvent {
  readonly id: string | null;
  readonly data: string;
}

export interface Sending {
  readonly method?: "POST" | "GET" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The client gives up after this long; absent: never. */
  readonly boundMs?: number | undefined;
  /** Cuts the connection. */
  readonly signal?: AbortSignal;
  readonly onHead?: (status: number) => void;
  /** Told of each event as it comes. */
  readonly onEvent?: (event: StreamEvent) => void;
}

/** How an exchange went. */
export interface Reply {
  /** 0 when no head came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Every byte of the body. */
  readonly text: string;
  /** `whole`, or who ended it before it was: the other side, this client on purpose, or this client at its bound. */
  readonly ended: "whole" | "cut" | "left" | "late";
  readonly start: number;
  readonly end: number;
}

/** Sends requests to one address, as lean as a client can be: no SDK, no parsing but of event frames. */
export interface Wire {
  readonly send: (sending: Sending) => Promise<Reply>;
  readonly close: () => void;
}

/** @param url of the MCP endpoint */
export function createWire(url: string): Wire {
  const { hostname, port, pathname } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 512 });
  const send = (sending: Sending): Promise<Reply> => {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const start = performance.now();
    const { method = "POST", boundMs, signal, onHead, onEvent } = sending;
    const body = sending.body === undefined ? undefined : JSON.stringify(sending.body);
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    let text = "";
    let why: Reply["ended"] = "cut";
    const outgoing = request({ agent, hostname, port, path: pathname, method, headers: headersOf(sending, body) });
    const give = (reason: Reply["ended"]) => (): void => {
      why = reason;
      outgoing.destroy();
    };
    const leave = give("left");
    const timer = boundMs === undefined ? undefined : setTimeout(give("late"), boundMs);
    const finish = (ended: Reply["ended"]): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      resolve({ status, headers, text, ended, start, end: performance.now() });
    };
    signal?.addEventListener("abort", leave, { once: true });
    outgoing.on("response", (answer) => {
      status = answer.statusCode ?? 0;
      ({ headers } = answer);
      onHead?.(status);
      const isStream = headers["content-type"]?.startsWith("text/event-stream") === true;
      const frames = isStream && onEvent !== undefined ? createFrames(onEvent) : undefined;
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
        frames?.(chunk);
      });
      answer.once("error", () => undefined); // its close tells
      // A client that left has not read what came after.
      answer.once("close", () => finish(why === "cut" && answer.complete ? "whole" : why));
    });
    outgoing.on("error", () => finish(why));
    if (signal?.aborted === true) leave();
    else outgoing.end(body);
    return promise;
  };
  return { send, close: () => agent.destroy() };
}

function headersOf({ headers }: Sending, body: string | undefined): Record<string, string | number> {
  if (body === undefined) return { ...headers };
  return { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
}

/** Takes the pieces of a stream and tells its events. */
function createFrames(tell: (event: StreamEvent) => void): (chunk: string) => void {
  let text = "";
  return (chunk) => {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const id = field("id");
      const data = field("data");
      if (id !== undefined || data !== undefined) tell({ id: id ?? null, data: data ?? "" });
    }
  };
}

/** The message of an answer that is not a stream; undefined when it is none. */
export function messageOf(text: string): Message | undefined {
  try {
    return JSON.parse(text) as Message;
  } catch {
    return undefined;
  }
}
