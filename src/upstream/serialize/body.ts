import type { RequestBody } from "../exchange.ts";
import { fileOf, fileType } from "./files.ts";
import { encodeForm } from "./form.ts";
import { essenceOf, isJsonType, isTextType } from "./mediaTypes.ts";
import { encodeMultipart } from "./multipart.ts";
import { unsendable } from "./refuse.ts";

/** A body as bytes to send. */
export interface SerializedBody {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/** What the caller knows a body by that has no argument's name with it. */
const label = "body";

/**
 * The body in its media type, made anew from the validated value (security.md F9): JSON, form, multipart, text, and bytes
 * for everything else. Throws `invalid_arguments` for a value that the media type cannot hold, and for a file of more than
 * `maxFileBytes`.
 */
export function serializeBody(body: RequestBody, maxFileBytes: number): SerializedBody {
  const { mediaType, wrap = [], value, encoding = {} } = body;
  const wrapped = wrap.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  const type = essenceOf(mediaType);
  if (type === "" || type === "*/*") return { contentType: "application/json", content: JSON.stringify(wrapped) };
  if (isJsonType(type)) return { contentType: mediaType, content: JSON.stringify(wrapped) };
  if (type === "application/x-www-form-urlencoded") {
    return { contentType: mediaType, content: encodeForm(label, wrapped, encoding) };
  }
  if (type === "multipart/form-data") return encodeMultipart(label, wrapped, { encoding, maxFileBytes });
  if (type.startsWith("multipart/")) throw unsendable(label, value, `cannot be written as ${type}`);
  if (isTextType(type)) return textBody(mediaType, wrapped);
  const file = fileOf(label, wrapped, maxFileBytes);
  return { contentType: fileType(label, file, mediaType), content: file.bytes };
}

/** A text is sent in UTF-8, which is said where the media type says nothing: some servers take Latin-1 otherwise. */
function textBody(mediaType: string, value: unknown): SerializedBody {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (!text.isWellFormed()) throw unsendable(label, value, "is not well-formed Unicode");
  const charset = /;\s*charset="?([^";\s]+)/i.exec(mediaType)?.[1]?.toLowerCase();
  if (charset === undefined) {
    const isAscii = Buffer.byteLength(text) === text.length;
    return { contentType: isAscii ? mediaType : `${mediaType}; charset=utf-8`, content: text };
  }
  if (!/^(us-ascii|iso-8859-1|latin1)$/.test(charset)) {
    return { contentType: mediaType.replace(/charset="?[^";\s]+"?/i, "charset=utf-8"), content: text };
  }
  const most = charset === "us-ascii" ? 0x7f : 0xff;
  const isKnown = [...text].every((one) => (one.codePointAt(0) ?? 0) <= most);
  if (!isKnown) throw unsendable(label, value, `holds characters that ${charset} does not have`);
  return { contentType: mediaType, content: Buffer.from(text, "latin1") };
}
