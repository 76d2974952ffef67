import { Command, CommanderError, InvalidArgumentError } from "commander";
import { GatewayError } from "../errors.ts";
import type { AuditFlags } from "./audit.ts";
import type { BundleFlags } from "./bundle.ts";
import type { CostFlags } from "./cost.ts";
import type { DriftFlags } from "./drift.ts";
import type { GenerateFlags } from "./generate.ts";
import type { CreateFlags, KeysFlags, ListFlags, RotateFlags } from "./keys.ts";
import type { MigrateFlags } from "./migrate.ts";
import type { SearchFlags } from "./search.ts";
import type { ServeFlags } from "./serve.ts";
import type { StdioFlags } from "./stdio.ts";
import { leaveWhenUnread, processTerminal, type Terminal } from "./terminal.ts";
import type { ToolsFlags } from "./tools.ts";
import { packageVersion } from "./version.ts";

/**
 * Runs one command line and resolves to the exit code: 0 done, 1 a check or the work failed, 2 wrong usage.
 * `serve` resolves when the server has stopped.
 */
export async function runCommandLine(argv: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  if (terminal === processTerminal) leaveWhenUnread();
  let code = 0;
  const program = createProgram(terminal, (value) => {
    code = value;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (thrown) {
    return exitCodeOf(thrown, terminal);
  }
}

function exitCodeOf(thrown: unknown, terminal: Terminal): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const error = GatewayError.from(thrown);
  terminal.err(`error: ${error.message}`);
  if (error.facts.next !== undefined) terminal.err(`  ${error.facts.next}`);
  if (error.code === "internal")
    terminal.err(String((error.facts.cause as Error | undefined)?.stack ?? error.facts.cause));
  return error.facts.data?.usage === true ? 2 : 1;
}

function createProgram(terminal: Terminal, done: (code: number) => void): Command {
  const program = new Command("specgate")
    .description("Point it at an OpenAPI document and get a production MCP gateway.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });

  program
    .command("generate")
    .description("write generated/<api>/ from an OpenAPI document; without --spec, for every API under openapi/")
    .option("--spec <file|url|->", "the document: file, URL, or - for stdin")
    .option("--config <file>", "gateway.yaml whose codegen part applies (default: the one beside the document)")
    .option("--out <dir>", "where to write (default: generated/<api>)")
    .option("--header <name=value>", "header for fetching a private document; may be repeated", collectHeader, {})
    .option("--allow-host <host>", "host that $ref may point to; may be repeated", collect, [])
    .option("--check", "write nothing; exit 1 when files are stale")
    .option("--dry-run", "write nothing; show the report")
    .option("--allow-conflicts", "turn operations whose signals disagree into actions instead of failing")
    .option("--no-validate", "skip the validation of the document")
    .option("--json", "print the report as JSON")
    .action(async (flags: GenerateFlags) => {
      const { runGenerate } = await import("./generate.ts"); // each command loads what it needs: `serve` must start quickly
      done(await runGenerate(flags, terminal));
    });

  program
    .command("serve")
    .description("serve an API from generated/ and gateway.yaml, or from a document directly")
    .option("--config <file>", "gateway.yaml (default: the only openapi/*/gateway.yaml)")
    .option("--spec <file|url|->", "generate in memory from this document and serve it")
    .option("--header <name=value>", "header for fetching a private document; may be repeated", collectHeader, {})
    .option("--upstream <url>", "base URL of the API")
    .option("--port <number>", "port to listen on; 0 is any free one (default: 3000)", portNumber)
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--read-only", "offer no tool that changes anything")
    .option("--toolsets <names>", "offer only tools of these resource types or tags, with commas", nameList)
    .option("--tools <names>", "offer only these tools, with commas; * is any text", nameList)
    .option("--exclude-tools <names>", "leave these tools out, with commas; * is any text", nameList)
    .option("--no-validate", "skip the validation of the document")
    .action(async (flags: ServeFlags) => {
      const { runServe } = await import("./serve.ts");
      done(await runServe(flags, terminal));
    });

  program
    .command("stdio")
    .description(
      "serve one surface on stdin and stdout, to a client that starts it; gateway.yaml declares further settings",
    )
    .option("--config <file>", "gateway.yaml (default: the only openapi/*/gateway.yaml)")
    .option("--spec <file|url|->", "generate in memory from this document and serve it")
    .option("--header <name=value>", "header for fetching a private document; may be repeated", collectHeader, {})
    .option("--upstream <url>", "base URL of the API; also --base-url")
    .option("--read-only", "offer no tool that changes anything")
    .option("--toolsets <names>", "offer only tools of these resource types or tags, with commas", nameList)
    .option("--tools <names>", "offer only these tools, with commas; also --allowed-tools", nameList)
    .option("--exclude-tools <names>", "leave these tools out, with commas; * is any text", nameList)
    .option("--no-validate", "skip the validation of the document")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: StdioFlags, command: Command) => {
      const { runStdio } = await import("./stdio.ts");
      done(await runStdio(flags, command.args, terminal));
    });

  program
    .command("bundle")
    .description("write a .mcpb file: the stdio server of an API, for desktop clients to install with a click")
    .option("--config <file>", "gateway.yaml (default: the only openapi/*/gateway.yaml)")
    .option("--out <file>", "where to write (default: <api>.mcpb)")
    .option("--json", "print JSON")
    .action(async (flags: BundleFlags) => {
      const { runBundle } = await import("./bundle.ts");
      done(await runBundle(flags, terminal));
    });

  program
    .command("migrate")
    .description("bring the schema of DATABASE_URL up to date, as serve does at its start")
    .option("--check", "change nothing; exit 1 when migrations are pending")
    .option("--json", "print JSON")
    .action(async (flags: MigrateFlags) => {
      const { runMigrate } = await import("./migrate.ts");
      done(await runMigrate(flags, terminal));
    });

  addKeys(
    program.command("keys").description("make and end gateway keys, in the database of DATABASE_URL"),
    terminal,
    done,
  );

  const audit = program.command("audit").description("read the audit log of DATABASE_URL");
  for (const [name, text] of [
    ["list", "the newest records"],
    ["verify", "check the hash chains; exit 1 names the first broken link"],
    ["export", "records as JSON lines"],
  ] as const) {
    const command = audit.command(name).description(text);
    if (name !== "verify") for (const [flag, what] of auditFilters) command.option(flag, what);
    if (name === "list")
      command
        .option("--limit <number>", "records at most (default: 50)", positiveNumber)
        .option("--after <cursor>", "go on where the last page ended");
    if (name !== "export") command.option("--json", "print JSON");
    command.action(async (flags: AuditFlags) => {
      const { auditCommands } = await import("./audit.ts");
      done(await auditCommands[name](flags, terminal));
    });
  }

  program
    .command("drift")
    .description("read a real API and propose the decisions that correct its document; exit 1 when answers differ")
    .option("--config <file>", "gateway.yaml (default: the only openapi/*/gateway.yaml)")
    .option("--spec <file|url|->", "the document (default: the one beside gateway.yaml)")
    .option("--upstream <url>", "base URL of the API")
    .option("--header <name=value>", "header for the API, such as x-api-key=KEY; may be repeated", collectHeader, {})
    .option("--limit <number>", "items of each list (default: 20)", positiveNumber, 20)
    .option("--max-reads <number>", "requests at most (default: 1000)", positiveNumber, 1_000)
    .option("--no-validate", "skip the validation of the document")
    .option("--json", "print the report as JSON")
    .action(async (flags: DriftFlags) => {
      const { runDrift } = await import("./drift.ts");
      done(await runDrift(flags, terminal));
    });

  const tools = program
    .command("tools")
    .description("list, show and call the tools of a running gateway, or list those of a document");
  for (const [name, argument, text] of [
    ["list", "", "names and one line each"],
    ["show", "<tool>", "one tool whole: schemas and annotations"],
    ["call", "<tool> [arguments]", "call a tool with a JSON object of arguments"],
  ] as const)
    tools
      .command(`${name} ${argument}`.trim())
      .description(text)
      .option("--url <url>", "the gateway (default: http://localhost:3000/mcp)")
      .option("--header <name=value>", "header to send, such as x-api-key=KEY; may be repeated", collectHeader, {})
      .option("--json", "print JSON")
      .action(async (...given: unknown[]) => {
        const flags = given.at(-2) as ToolsFlags; // commander hands over the arguments, then the options, then the command
        const { toolCommands } = await import("./tools.ts");
        done(
          await toolCommands[name](
            given.slice(0, -2).filter((one) => typeof one === "string"),
            flags,
            terminal,
          ),
        );
      });
  program
    .command("cost")
    .description(
      "what the list of tools of each surface costs a model: tokens (estimated) and bytes; exit 1 over a budget",
    )
    .option("--spec <file|url|->", "the document (default: generated/ of the only openapi/*/gateway.yaml)")
    .option("--config <file>", "gateway.yaml with the surfaces and codegen.budgets")
    .option("--header <name=value>", "header for fetching a private document; may be repeated", collectHeader, {})
    .option("--no-validate", "skip the validation of the document")
    .option("--top <number>", "resource types and tools shown, the dearest first (default: 10)", positiveNumber, 10)
    .option("--json", "print JSON: every resource type and tool")
    .action(async (flags: CostFlags) => {
      const { runCost } = await import("./cost.ts");
      done(await runCost(flags, terminal));
    });

  tools
    .command("search [words]")
    .description("the resource types that words fit, of a document or of generated/, without a running gateway")
    .option("--spec <file|url|->", "the document (default: generated/ of the only openapi/*/gateway.yaml)")
    .option("--config <file>", "gateway.yaml with search.aliases")
    .option("--header <name=value>", "header for fetching a private document; may be repeated", collectHeader, {})
    .option("--no-validate", "skip the validation of the document")
    .option("--queries <file>", 'JSON lines {"query": …}; each is answered in one line')
    .option("--limit <number>", "results at most (default: 10)", positiveNumber, 10)
    .option("--json", "print JSON")
    .action(async (words: string | undefined, flags: SearchFlags) => {
      const { searchTools } = await import("./search.ts");
      done(await searchTools(words, flags, terminal));
    });
  return program;
}

const auditFilters = [
  ["--actor <id>", "id of the key or Connection"],
  ["--user <id>", "user id"],
  ["--organisation <id>", "organisation id"],
  ["--tool <name>", "name of the tool"],
  ["--effect <effect>", "read, write or destroy"],
  ["--resource <name>", "noun, such as Monitor"],
  ["--resource-id <id>", "id of the object"],
  ["--outcome <outcome>", "ok, refused, failed, unknown …"],
  ["--event <id>", "the records of one call"],
  ["--kind <kind>", "intent, outcome or call"],
  ["--from <moment>", "from 2026-07-28, 2026-07-28T12:00:00Z, or how long ago: 24h"],
  ["--to <moment>", "before that moment"],
] as const;

function addKeys(keys: Command, terminal: Terminal, done: (code: number) => void): void {
  const command = (name: string, description: string): Command =>
    keys
      .command(name)
      .description(description)
      .option("--config <file>", "gateway.yaml (default: the only openapi/*/gateway.yaml)")
      .option("--json", "print JSON");
  command("create", "make a key and print it, this once")
    .requiredOption("--name <name>", "what people know it by")
    .requiredOption("--user <id>", "whom it acts for; in the audit log")
    .option("--user-name <name>", "their name")
    .option("--organisation <id>", "the organisation it belongs to")
    .option("--organisation-name <name>", "its name")
    .requiredOption("--scopes <scopes>", '"read", "read write", "full", or scopes by name')
    .option("--expires <when>", "90d, 12h, or a time such as 2027-01-31 (default: never)")
    .option("--bind <argument=value>", "fix an argument of tools; may be repeated", collect, [])
    .option("--within <argument=a,b>", "let an argument be one of these; may be repeated", collect, [])
    .option("--elsewhere", "offer tools that do not have the bound arguments too")
    .option("--upstream-key-file <file|->", "the API's key to send for it (default: UPSTREAM_API_KEY)")
    .action(async (flags: CreateFlags) => done(await (await import("./keys.ts")).createKey(flags, terminal)));
  command("list", "keys with their last use and calls (read/write/destroy)")
    .option("--user <id>", "of this user")
    .option("--organisation <id>", "of this organisation")
    .option("--all", "revoked and expired ones too")
    .action(async (flags: ListFlags) => done(await (await import("./keys.ts")).listKeys(flags, terminal)));
  command("rotate <id>", "make the key that takes its place, and print it")
    .option("--overlap <duration>", "both are good for so long (default: 24h)")
    .action(async (id: string, flags: RotateFlags) =>
      done(await (await import("./keys.ts")).rotateKey(id, flags, terminal)),
    );
  command("revoke <id>", "end a key").action(async (id: string, flags: KeysFlags) =>
    done(await (await import("./keys.ts")).revokeKey(id, flags, terminal)),
  );
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError("a port is 0 to 65535.");
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("give a number, 1 or more.");
  return value;
}

function nameList(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("give names with commas between them.");
  return names;
}

function collect(text: string, all: readonly string[]): readonly string[] {
  return [...all, text];
}

function collectHeader(text: string, all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*[=:]\s*(.*)$/.exec(text);
  if (!match?.[1]) throw new InvalidArgumentError("a header is NAME=VALUE."); // the value is not repeated: it may be a secret
  return { ...all, [match[1].toLowerCase()]: match[2] ?? "" };
}
