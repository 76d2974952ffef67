import { readFileSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";

/** Which database, and how it is reached. */
export type DatabaseTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  readonly kind: "sqlite";
  /** A file; absent: in memory, gone with the process. */
  readonly path?: string;
}

export interface PostgresTarget {
  readonly kind: "postgres";
  /** Name, address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret;
  /** Present: TLS, always verified. `ca` is PEM text of the authorities to trust instead of the system's. */
  readonly tls?: { readonly ca?: string };
  /** Connections at most. */
  readonly poolSize: number;
}

/** Enough for one process: a query takes about a millisecond, and PostgreSQL takes 100 connections by default. */
const defaultPoolSize = 10;

const forms = "sqlite:./data/specgate.db, sqlite::memory:, or postgres://user:password@host:5432/database";
const settings = "sslmode, sslrootcert, pool_size, host, channel_binding, application_name";

/**
 * Reads `DATABASE_URL`:
 * - `sqlite:<path>`, relative to the working directory; `sqlite::memory:`
 * - `postgres://user[:password]@host[:port]/database[?sslmode=verify-full&sslrootcert=/path/ca.pem&pool_size=10]`, or
 *   `postgresql://`; `?host=/run/postgresql` names the folder of a Unix socket. User and password are percent-encoded.
 *
 * `sslmode` is `disable` (the default) or one of `require`, `verify-ca`, `verify-full`, which all mean TLS with the certificate
 * and the name verified: a mode that does not look at the certificate protects from nobody. `application_name` and
 * `channel_binding`, which hosted databases put into their URLs, are accepted and change nothing.
 * Throws `invalid_request` that says what is wrong and shows nothing of the value.
 */
export function parseDatabaseUrl(url: Secret): DatabaseTarget {
  const text = url.reveal();
  if (/^sqlite:/i.test(text)) return sqliteTarget(text.slice("sqlite:".length));
  if (/^postgres(ql)?:\/\//i.test(text)) return postgresTarget(text);
  throw fault(`is no URL of a database; give ${forms}`);
}

function sqliteTarget(path: string): SqliteTarget {
  if (path === ":memory:") return { kind: "sqlite" };
  const file = path.replace(/^\/\/(?=\/)/, ""); // sqlite:///absolute, as other tools write it
  if (file === "" || file.startsWith("//") || /[?#]|:memory:/.test(file))
    throw fault("names no file; give sqlite:./folder/name.db, sqlite:/absolute/name.db or sqlite::memory:");
  return { kind: "sqlite", path: file };
}

function postgresTarget(text: string): PostgresTarget {
  // A password that is not percent-encoded is the usual fault, and URL would find a host in its middle.
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^#]*))?$/i.exec(text);
  if (parts === null)
    throw fault(`is no PostgreSQL URL; give ${forms}, with : / ? # @ % in user and password written as %3A %2F …`);
  const [, user = "", authority = "", database = "", query = ""] = parts;
  const { host, ...rest } = settingsOf(new URLSearchParams(query));
  const { name, password } = credentialsOf(user);
  if (database === "") throw fault("names no database; end it with /database");
  const address = addressOf(authority);
  return {
    kind: "postgres",
    ...address,
    ...(host === undefined ? {} : { host }),
    database: decode(database),
    user: name,
    ...(password === undefined ? {} : { password }),
    ...rest,
  };
}

function addressOf(authority: string): { host: string; port: number } {
  if (authority === "") return { host: "localhost", port: 5432 };
  const [, v6, name, port = "5432"] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s,]+))?(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) throw fault("has a host that is not one name:port");
  return { host: decode(host), port: Number(port) };
}

function credentialsOf(text: string): { name: string; password?: Secret } {
  const colon = text.indexOf(":");
  const name = decode(colon < 0 ? text : text.slice(0, colon));
  if (name === "") throw fault("names no user; give postgres://user:password@host/database");
  return colon < 0 ? { name } : { name, password: new Secret(decode(text.slice(colon + 1))) };
}

function settingsOf(query: URLSearchParams): Pick<PostgresTarget, "tls" | "poolSize"> & { host?: string } {
  let mode = "disable";
  let ca: string | undefined;
  let host: string | undefined;
  let poolSize = defaultPoolSize;
  for (const [name, value] of query) {
    if (name === "sslmode") mode = value;
    else if (name === "sslrootcert") ca = read(value);
    else if (name === "host") host = value;
    else if (name === "pool_size") poolSize = poolSizeOf(value);
    else if (!["channel_binding", "application_name"].includes(name))
      throw fault(`has an unknown setting; known: ${settings}`);
  }
  if (!["disable", "require", "verify-ca", "verify-full"].includes(mode))
    throw fault("has an sslmode that is none of disable, require, verify-ca, verify-full");
  if (mode === "disable" && ca !== undefined) throw fault("names an sslrootcert without TLS; add sslmode=verify-full");
  return {
    poolSize,
    ...(host === undefined ? {} : { host }),
    ...(mode === "disable" ? {} : { tls: ca === undefined ? {} : { ca } }),
  };
}

function poolSizeOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1_000) return value;
  throw fault("has a pool_size that is not a number from 1 to 1000");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw fault(`names an sslrootcert that cannot be read (${(thrown as NodeJS.ErrnoException).code})`);
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
  return new GatewayError("invalid_request", `DATABASE_URL ${what}`, { data: { usage: true } });
}
