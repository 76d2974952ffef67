import { request } from "undici";
import type { Dialect } from "./lanes.ts";

/** The text of one JSON-RPC answer, or an error that shows what came instead. */
async function post(url: string, headers: Readonly<Record<string, string>>, message: object): Promise<Answer> {
  const answer = await request(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}: ${text.slice(0, 300)}`);
  return { sessionId: String(answer.headers["mcp-session-id"] ?? ""), text };
}

interface Answer {
  readonly sessionId: string;
  readonly text: string;
}

/** Opens sessions of 2025-11-25 as a client does, `initialize` and `notifications/initialized`; resolves to their ids. */
export async function openSessions(url: string, { headers }: Dialect, count: number): Promise<readonly string[]> {
  const { "mcp-protocol-version": version, ...opening } = headers("initialize");
  const ids: string[] = [];
  while (ids.length < count) {
    const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: "bench", version: "1.0.0" } };
    const { sessionId } = await post(url, opening, { id: 0, method: "initialize", params });
    const opened = { ...opening, "mcp-session-id": sessionId, "mcp-protocol-version": version ?? "" };
    await post(url, opened, { method: "notifications/initialized" });
    ids.push(sessionId);
  }
  return ids;
}

/** Every tool a server lists on its first page, as it stands on the wire. */
export async function listTools<Tool>(url: string, { headers, meta }: Dialect): Promise<readonly Tool[]> {
  const params = meta ? { _meta: meta } : {};
  const { text } = await post(url, headers("tools/list"), { id: 0, method: "tools/list", params });
  return (JSON.parse(text) as { readonly result: { readonly tools: readonly Tool[] } }).result.tools;
}
