import { GatewayError } from "../../errors.ts";
import { essenceOf, isInRange, isMediaType } from "./mediaTypes.ts";
import { unsendable } from "./refuse.ts";

/** A file as a caller gives it. */
export interface GivenFile {
  readonly bytes: Uint8Array;
  /** Only a data URI says it. */
  readonly mediaType?: string;
  /** Safe to stand in a header and in a folder. */
  readonly fileName?: string;
}

/** What an argument that is a file must be, in words for a model. */
const howTo =
  "must be base64, or a data URI such as data:image/png;name=logo.png;base64,iVBORw0… or data:text/plain,Hello";

/**
 * The file of an argument: base64 (also its URL-safe alphabet, also without padding) or a data URI, which may name the file in a
 * parameter `name` or `filename`. Throws `invalid_arguments` for anything else, and for more than `maxBytes`.
 * RFC 4648 §4 and §5, RFC 2397.
 */
export function fileOf(label: string, value: unknown, maxBytes: number): GivenFile {
  if (typeof value !== "string") throw unsendable(label, value, howTo);
  const uri = /^data:([^,]*),/i.exec(value.slice(0, maxHead));
  if (uri === null) return { bytes: base64Bytes(label, value, maxBytes) };
  const { mediaType, fileName, isBase64 } = readHead(label, uri[1] ?? "");
  const data = value.slice(uri[0].length);
  const bytes = isBase64 ? base64Bytes(label, percentDecoded(data), maxBytes) : plainBytes(label, data, maxBytes);
  return { bytes, mediaType, ...(fileName === undefined ? {} : { fileName }) };
}

/** `file` with the media type to send it as: its own where `allowed` has it, else the first type that `allowed` names. */
export function fileType(label: string, file: GivenFile, allowed: string | undefined): string {
  if (allowed === undefined) return file.mediaType ?? "application/octet-stream";
  if (file.mediaType !== undefined && isInRange(file.mediaType, allowed)) return file.mediaType;
  const first = allowed.split(",").find((one) => !one.includes("*"));
  if (file.mediaType === undefined || essenceOf(allowed) === "application/octet-stream") {
    return first?.trim() ?? "application/octet-stream";
  }
  throw unsendable(label, file.mediaType, `is not a media type this file may have: ${allowed}`);
}

/** Media type, name and `;base64`. */
const maxHead = 1024;

interface Head {
  readonly mediaType: string;
  readonly fileName?: string;
  readonly isBase64: boolean;
}

function readHead(label: string, head: string): Head {
  const [type = "", ...params] = head.split(";").map((part) => part.trim());
  const isBase64 = params.at(-1)?.toLowerCase() === "base64";
  const named = params.find((param) => /^(file)?name=/i.test(param));
  const kept = params.filter((param) => /^charset=/i.test(param));
  const mediaType = [type === "" ? "text/plain" : type, ...kept].join(";");
  if (!isMediaType(mediaType)) throw unsendable(label, head, "is not the media type of a data URI");
  const fileName = named === undefined ? undefined : safeFileName(percentDecoded(named.slice(named.indexOf("=") + 1)));
  return { mediaType, isBase64, ...(fileName === undefined ? {} : { fileName }) };
}

/**
 * The last part of a file name without what could end a header, leave a folder or show as something else: control and
 * invisible characters, quotes, leading dots. Undefined where nothing is left.
 */
export function safeFileName(name: string): string | undefined {
  const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  const visible = last.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, "").replace(/["'`<>|:*?;%]/g, "_");
  const safe = visible
    .replace(/^[.\s]+|[.\s]+$/g, "")
    .slice(0, 150)
    .toWellFormed();
  return safe === "" ? undefined : safe;
}

/** Text whose `%XX` are decoded; a lone percent sign is itself. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function base64Bytes(label: string, text: string, maxBytes: number): Uint8Array {
  if (text.length > maxBytes * 1.5 + maxHead) throw tooLarge(label, Math.floor((text.length * 3) / 4), maxBytes);
  const compact = text.trim().replace(/[\r\n]+[\t ]*/g, ""); // lines of 76 characters, as MIME breaks them
  const isBase64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/.test(compact);
  const length = compact.replace(/=+$/, "").length;
  if (!isBase64 || compact === "" || length % 4 === 1) throw unsendable(label, text, howTo);
  const bytes = Buffer.from(compact, "base64");
  if (bytes.length > maxBytes) throw tooLarge(label, bytes.length, maxBytes);
  return bytes;
}

/** A data URI without `;base64`: percent-encoded bytes. */
function plainBytes(label: string, text: string, maxBytes: number): Uint8Array {
  if (text.length > maxBytes * 3) throw tooLarge(label, text.length, maxBytes);
  const parts = text.split(/((?:%[0-9a-f]{2})+)/i);
  const bytes = Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.from(part.replaceAll("%", ""), "hex"))),
  );
  if (bytes.length > maxBytes) throw tooLarge(label, bytes.length, maxBytes);
  return bytes;
}

function tooLarge(label: string, bytes: number, maxBytes: number): GatewayError {
  const kilobytes = (count: number): string => `${Math.max(1, Math.ceil(count / 1024))} KB`;
  return new GatewayError(
    "invalid_arguments",
    `${label}: the file has ${kilobytes(bytes)}; at most ${kilobytes(maxBytes)} can be sent`,
    { next: `Call again with a smaller file as ${label}.` },
  );
}
