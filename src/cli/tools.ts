import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { CallToolResultSchema, ListToolsResultSchema, type Tool } from "@modelcontextprotocol/sdk/types.js";
import { GatewayError } from "../errors.ts";
import { shownUrl } from "../safeFetch.ts";
import type { Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

/** Options of `specgate tools …`. */
export interface ToolsFlags {
  readonly url?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

type ToolCommand = (args: readonly string[], flags: ToolsFlags, terminal: Terminal) => Promise<number>;

/** What each `specgate tools …` does; resolves to the exit code. */
export const toolCommands: Readonly<Record<"list" | "show" | "call", ToolCommand>> = { list, show, call };

/** `specgate tools list`: the tools that the given key may use, by name. */
async function list(_args: readonly string[], flags: ToolsFlags, terminal: Terminal): Promise<number> {
  const tools = await withClient(flags, listAll);
  if (flags.json) terminal.out(JSON.stringify(tools, null, 2));
  else for (const { name, description } of tools) terminal.out(`${name.padEnd(44)} ${firstLine(description)}`);
  if (!flags.json) terminal.err(`${tools.length} tools`);
  return 0;
}

/** `specgate tools show NAME`: one tool whole. Exit code 1 when there is none of that name. */
async function show([name = ""]: readonly string[], flags: ToolsFlags, terminal: Terminal): Promise<number> {
  const tools = await withClient(flags, listAll);
  const tool = tools.find((one) => one.name === name);
  if (!tool)
    throw new GatewayError(
      "unknown_tool",
      `no tool "${name}"; specgate tools list shows the ${tools.length} there are`,
    );
  terminal.out(JSON.stringify(tool, null, 2));
  return 0;
}

/** `specgate tools call NAME [JSON]`: calls it and prints the result. Exit code 1 when the result is an error. */
async function call(args: readonly string[], flags: ToolsFlags, terminal: Terminal): Promise<number> {
  const [name = "", text = "{}"] = args;
  const params = { name, arguments: parseArguments(text) };
  const result = await withClient(flags, (client) =>
    client.request({ method: "tools/call", params }, CallToolResultSchema),
  );
  if (flags.json) terminal.out(JSON.stringify(result, null, 2));
  else
    for (const block of result.content)
      terminal.out(block.type === "text" ? pretty(block.text) : JSON.stringify(block));
  return result.isError === true ? 1 : 0;
}

function parseArguments(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // reported below, with the same words
  }
  throw new GatewayError("invalid_request", `the arguments are not a JSON object: ${text.slice(0, 60)}`, {
    next: `Write them as in: specgate tools call list_monitors '{"limit":5}'`,
    data: { usage: true },
  });
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function firstLine(text: string | undefined): string {
  return (text ?? "").split(/\n|(?<=\.)\s/, 1)[0] ?? "";
}

async function listAll(client: Client): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const page = await client.request({ method: "tools/list", params }, ListToolsResultSchema);
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

async function withClient<Value>(flags: ToolsFlags, use: (client: Client) => Promise<Value>): Promise<Value> {
  const text = flags.url ?? "http://localhost:3000/mcp";
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new GatewayError("invalid_request", `--url is not an http(s) URL: ${text}`, { data: { usage: true } });
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: { ...flags.header } } });
  const client = new Client({ name: "specgate", version: packageVersion() });
  try {
    await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
    return await use(client);
  } catch (thrown) {
    throw thrown instanceof GatewayError ? thrown : unreachable(url, thrown);
  } finally {
    await transport.terminateSession().catch(() => undefined);
    await client.close();
  }
}

function unreachable(url: URL, thrown: unknown): GatewayError {
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  return new GatewayError("upstream_unavailable", `${shownUrl(url.href)}: ${cause}`, {
    next: "Check the URL, that the gateway runs, and the key: --header x-api-key=KEY.",
    cause: thrown,
  });
}
