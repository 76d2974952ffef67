import { envelope, type Message, openSession, send } from "../http/wire.ts";
import type { ToolFact } from "./table.ts";

/** What one caller sees and may call, each way in. Sorted names. */
export interface Seen {
  readonly listed: {
    readonly stateless: readonly string[];
    readonly session: readonly string[];
    readonly rest: readonly string[];
  };
  readonly callable: {
    readonly stateless: readonly string[];
    readonly session: readonly string[];
    readonly rest: readonly string[];
  };
  /** Answers for hidden tools that are not the bytes a missing one gets. */
  readonly telling: readonly string[];
}

const headersOf = (key: string): Record<string, string> => ({ "x-api-key": key });
const both = "application/json, text/event-stream";
/** No tool takes it: a call that is let through fails on it, and nothing is sent. */
const args = { "no such argument": true };
const missing = "zz_there_is_no_such_tool";
const atOnce = 16;

/** Looks at everything: lists, and a call of every tool, in both eras and over REST. */
export async function sweep(url: string, key: string, tools: readonly ToolFact[]): Promise<Seen> {
  const names = tools.map(({ name }) => name);
  const headers = headersOf(key);
  const nothing = await answerTo(url, headers, missing);
  const telling: string[] = [];
  const stateless = await chosen(names, async (name) => {
    const answer = await answerTo(url, headers, name);
    const isCallable = callableOf(answer.message, name);
    if (!isCallable && answer.text.replaceAll(name, missing) !== nothing.text) telling.push(`${name}: ${answer.text}`);
    return isCallable;
  });
  const rest = await chosen(names, async (name) => restStatus(`${url}/tools/${name}`, headers));
  return {
    listed: await listsOf(url, headers),
    callable: { stateless, session: await callableInSession(url, headers, names), rest },
    telling,
  };
}

async function restStatus(url: string, headers: Record<string, string>): Promise<boolean> {
  const { status } = await fetch(url, { headers });
  if (status !== 200 && status !== 404) throw new Error(`${url} answered ${status}`);
  return status === 200;
}

/** The lists alone. */
export async function listsOf(url: string, headers: Record<string, string>): Promise<Seen["listed"]> {
  const session = await openSession(url, { headers });
  const inSession = { ...headers, ...session.headers };
  const rest = (await (await fetch(`${url}/tools`, { headers })).json()) as { tools: { name: string }[] };
  return {
    stateless: await pages((params) => rpc(url, "tools/list", params, headers)),
    session: await pages((params) => post(url, { jsonrpc: "2.0", id: 1, method: "tools/list", params }, inSession)),
    rest: rest.tools.map(({ name }) => name).sort(),
  };
}

async function pages(ask: (params: object) => Promise<Message>): Promise<readonly string[]> {
  const names: string[] = [];
  let cursor: unknown;
  do {
    const { result } = await ask(cursor === undefined ? {} : { cursor });
    names.push(...((result?.tools ?? []) as { readonly name: string }[]).map(({ name }) => name));
    cursor = result?.nextCursor;
  } while (cursor !== undefined);
  return names.sort();
}

async function chosen(names: readonly string[], is: (name: string) => Promise<boolean>): Promise<readonly string[]> {
  const found: string[] = [];
  const left = [...names];
  const work = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) if (await is(name)) found.push(name);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found.sort();
}

async function answerTo(
  url: string,
  headers: Record<string, string>,
  name: string,
): Promise<{ text: string; message: Message }> {
  const { text, body } = await send(
    url,
    { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args, _meta: envelope() } },
    { ...headers, accept: both, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name },
  );
  return { text: text.replace(/"requestId":"[^"]*"/, ""), message: body as Message };
}

/** Throws for an answer that is neither that of a tool that was let through nor that of one that is not there. */
function callableOf({ result, error }: Message, name: string): boolean {
  if (error?.code === -32602 && error.message.startsWith("Tool not available")) return false;
  if (result?.isError === true && JSON.stringify(result).includes("invalid_arguments")) return true;
  throw new Error(`${name} was answered ${JSON.stringify({ result, error })}`);
}

/** In batches, as the oldest version of the session era has them. */
async function callableInSession(
  url: string,
  headers: Record<string, string>,
  names: readonly string[],
): Promise<readonly string[]> {
  const session = await openSession(url, { version: "2025-03-26", headers });
  const found: string[] = [];
  for (let at = 0; at < names.length; at += 100) {
    const some = names.slice(at, at + 100);
    const batch = some.map((name, id) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name, arguments: args },
    }));
    const answers = (await post(url, batch, { ...headers, ...session.headers })) as unknown as readonly Message[];
    found.push(...some.filter((name, id) => callableOf(answers.find((one) => one.id === id) ?? {}, name)));
  }
  return found.sort();
}

function rpc(url: string, method: string, params: object, headers: Record<string, string>): Promise<Message> {
  const own = { ...headers, "mcp-protocol-version": "2026-07-28", "mcp-method": method };
  return post(url, { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: envelope() } }, own);
}

async function post(url: string, body: unknown, headers: Record<string, string>): Promise<Message> {
  const answer = await send(url, body, { accept: both, ...headers });
  if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  return answer.body as Message;
}
