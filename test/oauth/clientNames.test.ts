import { expect, it } from "vitest";
import { keyNameOf, shortened } from "../../src/oauth/clientNames.ts";

const loopback = "http://localhost:3118/callback";

it.each([
  ["https://claude.ai/oauth/claude-code-client-metadata", "x", loopback, "MCP — Claude Code"],
  ["https://claude.ai/oauth/claude-client-metadata", "x", "https://claude.ai/api/mcp/auth_callback", "MCP — Claude.ai"],
  [null, "Claude", "https://claude.ai/api/mcp/auth_callback", "MCP — Claude.ai"],
  [null, "whatever", "https://claude.com/api/mcp/auth_callback", "MCP — Claude.ai"],
  [null, "ChatGPT", "https://chatgpt.com/connector/oauth/abc", "MCP — ChatGPT"],
  [null, "Visual Studio Code", "https://vscode.dev/redirect", "MCP — VS Code"],
  [null, "Claude Code", loopback, "MCP — Claude Code (unverified)"],
  [null, "Cursor", "cursor://anysphere.cursor-mcp/oauth/callback", "MCP — Cursor (unverified)"],
  [null, "Claude", "https://claude.ai.evil/api/mcp/auth_callback", "MCP — Claude (unverified)"],
  ["https://evil.example/claude", "Claude", "https://claude.ai/api/mcp/auth_callback", "MCP — Claude (evil.example)"],
  ["https://claude.ai.evil/oauth/x", "Claude", loopback, "MCP — Claude (claude.ai.evil)"],
])("by the document %j, the name %j and the redirect %s the key is %s", (document, name, redirect, want) => {
  expect(keyNameOf({ document, name, isConfigured: false }, redirect)).toBe(want);
});

it("a client that the operator configured has its own name", () => {
  expect(keyNameOf({ document: null, name: "Our bot", isConfigured: true }, loopback)).toBe("MCP — Our bot");
});

it.each([
  ["a\u202eb\u0000c", "a b c"],
  ["  ", "a client"],
  ["x".repeat(80), `${"x".repeat(59)}…`],
])("a name of the client's own is a short line: %j", (given, want) => {
  expect(shortened(given)).toBe(want);
});
