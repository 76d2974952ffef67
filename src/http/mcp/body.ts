import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { GatewayError } from "../../errors.ts";
import { rpc } from "../../mcp/versions.ts";
import { type ScanLimits, scanJson } from "./scan.ts";

/** Limits of a request body (security.md §6). */
export interface BodyLimits extends ScanLimits {
  /** Bytes, after decompression. Default 1 MiB. */
  readonly bytes: number;
}

/** The defaults of security.md §6. */
export const defaultBodyLimits: BodyLimits = { bytes: 1_048_576, depth: 64, tokens: 200_000 };

/**
 * The JSON value of a request body. Throws `invalid_request` with the HTTP status of the fault: 415 for another media type or
 * encoding, 413 over the limit, 400 for what is no JSON or breaks the limits of {@link scanJson}. Memory stays within the
 * limit, compressed or not.
 */
export async function readJson(req: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  if (!isJson(req.headers["content-type"])) throw refuse(415, rpc.refused, "Content-Type must be application/json");
  if (Number(req.headers["content-length"]) > limits.bytes) throw tooLarge(limits);
  return parseJson(await readBytes(req, limits), limits);
}

/** The JSON value of `bytes`, checked before it is built. */
export function parseJson(bytes: Buffer, limits: BodyLimits): unknown {
  if (bytes.length === 0) throw refuse(400, rpc.parseError, "the body is empty");
  if (!isUtf8(bytes)) throw refuse(400, rpc.parseError, "the body is not UTF-8");
  const fault = scanJson(bytes, limits);
  if (fault !== null) throw refuse(400, rpc.invalidRequest, `the body is refused: ${fault}`);
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    throw refuse(400, rpc.parseError, "the body is not JSON");
  }
}

/** Parameters such as `charset=utf-8` are let through: the bytes are checked to be UTF-8 anyway. */
function isJson(contentType: string | undefined): boolean {
  if (contentType === "application/json") return true;
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
}

async function readBytes(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  // A client that left while its key was looked at sends no further event: a request that waited for one would wait for ever.
  if (req.destroyed) throw cutOff();
  const source = decoded(req);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  source.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limits.bytes) {
      chunks.push(chunk);
      return;
    }
    // What still comes is thrown away, so that the client can finish writing and read the answer.
    chunks.length = 0;
    source.removeAllListeners("data");
    if (source !== req) {
      req.unpipe();
      source.destroy();
    }
    req.resume();
    reject(tooLarge(limits));
  });
  source.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  source.on("error", () => reject(refuse(400, rpc.parseError, "the body could not be read")));
  req.on("aborted", () => reject(cutOff()));
  return promise;
}

function decoded(req: IncomingMessage): Readable {
  const encoding = req.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  switch (encoding) {
    case "identity":
    case "":
      return req;
    case "gzip":
      return req.pipe(createGunzip());
    case "deflate":
      return req.pipe(createInflate());
    case "br":
      return req.pipe(createBrotliDecompress());
    default:
      throw refuse(415, rpc.refused, "Content-Encoding must be gzip, deflate, br or absent");
  }
}

function cutOff(): GatewayError {
  return refuse(400, rpc.parseError, "the body was cut off");
}

function tooLarge({ bytes }: BodyLimits): GatewayError {
  return refuse(413, rpc.refused, `the body is larger than ${bytes} bytes`);
}

function refuse(status: number, rpcCode: number, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { status, rpcCode });
}
