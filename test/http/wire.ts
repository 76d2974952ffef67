import { connect } from "node:net";

/** An HTTP answer, its body read. */
export interface Wired {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, undefined when it is none. For a stream: its last message. */
  readonly body: unknown;
  /** The messages of a stream. */
  readonly messages: readonly Message[];
}

/** A JSON-RPC message as tests look at it. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
}

type Given = Readonly<Record<string, unknown>>;
type HeaderMap = Readonly<Record<string, string | undefined>>;

export const key = { "x-api-key": "key-one" };

/** The envelope of a stateless request. */
export function envelope(more: Given = {}): Given {
  return {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "wire", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
    ...more,
  };
}

export interface Sending {
  readonly id?: unknown;
  readonly headers?: HeaderMap;
  readonly meta?: Given;
}

/** A lawful stateless request, unless told otherwise. A header that is undefined is left away. */
export function postStateless(url: string, method: string, params: Given = {}, given: Sending = {}): Promise<Wired> {
  const name = params.name ?? params.uri;
  return send(
    url,
    { jsonrpc: "2.0", id: given.id ?? 1, method, params: { ...params, _meta: envelope(given.meta) } },
    {
      ...key,
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
      ...given.headers,
    },
  );
}

/** A lawful session-era request, unless told otherwise. */
export function postSession(url: string, method: string, params: Given = {}, given: Sending = {}): Promise<Wired> {
  return send(
    url,
    { jsonrpc: "2.0", id: given.id ?? 1, method, params },
    { ...key, accept: "application/json, text/event-stream", ...given.headers },
  );
}

/** POSTs a value as JSON, or text and bytes as they are. */
export async function send(url: string, body: unknown, headers: HeaderMap = {}): Promise<Wired> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(url, {
    method: "POST",
    headers: defined({ "content-type": "application/json", ...headers }),
    body: raw ? (body as string) : JSON.stringify(body),
  });
  return read(response);
}

export async function get(url: string, headers: HeaderMap = {}, method = "GET"): Promise<Wired> {
  return read(await fetch(url, { method, headers: defined(headers), redirect: "manual" }));
}

export function defined(headers: HeaderMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function read(response: Response): Promise<Wired> {
  const text = await response.text();
  const stream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const messages = stream ? messagesIn(text) : [];
  return {
    status: response.status,
    headers: response.headers,
    text,
    messages,
    body: stream ? messages.at(-1) : json(text),
  };
}

function messagesIn(text: string): Message[] {
  const data = text.split("\n").filter((line) => line.startsWith("data: ") && line.length > 6);
  return data.map((line) => JSON.parse(line.slice(6)) as Message);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An open session: its id, and the headers a client sends from then on. */
export interface Opened {
  readonly sessionId: string;
  readonly headers: Record<string, string>;
}

/** Opens a session; resolves to its id and the headers that a client sends from then on. */
export async function openSession(
  url: string,
  given: { version?: string; capabilities?: Given; headers?: HeaderMap } = {},
): Promise<Opened> {
  const { version = "2025-11-25", capabilities = {}, headers = {} } = given;
  const params = { protocolVersion: version, capabilities, clientInfo: { name: "wire", version: "1" } };
  const answer = await postSession(url, "initialize", params, { headers });
  const id = answer.headers.get("mcp-session-id") ?? "";
  const own = { "mcp-session-id": id, "mcp-protocol-version": version, ...headers };
  await send(url, { jsonrpc: "2.0", method: "notifications/initialized" }, { ...key, accept: both, ...own });
  return { sessionId: id, headers: defined(own) };
}

export const both = "application/json, text/event-stream";

/** An event stream that is read while it is open. */
export interface Reading {
  readonly status: number;
  readonly headers: Headers;
  /** The next event that has data or an id. Null when the stream has ended. */
  readonly next: () => Promise<StreamEvent | null>;
  /** The next message. Fails when the stream ends first. */
  readonly message: () => Promise<Message>;
  /** The body as text, instead of its events: of an answer that is no stream. */
  readonly rest: () => Promise<string>;
  /** Leaves, as a client does whose connection breaks. */
  readonly leave: () => void;
}

export interface StreamEvent {
  readonly id?: string;
  readonly data: string;
  readonly retry?: string;
}

/** Sends a request and reads its stream as it comes. */
export async function openStream(
  url: string,
  init: { method?: string; headers?: HeaderMap; body?: unknown },
): Promise<Reading> {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: init.method ?? "GET",
    headers: defined({
      ...key,
      accept: init.method === "POST" ? both : "text/event-stream",
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      ...init.headers,
    }),
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    signal: abort.signal,
  });
  const events = eventsOf(response);
  const next = async (): Promise<StreamEvent | null> => {
    const { value, done } = await events.next();
    return done === true ? null : value;
  };
  const message = async (): Promise<Message> => {
    for (let event = await next(); event !== null; event = await next()) {
      if (event.data !== "") return JSON.parse(event.data) as Message;
    }
    throw new Error("the stream ended");
  };
  return {
    status: response.status,
    headers: response.headers,
    next,
    message,
    rest: () => response.text(),
    leave: () => abort.abort(),
  };
}

async function* eventsOf(response: Response): AsyncGenerator<StreamEvent, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [id, retry] = [field("id"), field("retry")];
      if (lines.every((line) => line.startsWith(":"))) continue;
      yield {
        data: field("data") ?? "",
        ...(id === undefined ? {} : { id }),
        ...(retry === undefined ? {} : { retry }),
      };
    }
  }
}

/** Sends bytes as they are over a socket, for requests that no HTTP client would make; resolves to everything that comes back. */
export function rawRequest(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(text));
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}
