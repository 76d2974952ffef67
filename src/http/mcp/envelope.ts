import type { Client, LogLevel } from "../../mcp/context.ts";
import { logLevels } from "../../mcp/notify.ts";
import { isObject } from "../../mcp/params.ts";
import { meta } from "../../mcp/versions.ts";

/** What the `_meta` of a stateless request says (protocol.md §2.2.1). */
export interface Envelope {
  readonly version: string;
  readonly client: Client | null;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** Least severity to log; null: no log. */
  readonly logLevel: LogLevel | null;
}

/** What is wrong with a `_meta` as an envelope, null when nothing is: names the entry. */
export function envelopeFault(own: unknown): string | null {
  if (!isObject(own)) return "_meta is missing";
  if (own[meta.protocolVersion] === undefined) return `${meta.protocolVersion} is missing`;
  if (own[meta.clientCapabilities] === undefined) return `${meta.clientCapabilities} is missing`;
  if (typeof own[meta.protocolVersion] !== "string") return `${meta.protocolVersion} must be a string`;
  if (!areCapabilities(own[meta.clientCapabilities])) return `${meta.clientCapabilities} must be a capabilities object`;
  const client = own[meta.clientInfo];
  if (client !== undefined && !isClient(client)) return `${meta.clientInfo} must have a name and a version`;
  const level = own[meta.logLevel];
  if (level !== undefined && !logLevels.includes(level as LogLevel)) return `${meta.logLevel} must be a log level`;
  return null;
}

/** Whether a `_meta` is a whole envelope. */
export function isEnvelope(own: unknown): own is Readonly<Record<string, unknown>> {
  return envelopeFault(own) === null;
}

/** The envelope of a `_meta` without fault. */
export function readEnvelope(own: Readonly<Record<string, unknown>>): Envelope {
  const client = own[meta.clientInfo] as Client | undefined;
  return {
    version: own[meta.protocolVersion] as string,
    client:
      client === undefined
        ? null
        : { name: client.name, ...(client.version === undefined ? {} : { version: client.version }) },
    capabilities: own[meta.clientCapabilities] as Readonly<Record<string, unknown>>,
    logLevel: (own[meta.logLevel] as LogLevel | undefined) ?? null,
  };
}

/** Each capability is an object; nothing of what is inside matters to us but the names. */
function areCapabilities(value: unknown): boolean {
  if (!isObject(value)) return false;
  return capabilityNames.every((name) => value[name] === undefined || isObject(value[name]));
}

const capabilityNames = ["experimental", "sampling", "elicitation", "roots", "extensions"];

function isClient(value: unknown): boolean {
  return isObject(value) && typeof value.name === "string" && typeof value.version === "string";
}
