import { readFileSync } from "node:fs";
import { text as readStream } from "node:stream/consumers";
import type { GatewayKeys, IssuedKey, KeyActor } from "../auth/gatewayKeys.ts";
import type { WantedKey } from "../auth/keyRules.ts";
import type { KeyView } from "../auth/keyView.ts";
import type { BoundArguments } from "../auth/principal.ts";
import { scopesOfWords } from "../auth/scopes.ts";
import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";
import { openKeys } from "./openKeys.ts";
import type { Terminal } from "./terminal.ts";

/** Options that all of `specgate keys …` take. */
export interface KeysFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export interface CreateFlags extends KeysFlags {
  readonly name: string;
  readonly user: string;
  readonly userName?: string;
  readonly organisation?: string;
  readonly organisationName?: string;
  readonly scopes: string;
  /** `90d`, `12h`, or a time. */
  readonly expires?: string;
  /** `page_id=7`. */
  readonly bind: readonly string[];
  /** `page_id=7,8`. */
  readonly within: readonly string[];
  readonly elsewhere?: boolean;
  /** A file, or `-` for stdin: a value would show in the list of processes. */
  readonly upstreamKeyFile?: string;
}

export interface ListFlags extends KeysFlags {
  readonly user?: string;
  readonly organisation?: string;
  readonly all?: boolean;
}

export interface RotateFlags extends KeysFlags {
  readonly overlap?: string;
}

const actor: KeyActor = { kind: "operator", id: "cli" };

/** `specgate keys create`: prints the key on stdout, this once, and what it is on stderr. */
export async function createKey(flags: CreateFlags, terminal: Terminal): Promise<number> {
  const credential = await upstreamKey(flags.upstreamKeyFile);
  const bound = bindings(flags);
  return withKeys(flags, terminal, async (keys, scopes) => {
    const wanted: WantedKey = {
      name: flags.name,
      user: party(flags.user, flags.userName),
      ...(flags.organisation !== undefined && { organisation: party(flags.organisation, flags.organisationName) }),
      scopes: scopesOfWords(flags.scopes.split(/[\s,]+/).filter(Boolean), scopes),
      ...(Object.keys(bound).length > 0 && { boundArguments: bound }),
      ...(flags.expires !== undefined && { expiresAt: timeOf(flags.expires) }),
      ...(credential !== undefined && { upstreamCredential: credential }),
    };
    show(await keys.create(wanted, actor), flags, terminal);
  });
}

/** `specgate keys list`: one line each, newest first, with last use and calls (read/write/destroy) of 24 hours and 30 days. */
export function listKeys(flags: ListFlags, terminal: Terminal): Promise<number> {
  return withKeys(flags, terminal, async (keys) => {
    const all: KeyView[] = [];
    let after: string | undefined;
    do {
      const query = {
        limit: 200,
        ...(flags.user !== undefined && { user: flags.user }),
        ...(flags.organisation !== undefined && { organisation: flags.organisation }),
        includeEnded: flags.all === true,
        ...(after !== undefined && { after }),
      };
      const page = await keys.list(query, actor);
      all.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    if (flags.json) terminal.out(JSON.stringify(all, null, 2));
    else for (const line of table(all)) terminal.out(line);
    if (!flags.json) terminal.err(`${all.length} ${all.length === 1 ? "key" : "keys"}`);
  });
}

/** `specgate keys rotate ID`: prints the key that takes its place; both are good until the overlap ends. */
export function rotateKey(id: string, flags: RotateFlags, terminal: Terminal): Promise<number> {
  const overlapSeconds = secondsOf(flags.overlap ?? "24h", "--overlap");
  return withKeys(flags, terminal, async (keys) =>
    show(await keys.rotate(id, { overlapSeconds }, actor), flags, terminal),
  );
}

/** `specgate keys revoke ID`: ends it, on every replica within a second. */
export function revokeKey(id: string, flags: KeysFlags, terminal: Terminal): Promise<number> {
  return withKeys(flags, terminal, async (keys) => {
    const view = await keys.revoke(id, actor);
    if (flags.json) terminal.out(JSON.stringify(view, null, 2));
    else terminal.out(`${view.id} "${view.name}" was revoked at ${view.revokedAt}`);
  });
}

async function withKeys(
  flags: KeysFlags,
  terminal: Terminal,
  work: (keys: GatewayKeys, scopes: Parameters<typeof scopesOfWords>[1]) => Promise<void>,
): Promise<number> {
  const opened = await openKeys(flags.config, terminal);
  try {
    await work(opened.keys, opened.scopes);
    return 0;
  } finally {
    await opened.close();
  }
}

function show({ key, view }: IssuedKey, { json }: KeysFlags, terminal: Terminal): void {
  if (json) {
    terminal.out(JSON.stringify({ key: key.reveal(), ...view }, null, 2));
    return;
  }
  terminal.err(`${view.id} "${view.name}" for ${view.user?.id ?? "nobody"}: ${view.scopes.join(" ")}`);
  terminal.err("This is the key. It is shown this once:");
  terminal.out(key.reveal());
}

function party(id: string, name: string | undefined): WantedKey["user"] {
  return { id, ...(name !== undefined && { name }) };
}

async function upstreamKey(file: string | undefined): Promise<Secret | undefined> {
  if (file === undefined) return undefined;
  try {
    return new Secret((file === "-" ? await readStream(process.stdin) : readFileSync(file, "utf8")).trim());
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw usage(`--upstream-key-file ${file} cannot be read (${code})`);
  }
}

function bindings({ bind, within, elsewhere }: CreateFlags): BoundArguments {
  const allow = elsewhere === true ? { elsewhere: "allow" as const } : {};
  const fixed = bind.map((text) => {
    const [argument, value] = pair(text, "--bind");
    return [argument, { fixed: value, ...allow }] as const;
  });
  const sets = within.map((text) => {
    const [argument, values] = pair(text, "--within");
    return [argument, { within: values.split(","), ...allow }] as const;
  });
  const twice = [...fixed, ...sets].find(([name], index, all) => all.findIndex(([other]) => other === name) < index);
  if (twice !== undefined) throw usage(`${twice[0]} is bound twice; give --within ${twice[0]}=a,b for several values`);
  return Object.fromEntries([...fixed, ...sets]);
}

function pair(text: string, flag: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw usage(`${flag} is ARGUMENT=VALUE, such as page_id=7`);
  return [name, value];
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string, flag: string): number {
  const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw usage(`${flag} is "${text}"; give a duration such as 24h, 30m or 7d`);
  return Number(count) * (units[unit] ?? 0);
}

function timeOf(text: string): string {
  if (/^\d{4}-/.test(text)) return text.includes("T") ? text : `${text}T00:00:00Z`;
  return new Date(Date.now() + secondsOf(text, "--expires") * 1_000).toISOString();
}

function usage(message: string): GatewayError {
  return new GatewayError("invalid_request", message, { data: { usage: true } });
}

const columns = ["ID", "STATUS", "NAME", "USER", "ORGANISATION", "SCOPES", "LAST USED", "24 H", "30 D"];

function table(views: readonly KeyView[]): readonly string[] {
  const rows = [columns, ...views.map(rowOf)];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => line.replaceAll(/\p{C}/gu, "?")); // names must not steer a terminal
}

function rowOf(view: KeyView): string[] {
  const calls = ({ read, write, destroy }: KeyView["calls"]["last30Days"]): string => `${read}/${write}/${destroy}`;
  return [
    view.id,
    view.status,
    view.name,
    view.user?.id ?? "-",
    view.organisation?.id ?? "-",
    view.scopes.join(" "),
    view.lastUsedAt ?? "never",
    calls(view.calls.last24Hours),
    calls(view.calls.last30Days),
  ];
}
