import { setTimeout as sleep } from "node:timers/promises";
import type { Caller } from "./cluster.ts";
import { rowPrefix } from "./cluster.ts";
import type { History } from "./history.ts";
import { type Listener, startListening } from "./listener.ts";
import { type Answered, type Asking, createdOf, createPeer, itemOf, markOf, type Peer, structuredOf } from "./peer.ts";
import type { Message, Wire } from "./wire.ts";

/** What clients know of one another, to try what is not theirs. */
export interface Showcase {
  /** By tenant: session ids in use, and ids of events of their streams. */
  readonly sessions: Map<string, string>;
  readonly events: Map<string, string>;
}

export interface ClientOptions {
  readonly name: string;
  readonly caller: Caller;
  readonly wire: Wire;
  readonly history: History;
  readonly showcase: Showcase;
  /** Waits as a person or a model does between two requests. */
  readonly think: () => Promise<void>;
  /** Whether a client with so many whole rounds begins no other. */
  readonly isOver: (rounds: number) => boolean;
  readonly boundMs: number;
  /** Reads and nothing else, one after another: something is being read at any time. */
  readonly readsOnly?: boolean;
  /** Unique to the run, so that rows of two runs never meet. */
  readonly run: string;
}

/** One client in the middle of a session. */
interface Client extends ClientOptions {
  readonly peer: Peer;
  readonly session: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly nextId: () => number;
  /** A name that nobody else uses. */
  readonly rowName: () => string;
}

export const both = "application/json, text/event-stream";
const version = "2025-11-25";

/** Goes through the whole mix in one session after another until it is over; resolves to the number of whole rounds. */
export async function runSessionClient(options: ClientOptions): Promise<number> {
  const { name, caller, isOver, think } = options;
  const peer = createPeer({ ...options, tenant: caller.tenant, key: caller.key });
  let rows = 0;
  let rounds = 0;
  const rowName = (): string => `${rowPrefix}${caller.tenant}:${options.run}:${name}:${rows++}`;
  while (!isOver(rounds)) {
    await think();
    const session = await initialize(peer);
    if (session === undefined) continue;
    let id = 1;
    const headers = { accept: both, "mcp-session-id": session, "mcp-protocol-version": version };
    if (await playRound({ ...options, peer, session, headers, nextId: () => id++, rowName })) rounds += 1;
  }
  return rounds;
}

/** Each client counts from 0, so that ids of all collide. */
async function initialize(peer: Peer): Promise<string | undefined> {
  const params = {
    protocolVersion: version,
    capabilities: { elicitation: {} },
    clientInfo: { name: peer.name, version: "1" },
  };
  const asking: Asking = {
    operation: "initialize",
    session: null,
    id: 0,
    sending: { headers: { accept: both }, body: { jsonrpc: "2.0", id: 0, method: "initialize", params } },
    judge: ({ protocolVersion }) => (protocolVersion === version ? undefined : `version ${String(protocolVersion)}`),
  };
  const { line } = await peer.ask(asking);
  return line.outcome === "ok" ? (line.session ?? undefined) : undefined;
}

type Step = (client: Client) => Promise<boolean>;

/** True when every step was taken; a session that is lost, or a store that is away, ends the round early. */
async function playRound(client: Client): Promise<boolean> {
  const { peer, history, session, headers, think } = client;
  const initialized = await notify(client, "notifications/initialized", {});
  if (!initialized) return false;
  const listener = startListening({ peer, history, session, headers });
  client.showcase.sessions.set(client.caller.tenant, session);
  let whole = true;
  for (const step of client.readsOnly === true ? reads : steps) {
    await think();
    whole = (await step(client)) && whole;
    if (listener.lost()) break;
    if (step === talk) await listener.resume();
  }
  await finish(client, listener);
  return whole && !listener.lost();
}

async function finish(client: Client, listener: Listener): Promise<void> {
  const { peer, session, headers } = client;
  listener.stop();
  const { line } = await peer.ask({
    operation: "delete",
    session,
    id: null,
    sending: { method: "DELETE", headers },
  });
  await listener.ended;
  if (line.outcome !== "ok") return;
  await request(client, "after delete", "ping", {});
}

const list: Step = async (client) => {
  const names = (result: Readonly<Record<string, unknown>>): string[] =>
    ((result.tools ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
  let cursor: unknown;
  let first: string[] = [];
  const one = await request(
    client,
    "list",
    "tools/list",
    {},
    {
      judge: (result) => {
        cursor = result.nextCursor;
        first = names(result);
        return first.length === 10 && typeof cursor === "string"
          ? undefined
          : `${first.length} tools on the first page`;
      },
    },
  );
  if (one.line.outcome !== "ok") return false;
  const two = await request(
    client,
    "list",
    "tools/list",
    { cursor },
    {
      judge: (result) =>
        names(result).length === 10 && !names(result).some((name) => first.includes(name))
          ? undefined
          : "the second page is not one",
    },
  );
  return two.line.outcome === "ok";
};

const read: Step = async (client) => {
  const { monitors } = client.caller;
  const id = monitors[Math.floor(Math.random() * monitors.length)];
  const { line } = await callTool(
    client,
    "read",
    "get_monitor",
    { monitorId: id },
    {
      judge: (result) => {
        const monitor = itemOf(result);
        return monitor.id === id ? undefined : `asked ${id}, got ${text(monitor)}`;
      },
    },
  );
  return line.outcome === "ok";
};

/** A create without a key: acknowledged, so it is there once. */
const createOnce: Step = async (client) => {
  const row = client.rowName();
  const { line } = await callTool(
    client,
    "create once",
    "create_label",
    { name: row },
    {
      facts: { row },
      judge: (result) => (itemOf(result).name === row ? undefined : `created ${text(itemOf(result))}`),
    },
  );
  return line.outcome === "ok";
};

/** The same create twice at once, on two replicas: one row, and one answer. */
const create: Step = async (client) => {
  const row = client.rowName();
  const args = { name: row, idempotency_key: `key ${row}` };
  let id: unknown;
  const once = (): Promise<Answered> =>
    callTool(client, "create", "create_label", args, {
      facts: { row, key: args.idempotency_key },
      judge: (result) =>
        itemOf(result).name === row || createdOf(result).unkept ? undefined : `created ${text(itemOf(result))}`,
      learn: (result) => {
        id ??= itemOf(result).id;
        return createdOf(result);
      },
    });
  const uses = await Promise.all([once(), once()]);
  if (id === undefined) return uses.some(({ line }) => line.outcome === "ok");
  const { line } = await callTool(
    client,
    "read own",
    "get_label",
    { id },
    {
      judge: (result) => (itemOf(result).name === row ? undefined : `asked ${row}, got ${text(itemOf(result))}`),
    },
  );
  return line.outcome === "ok";
};

/** Two questions open at once, one for a yes and one for a no; each answer goes to another replica than its call. */
const ask: Step = async (client) => {
  const [yes, no] = await Promise.all([askOne(client, "yes"), askOne(client, "no")]);
  if (Math.random() < 0.1) await askOne(client, "none");
  return yes && no;
};

async function askOne(client: Client, confirmed: "yes" | "no" | "none"): Promise<boolean> {
  const row = client.rowName();
  const mark = markOf(client.name);
  const gone = new AbortController();
  const answers: Promise<boolean>[] = [];
  const onMessage = (message: Message): void => {
    if (message.method !== "elicitation/create") return;
    if (confirmed === "none") gone.abort();
    else answers.push(reply(client, message.id, answerTo(confirmed)));
  };
  const { line } = await callTool(
    client,
    `ask ${confirmed}`,
    "ask_label",
    { name: row, mark },
    {
      facts: { row, confirmed },
      signal: gone.signal,
      onMessage,
      judge: (result) => {
        const { name, created } = structuredOf(result);
        if (name !== row) return `asked for ${row}, got ${text(structuredOf(result))}`;
        return created === (confirmed === "yes")
          ? undefined
          : `answered ${confirmed}, and created is ${String(created)}`;
      },
    },
  );
  await Promise.all(answers);
  return line.outcome === "ok" || line.outcome === "left";
}

function answerTo(confirmed: "yes" | "no"): object {
  if (confirmed === "yes") return { action: "accept", content: { yes: true } };
  return Math.random() < 0.5 ? { action: "decline" } : { action: "accept", content: { yes: false } };
}

/** Two calls at once, one of which is cancelled while it runs. */
const cancel: Step = async (client) => {
  const cancelled = client.nextId();
  const cancellations: Promise<boolean>[] = [];
  const onMessage = (message: Message): void => {
    if (message.method !== "notifications/message") return;
    cancellations.push(notify(client, "notifications/cancelled", { requestId: cancelled }));
  };
  const mark = markOf(client.name);
  const wait = (
    operation: string,
    milliseconds: number,
    more: Partial<Asking> & { readonly id?: number },
  ): Promise<Answered> => {
    const row = client.rowName();
    return callTool(
      client,
      operation,
      "wait_label",
      { name: row, mark, milliseconds },
      {
        ...more,
        facts: { row, ...more.facts },
        judge: (result) => (structuredOf(result).name === row ? undefined : `waited for ${text(structuredOf(result))}`),
        learn: (result) => (structuredOf(result).stopped === true ? { stopped: true } : {}),
      },
    );
  };
  const [first, second] = await Promise.all([
    wait("cancel", 5_000, { id: cancelled, onMessage, facts: { cancelled: true } }),
    wait("wait", 600, {}),
  ]);
  await Promise.all(cancellations);
  return first.line.stopped === true && second.line.outcome === "ok";
};

const talked = 6;

/** A stream that breaks in the middle and is taken up on another replica. */
const talk: Step = async (client) => {
  const gone = new AbortController();
  const id = client.nextId();
  const mark = markOf(client.name);
  const args = { mark, count: talked, pauseMs: 40 };
  const judge = (result: Readonly<Record<string, unknown>>): string | undefined =>
    structuredOf(result).mark === mark ? undefined : `talked with ${text(structuredOf(result))}`;
  const began = await callTool(client, "talk", "talk_label", args, {
    id,
    judge,
    signal: gone.signal,
    onMessage: (message) => {
      if ((message.params?.data as { readonly number?: number } | undefined)?.number === 2) gone.abort();
    },
  });
  if (began.lastEventId === undefined) return false;
  client.showcase.events.set(client.caller.tenant, began.lastEventId);
  if (began.line.outcome !== "left") return began.line.outcome === "ok";
  const { headers, session, peer } = client;
  const resumed = await peer.ask({
    operation: "resume",
    session,
    id,
    sending: {
      method: "GET",
      headers: { ...headers, accept: "text/event-stream", "last-event-id": began.lastEventId },
    },
    judge,
    facts: { numbers: talked },
  });
  return resumed.line.outcome === "ok";
};

/** Another principal's session, and another session's stream: unknown, both. */
const trespass: Step = async (client) => {
  const { showcase, caller, peer, headers, session } = client;
  const other = caller.tenant === "acme" ? "globex" : "acme";
  const foreignSession = showcase.sessions.get(other);
  const foreignEvent = showcase.events.get(other);
  if (foreignSession !== undefined) {
    await request(
      { ...client, headers: { ...headers, "mcp-session-id": foreignSession } },
      "foreign session",
      "ping",
      {},
      {
        facts: { foreign: true },
      },
    );
  }
  if (foreignEvent !== undefined) {
    await peer.ask({
      operation: "foreign stream",
      session,
      id: null,
      sending: { method: "GET", headers: { ...headers, accept: "text/event-stream", "last-event-id": foreignEvent } },
      facts: { foreign: true },
    });
  }
  return true;
};

const steps: readonly Step[] = [list, read, createOnce, create, ask, cancel, talk, trespass];

const reads: readonly Step[] = Array.from({ length: 20 }, () => read);

interface Extra extends Partial<Pick<Asking, "judge" | "learn" | "facts" | "onMessage">> {
  readonly id?: number;
  readonly signal?: AbortSignal;
}

function callTool(client: Client, operation: string, name: string, args: object, extra: Extra = {}): Promise<Answered> {
  return request(client, operation, "tools/call", { name, arguments: args }, extra);
}

function request(
  client: Client,
  operation: string,
  method: string,
  params: object,
  extra: Extra = {},
): Promise<Answered> {
  const { id = client.nextId(), signal, ...rest } = extra;
  const body = { jsonrpc: "2.0", id, method, params };
  const sending = { headers: client.headers, body, ...(signal && { signal }) };
  return client.peer.ask({ operation, session: client.session, id, sending, ...rest });
}

async function notify({ peer, session, headers }: Client, method: string, params: object): Promise<boolean> {
  const body = { jsonrpc: "2.0", method, params };
  const { line } = await peer.ask({ operation: method, session, id: null, sending: { headers, body } });
  return line.outcome === "ok";
}

/** Sends an answer again until it is taken: the person is not asked again because a store was away. */
async function reply({ peer, session, headers, boundMs }: Client, id: unknown, result: object): Promise<boolean> {
  const body = { jsonrpc: "2.0", id, result };
  const until = performance.now() + boundMs / 2;
  for (;;) {
    const { line } = await peer.ask({ operation: "answer", session, id: null, sending: { headers, body } });
    const isAway = line.outcome === "cut" || line.status === 503;
    if (!isAway || performance.now() > until) return line.outcome === "ok";
    await sleep(answerAgainMs);
  }
}

const answerAgainMs = 300;

function text(value: unknown): string {
  return JSON.stringify(value).slice(0, 200);
}
