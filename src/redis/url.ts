import { readFileSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";

/** Where Redis is, and how it is reached. */
export interface RedisTarget {
  readonly kind: "single" | "sentinel" | "cluster";
  /** The server; or the sentinels; or some nodes of the cluster, the rest is discovered. */
  readonly nodes: readonly RedisNode[];
  /** Name of the master that the sentinels watch. */
  readonly name?: string;
  readonly db: number;
  readonly username?: string;
  readonly password?: Secret;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: Secret;
  /** Present: TLS, always verified. `ca` is PEM text of the authorities to trust instead of the system's. */
  readonly tls?: { readonly ca?: string };
}

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

const form = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^/?#@]+)(\/[^?#]*)?(?:\?([^#]*))?$/;
const forms = "redis://host:6379, rediss://… (TLS), redis+sentinel://host:26379,…/name, redis+cluster://host:6379,…";

/**
 * Reads `REDIS_URL`:
 * - `redis://[user:password@]host[:port][/db]`
 * - `redis+sentinel://[user:password@]host[:port],host…/name[/db][?sentinelUsername=…&sentinelPassword=…]`
 * - `redis+cluster://[user:password@]host[:port],host…`
 *
 * `rediss` instead of `redis` means TLS, to sentinels too; `?caFile=/path/ca.pem` names the authorities to trust. User and
 * password are percent-encoded. Throws `invalid_request` that says what is wrong and shows nothing of the value.
 */
export function parseRedisUrl(url: Secret): RedisTarget {
  const match = form.exec(url.reveal());
  if (match === null) throw fault(`is not a Redis URL; give one of ${forms}`);
  const [, scheme, topology, user, hosts = "", path = "", query = ""] = match;
  const kind = (topology ?? "single") as RedisTarget["kind"]; // the pattern allows these two
  const segments = path.split("/").filter((segment) => segment !== "");
  const name = kind === "sentinel" ? segments.shift() : undefined;
  if (kind === "sentinel" && name === undefined) throw fault("names no master; end it with /name");
  const nodes = hosts.split(",").map((host) => nodeOf(host, kind === "sentinel" ? 26_379 : 6_379));
  if (kind === "single" && nodes.length > 1) throw fault(`names several hosts; give one of ${forms}`);
  return {
    kind,
    nodes,
    db: dbOf(segments, kind),
    ...(name === undefined ? {} : { name: decode(name) }),
    ...credentialsOf(user),
    ...settingsOf(new URLSearchParams(query), scheme === "rediss"),
  };
}

function nodeOf(text: string, defaultPort: number): RedisNode {
  const [, v6, name, port = String(defaultPort)] =
    /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) throw fault("has a host that is not name:port");
  return { host, port: Number(port) };
}

function dbOf(segments: readonly string[], kind: RedisTarget["kind"]): number {
  const [text = "0", ...rest] = segments;
  if (!/^\d{1,4}$/.test(text) || rest.length > 0) throw fault("ends in a path that is not the number of a database");
  if (kind === "cluster" && text !== "0") throw fault("names a database, but a Redis Cluster has only number 0");
  return Number(text);
}

function credentialsOf(text: string | undefined): Pick<RedisTarget, "username" | "password"> {
  if (text === undefined || text === "") return {};
  const colon = text.indexOf(":");
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? "" : decode(text.slice(colon + 1));
  return {
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password: new Secret(password) }),
  };
}

function settingsOf(
  query: URLSearchParams,
  secure: boolean,
): Pick<RedisTarget, "sentinelUsername" | "sentinelPassword" | "tls"> {
  const settings: { sentinelUsername?: string; sentinelPassword?: Secret; tls?: { ca?: string } } = {};
  if (secure) settings.tls = {};
  for (const [name, value] of query) {
    if (name === "sentinelUsername") settings.sentinelUsername = value;
    else if (name === "sentinelPassword") settings.sentinelPassword = new Secret(value);
    else if (name !== "caFile")
      throw fault("has an unknown setting; known: caFile, sentinelUsername, sentinelPassword");
    else if (!secure) throw fault("names a caFile without TLS; begin it with rediss");
    else settings.tls = { ca: read(value) };
  }
  return settings;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw fault(`names a caFile that cannot be read (${(thrown as NodeJS.ErrnoException).code})`);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fault("holds a % that is no percent-encoding; write % as %25");
  }
}

function fault(what: string): GatewayError {
  return new GatewayError("invalid_request", `REDIS_URL ${what}`);
}
