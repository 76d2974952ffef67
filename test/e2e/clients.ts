import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { projectRoot, type Run, runNode } from "./process.ts";

/** A tool as a client shows it. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
}

/** What a call came to, whichever client made it. `refused`: a protocol error rather than a result. */
export interface CallAnswer {
  readonly structured: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isError: boolean;
  readonly refused?: string;
}

/** A real MCP client with one key, behind the few things the tests do with each. */
export interface Connected {
  readonly listTools: () => Promise<readonly ListedTool[]>;
  readonly call: (name: string, args: Readonly<Record<string, unknown>>) => Promise<CallAnswer>;
  readonly close: () => Promise<void>;
}

/** One of the clients of protocol.md §9, and the era it must be seen to use. */
export interface ClientKind {
  readonly name: string;
  readonly era: "session" | "stateless";
  readonly connect: (url: string, key: string) => Promise<Connected>;
}

const info = { name: "specgate-e2e", version: "1.0.0" };

/** The four independent clients that must be able to do everything. */
export const clientKinds: readonly ClientKind[] = [
  { name: "v1 SDK client", era: "session", connect: connectV1 },
  { name: "v2 SDK client pinned to 2026-07-28", era: "stateless", connect: connectV2 },
  { name: "MCP Inspector CLI", era: "session", connect: connectInspector },
  { name: "mcp-remote", era: "session", connect: connectMcpRemote },
];

/** The v1 SDK client over Streamable HTTP. */
export async function connectV1(url: string, key: string): Promise<Connected> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { "x-api-key": key } } });
  const client = new Client(info);
  await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
  return connected(client, async () => {
    await transport.terminateSession();
    await client.close();
  });
}

/** The v2 SDK client, in one of its ways to settle on an era. Default: it may speak 2026-07-28 only. */
export async function connectV2(
  url: string,
  key: string,
  mode: "auto" | "legacy" | { pin: string } = { pin: "2026-07-28" },
): Promise<Connected> {
  const client = new ModernClient(info, { versionNegotiation: { mode } });
  await client.connect(new ModernHttp(new URL(url), { requestInit: { headers: { "x-api-key": key } } }));
  return connected(client, () => client.close());
}

/** What a user of Claude Desktop writes for mcp-remote: the block of the openstatus guide, but for URL and key. */
export function desktopBlock(url: string, key: string): DesktopBlock {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: mcp-remote fills it in from its environment
  const header = "x-openstatus-key: ${API_KEY}";
  return { command: "npx", args: ["mcp-remote", url, "--header", header], env: { API_KEY: key } };
}

/** One server of `claude_desktop_config.json`. */
export interface DesktopBlock {
  readonly command: string;
  readonly args: string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The documented block. `npx` finds the installed mcp-remote because the project is the working directory. */
async function connectMcpRemote(url: string, key: string): Promise<Connected> {
  return connectDesktop(desktopBlock(url, key));
}

/** Starts a block of `claude_desktop_config.json` as Claude Desktop does. */
export async function connectDesktop({ command, args, env }: DesktopBlock): Promise<Connected> {
  const folder = mkdtempSync(join(tmpdir(), "specgate-mcp-remote-"));
  const transport = new StdioClientTransport({
    command,
    args,
    cwd: projectRoot,
    stderr: "ignore",
    env: {
      ...env,
      PATH: [join(projectRoot, "node_modules/.bin"), process.env.PATH].join(delimiter), // Node 24, as the user of the document has
      HOME: process.env.HOME ?? "",
      MCP_REMOTE_CONFIG_DIR: folder,
    },
  });
  const client = new Client(info);
  await client.connect(transport);
  return connected(client, async () => {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

interface SdkClient {
  readonly listTools: (params?: {
    cursor: string;
  }) => Promise<{ tools: readonly ListedTool[]; nextCursor?: string | undefined }>;
  readonly callTool: (params: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>;
}

function connected(client: SdkClient, close: () => Promise<void>): Connected {
  return {
    listTools: async () => {
      const tools: ListedTool[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await client.listTools(...(cursor === undefined ? [] : [{ cursor }]));
        tools.push(...page.tools);
        cursor = page.nextCursor;
      }
      return tools;
    },
    call: async (name, args) => {
      try {
        return answerOf(await client.callTool({ name, arguments: { ...args } }));
      } catch (thrown) {
        return { structured: {}, text: "", isError: true, refused: String((thrown as Error).message) };
      }
    },
    close,
  };
}

function answerOf(result: unknown): CallAnswer {
  const { structuredContent, content, isError } = result as {
    structuredContent?: Readonly<Record<string, unknown>>;
    content: readonly { readonly text?: string }[];
    isError?: boolean;
  }; // the SDK has checked it against the protocol's schema
  return { structured: structuredContent ?? {}, text: content[0]?.text ?? "", isError: isError === true };
}

const inspector = join(projectRoot, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

/** Runs the Inspector CLI with `args` against a gateway. */
export function inspect(url: string, key: string, args: readonly string[]): Promise<Run> {
  return runNode([inspector, "--cli", url, "--transport", "http", "--header", `x-api-key: ${key}`, ...args]);
}

/** The Inspector CLI: one process, and so one session, for each thing asked. */
async function connectInspector(url: string, key: string): Promise<Connected> {
  const run = (...args: readonly string[]): Promise<Run> => inspect(url, key, ["--format", "json", "-q", ...args]);
  return {
    listTools: async () => (resultOf(await run("--method", "tools/list")) as { tools: readonly ListedTool[] }).tools,
    call: async (name, args) => {
      const flags = ["--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)];
      const ended = await run(...flags);
      return ended.stdout.trim() === ""
        ? { structured: {}, text: "", isError: true, refused: ended.stderr }
        : answerOf(resultOf(ended));
    },
    close: () => Promise.resolve(),
  };
}

/** The `result` the Inspector printed. */
function resultOf({ code, stdout, stderr }: Run): unknown {
  try {
    return (JSON.parse(stdout) as { result: unknown }).result;
  } catch {
    throw new Error(`the Inspector ended with ${code}: ${stdout.slice(0, 500)}\n${stderr.slice(0, 500)}`);
  }
}
