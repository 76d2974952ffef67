// The MCP SDK's v2 server with the gateway's own tools, as its documentation serves them over HTTP: Express, `requireBearerAuth`
// and `createMcpHandler` on /mcp, which answers both eras with a fresh server per request; on /session also what it calls a
// sessionful deployment, one server with its transport per session in memory. It is built as fast as it can fairly be: the
// low-level `Server` that the documentation advises for gateways (756 `registerTool` calls would cost milliseconds for each
// server that is built), the SDK's own ajv validator compiled once per tool, JSON where it may be chosen, one undici pool.
// Only the `get` tools are wired to the API: the bench calls no other.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createMcpExpressApp, requireBearerAuth } from "@modelcontextprotocol/express";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import {
  type AuthInfo,
  createMcpHandler,
  type JsonSchemaType,
  type JsonSchemaValidator,
  OAuthError,
  OAuthErrorCode,
  Server,
  type Tool,
} from "@modelcontextprotocol/server";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import type { RequestHandler } from "express";
import { Pool } from "undici";
import { benchKey } from "../stub.ts";
import { announce } from "./announce.ts";

/** What the bench hands over: the tools as the gateway lists them, and the collection each `get` tool reads. */
export interface SdkServerInput {
  readonly tools: readonly Tool[];
  readonly collections: Readonly<Record<string, string>>;
}

const [upstreamUrl = "", inputFile = ""] = process.argv.slice(2);
const { tools, collections } = JSON.parse(readFileSync(inputFile, "utf8")) as SdkServerInput; // written by bench/main.ts
const upstream = new Pool(upstreamUrl, { connections: 64 });
const byName = new Map(tools.map((tool) => [tool.name, tool]));
const validatorMaker = new AjvJsonSchemaValidator();
const validators = new Map<string, JsonSchemaValidator<{ id: string }>>();
const sessions = new Map<string, NodeStreamableHTTPServerTransport>();

const authenticate: RequestHandler = requireBearerAuth({
  verifier: {
    verifyAccessToken: async (token): Promise<AuthInfo> => {
      if (token !== benchKey) throw new OAuthError(OAuthErrorCode.InvalidToken, "the key is wrong");
      return { token, clientId: "bench", scopes: ["mcp.read"], expiresAt: Math.floor(Date.now() / 1000) + 3600 };
    },
  },
});

const app = createMcpExpressApp();
const handler = toNodeHandler(createMcpHandler(createMcpServer));
app.post("/mcp", authenticate, (request, response) => handler(request, response, request.body));
app.post("/session", authenticate, async (request, response) => {
  const transport = sessions.get(request.get("mcp-session-id") ?? "") ?? (await openSession());
  await transport.handleRequest(request, response, request.body);
});
announce(createServer(app));

function createMcpServer(): Server {
  const server = new Server({ name: "bench", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [...tools] }));
  server.setRequestHandler("tools/call", async ({ params }, { http }) => {
    const tool = byName.get(params.name);
    const collection = collections[params.name];
    if (!tool || !collection) throw new Error(`no such tool: ${params.name}`);
    const checked = validatorOf(tool)(params.arguments ?? {});
    if (!checked.valid) return { isError: true, content: [{ type: "text", text: checked.errorMessage }] };
    const item = await read(`/${collection}/${encodeURIComponent(checked.data.id)}`, http?.authInfo?.token ?? "");
    return { content: [{ type: "text", text: JSON.stringify({ item }) }], structuredContent: { item } };
  });
  return server;
}

function validatorOf(tool: Tool): JsonSchemaValidator<{ id: string }> {
  const known = validators.get(tool.name);
  if (known) return known;
  const made = validatorMaker.getValidator<{ id: string }>(tool.inputSchema as JsonSchemaType); // a served schema is one
  validators.set(tool.name, made);
  return made;
}

async function read(path: string, key: string): Promise<Record<string, unknown>> {
  const { statusCode, body } = await upstream.request({ method: "GET", path, headers: { "x-api-key": key } });
  if (statusCode !== 200) throw new Error(`the API answered ${statusCode}`);
  return (await body.json()) as Record<string, unknown>; // the benched API answers objects
}

async function openSession(): Promise<NodeStreamableHTTPServerTransport> {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
    },
  });
  await createMcpServer().connect(transport);
  return transport;
}
