import { describe, expect, it } from "vitest";
import { clientName, clientSetups } from "../../src/http/routes/clients.ts";

const url = "https://mcp.example.com/mcp";
const textOf = (client: string, keyHeader: string): string =>
  clientSetups({ name: "acme", url, keyHeader }).find((setup) => setup.client === client)?.text ?? "";
const both = ["x-acme-key", "authorization"] as const;

describe("the setup of a client", () => {
  const cases: { client: string; want: readonly [string, string] }[] = [
    {
      client: "Claude Code",
      want: [
        `claude mcp add --transport http --scope user acme ${url} --header "x-acme-key: KEY"`,
        `claude mcp add --transport http --scope user acme ${url} --header "Authorization: Bearer KEY"`,
      ],
    },
    {
      client: "Codex",
      want: [
        `[mcp_servers.acme]\nurl = "${url}"\nenv_http_headers = { "x-acme-key" = "API_KEY" }`,
        `[mcp_servers.acme]\nurl = "${url}"\nbearer_token_env_var = "API_KEY"`,
      ],
    },
  ];
  for (const { client, want } of cases) {
    it(`of ${client} has its own form, for a header of one's own and for Bearer`, () => {
      expect(both.map((header) => textOf(client, header))).toEqual(want);
    });
  }

  const bridge = (header: string, key: string): object => ({
    command: "npx",
    args: ["-y", "mcp-remote@0.15.1", url, "--header", header],
    env: { API_KEY: key },
  });
  const configs: { client: string; want: readonly [object, object] }[] = [
    {
      client: "Claude Desktop",
      want: [bridge(`x-acme-key:\${API_KEY}`, "KEY"), bridge(`Authorization:\${API_KEY}`, "Bearer KEY")],
    },
    {
      client: "Cursor",
      want: [
        { url, headers: { "x-acme-key": `\${env:API_KEY}` } },
        { url, headers: { Authorization: `Bearer \${env:API_KEY}` } },
      ],
    },
    {
      client: "Gemini CLI",
      want: [
        { httpUrl: url, headers: { "x-acme-key": "$API_KEY" } },
        { httpUrl: url, headers: { Authorization: "Bearer $API_KEY" } },
      ],
    },
    {
      client: "Windsurf",
      want: [
        { serverUrl: url, headers: { "x-acme-key": `\${env:API_KEY}` } },
        { serverUrl: url, headers: { Authorization: `Bearer \${env:API_KEY}` } },
      ],
    },
  ];
  for (const { client, want } of configs) {
    it(`of ${client} is JSON with its own fields, for a header of one's own and for Bearer`, () => {
      const given = both.map((header) => JSON.parse(textOf(client, header)) as unknown);
      expect(given).toEqual(want.map((server) => ({ mcpServers: { acme: server } })));
    });
  }

  it("of Claude Desktop allows plain HTTP where that is all there is, off this machine", () => {
    const flags = ["http://gw.internal:3000/mcp", "http://localhost:3000/mcp", "http://127.0.0.1/mcp", url].map((one) =>
      clientSetups({ name: "acme", url: one, keyHeader: "x-api-key" })[1]?.text.includes('"--allow-http"'),
    );
    expect(flags).toEqual([true, false, false, false]);
  });

  it("of VS Code has the root key servers and asks for the key", () => {
    expect(JSON.parse(textOf("VS Code", "x-acme-key"))).toEqual({
      inputs: [{ type: "promptString", id: "key", password: true, description: "API key" }],
      servers: { acme: { type: "http", url, headers: { "x-acme-key": `\${input:key}` } } },
    });
  });
});

describe("the name of a server in a client", () => {
  for (const { given, want } of [
    { given: "Acme Status API", want: "acme-status-api" },
    { given: "  “Acme”; rm -rf / ", want: "acme-rm-rf" },
    { given: "日本", want: "api" },
    { given: "a".repeat(99), want: "a".repeat(32) },
  ]) {
    it(`is ${want} for ${given}`, () => expect(clientName(given)).toBe(want));
  }
});
