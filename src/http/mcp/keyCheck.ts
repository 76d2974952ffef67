import type { Exchange } from "./exchange.ts";
import { sendJson } from "./reply.ts";

/**
 * Answers a plain `curl` of the path with a good key: 200, who the key is, and an `Mcp-Session-Id` for show, as people who
 * check a key by hand look for one, on a Surface without sessions too (security.md B30). It is never stored; where sessions are kept
 * it is 404 when used (protocol.md §5.2).
 */
export function sendKeyCheck({ res, headers, surface, principal, parts }: Exchange): void {
  const { sessionIds, now } = parts;
  const tools = surface.visibleTools(principal).length;
  const body = {
    status: "ok",
    message: `The key is good. This is an MCP endpoint: add its URL to an MCP client. It offers ${tools} tools to this key.`,
    server: surface.serverInfo,
    user: principal.user,
    organisation: principal.organisation,
    scopes: principal.scopes,
    tools,
    ...(principal.user === null
      ? { note: "The gateway does not check keys itself; the API decides on each call." }
      : {}),
  };
  const shown = { "mcp-session-id": sessionIds.show(sessionIds.principalHash(principal), now()) };
  sendJson(res, 200, { ...headers, ...shown }, [`${JSON.stringify(body, null, 2)}\n`]);
}
