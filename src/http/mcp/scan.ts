/** Limits of a JSON text (security.md §6). */
export interface ScanLimits {
  /** Nesting of arrays and objects. */
  readonly depth: number;
  /** Values, keys and closing brackets. */
  readonly tokens: number;
}

/**
 * What is wrong with a JSON text, or null; walks the bytes once, before `JSON.parse` builds anything from them: too deep, too
 * many tokens, a key twice in one object, keys that reach a prototype. In the envelope and its `params` a key that differs
 * from another in case alone is refused as well: code that ignores case would read another message (GHSA-4gph-2hhr-5mwg).
 *
 * Does not check syntax: for a text that is no JSON it says null or anything, and `JSON.parse` refuses it afterwards.
 * `bytes` must be UTF-8.
 */
export function scanJson(bytes: Uint8Array, limits: ScanLimits): string | null {
  const frames: Frame[] = [];
  let frame: Frame | undefined;
  let tokens = 0;
  let batch = 0;
  const { length } = bytes;
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number;
    if (byte === quote) {
      const end = stringEnd(bytes, i);
      if (end < 0) return null;
      tokens += 1;
      if (frame?.expectsKey === true) {
        const key = keyText(bytes, i + 1, end);
        if (key === null) return null;
        const fault = addKey(frame, key);
        if (fault !== null) return fault;
      }
      i = end;
    } else if (byte === openBrace || byte === openBracket) {
      tokens += 1;
      if (frames.length >= limits.depth) return `nested more than ${limits.depth} levels deep`;
      if (byte === openBracket && frames.length === 0) batch = 1;
      frame = openFrame(byte === openBrace, frame, frames.length - batch);
      frames.push(frame);
    } else if (byte === closeBrace || byte === closeBracket) {
      frames.pop();
      frame = frames.at(-1);
    } else if (byte === comma) {
      if (frame !== undefined) frame.expectsKey = frame.isObject;
    } else if (byte > space && byte !== colon) {
      tokens += 1;
      i = literalEnd(bytes, i);
    }
    if (tokens > limits.tokens) return `more than ${limits.tokens} values`;
  }
  return null;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;
const space = 0x20;

/** An array or object that the scan is inside of. */
interface Frame {
  readonly isObject: boolean;
  /** Keys that differ in case alone are refused. */
  readonly ignoresCase: boolean;
  expectsKey: boolean;
  /** Last key seen: the name of the frame that opens next. */
  key: string;
  /** It stands as the value of `constructor`. */
  readonly isConstructor: boolean;
  keys: string[];
  many: Set<string> | null;
}

/** `level` counts from the envelope: 0 is the envelope itself, also inside a batch. */
function openFrame(isObject: boolean, parent: Frame | undefined, level: number): Frame {
  const key = parent?.isObject === true ? parent.key : "";
  return {
    isObject,
    ignoresCase: level === 0 || (level === 1 && key === "params"),
    expectsKey: isObject,
    key: "",
    isConstructor: key === "constructor",
    keys: [],
    many: null,
  };
}

/** Above this many keys in one object a Set finds repeats quicker than a walk. */
const fewKeys = 16;

function addKey(frame: Frame, name: string): string | null {
  frame.expectsKey = false;
  frame.key = name;
  if (name === "__proto__" || (frame.isConstructor && name === "prototype")) return `the key ${name} is not allowed`;
  const known = frame.ignoresCase ? name.toLowerCase() : name;
  if (frame.many === null && frame.keys.length >= fewKeys) frame.many = new Set(frame.keys);
  const repeated = frame.many === null ? frame.keys.includes(known) : frame.many.has(known);
  if (repeated) return "a key stands twice in one object";
  if (frame.many === null) frame.keys.push(known);
  else frame.many.add(known);
  return null;
}

/** Index of the closing quote of the string that opens at `start`; -1 when it never closes. */
function stringEnd(bytes: Uint8Array, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) return i;
    if (byte === backslash) i += 1;
  }
  return -1;
}

/** Index of the last byte of a number, `true`, `false` or `null`. */
function literalEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  for (; i + 1 < bytes.length; i++) {
    const next = bytes[i + 1] as number;
    if (next <= space || next === comma || next === closeBrace || next === closeBracket) break;
  }
  return i;
}

/** The key between two quotes, its escapes resolved, so that `"na\u006de"` is `name`; null when it is no JSON. */
function keyText(bytes: Uint8Array, start: number, end: number): string | null {
  let plain = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === backslash || byte > 0x7f) plain = false;
  }
  const text = plain
    ? ascii(bytes, start, end)
    : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  if (plain) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return null;
  }
}

/** Short keys are quicker put together by hand than by a call into native code. */
function ascii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}
