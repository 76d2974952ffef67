// The least that turns a JSON-RPC `tools/call` into a REST call: `node:http`, undici, JSON.parse and JSON.stringify; no
// authentication of its own, no validation, no protocol. What a gateway costs beyond this is what it does for its users.
import { createServer, type IncomingMessage } from "node:http";
import { Pool } from "undici";
import { announce } from "./announce.ts";

interface Call {
  readonly id: number;
  readonly params: { readonly name: string; readonly arguments: { readonly id: string } };
}

const [upstreamUrl = ""] = process.argv.slice(2);
const upstream = new Pool(upstreamUrl, { connections: 64 });

announce(
  createServer(async (request, response) => {
    const { id, params } = JSON.parse(await textOf(request)) as Call;
    const { body } = await upstream.request({
      method: "GET",
      path: `/${params.name}/${encodeURIComponent(params.arguments.id)}`,
      headers: { "x-api-key": (request.headers.authorization ?? "").slice("Bearer ".length) },
    });
    const output = { item: await body.json() };
    const content = [{ type: "text", text: JSON.stringify(output) }];
    const text = JSON.stringify({ jsonrpc: "2.0", id, result: { content, structuredContent: output } });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  }),
);

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so chunks are buffers
  return Buffer.concat(chunks).toString();
}
