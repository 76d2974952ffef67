import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { recordOf } from "./spec.ts";

/** The one key the benched API takes. Callers send it to every target, and every target passes it on. */
export const benchKey = "bench-key-0123456789abcdef";

/**
 * The benched API over plain `node:http`: `GET /<plural>/<id>` answers a record of 1 KB, `GET /<plural>` an empty page; without
 * the right `x-api-key` 401, anything else 404. Records are made once, so that its own work is a lookup.
 */
export function createStub(): Server {
  const made = new Map<string, Buffer>();
  return createServer((request, response) => {
    if (request.headers["x-api-key"] !== benchKey) return reply(response, 401, wrongKey);
    if (request.method !== "GET") return reply(response, 404, unknownPath);
    reply(response, ...answerTo(request, made));
  });
}

const wrongKey = Buffer.from('{"message":"the key is missing or wrong"}');
const unknownPath = Buffer.from('{"message":"no such path"}');
const emptyPage = Buffer.from('{"items":[],"total":0}');

function answerTo({ url = "/" }: IncomingMessage, made: Map<string, Buffer>): [status: number, body: Buffer] {
  const known = made.get(url);
  if (known) return [200, known];
  const [, plural, id] = /^\/([a-z-]+)(?:\/(r\d+))?(?:\?.*)?$/.exec(url) ?? [];
  if (!plural) return [404, unknownPath];
  if (!id) return [200, emptyPage];
  const body = Buffer.from(JSON.stringify(recordOf(plural, id)));
  made.set(url, body);
  return [200, body];
}

function reply(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}
