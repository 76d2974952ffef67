/**
 * The text of a body, decoded by its byte order mark, its charset, or what it says of itself; without any of these UTF-8, and
 * where it is not that, Windows-1252, which is what servers that say nothing mostly send. Undefined where it is no text: it
 * holds NUL, or is not of the charset it names.
 * https://encoding.spec.whatwg.org/#decode
 */
export function textOf(content: Uint8Array, contentType: string): string | undefined {
  const label = markOf(content) ?? charsetOf(contentType) ?? declaredIn(content);
  const text =
    label === undefined ? (decode(content, utf8) ?? decode(content, windows)) : decode(content, decoderOf(label));
  return text?.includes("\0") ? undefined : text;
}

/** A byte order mark beats everything. */
function markOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xff && second === 0xfe ? "utf-16le" : undefined;
}

function charsetOf(contentType: string): string | undefined {
  const label = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1];
  return label !== undefined && isKnown(label) ? label : undefined;
}

/** `<?xml version="1.0" encoding="ISO-8859-1"?>`. XML 1.0 §4.3.3. */
function declaredIn(content: Uint8Array): string | undefined {
  if (content[0] !== 0x3c) return undefined;
  const head = Buffer.from(content.subarray(0, 200)).toString("latin1");
  const label = /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1];
  return label !== undefined && isKnown(label) ? label : undefined;
}

function isKnown(label: string): boolean {
  return decoderOf(label) !== undefined;
}

/** Undefined for a charset that nobody knows. */
function decoderOf(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const windows = new TextDecoder("windows-1252", { fatal: true });

function decode(content: Uint8Array, decoder: TextDecoder | undefined): string | undefined {
  try {
    return decoder?.decode(content);
  } catch {
    return undefined;
  }
}
