import { GatewayError } from "../errors.ts";
import { Secret } from "../telemetry/secret.ts";

/**
 * The caller's key from the raw header list, null when none of `names` (lower case) is there. Surrounding spaces are ignored.
 * Throws `invalid_request` (400) for a repeated header and for two different keys at once, `unauthenticated` (401) for a key
 * that cannot be one, saying exactly what is wrong with it (security.md §5). Never repeats the key.
 *
 * Reads `rawHeaders`, since Node drops a repeated `Authorization` without a word.
 */
export function readCredential(rawHeaders: readonly string[], names: readonly string[]): Secret | null {
  let found: { name: string; key: string } | null = null;
  const seen: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!names.includes(name)) continue;
    if (seen.includes(name))
      throw new GatewayError("invalid_request", `the header ${name} was sent twice; send one key`);
    seen.push(name);
    const key = keyOf(name, rawHeaders[i + 1] as string, names.length > 1);
    if (key === null) continue;
    if (found !== null && found.key !== key) {
      throw new GatewayError(
        "invalid_request",
        `two different keys were sent, in ${found.name} and in ${name}; send one of them`,
      );
    }
    found ??= { name, key };
  }
  return found === null ? null : new Secret(found.key);
}

/** The key of one header; null for an empty header, and for another scheme than Bearer where a second header may hold the key. */
function keyOf(name: string, value: string, othersMayHoldIt: boolean): string | null {
  const text = trimSpaces(value);
  if (text === "") return null;
  if (name !== "authorization") return checkedKey(name, text);
  const scheme = /^([A-Za-z-]+)(?:[ \t]+(.*))?$/s.exec(text);
  if (scheme?.[1]?.toLowerCase() === "bearer") {
    const key = trimSpaces(scheme[2] ?? "");
    return key === "" ? null : checkedKey(name, key);
  }
  if (othersMayHoldIt && scheme?.[2] !== undefined && !/^(token|apikey)$/i.test(scheme[1] as string)) return null;
  throw malformed(name, "is not of the form `Bearer <key>`");
}

const quotes = /["'`\u2018\u2019\u201c\u201d]/;
const invisible = /[\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/;
/** The same characters as Node shows them: header bytes arrive as latin1, so UTF-8 looks like this. */
const invisibleUtf8 =
  /\u00c2\u00ad|\u00e1\u00a0\u008e|\u00e2\u0080[\u008b-\u008f\u00a8-\u00ae]|\u00e2\u0081[\u00a0-\u00a4]|\u00ef\u00bb\u00bf/;
const quotesUtf8 = /\u00e2\u0080[\u0098\u0099\u009c\u009d]/;

/** `key` when it can be one. The order of the checks is that of what helps most. */
function checkedKey(name: string, key: string): string {
  const variable = /\$\{([^}]*)\}?|\{env:([^}]*)\}/.exec(key);
  if (variable !== null) {
    const what = (variable[1] ?? variable[2] ?? "").replace(/^env:|^input:/, "").replace(/[^\w.-].*$/s, "");
    const named = /^[A-Za-z_][\w.-]{0,63}$/.test(what) ? ` ${what}` : "";
    throw malformed(
      name,
      `is the literal text of a variable: your client did not replace the variable${named}; set it, then restart the client`,
    );
  }
  if (/^bearer\s/i.test(key)) {
    throw malformed(
      name,
      name === "authorization" ? "says `Bearer` twice" : "begins with `Bearer`; send the key alone in this header",
    );
  }
  if (quotes.test(key) || quotesUtf8.test(key))
    throw malformed(name, "contains quotation marks; send the key without them");
  if (invisible.test(key) || invisibleUtf8.test(key)) {
    throw malformed(
      name,
      "contains invisible characters (zero-width), as copying from a page leaves them; type or copy it again",
    );
  }
  if (/\s/.test(key)) throw malformed(name, "contains whitespace inside; copy it again in one piece");
  if (!/^[\x21-\x7e]+$/.test(key))
    throw malformed(name, "contains characters that no key has (outside printable ASCII)");
  return key;
}

function malformed(name: string, what: string): GatewayError {
  return new GatewayError("unauthenticated", `the key in the header ${name} ${what}`, {
    data: { reason: "malformed" },
  });
}

function trimSpaces(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
