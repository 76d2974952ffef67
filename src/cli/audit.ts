import { existsSync } from "node:fs";
import type { AuditQuery, ShownRecord } from "../audit/event.ts";
import { auditFilterOf, createReadAudit, matches, shownRecord } from "../audit/filter.ts";
import { type Verification, verifyAudit } from "../audit/verify.ts";
import { readEnvironment } from "../config/environment.ts";
import { defaultDatabaseUrl } from "../config/load.ts";
import { GatewayError } from "../errors.ts";
import type { AuditStore } from "../storage/port.ts";
import { openStore } from "../storage/store.ts";
import { parseDatabaseUrl } from "../storage/url.ts";
import { createLogger } from "../telemetry/log.ts";
import { Secret } from "../telemetry/secret.ts";
import { progressLine, type Terminal } from "./terminal.ts";

/** Options of `specgate audit …`. */
export interface AuditFlags extends AuditQuery {
  readonly limit?: number;
  readonly after?: string;
  readonly json?: boolean;
}

type AuditCommand = (flags: AuditFlags, terminal: Terminal) => Promise<number>;

/** What each `specgate audit …` does; resolves to the exit code. They read the database of `DATABASE_URL`. */
export const auditCommands: Readonly<Record<"list" | "verify" | "export", AuditCommand>> = {
  list,
  verify,
  export: exportAll,
};

/** `specgate audit list`: the newest records that the filters give. */
async function list(flags: AuditFlags, terminal: Terminal): Promise<number> {
  auditFilterOf(flags); // what is wrong is told before a database is opened
  const { records, next } = await withAudit((audit) => createReadAudit(audit)(flags, flags));
  if (flags.json) {
    terminal.out(JSON.stringify({ records, ...(next !== undefined && { next }) }, null, 2));
    return 0;
  }
  for (const record of records) terminal.out(lineOf(record));
  terminal.err(next === undefined ? `${records.length} records` : `more: --after ${next}`);
  return 0;
}

function lineOf(record: ShownRecord): string {
  const { at, kind, outcome, code, tool, resource_id: id, actor_id: actor, actor_user_id: user, client } = record;
  const what = kind === "intent" ? "intent" : `${outcome ?? ""}${code === undefined ? "" : `:${code}`}`;
  const who = `${user ?? "-"} (${actor.slice(0, 12)})`;
  const through = client === null ? "" : `  ${printable(client.name)}`;
  return `${at}  ${what.padEnd(28)} ${tool.padEnd(32)} ${printable(id ?? "-").padEnd(24)} ${printable(who)}${through}`;
}

/** What callers write must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "?");
}

/** `specgate audit verify`: exit code 1 names the first broken link. */
async function verify({ json = false }: AuditFlags, terminal: Terminal): Promise<number> {
  const progress = progressLine(terminal);
  let seen = 0;
  const step = (): void => {
    seen += 1;
    if (seen % 1_000 === 0) progress.step(`${seen} records`);
  };
  // Seals first: a day that is deleted meanwhile is then missing, which a second run shows to be no fault.
  const result = await withAudit(async (audit) => verifyAudit(audit.stream(), await audit.seals(), step));
  progress.done();
  if (json) terminal.out(JSON.stringify(result));
  else terminal.out(verdict(result));
  return result.broken === undefined ? 0 : 1;
}

function verdict({ rows, writers, open, broken }: Verification): string {
  if (broken !== undefined)
    return `broken at record ${broken.seq} of writer ${broken.writer}: ${broken.why}\n${rows} records before it are whole`;
  const waiting = open === 0 ? "" : `; ${open} intents have no outcome yet`;
  return `${rows} records in ${writers} chains are whole${waiting}`;
}

/** `specgate audit export`: every record that the filters give as JSON lines, chain by chain. */
async function exportAll(flags: AuditFlags, terminal: Terminal): Promise<number> {
  const filter = auditFilterOf(flags);
  await withAudit(async (audit) => {
    for await (const row of audit.stream()) if (matches(filter, row)) terminal.out(JSON.stringify(shownRecord(row)));
  });
  return 0;
}

async function withAudit<Result>(use: (audit: AuditStore) => Promise<Result>): Promise<Result> {
  const url = readEnvironment(process.env).databaseUrl ?? new Secret(defaultDatabaseUrl);
  const target = parseDatabaseUrl(url);
  if (target.kind === "sqlite" && (target.path === undefined || !existsSync(target.path)))
    throw new GatewayError("invalid_request", "DATABASE_URL names no database that is there", {
      next: `Set it to that of the gateway; without it, ${defaultDatabaseUrl.replace("sqlite:", "")} is read.`,
      data: { usage: true },
    });
  const store = openStore(url, { logger: createLogger("silent") });
  try {
    return await use(store.audit);
  } finally {
    await store.close();
  }
}
