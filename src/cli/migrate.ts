import { readEnvironment } from "../config/environment.ts";
import { defaultDatabaseUrl } from "../config/load.ts";
import { migrations } from "../storage/migrations/index.ts";
import { checkDatabase, migrateDatabase } from "../storage/schema.ts";
import { parseDatabaseUrl } from "../storage/url.ts";
import { Secret } from "../telemetry/secret.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `specgate migrate`. */
export interface MigrateFlags {
  readonly check?: boolean;
  readonly json?: boolean;
}

/**
 * `specgate migrate`: brings the schema of `DATABASE_URL` up to date, as `serve` does when it starts; for who would rather do
 * that before. With `--check` changes nothing and resolves to 1 when migrations are pending. Throws GatewayError as
 * {@link checkDatabase} does, e.g. for a schema that is newer than this program.
 */
export async function runMigrate({ check = false, json = false }: MigrateFlags, terminal: Terminal): Promise<number> {
  const url = readEnvironment(process.env).databaseUrl ?? new Secret(defaultDatabaseUrl);
  const target = parseDatabaseUrl(url);
  if (!check) {
    const ran = (await migrateDatabase(target, migrations)).map(shown);
    terminal.out(json ? JSON.stringify({ migrated: ran }) : textOf("migrated", ran));
    return 0;
  }
  const { version, pending } = await checkDatabase(target, migrations);
  const waiting = pending.map(shown);
  terminal.out(json ? JSON.stringify({ version, pending: waiting }) : textOf("pending", waiting));
  if (waiting.length > 0 && !json) terminal.err("run: specgate migrate");
  return waiting.length === 0 ? 0 : 1;
}

interface Shown {
  readonly version: number;
  readonly name: string;
}

function shown({ version, name }: Shown): Shown {
  return { version, name };
}

function textOf(word: string, migrations: readonly Shown[]): string {
  if (migrations.length === 0) return "the schema is up to date";
  return migrations.map(({ version, name }) => `${word}  ${version}  ${name}`).join("\n");
}
