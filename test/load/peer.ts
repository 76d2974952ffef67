import { setTimeout as sleep } from "node:timers/promises";
import type { Tenant } from "./cluster.ts";
import type { History, Operation } from "./history.ts";
import { type Message, messageOf, type Reply, type Sending, type StreamEvent, type Wire } from "./wire.ts";

/** Who a client is, and where it writes down what it did. */
export interface PeerOptions {
  readonly name: string;
  readonly tenant: Tenant;
  readonly key: string;
  readonly wire: Wire;
  readonly history: History;
  /** Every request ends within this. */
  readonly boundMs: number;
}

/** What one request is about. */
export interface Asking {
  readonly operation: string;
  readonly session: string | null;
  readonly id: number | null;
  readonly sending: Sending;
  /** What is wrong with the result; undefined when it is right. */
  readonly judge?: (result: Readonly<Record<string, unknown>>) => string | undefined;
  /** Facts for the history, known before. */
  readonly facts?: Partial<Operation>;
  /** Facts that the result tells. */
  readonly learn?: (result: Readonly<Record<string, unknown>>) => Partial<Operation>;
  /** Messages on the stream that are not the answer. */
  readonly onMessage?: (message: Message, event: StreamEvent) => void;
}

/** How it went. */
export interface Answered {
  readonly line: Operation;
  readonly reply: Reply;
  readonly result: Readonly<Record<string, unknown>> | undefined;
  /** Id of the last event that was received. */
  readonly lastEventId: string | undefined;
}

/** Sends the requests of one client and tells the history of each. */
export interface Peer {
  readonly name: string;
  readonly tenant: Tenant;
  readonly ask: (asking: Asking) => Promise<Answered>;
}

/** What is the client's own, and in which only it may be answered. */
export function markOf(name: string): string {
  return `mk:${name}:`;
}

const mostRefusals = 10;
const canaryPattern = /(?:cn:|org_)(acme|globex)/g;
const markPattern = /mk:([\w-]+):/g;

export function createPeer(options: PeerOptions): Peer {
  const { name, tenant, key, wire, history, boundMs } = options;
  const askOnce = async (asking: Asking): Promise<Answered> => {
    const { operation, session, id, sending, judge, facts, learn, onMessage } = asking;
    let answer: Message | undefined;
    let lastEventId: string | undefined;
    const onEvent = (event: StreamEvent): void => {
      if (event.id !== null) lastEventId = event.id;
      const message = event.data === "" ? undefined : messageOf(event.data);
      history.tell({ kind: "event", client: name, tenant, session, ...eventFacts(event, message) });
      if (message === undefined) return;
      if (message.method === undefined) answer = message;
      else onMessage?.(message, event);
    };
    const bound = "boundMs" in sending ? {} : { boundMs };
    const headers = { "x-api-key": key, "x-test-client": name, ...sending.headers };
    const reply = await wire.send({ ...bound, ...sending, headers, onEvent });
    if (answer === undefined && reply.status === 200) answer = messageOf(reply.text);
    const verdict = verdictOf(reply, answer, id, judge);
    const line: Operation = {
      kind: "operation",
      client: name,
      tenant,
      operation,
      session: session ?? openedSession(reply),
      id,
      start: reply.start,
      end: reply.end,
      ...("boundMs" in sending ? {} : { boundMs }),
      status: reply.status,
      ...(reply.headers["x-gateway-degraded"] !== undefined && { degraded: true }),
      ...found("canaries", reply.text, canaryPattern),
      ...found("marks", reply.text, markPattern),
      ...(lastEventId !== undefined && { stream: lastEventId.split("/")[0] ?? "" }),
      ...verdict,
      ...facts,
      ...(answer?.result !== undefined && learn?.(answer.result)),
    };
    history.tell(line);
    return { line, reply, result: answer?.result, lastEventId };
  };
  // A gateway that cannot keep up says when to come back, and nothing was done (reliability.md §5.4): a client does as told.
  const ask = async (asking: Asking): Promise<Answered> => {
    for (let refused = 0; ; refused++) {
      const answered = await askOnce(asking);
      if (answered.line.outcome !== "shed" || refused === mostRefusals) return answered;
      await sleep(Number(answered.reply.headers["retry-after"]) * 1_000);
    }
  };
  return { name, tenant, ask };
}

/** The session that `initialize` opened. */
function openedSession({ headers }: Reply): string | null {
  const session = headers["mcp-session-id"];
  return typeof session === "string" ? session : null;
}

function eventFacts(
  { id, data }: StreamEvent,
  message: Message | undefined,
): Readonly<{ stream: string | null; seq: string | null; at: number }> & object {
  const [stream = null, seq = null] = id?.split("/") ?? [];
  const number = numberIn(message);
  return {
    stream,
    seq,
    at: performance.now(),
    ...(number !== undefined && { number }),
    ...found("canaries", data, canaryPattern),
    ...found("marks", data, markPattern),
  };
}

/** The number of a message of `talk_label`, or of an announcement. */
function numberIn(message: Message | undefined): number | undefined {
  const { data, uri } = message?.params ?? {};
  if (typeof uri === "string") return Number(uri.split("/").at(-1));
  const number = (data as { readonly number?: unknown } | undefined)?.number;
  return typeof number === "number" ? number : undefined;
}

function found(name: "canaries" | "marks", text: string, pattern: RegExp): Partial<Record<typeof name, string[]>> {
  const all = new Set(Array.from(text.matchAll(pattern), ([, one = ""]) => one));
  return all.size === 0 ? {} : { [name]: [...all] };
}

/** What came of it, and what is wrong with it. */
function verdictOf(
  { status, ended, headers, text }: Reply,
  answer: Message | undefined,
  id: number | null,
  judge: Asking["judge"],
): Pick<Operation, "outcome" | "code" | "wrong"> {
  if (ended === "late" || ended === "left") return { outcome: ended };
  if (status === 0 || ended === "cut") return { outcome: "cut" };
  if (status === 503 && headers["retry-after"] !== undefined && text.includes("the server is busy"))
    return { outcome: "shed" };
  if (status < 200 || status >= 300)
    return { outcome: "refused", ...(answer?.error && { code: String(answer.error.code) }) };
  if (id === null) return { outcome: "ok" };
  if (answer === undefined) return { outcome: "ok", wrong: "there was no answer" };
  if (answer.id !== id) return { outcome: "ok", wrong: `request ${id} was answered with id ${String(answer.id)}` };
  if (answer.error !== undefined) return { outcome: "failed", code: String(answer.error.code) };
  const result = answer.result ?? {};
  if (result.isError === true) return { outcome: "failed", code: codeOf(result) };
  const wrong = judge?.(result);
  return { outcome: "ok", ...(wrong !== undefined && { wrong }) };
}

/** The code in the text of a Tool's error. */
function codeOf({ content }: Readonly<Record<string, unknown>>): string {
  const [block] = content as readonly { readonly text?: string }[]; // MCP says so
  const told = messageOf(block?.text ?? "") as { readonly code?: string } | undefined;
  return told?.code ?? String(block?.text).slice(0, 200);
}

/** What a call with a key came to, as far as its answer says. */
export function createdOf(result: Readonly<Record<string, unknown>>): Pick<Operation, "answer" | "unkept"> {
  const { replayed, ...created } = structuredOf(result);
  const isUnkept =
    replayed === true && created.item === undefined && JSON.stringify(created.notes).includes("not kept");
  return { answer: JSON.stringify(created), ...(isUnkept && { unkept: true }) };
}

/** The structured result of a Tool. */
export function structuredOf(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return (result.structuredContent ?? {}) as Readonly<Record<string, unknown>>; // MCP says it is an object
}

/** The object that a Tool of Beacon answers with. */
export function itemOf(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return (structuredOf(result).item ?? {}) as Readonly<Record<string, unknown>>; // the envelope of DESIGN §6.1
}
