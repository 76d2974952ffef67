import { rowPrefix } from "./cluster.ts";
import type { Operation } from "./history.ts";
import { type Answered, type Asking, createdOf, createPeer, itemOf, markOf, type Peer, structuredOf } from "./peer.ts";
import { both, type ClientOptions } from "./sessionClient.ts";

const version = "2026-07-28";
const meta = "io.modelcontextprotocol/";

interface Client extends ClientOptions {
  readonly peer: Peer;
  readonly nextId: () => number;
  readonly rowName: () => string;
}

/** Goes through what the stateless era has of the mix until it is over; resolves to the number of whole rounds. */
export async function runStatelessClient(options: ClientOptions): Promise<number> {
  const { name, caller, isOver, think } = options;
  const peer = createPeer({ ...options, tenant: caller.tenant, key: caller.key });
  let rows = 0;
  let rounds = 0;
  const rowName = (): string => `${rowPrefix}${caller.tenant}:${options.run}:${name}:${rows++}`;
  while (!isOver(rounds)) {
    let id = 0;
    const client: Client = { ...options, peer, nextId: () => id++, rowName };
    let whole = true;
    for (const step of steps) {
      await think();
      whole = (await step(client)) && whole;
    }
    if (whole) rounds += 1;
  }
  return rounds;
}

type Step = (client: Client) => Promise<boolean>;

const discover: Step = async (client) => {
  const { line } = await request(client, "discover", "server/discover", {});
  return line.outcome === "ok";
};

const list: Step = async (client) => {
  const { line } = await request(
    client,
    "list",
    "tools/list",
    {},
    {
      judge: ({ tools }) => (Array.isArray(tools) && tools.length === 10 ? undefined : "not a page of tools"),
    },
  );
  return line.outcome === "ok";
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
        return monitor.id === id ? undefined : `asked ${id}, got another`;
      },
    },
  );
  return line.outcome === "ok";
};

const create: Step = async (client) => {
  const row = client.rowName();
  const args = { name: row, idempotency_key: `key ${row}` };
  const once = (): Promise<Answered> =>
    callTool(client, "create", "create_label", args, {
      facts: { row, key: args.idempotency_key },
      judge: (result) => (itemOf(result).name === row || createdOf(result).unkept ? undefined : "created another"),
      learn: createdOf,
    });
  const uses = await Promise.all([once(), once()]);
  return uses.some(({ line }) => line.outcome === "ok");
};

/** The question comes as a result, and the answer with the same request sent again, to another replica. */
async function ask(client: Client, confirmed: "yes" | "no"): Promise<boolean> {
  const row = client.rowName();
  const args = { name: row, mark: markOf(client.name) };
  const asked = await callTool(client, "ask", "ask_label", args, {
    judge: ({ resultType }) => (resultType === "input_required" ? undefined : `was ${String(resultType)} unasked`),
  });
  if (asked.line.outcome !== "ok" || asked.result === undefined) return false;
  await client.think();
  const isYes = confirmed === "yes";
  const answer = isYes ? { action: "accept", content: { yes: true } } : { action: "decline" };
  const more = { inputResponses: { confirm: answer }, requestState: asked.result.requestState };
  const { line } = await request(
    client,
    `ask ${confirmed}`,
    "tools/call",
    { name: "ask_label", arguments: args, ...more },
    {
      facts: { row, confirmed },
      judge: (result) => {
        const { name, created } = structuredOf(result);
        return name === row && created === isYes
          ? undefined
          : `answered ${confirmed}, and created is ${String(created)}`;
      },
    },
  );
  return line.outcome === "ok";
}

/** A client that leaves cancels its call: closing the stream is the only way (reliability.md §7). */
const cancel: Step = async (client) => {
  const gone = new AbortController();
  const row = client.rowName();
  const { line } = await callTool(
    client,
    "leave",
    "wait_label",
    { name: row, mark: markOf(client.name), milliseconds: 1_500 },
    {
      facts: { row, confirmed: "none" },
      signal: gone.signal,
      onMessage: () => gone.abort(),
    },
  );
  return line.outcome === "left";
};

const steps: readonly Step[] = [
  discover,
  list,
  read,
  create,
  (client) => ask(client, "yes"),
  (client) => ask(client, "no"),
  cancel,
];

interface Extra extends Partial<Pick<Asking, "judge" | "learn" | "onMessage">> {
  readonly facts?: Partial<Operation>;
  readonly signal?: AbortSignal;
}

function callTool(client: Client, operation: string, name: string, args: object, extra: Extra = {}): Promise<Answered> {
  return request(client, operation, "tools/call", { name, arguments: args }, extra);
}

function request(
  client: Client,
  operation: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
  { signal, ...extra }: Extra = {},
): Promise<Answered> {
  const id = client.nextId();
  const envelope = {
    [`${meta}protocolVersion`]: version,
    [`${meta}clientInfo`]: { name: client.name, version: "1" },
    [`${meta}clientCapabilities`]: { elicitation: {} },
    [`${meta}logLevel`]: "info",
  };
  const headers = {
    accept: both,
    "mcp-protocol-version": version,
    "mcp-method": method,
    ...(typeof params.name === "string" && { "mcp-name": params.name }),
  };
  const body = { jsonrpc: "2.0", id, method, params: { ...params, _meta: envelope } };
  const sending = { headers, body, ...(signal && { signal }) };
  return client.peer.ask({ operation, session: null, id, sending, ...extra });
}
