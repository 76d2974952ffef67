import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { projectRoot, specgateMain } from "../e2e/process.ts";

/** A project whose only API is Beacon, with this gateway.yaml, in a folder of its own. */
export interface StdioProject {
  readonly folder: string;
  /** The arguments of Node that start its stdio server, before any settings. */
  readonly args: readonly string[];
  readonly remove: () => void;
}

/** @param files further files beside gateway.yaml, by name */
export function stdioProject(yaml: string, files: Readonly<Record<string, string>> = {}): StdioProject {
  const folder = mkdtempSync(join(tmpdir(), "specgate-stdio-"));
  mkdirSync(join(folder, "openapi/beacon"), { recursive: true });
  cpSync(join(projectRoot, "openapi/beacon/prompts"), join(folder, "openapi/beacon/prompts"), { recursive: true });
  writeFileSync(join(folder, "openapi/beacon/gateway.yaml"), yaml);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "openapi/beacon", name), text);
  symlinkSync(join(projectRoot, "generated"), join(folder, "generated"));
  return {
    folder,
    args: [specgateMain, "stdio", "--config", join(folder, "openapi/beacon/gateway.yaml")],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** How a client starts a server. */
export interface Started {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const info = { name: "stdio-test", version: "1.0.0" };

/** The environment that a client gives to the servers it starts: next to nothing. */
function environmentOf(env: Started["env"]): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env };
}

/** The v1 SDK client, and what the server wrote to stderr. */
export async function startV1(
  { command, args, env }: Started,
  capabilities: Record<string, object> = {},
): Promise<{ readonly client: Client; readonly stderr: () => string }> {
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: environmentOf(env),
    stderr: "pipe",
    cwd: tmpdir(),
  });
  let stderr = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const client = new Client(info, { capabilities });
  await client.connect(transport).catch((thrown: unknown) => {
    throw new Error(`${(thrown as Error).message}\n${stderr}`);
  });
  return { client, stderr: () => stderr };
}

/** The v2 SDK client, in one of its ways to settle on an era. */
export async function startV2(
  { command, args, env }: Started,
  mode: "auto" | "legacy" | { pin: string },
  capabilities: Record<string, object> = {},
): Promise<ModernClient> {
  const client = new ModernClient(info, { capabilities, versionNegotiation: { mode } });
  await client.connect(
    new ModernStdio({ command, args: [...args], env: environmentOf(env), stderr: "ignore", cwd: tmpdir() }),
  );
  return client;
}
