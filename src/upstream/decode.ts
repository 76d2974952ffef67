import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";
import { GatewayError } from "../errors.ts";
import { tooLarge, type WireResponse } from "./dispatch.ts";
import type { UpstreamResponse } from "./exchange.ts";
import { essenceOf, isJsonType, isTextType } from "./serialize/mediaTypes.ts";
import { textOf } from "./text.ts";

/** Content codings the gateway asks for and understands. */
export const acceptedEncodings = "gzip, deflate, br";

/** A body may grow this many times when it is decoded; beyond it is a bomb, not a text (security.md F12). */
const maxRatio = 100;
/** Small bodies of spaces compress better than that honestly. */
const ratioFloorBytes = 64 * 1024;

const decoders = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const;

/** The body without its content codings, the last applied one first. Throws `response_too_large` and `upstream_invalid_response`. */
export async function decoded({ headers, content }: WireResponse, maxBytes: number): Promise<Buffer> {
  const codings = (headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((one) => one.trim());
  let body = content;
  for (const coding of codings.reverse()) {
    if (coding === "" || coding === "identity" || body.length === 0) continue;
    body = await decodeOne(coding, body, Math.min(maxBytes, Math.max(ratioFloorBytes, body.length * maxRatio)));
  }
  return body;
}

async function decodeOne(coding: string, body: Buffer, maxBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: maxBytes };
  try {
    if (coding === "deflate") return await inflated(body, options);
    if (Object.hasOwn(decoders, coding)) return await decoders[coding as keyof typeof decoders](body, options); // hasOwn has just proved it
  } catch (thrown) {
    if (thrown instanceof RangeError) throw tooLarge(maxBytes); // ERR_BUFFER_TOO_LARGE
    throw new GatewayError("upstream_invalid_response", `the API's answer is not the ${coding} it says it is`, {
      cause: thrown,
    });
  }
  throw new GatewayError("upstream_invalid_response", "the API's answer is encoded in a way it was not asked for");
}

/** `deflate` means zlib, yet some servers send it raw. RFC 9110 §8.4.1.2. */
async function inflated(body: Buffer, options: { readonly maxOutputLength: number }): Promise<Buffer> {
  const isZlib = ((body[0] ?? 0) & 0x0f) === 8;
  return promisify(isZlib ? inflate : inflateRaw)(body, options);
}

/** Depth of JSON beyond which serialising it again would fail. */
const maxDepth = 1000;

/**
 * A decoded body as a value: JSON where it says so or turns out to be, else text in its charset, else bytes. `contentType` is
 * the whole header. Throws `upstream_invalid_response` for JSON that is none, and for a web page where data was asked for.
 */
export function parseBody(content: Buffer, contentType: string): UpstreamResponse["body"] {
  if (content.length === 0) return undefined;
  const type = essenceOf(contentType);
  const isJson = isJsonType(type);
  if (isJson || mayBeJson(type, content[0] ?? 0)) {
    const text = textOf(content, contentType);
    const parsed = text === undefined ? undefined : parseJson(text);
    if (text !== undefined && parsed !== undefined && (isJson || isSaid(parsed.value, text)))
      return checkedDepth(text, parsed.value);
    if (isJson && text?.trim() === "") return undefined;
    if (isJson) throw invalid("is not the JSON it says it is");
  }
  if (type === "text/html" || type === "application/xhtml+xml") throw invalid("is a web page");
  return type === "" || isTextType(type) ? (textOf(content, contentType) ?? content) : content;
}

/** Text, or nothing said: `{`, `[`, `"`, white space, a byte order mark, or the beginning of a number or a word. Bytes: only a bracket. */
function mayBeJson(type: string, first: number): boolean {
  if (/^(image|audio|video|font)\/|\/(pdf|zip|gzip)$/.test(type)) return false;
  if (first === 0x7b || first === 0x5b) return true;
  const isDigit = first >= 0x30 && first <= 0x39;
  const begins = isDigit || [0x22, 0x20, 0x09, 0x0a, 0x0d, 0xef, 0x2d, 0x74, 0x66, 0x6e].includes(first);
  return begins && (type === "" || isTextType(type));
}

/** A text is a number or a word of JSON only where that is all it says: `1e5` and `007` are names of something. */
function isSaid(value: unknown, text: string): boolean {
  return typeof value === "object" || JSON.stringify(value) === text.trim();
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function checkedDepth(text: string, value: unknown): unknown {
  if (text.length > 2 * maxDepth && depthOf(text) > maxDepth) throw invalid("is nested too deeply");
  return value;
}

/** Nesting of a JSON text, counted over its brackets outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}

function invalid(why: string): GatewayError {
  return new GatewayError("upstream_invalid_response", `the API's answer ${why}`, {
    next: "This is a fault of the API, not of the arguments. Tell its operator if it stays.",
  });
}
