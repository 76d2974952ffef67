import type { RedirectView } from "./port.ts";

const webSchemes = ["http", "https"];

/**
 * Why a redirect URI is refused, or null: the one rule for registration, metadata documents, configuration and authorize
 * (oauth.md §6). Works on the raw text, since parsing mends what must not pass: `http://127.1/` parses as `127.0.0.1`.
 * @param extraSchemes lower case, without colon: `cursor`
 */
export function redirectFault(uri: string, extraSchemes: readonly string[]): string | null {
  if (!/^[\x21-\x7e]+$/.test(uri) || uri.includes("\\")) return "it holds a character that no URI has";
  if (uri.includes("#")) return "it has a fragment";
  const [, named] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri) ?? [];
  const scheme = named?.toLowerCase();
  if (scheme === undefined || URL.parse(uri) === null) return "it is not an absolute URI";
  if (!webSchemes.includes(scheme))
    return extraSchemes.includes(scheme) ? null : `its scheme ${scheme}: is not allowed`;
  const authority = /^https?:\/\/([^/?]+)/i.exec(uri)?.[1];
  if (authority === undefined) return "it has no host";
  if (authority.includes("@")) return "it has a user";
  const host = hostOf(authority);
  if (host === null) return "its port is none";
  if (scheme === "http")
    return isLoopbackHost(host) ? null : "http is for loopback addresses alone: localhost, 127.0.0.1, [::1]";
  return URL.parse(uri)?.hostname === host.toLowerCase() ? null : "its host is not spelled as it is meant";
}

/** Whether `used` is one of those registered: exactly, but for the port of an http loopback address (RFC 8252 §7.3). */
export function isRegistered(used: string, registered: readonly string[]): boolean {
  if (registered.includes(used)) return true;
  const portless = withoutLoopbackPort(used);
  return portless !== null && registered.some((one) => withoutLoopbackPort(one) === portless);
}

/** A redirect URI that {@link redirectFault} passed, as the pages show it. */
export function redirectView(uri: string): RedirectView {
  const [, scheme = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri) ?? [];
  const named = scheme.toLowerCase();
  const isCustomScheme = !webSchemes.includes(named);
  const { host, origin } = new URL(uri);
  return {
    uri,
    host: isCustomScheme ? `${named}:` : host,
    isLoopback: named === "http",
    isCustomScheme,
    formAction: isCustomScheme ? `${named}:` : origin,
  };
}

/** `null` for an authority whose port is no number. IPv6 addresses keep their brackets. */
function hostOf(authority: string): string | null {
  const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d*))?$/.exec(authority) ?? [];
  return host === undefined || Number(port ?? 0) > 65_535 ? null : host;
}

/** Canonical spellings alone: what is spelled otherwise is meant to be taken for something else. */
function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host === "[::1]") return true;
  const [, ...octets] = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host) ?? [];
  return octets.length === 3 && octets.every((octet) => String(Number(octet)) === octet && Number(octet) <= 255);
}

function withoutLoopbackPort(uri: string): string | null {
  const [, authority, rest = ""] = /^http:\/\/([^/?]+)(.*)$/s.exec(uri) ?? [];
  const host = authority === undefined ? null : hostOf(authority);
  return host !== null && isLoopbackHost(host) ? `http://${host}${rest}` : null;
}
