import { readFileSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";

/** The variables Specgate reads. Everything else in the environment is ignored. */
export interface Environment {
  readonly config?: string;
  readonly port?: number;
  readonly host?: string;
  /** Where metrics are served; absent: nowhere. */
  readonly metricsPort?: number;
  readonly publicUrl?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly upstreamUrl?: string;
  readonly upstreamApiKey?: Secret;
  /** `UPSTREAM_URL_<NAME>` and `UPSTREAM_API_KEY_<NAME>`, by the name of the upstream in capitals. */
  readonly upstreamUrls: ReadonlyMap<string, string>;
  readonly upstreamApiKeys: ReadonlyMap<string, Secret>;
  readonly logLevel?: string;
  readonly readOnly: boolean;
  readonly toolsets?: readonly string[];
  readonly tools?: readonly string[];
  readonly excludeTools?: readonly string[];
  readonly secrets: readonly Secret[];
  readonly adminToken?: Secret;
  readonly redisUrl?: Secret;
  readonly databaseUrl?: Secret;
  /** Signs what audit webhooks are sent. */
  readonly webhookSecret?: Secret;
  /** Of the client that exchanges tokens. */
  readonly exchangeSecret?: Secret;
  /** Of the client at the identity provider that people sign in at. */
  readonly oidcClientSecret?: Secret;
  /** Keys of the upstream by the value of a claim. */
  readonly upstreamKeys?: ReadonlyMap<string, Secret>;
  readonly instances: number;
  readonly drainReadyMs?: number;
  readonly drainGraceMs?: number;
}

/** An environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

const logLevels: readonly string[] = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];
const shortestSecret = 16;
const longestDrainMs = 3_600_000;

/**
 * The environment as typed values. Secrets may stand in `<NAME>_FILE` instead. An empty variable counts as unset.
 * Throws one `invalid_request` that lists every fault; a fault names the variable and never shows a secret.
 */
export function readEnvironment(variables: Variables): Environment {
  const faults: string[] = [];
  const text = (name: string): string | undefined => variables[name]?.trim() || undefined;
  const environment: Environment = {
    ...optional("config", text("SPECGATE_CONFIG")),
    ...optional("port", port("PORT", text("PORT"), faults)),
    ...optional("host", text("HOST")),
    ...optional("metricsPort", port("METRICS_PORT", text("METRICS_PORT"), faults)),
    ...optional("publicUrl", httpUrl("PUBLIC_URL", text("PUBLIC_URL"), faults)),
    allowedHosts: list(text("ALLOWED_HOSTS")),
    allowedOrigins: list(text("ALLOWED_ORIGINS")),
    ...optional("upstreamUrl", httpUrl("UPSTREAM_URL", text("UPSTREAM_URL"), faults)),
    ...optional("upstreamApiKey", secret(variables, "UPSTREAM_API_KEY", faults)),
    upstreamUrls: named(variables, "UPSTREAM_URL_", (name) => httpUrl(name, text(name), faults)),
    upstreamApiKeys: named(variables, "UPSTREAM_API_KEY_", (name) => secret(variables, name, faults)),
    ...optional("logLevel", oneOf("LOG_LEVEL", text("LOG_LEVEL"), logLevels, faults)),
    readOnly: flagValue("SPECGATE_READ_ONLY", text("SPECGATE_READ_ONLY"), faults),
    ...optional("toolsets", someOf(text("SPECGATE_TOOLSETS"))),
    ...optional("tools", someOf(text("SPECGATE_TOOLS"))),
    ...optional("excludeTools", someOf(text("SPECGATE_EXCLUDE_TOOLS"))),
    secrets: secrets(variables, faults),
    ...optional("adminToken", adminToken(variables, faults)),
    ...optional("redisUrl", secret(variables, "REDIS_URL", faults)),
    ...optional("databaseUrl", secret(variables, "DATABASE_URL", faults)),
    ...optional("webhookSecret", secret(variables, "AUDIT_WEBHOOK_SECRET", faults)),
    ...optional("exchangeSecret", secret(variables, "OAUTH_EXCHANGE_SECRET", faults)),
    ...optional("oidcClientSecret", secret(variables, "OIDC_CLIENT_SECRET", faults)),
    ...optional("upstreamKeys", upstreamKeys(variables, faults)),
    instances: instances(text("INSTANCES"), faults),
    ...optional("drainReadyMs", duration("DRAIN_READY_MS", text("DRAIN_READY_MS"), faults)),
    ...optional("drainGraceMs", duration("DRAIN_GRACE_MS", text("DRAIN_GRACE_MS"), faults)),
  };
  if (faults.length > 0)
    throw new GatewayError("invalid_request", `environment: ${faults.join("; ")}`, { data: { usage: true } });
  return environment;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [key in Name]?: Value }; // a computed key widens to string
}

function list(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** What the variables that begin with `prefix` say, by what follows it. */
function named<Value>(
  variables: Variables,
  prefix: string,
  read: (name: string) => Value | undefined,
): ReadonlyMap<string, Value> {
  const names = Object.keys(variables).filter((name) => name.startsWith(prefix) && name !== `${prefix}FILE`);
  const own = new Set(names.map((name) => name.slice(prefix.length).replace(/_FILE$/, "")));
  return new Map(
    [...own].flatMap((name) => {
      const value = read(prefix + name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Undefined where none is named: a variable of commas asks for nothing. */
function someOf(text: string | undefined): readonly string[] | undefined {
  const all = list(text);
  return all.length === 0 ? undefined : all;
}

function port(name: string, text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  faults.push(`${name} is "${text}"; give a number from 0 (any free port) to 65535`);
  return undefined;
}

function instances(text: string | undefined, faults: string[]): number {
  const value = Number(text ?? "1");
  if (Number.isInteger(value) && value >= 1) return value;
  faults.push(`INSTANCES is "${text}"; give the number of replicas, 1 or more`);
  return 1;
}

function duration(name: string, text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= longestDrainMs) return value;
  faults.push(`${name} is "${text}"; give milliseconds, a whole number from 0 to ${longestDrainMs}`);
  return undefined;
}

function httpUrl(name: string, text: string | undefined, faults: string[]): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return text.replace(/\/+$/, "");
  faults.push(`${name} is not an http(s) URL without user and password; give one such as https://api.example.com`);
  return undefined;
}

function oneOf(
  name: string,
  text: string | undefined,
  allowed: readonly string[],
  faults: string[],
): string | undefined {
  if (text === undefined || allowed.includes(text)) return text;
  faults.push(`${name} is "${text}"; allowed: ${allowed.join(", ")}`);
  return undefined;
}

/** A yes or no, false where it is unset; any other word is a fault. */
export function flagValue(name: string, text: string | undefined, faults: string[]): boolean {
  if (text === undefined || /^(0|false|no|off)$/i.test(text)) return false;
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  faults.push(`${name} is "${text}"; give true or false`);
  return false;
}

/** The secret of a variable, or of the file that `<NAME>_FILE` names; undefined where neither is set. */
export function secret(variables: Variables, name: string, faults: string[]): Secret | undefined {
  const given = variables[name]?.trim();
  const file = variables[`${name}_FILE`]?.trim();
  if (given) return new Secret(given);
  if (!file) return undefined;
  try {
    return new Secret(readFileSync(file, "utf8").trim());
  } catch (thrown) {
    faults.push(`${name}_FILE names "${file}", which cannot be read (${(thrown as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

function adminToken(variables: Variables, faults: string[]): Secret | undefined {
  const token = secret(variables, "SPECGATE_ADMIN_TOKEN", faults);
  if (token !== undefined && !/^[\x21-\x7e]{16,}$/.test(token.reveal()))
    faults.push(
      `SPECGATE_ADMIN_TOKEN must be ${shortestSecret} visible characters or more; make one with: openssl rand -base64 32`,
    );
  return token;
}

/** A JSON object of texts. */
function upstreamKeys(variables: Variables, faults: string[]): ReadonlyMap<string, Secret> | undefined {
  const given = secret(variables, "OAUTH_UPSTREAM_KEYS", faults)?.reveal();
  if (given === undefined) return undefined;
  const entries = Object.entries(parsedObject(given) ?? {});
  if (entries.length > 0 && entries.every(([, key]) => typeof key === "string" && /^[\x21-\x7e]+$/.test(key)))
    return new Map(entries.map(([value, key]) => [value, new Secret(String(key))]));
  faults.push('OAUTH_UPSTREAM_KEYS is not a JSON object of keys, such as {"acme":"key-of-acme"}');
  return undefined;
}

function parsedObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function secrets(variables: Variables, faults: string[]): readonly Secret[] {
  const all = list(secret(variables, "SPECGATE_SECRET", faults)?.reveal());
  if (all.some((one) => one.length < shortestSecret))
    faults.push(
      `SPECGATE_SECRET holds a secret of fewer than ${shortestSecret} characters; make one with: openssl rand -base64 32`,
    );
  return all.map((one) => new Secret(one));
}
