import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type ChallengeFacts, challengeOf } from "../../auth/challenge.ts";
import type { GatewayError } from "../../errors.ts";
import type { MethodResult } from "../../mcp/context.ts";
import { type RpcError, rpcErrorOf } from "../../mcp/errors.ts";

/** A JSON-RPC answer as bytes: prepared results are not copied into a larger text. */
export type Answer = readonly (string | Buffer)[];

/** The answer that carries a result. */
export function resultAnswer(id: string | number, result: MethodResult): Answer {
  const head = `{"jsonrpc":"2.0","id":${idText(id)},"result":`;
  if ("bytes" in result) return [head, result.bytes, "}"];
  return [`${head}${"text" in result ? result.text : JSON.stringify(result.value)}}`];
}

/** The answer that carries an error. `id` is null when the request could not be read. */
export function errorAnswer(id: string | number | null, error: RpcError): Answer {
  return [JSON.stringify({ jsonrpc: "2.0", id, error })];
}

function idText(id: string | number): string {
  return typeof id === "number" ? String(id) : JSON.stringify(id);
}

/**
 * Sends the answer as the whole response. A client that takes nothing of it for twice `stallMs` (default 15 s) is dropped: Node
 * itself would keep the answer for as long as the connection lasts.
 */
export function sendJson(
  res: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  answer: Answer,
  stallMs = 15_000,
): void {
  if (res.headersSent || res.destroyed) return;
  const length = answer.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  res.writeHead(status, { ...headers, "content-type": "application/json", "content-length": length });
  const [only] = answer;
  if (answer.length === 1 && typeof only === "string") {
    // One byte per character means ASCII, which is the same in latin1, and that Node writes without encoding it.
    res.end(only, length === only.length ? "latin1" : "utf8");
  } else {
    res.cork();
    for (const part of answer) res.write(part);
    res.end();
  }
  // The timer of the socket begins again when any part of the answer has left since, and Node sets it anew once all has.
  if (res.writableLength > 0) res.setTimeout(stallMs, () => res.destroy());
}

/** An error and what its answer needs to know of the request. */
export interface Failure {
  readonly error: GatewayError;
  readonly id: string | number | null;
  readonly status: number;
  /** Of the challenge in a 401 or 403. */
  readonly realm: string;
  /** Named in it; undefined where there is no OAuth. */
  readonly oauth: ChallengeFacts | undefined;
  readonly requestId?: string;
}

/**
 * Sends an error as the whole response: HTTP status and a JSON-RPC body, so that no client of two eras misreads it; for a
 * credential or scope that does not do, a challenge with an OAuth body (protocol.md §3).
 */
export function sendError(res: ServerResponse, headers: OutgoingHttpHeaders, failure: Failure): void {
  const { error, id, status, requestId } = failure;
  if (error.code === "unauthenticated" || error.code === "insufficient_scope") {
    const challenge = challengeOf(error, failure.realm, failure.oauth);
    const challenged = { ...headers, "www-authenticate": challenge.header };
    sendJson(res, challenge.status, challenged, [JSON.stringify(challenge.body)]);
    return;
  }
  const retry = error.facts.retryAfterSeconds ?? (status === 503 || status === 429 ? 1 : undefined);
  const close = status === 413 ? { connection: "close" } : {};
  sendJson(
    res,
    status,
    { ...headers, ...close, ...(retry === undefined ? {} : { "retry-after": String(retry) }) },
    errorAnswer(id, rpcErrorOf(error, requestId)),
  );
}

/** The parts of an answer as one text, for an event of a stream. */
export function answerText(answer: Answer): string {
  return answer.length === 1 ? String(answer[0]) : answer.map(String).join("");
}
