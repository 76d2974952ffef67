/** How well-known clients are told by what they cannot fake: the URL that vouches for them, or where the code is sent. */
interface KnownClient {
  readonly name: string;
  /** Metadata documents. A trailing `*` stands for the rest. */
  readonly documents?: readonly string[];
  /** https callbacks. A trailing `*` stands for the rest. */
  readonly redirects?: readonly string[];
}

/**
 * Reviewed: each line names what its maker documents. A loopback address or a scheme of a program proves nothing, since any program on
 * the user's machine can have it, so Cursor is not here and a document comes before a redirect.
 */
const known: readonly KnownClient[] = [
  { name: "Claude Code", documents: ["https://claude.ai/oauth/claude-code-client-metadata"] },
  {
    name: "Claude.ai",
    documents: ["https://claude.ai/oauth/*", "https://claude.com/oauth/*"],
    redirects: ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
  },
  {
    name: "ChatGPT",
    documents: ["https://chatgpt.com/*", "https://openai.com/*"],
    redirects: ["https://chatgpt.com/connector_platform_oauth_redirect", "https://chatgpt.com/connector/oauth/*"],
  },
  {
    name: "VS Code",
    documents: ["https://vscode.dev/*"],
    redirects: ["https://vscode.dev/redirect", "https://insiders.vscode.dev/redirect"],
  },
];

/** What is known of a client when its key is named. */
export interface NamedClient {
  /** As the client says it. */
  readonly name: string;
  /** URL of the metadata document that vouches for it; null: none does. */
  readonly document: string | null;
  /** Whether the operator wrote it into the configuration. */
  readonly isConfigured: boolean;
}

/**
 * What the key of a client is called: `MCP — Claude.ai` by the reviewed table; else its own name, with the host that vouches for
 * it or `unverified` behind.
 */
export function keyNameOf(client: NamedClient, redirectUri: string): string {
  const { document, isConfigured } = client;
  const found =
    known.find(({ documents = [] }) => document !== null && matches(document, documents)) ??
    known.find(({ redirects = [] }) => document === null && matches(redirectUri, redirects));
  if (found !== undefined) return `MCP — ${found.name}`;
  const own = shortened(client.name);
  if (isConfigured) return `MCP — ${own}`;
  return `MCP — ${own} (${document === null ? "unverified" : new URL(document).host})`;
}

/** A name that a client gives itself, as a line of text: no control or invisible characters, at most 60. */
export function shortened(name: string): string {
  const plain = name
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 60 ? `${plain.slice(0, 59).toWellFormed()}…` : plain || "a client";
}

function matches(url: string, patterns: readonly string[]): boolean {
  return patterns.some((one) => (one.endsWith("*") ? url.startsWith(one.slice(0, -1)) : url === one));
}
