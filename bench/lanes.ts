import { isDeepStrictEqual } from "node:util";
import { type Noun, nouns, recordOf } from "./spec.ts";
import { benchKey } from "./stub.ts";

/** One HTTP request of the load, and what makes its answer right. */
export interface Shot {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Says what is wrong with the answer, or nothing when it is right to the last field. */
  readonly check: (status: number, text: string) => string | undefined;
}

/** Makes the n-th request of a lane. Nouns take turns and ids run from `r0` to `r39`, in the same order on every lane. */
export type Shooter = (n: number) => Shot;

/** What one request asks for, and the compact JSON that must come back: of the API the record, of a tool the record as `item`. */
interface Wanted {
  readonly noun: Noun;
  readonly id: string;
  readonly record: string;
  readonly output: string;
}

const idsPerNoun = 40;
const wanted: readonly Wanted[] = Array.from({ length: idsPerNoun }, (_, at) =>
  nouns.map((noun) => wantedOf(noun, `r${at}`)),
).flat();

function wantedOf(noun: Noun, id: string): Wanted {
  const record = recordOf(noun.plural, id);
  return { noun, id, record: JSON.stringify(record), output: JSON.stringify({ item: record }) };
}

function nth(n: number): Wanted {
  return wanted[n % wanted.length] as Wanted; // the remainder is an index of the array
}

/** The REST call itself, without any MCP. */
export const directCall: Shooter = (n) => {
  const { noun, id, record: want } = nth(n);
  return {
    method: "GET",
    path: `/${noun.plural}/${id}`,
    headers: { "x-api-key": benchKey },
    check: (status, text) => (status === 200 ? compare(text, want) : `HTTP ${status}`),
  };
};

/** How a lane of MCP speaks. */
export interface Dialect {
  readonly path: string;
  readonly headers: (method: string, name?: string) => Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, unknown>>;
}

const mcpHeaders = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  authorization: `Bearer ${benchKey}`,
};

/** 2026-07-28: every request stands alone and says in headers what its body says. */
export function statelessDialect(path: string): Dialect {
  const version = "2026-07-28";
  return {
    path,
    headers: (method, name) => ({
      ...mcpHeaders,
      "mcp-protocol-version": version,
      "mcp-method": method,
      ...(name !== undefined && { "mcp-name": name }),
    }),
    meta: {
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1.0.0" },
    },
  };
}

/** 2025-11-25 on sessions that are already open; requests take turns on them. Without any, no session is named. */
export function sessionDialect(path: string, sessionIds: readonly string[]): Dialect {
  let turn = 0;
  return {
    path,
    headers: () => ({
      ...mcpHeaders,
      "mcp-protocol-version": "2025-11-25",
      ...(sessionIds.length > 0 && { "mcp-session-id": sessionIds[turn++ % sessionIds.length] ?? "" }),
    }),
  };
}

/** A `tools/call` of the noun's `get` tool, whose name `toolOf` says. */
export function toolCall({ path, headers, meta }: Dialect, toolOf: (noun: Noun) => string): Shooter {
  return (n) => {
    const { noun, id, output: want } = nth(n);
    const name = toolOf(noun);
    const params = { name, arguments: { id }, ...(meta && { _meta: meta }) };
    return {
      method: "POST",
      path,
      headers: headers("tools/call", name),
      body: JSON.stringify({ jsonrpc: "2.0", id: n, method: "tools/call", params }),
      check: (status, text) => {
        const answer = resultOf(status, text, n);
        return typeof answer === "string" ? answer : compareCall(answer, want);
      },
    };
  };
}

/** A `tools/list` of everything on one page. The first answer is compared whole with `names`, the others by size and id. */
export function toolList({ path, headers, meta }: Dialect, names: readonly string[]): Shooter {
  let bytes: number | undefined;
  return (n) => ({
    method: "POST",
    path,
    headers: headers("tools/list"),
    body: JSON.stringify({ jsonrpc: "2.0", id: n, method: "tools/list", params: meta ? { _meta: meta } : {} }),
    check: (status, text) => {
      const size = text.length - String(n).length;
      if (status === 200 && size === bytes && text.includes(`"id":${n}`)) return undefined; // parsing 1 MB each time would measure the client
      const answer = resultOf(status, text, n);
      if (typeof answer === "string") return answer;
      const listed = (answer.tools as readonly { readonly name: string }[] | undefined)?.map(({ name }) => name);
      if (!isDeepStrictEqual([...(listed ?? [])].sort(), [...names].sort())) return `lists ${listed?.length} tools`;
      if (bytes !== undefined) return `is ${size} characters long, was ${bytes}`;
      bytes = size;
      return undefined;
    },
  });
}

/** The JSON of an answer that came as JSON or as the one event of a stream: session-era servers may choose either. */
function dataOf(text: string): string {
  return /^event: message\n(?:id: .*\n)?data: (.*)\n/.exec(text)?.[1] ?? text;
}

function resultOf(status: number, text: string, id: number): Record<string, unknown> | string {
  if (status !== 200) return `HTTP ${status}: ${text.slice(0, 300)}`;
  const message = parse(dataOf(text)) as { id?: unknown; result?: Record<string, unknown> } | undefined;
  if (message?.id !== id) return `is not the answer to ${id}: ${text.slice(0, 300)}`;
  return message.result ?? `no result: ${text.slice(0, 300)}`;
}

/** The record must come back twice, as a value and as text, each complete. */
function compareCall(result: Record<string, unknown>, want: string): string | undefined {
  if (result.isError === true) return `is an error: ${JSON.stringify(result).slice(0, 300)}`;
  const [block] = (result.content ?? []) as readonly { readonly type: string; readonly text?: string }[];
  return compare(JSON.stringify(result.structuredContent) ?? "", want) ?? compare(block?.text ?? "", want);
}

/** Equal texts are equal values; only unequal ones are worth a walk, for a server may order keys as it likes. */
function compare(got: string, want: string): string | undefined {
  if (got === want || isDeepStrictEqual(parse(got), parse(want))) return undefined;
  return `differs from the record: ${got.slice(0, 300)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
