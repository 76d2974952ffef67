import { createHash } from "node:crypto";
import type { PartEncoding } from "../../descriptor.ts";
import { fileOf, fileType, type GivenFile } from "./files.ts";
import {
  claimNames,
  type FormEncoding,
  isStyled,
  itemsOf,
  propertiesOf,
  propertyText,
  styledProperty,
} from "./form.ts";
import { extensionOf, isMediaType } from "./mediaTypes.ts";
import { namedPieces, plain } from "./styles.ts";
import { isSet } from "./values.ts";

/** A multipart body with its media type, which names the boundary. */
export interface Multipart {
  readonly contentType: string;
  readonly content: Uint8Array;
}

interface Part {
  readonly name: string;
  readonly content: Uint8Array;
  readonly contentType?: string;
  readonly fileName?: string;
}

/**
 * An object as `multipart/form-data`: one part per property, one per item of an array; objects as JSON; files as bytes with
 * a name that is safe everywhere. Written here and not by a library because parts of JSON need a media type *without* a file
 * name: `FormData` gives every typed part one, and servers then take it for an upload.
 * Throws `invalid_arguments` for what is no object, for a file that is neither base64 nor a data URI or over `maxFileBytes`.
 * RFC 7578, https://spec.openapis.org/oas/v3.1.1#encoding-multipart-media-types
 */
export function encodeMultipart(
  label: string,
  value: unknown,
  { encoding = {}, maxFileBytes }: { readonly encoding?: FormEncoding; readonly maxFileBytes: number },
): Multipart {
  const owners = new Map<string, string>();
  const parts = propertiesOf(label, value).flatMap(([name, inner]) => {
    const own = Object.hasOwn(encoding, name) ? (encoding[name] ?? {}) : {};
    const made = partsOf(name, inner, own, maxFileBytes);
    claimNames(owners, name, made);
    return made;
  });
  const boundary = boundaryOf(parts);
  const end = Buffer.from(`--${boundary}--\r\n`);
  const content = Buffer.concat([...parts.flatMap((part) => [headOf(boundary, part), part.content, lineEnd]), end]);
  return { contentType: `multipart/form-data; boundary=${boundary}`, content };
}

const lineEnd = Buffer.from("\r\n");

function partsOf(name: string, value: unknown, encoding: PartEncoding, maxFileBytes: number): readonly Part[] {
  const items = itemsOf(value).filter(isSet);
  if (encoding.file) return items.map((item) => filePart(name, fileOf(name, item, maxFileBytes), encoding));
  if (isStyled(encoding)) {
    const pieces = namedPieces(styledProperty(name, encoding), value, plain);
    return pieces.map((piece) => ({ name: piece.name, content: Buffer.from(piece.value) }));
  }
  return items.map((item) => textPart(name, item, encoding));
}

/** A plain text has no media type of its own: `text/plain` is what its absence means, and what every server reads as a field. */
function textPart(name: string, value: unknown, encoding: PartEncoding): Part {
  const contentType = encoding.contentType?.split(",", 1)[0] ?? (typeof value === "object" ? "application/json" : "");
  const content = Buffer.from(propertyText(name, value, encoding));
  return isMediaType(contentType) ? { name, content, contentType } : { name, content };
}

function filePart(name: string, file: GivenFile, { contentType: allowed }: PartEncoding): Part {
  const contentType = fileType(name, file, allowed);
  const fileName = file.fileName ?? `file${extensionOf(contentType)}`;
  return { name, content: file.bytes, contentType, fileName };
}

/** Not in any part, since no part can hold a hash of itself; and the same again when the request is made again. */
function boundaryOf(parts: readonly Part[]): string {
  const hash = createHash("sha256");
  for (const { name, content, fileName = "" } of parts)
    hash.update(`${name}\0${fileName}\0${content.length}\0`).update(content);
  return `specgate-${hash.digest("hex").slice(0, 40)}`;
}

function headOf(boundary: string, { name, contentType, fileName }: Part): Buffer {
  const file = fileName === undefined ? "" : `; filename="${quotable(fileName)}"`;
  const type = contentType === undefined ? "" : `\r\nContent-Type: ${contentType}`;
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${quotable(name)}"${file}${type}\r\n\r\n`);
}

/** As browsers write it. https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function quotable(text: string): string {
  return text.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}
