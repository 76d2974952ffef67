/** The version of the stateless era. */
export const statelessVersion = "2026-07-28";

/** Versions of the session era, newest first; the first is what an unknown version is answered with. */
export const sessionVersions: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/** What `server/discover` and version errors list: versions a client may put into `_meta` (protocol.md §2.2). */
export const supportedVersions: readonly string[] = [statelessVersion];

/** Whether the name of a version belongs to the stateless era. Versions are dates, so text order is time order. */
export function isStatelessVersion(version: string): boolean {
  return version >= statelessVersion;
}

/** Names of the `_meta` entries that the protocol reserves. */
export const meta = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
} as const;

/** JSON-RPC codes: the standard ones, and those of MCP 2026-07-28. Others in -32020…-32099 belong to the specification. */
export const rpc = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Refused by the server before a method ran. */
  refused: -32000,
  sessionNotFound: -32001,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;
