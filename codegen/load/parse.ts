import { LineCounter, parseDocument as parseYaml } from "yaml";
import { GatewayError } from "../../src/errors.ts";

/**
 * The object that JSON or YAML text holds. YAML has the core schema: no tags of its own, no dates, at most 100 aliases
 * (security.md T41). Throws `invalid_request` with the line of the fault.
 */
export function parseDocument(bytes: Uint8Array, name: string): Record<string, unknown> {
  const text = decode(bytes, name);
  if (text.trim() === "") throw fault(`${name} is empty`, "Give an OpenAPI document in JSON or YAML.");
  const value = looksLikeJson(text, name) ? parseJson(text, name) : parseYamlText(text, name);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const what = Array.isArray(value) ? "a list" : value === null ? "nothing" : `a ${typeof value}`;
  throw fault(`${name} is not an OpenAPI document: it holds ${what}`, "Give an OpenAPI document in JSON or YAML.");
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // also drops a byte order mark
  } catch {
    throw fault(`${name} is not text in UTF-8`, "Save the document as UTF-8.");
  }
}

/** By the first character; a `.yaml` file may begin with a flow mapping. */
function looksLikeJson(text: string, name: string): boolean {
  return /^\s*[{[]/.test(text) && !/\.ya?ml$/i.test(name);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const message = (thrown as SyntaxError).message;
    throw fault(
      `${name}${lineOf(message, text)} is not JSON: ${withoutPosition(message)}`,
      "Correct the document at that line.",
    );
  }
}

/** `:12:7` for a fault of JSON.parse. */
function lineOf(message: string, text: string): string {
  const before = text.slice(0, positionOf(message, text)).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** V8 says where most faults are; not where a text ends too soon, which is at its end, nor where an unexpected token is. */
function positionOf(message: string, text: string): number {
  const named = /position (\d+)/.exec(message)?.[1];
  if (named !== undefined) return Number(named);
  return message.startsWith(unexpected) ? unexpectedAt(text) : text.length;
}

const unexpected = "Unexpected token";

/** A text cut off before its unexpected token has other faults, but not that one: the shortest that has it ends with it. */
function unexpectedAt(text: string): number {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (faultOf(text.slice(0, middle + 1)).startsWith(unexpected)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function faultOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (thrown) {
    return (thrown as SyntaxError).message;
  }
}

/** V8 quotes the text around the fault, which may hold anything: only its first clause is kept. */
function withoutPosition(message: string): string {
  return message.replace(/,? (in JSON|".*|\.\.\.).*$/s, "").replace(/ in JSON.*$/s, "");
}

function parseYamlText(text: string, name: string): unknown {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    throw fault(
      `${name} is a web page, not an OpenAPI document`,
      "Check the address; a private document may need --header.",
    );
  }
  const lines = new LineCounter();
  const document = parseYaml(text, { lineCounter: lines, merge: true, logLevel: "silent", prettyErrors: false });
  const first = document.errors[0] ?? document.warnings[0]; // the only warnings are unknown tags
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    throw fault(`${name}:${line}:${col} is not YAML: ${first.message}`, "Correct the document at that line.");
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    throw fault(`${name} cannot be read: ${(thrown as Error).message}`, "Write the document with fewer aliases.");
  }
}

function fault(message: string, next: string): GatewayError {
  return new GatewayError("invalid_request", message, { next });
}
