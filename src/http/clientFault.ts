import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { rpc } from "../mcp/versions.ts";

/** What Node says of a request that it cannot read, by the code of its error; everything else is 400. */
const faults: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "the headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["413 Payload Too Large", "the chunk extensions are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request took too long to arrive"],
};

/**
 * Answers a request that never became one, and closes its connection. With a JSON-RPC body, which Node's own answers lack:
 * clients of two eras take a bare 400 for a server of the other one. Where an answer has begun nothing can follow it.
 */
export function answerClientFault(fault: NodeJS.ErrnoException, socket: Duplex, res: ServerResponse | undefined): void {
  const isAnswering = res?.headersSent === true && !res.writableFinished;
  if (!socket.writable || isAnswering) {
    socket.destroy();
    return;
  }
  const [status, message] = faults[fault.code ?? ""] ?? ["400 Bad Request", "the request is not valid HTTP/1.1"];
  const body = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: rpc.refused, message } });
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Cache-Control: no-store",
    "Connection: close",
  ];
  // A client that never closes its side must not keep ours open.
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
