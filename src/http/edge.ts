import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { isLoopback } from "./loopback.ts";
import { narrowingHeaders } from "./narrowing.ts";

/** Who may talk to the server: which Host names and which web pages (security.md T7, T17). */
export interface EdgePolicy {
  /** Lower case; `name` accepts any port, `name:port` that one. */
  readonly hosts: ReadonlySet<string>;
  /** `https://app.example.com`. */
  readonly origins: ReadonlySet<string>;
  /** The server listens on a loopback address: a page served from the same loopback Host is its own. */
  readonly loopback: boolean;
  /** Headers a page may send, for preflights. */
  readonly requestHeaders: readonly string[];
  /** Begins every URL that we publish; absent, a request's own Host does. */
  readonly publicUrl?: string;
}

export interface EdgeOptions {
  /** Address the server binds. */
  readonly host: string;
  /** The URL clients use. Its Host and origin are allowed. Absent: loopback names are. */
  readonly publicUrl?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Names of the headers that carry keys. */
  readonly credentialHeaders: readonly string[];
}

const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"];

/** The policy that the configuration means. A bind to every address allows no Host by itself, only those that are named. */
export function edgePolicy(options: EdgeOptions): EdgePolicy {
  const { publicUrl } = options;
  const loopback = isLoopback(options.host) || publicUrl === undefined;
  const own = publicUrl === undefined ? null : new URL(publicUrl);
  return {
    hosts: new Set([
      ...(loopback ? loopbackHosts : []),
      ...(own === null ? [] : [own.host.toLowerCase()]),
      ...options.allowedHosts.map((host) => host.toLowerCase()),
    ]),
    origins: new Set([...(own === null ? [] : [own.origin]), ...options.allowedOrigins]),
    loopback,
    requestHeaders: [...mcpHeaders, ...narrowingHeaders, ...options.credentialHeaders],
    ...(publicUrl !== undefined && { publicUrl }),
  };
}

const mcpHeaders = [
  "accept",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
];

/** Why the request may not pass, or null. The one check for every route and both placements. */
export function refusalOf(req: IncomingMessage, policy: EdgePolicy): string | null {
  const refusal = hostRefusalOf(req, policy);
  const { origin, host = "" } = req.headers;
  if (refusal !== null || origin === undefined || isAllowedOrigin(origin, host.toLowerCase(), policy)) return refusal;
  return "Origin not allowed";
}

/** The same for what pages of any origin may ask for. */
export function hostRefusalOf(req: IncomingMessage, policy: EdgePolicy): string | null {
  const host = req.headers.host?.toLowerCase();
  // Node routes a request with two Host headers and shows the first: count them in the raw list.
  if (host === undefined || countHosts(req.rawHeaders) !== 1) return "Host header missing or repeated";
  if (!(req.url ?? "").startsWith("/")) return "request target must be a path";
  if (!policy.hosts.has(host) && !policy.hosts.has(withoutPort(host))) return "Host not allowed";
  return null;
}

function isAllowedOrigin(origin: string, host: string, policy: EdgePolicy): boolean {
  if (policy.origins.has(origin)) return true;
  return policy.loopback && loopbackHosts.includes(withoutPort(host)) && origin === `http://${host}`;
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "");
}

/** Headers that let the page of an allowed origin read the answer. Empty for a request that no page made. */
export function corsHeaders(req: IncomingMessage): OutgoingHttpHeaders {
  const { origin } = req.headers;
  if (origin === undefined) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers":
      "Mcp-Session-Id, WWW-Authenticate, MCP-Protocol-Version, Retry-After, X-Gateway-Degraded",
  };
}

/** Headers of the 204 that answers a preflight of an allowed origin. Ten minutes: long enough to matter, short enough to change. */
export function preflightHeaders(req: IncomingMessage, policy: EdgePolicy, methods: string): OutgoingHttpHeaders {
  return {
    ...corsHeaders(req),
    "access-control-allow-methods": methods,
    "access-control-allow-headers": policy.requestHeaders.join(", "),
    "access-control-max-age": "600",
    vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}

/** Headers of a page of ours: self-contained, never framed, and telling no one where the reader came from. */
export const pageHeaders: OutgoingHttpHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};
