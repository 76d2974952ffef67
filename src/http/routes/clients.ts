/** What a client has to be given. */
export interface Endpoint {
  /** Under which the client knows the server: `[a-z0-9-]+`. */
  readonly name: string;
  /** The full URL of the endpoint. */
  readonly url: string;
  /** Name of the header that carries the key; `authorization` means a Bearer token. */
  readonly keyHeader: string;
}

/** How to add the server to one client, in the client's own form. */
export interface ClientSetup {
  readonly client: string;
  /** Where the text goes, one sentence. */
  readonly where: string;
  readonly text: string;
}

interface Client {
  readonly client: string;
  readonly where: string;
  readonly text: (endpoint: Endpoint, header: KeyHeader) => string;
}

interface KeyHeader {
  readonly name: string;
  readonly bearer: boolean;
  /** The header's value for a key, or for what a client replaces by one. */
  readonly value: (key: string) => string;
}

/**
 * One entry per client. They differ in root key, in the field of the URL and in the syntax of variables, and each ignores
 * another's form without a word: `url` is not connected by Windsurf, means SSE to Gemini CLI, and Codex wants `env_http_headers`.
 */
const clients: readonly Client[] = [
  {
    client: "Claude Code",
    where: "Run once in a terminal.",
    text: ({ name, url }, { name: header, value }) =>
      `claude mcp add --transport http --scope user ${name} ${url} --header "${header}: ${value("KEY")}"`,
  },
  {
    client: "Claude Desktop",
    where: "In claude_desktop_config.json (Settings > Developer > Edit Config); then restart it. It needs Node.js.",
    // No space after the colon, and the scheme within the variable: on Windows an argument with a space breaks apart.
    text: ({ name, url }, { name: header, value }) =>
      servers(name, {
        command: "npx",
        args: ["-y", "mcp-remote@0.15.1", url, ...allowed(url), "--header", `${header}:${braced("API_KEY")}`],
        env: { API_KEY: value("KEY") },
      }),
  },
  {
    client: "Cursor",
    where: "In ~/.cursor/mcp.json, with the key in the environment variable API_KEY.",
    text: ({ name, url }, { name: header, value }) =>
      servers(name, { url, headers: { [header]: value(braced("env:API_KEY")) } }),
  },
  {
    client: "VS Code",
    where: "In .vscode/mcp.json; it asks for the key.",
    text: ({ name, url }, { name: header, value }) =>
      json({
        inputs: [{ type: "promptString", id: "key", password: true, description: "API key" }],
        servers: { [name]: { type: "http", url, headers: { [header]: value(braced("input:key")) } } },
      }),
  },
  {
    client: "Codex",
    where: "In ~/.codex/config.toml, with the key in the environment variable API_KEY.",
    text: ({ name, url }, { name: header, bearer }) => {
      const key = bearer
        ? 'bearer_token_env_var = "API_KEY"'
        : `env_http_headers = { ${JSON.stringify(header)} = "API_KEY" }`;
      return `[mcp_servers.${name}]\nurl = ${JSON.stringify(url)}\n${key}`;
    },
  },
  {
    client: "Gemini CLI",
    where: "In ~/.gemini/settings.json, with the key in the environment variable API_KEY.",
    text: ({ name, url }, { name: header, value }) =>
      servers(name, { httpUrl: url, headers: { [header]: value("$API_KEY") } }),
  },
  {
    client: "Windsurf",
    where: "In ~/.codeium/windsurf/mcp_config.json, with the key in the environment variable API_KEY.",
    text: ({ name, url }, { name: header, value }) =>
      servers(name, { serverUrl: url, headers: { [header]: value(braced("env:API_KEY")) } }),
  },
];

/** The setup of every client that takes a key, for one endpoint. */
export function clientSetups(endpoint: Endpoint): readonly ClientSetup[] {
  const bearer = endpoint.keyHeader === "authorization";
  const header: KeyHeader = {
    name: bearer ? "Authorization" : endpoint.keyHeader,
    bearer,
    value: (key) => (bearer ? `Bearer ${key}` : key),
  };
  return clients.map(({ client, where, text }) => ({ client, where, text: text(endpoint, header) }));
}

/** A server name that every client takes, made from any text. */
export function clientName(serverName: string): string {
  const words = serverName.toLowerCase().match(/[a-z0-9]+/g) ?? ["api"];
  return words.join("-").slice(0, 32).replace(/-$/, "");
}

/** mcp-remote refuses plain HTTP to another machine unless it is told. */
function allowed(url: string): readonly string[] {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || hostname === "localhost" || hostname === "127.0.0.1" ? [] : ["--allow-http"];
}

/** `${what}`, which the clients replace. */
function braced(what: string): string {
  return `\${${what}}`;
}

function servers(name: string, server: object): string {
  return json({ mcpServers: { [name]: server } });
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
