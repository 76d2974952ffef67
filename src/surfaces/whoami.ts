import type { HandTool, Next } from "../calls/call.ts";
import type { WhoamiConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Reading, Resource } from "./resources/resource.ts";
import { parseUriTemplate } from "./resources/uriTemplate.ts";
import { answerOf, pick } from "./resources/verify.ts";
import type { Tool } from "./surface.ts";

export interface WhoamiParts {
  readonly config: WhoamiConfig;
  /** Of the Surface that a Call came through: the name of its Upstream. */
  readonly environmentOf: (surface: string) => string;
  /** The name of a gateway key. Null where it has none, or nobody can say. */
  readonly keyNameOf: (keyId: string) => Promise<string | null>;
  /** What `config.from` asks, once everything is wired. */
  readonly find: (name: string) => Tool | undefined;
  readonly run: Next;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

const dayMs = 86_400_000;

/** The Tool `whoami`: who is calling, what they may do, and how far back a search reaches. It asks for no scope. */
export function createWhoamiTool(parts: WhoamiParts): HandTool {
  const title = "Who am I";
  return {
    name: "whoami",
    aliases: [],
    resource: "Session",
    kind: "action",
    effect: "read",
    isOpen: true,
    definition: {
      name: "whoami",
      title,
      description:
        "Tells who this connection acts for: organisation, user, environment, scopes, key, how far back searches reach, and the current time.",
      inputSchema: { type: "object", properties: {}, additionalProperties: false },
      annotations: {
        title,
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    run: async ({ tool: _, args: __, ...reading }) => ({ structured: await whoamiOf(reading, parts) }),
  };
}

/** The resource that says what the Tool `whoami` does. */
export function createWhoamiResource(tool: HandTool, { config }: Pick<WhoamiParts, "config">, run: Next): Resource {
  return {
    template: parseUriTemplate(config.uri),
    definition: {
      name: "me",
      title: "Current connection",
      description: "Who this connection acts for, and what it may do.",
      mimeType: "application/json",
    },
    permits: () => true,
    read: async (reading, uri) => {
      const { structured } = await run({ ...reading, tool, args: {} });
      return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(structured) }] };
    },
  };
}

async function whoamiOf(reading: Reading, parts: WhoamiParts): Promise<Readonly<Record<string, unknown>>> {
  const { principal, surface } = reading;
  const { config } = parts;
  const nowMs = (parts.now ?? Date.now)();
  const further = await furtherOf(reading, parts);
  const days = daysOf(further, config);
  return {
    kind: principal.kind,
    organisation: principal.organisation,
    user: principal.user,
    environment: parts.environmentOf(surface),
    scopes: principal.scopes,
    key: await keyOf(principal, parts),
    ...further,
    search_window: days === undefined ? null : { days, from: new Date(nowMs - days * dayMs).toISOString() },
    current_time: new Date(nowMs).toISOString(),
  };
}

/** How many days back a search reaches for the caller; undefined where nobody says. */
export async function searchDaysOf(reading: Reading, parts: WhoamiParts): Promise<number | undefined> {
  const asks = parts.config.from !== undefined && Object.hasOwn(parts.config.from.fields, windowField);
  return daysOf(asks ? await furtherOf(reading, parts) : {}, parts.config);
}

/** What the API says stands in for what the operator said. */
const windowField = "search_window_days";

function daysOf(further: Readonly<Record<string, unknown>>, { windowDays }: WhoamiConfig): number | undefined {
  const said = further[windowField];
  return typeof said === "number" ? said : windowDays;
}

/** The gateway key, or that of the Connection; null for a caller who has neither. */
async function keyOf({ kind, id }: Reading["principal"], { keyNameOf }: WhoamiParts): Promise<object | null> {
  const name = kind === "key" || kind === "connection" ? await keyNameOf(id) : null;
  return name === null ? null : { id, name };
}

/** What the API itself says; nothing where it cannot be asked, or the principal may not. */
async function furtherOf(
  reading: Reading,
  { config: { from }, find, run }: WhoamiParts,
): Promise<Readonly<Record<string, unknown>>> {
  const tool = from === undefined ? undefined : find(from.tool);
  if (from === undefined || tool === undefined) return {};
  try {
    const { structured } = await run({ ...reading, tool, args: {} });
    return Object.fromEntries(
      Object.entries(from.fields).flatMap(([name, path]) => {
        const value = pick(answerOf(tool, structured), path);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  } catch (thrown) {
    if (thrown instanceof GatewayError) return {};
    throw thrown;
  }
}

/** Throws `invalid_request` where `whoami.from` names no Tool that reads without arguments. */
export function assertWhoami({ from }: WhoamiConfig, find: (name: string) => Tool | undefined): void {
  if (from === undefined) return;
  const tool = find(from.tool);
  const needs = tool?.definition.inputSchema.required ?? [];
  if (tool?.effect === "read" && needs.length === 0) return;
  throw new GatewayError(
    "invalid_request",
    `whoami.from.tool is "${from.tool}", which is not a tool that reads and needs no arguments`,
  );
}
