import type { Json } from "../../src/descriptor.ts";

/** Columns of a generated line; longer values are broken over lines. */
const width = 120;

/** Keys that tell what a thing is stand first; all others follow in alphabetical order. */
const leading: readonly string[] = [
  ...[
    "name",
    "plural",
    "title",
    "version",
    "kind",
    "effect",
    "type",
    "in",
    "arg",
    "description",
    "format",
    "id",
    "method",
  ],
  ...["path", "operation", "params", "body", "result", "paging", "count", "select", "ids", "tags", "tools", "fields"],
];

export interface PrintOptions {
  /** Plain JSON: every key quoted. */
  readonly json?: boolean;
  /** Replaces the value at a path by an identifier. */
  readonly reference?: (path: readonly (string | number)[]) => string | undefined;
}

/**
 * A JSON value as a TypeScript (or JSON) literal: keys in a fixed order, short values on one line. Text from the Spec only
 * ever passes through {@link stringLiteral} (security.md T40).
 */
export function print(value: Json, options: PrintOptions = {}): string {
  return printAt(value, { indent: 0, used: 0, path: [], options });
}

interface Position {
  readonly indent: number;
  /** Columns already taken on the line. */
  readonly used: number;
  readonly path: readonly (string | number)[];
  readonly options: PrintOptions;
}

function printAt(value: Json, position: Position): string {
  const reference = position.options.reference?.(position.path);
  if (reference !== undefined) return reference;
  if (typeof value === "string") return stringLiteral(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const line = inline(value, position, width - position.indent - position.used);
  return line ?? broken(value, position);
}

/** On one line, or undefined when it is longer than `room`. */
function inline(value: object, position: Position, room: number): string | undefined {
  const parts: string[] = [];
  let length = 4;
  for (const [key, inner] of members(value, position.path.at(-1))) {
    const at = { ...position, path: [...position.path, key], indent: 0, used: -1e9 }; // a member never breaks by itself
    const name = typeof key === "number" ? "" : `${propertyName(key, position.options)}: `;
    const isLong = typeof inner === "string" && inner.length > room;
    if (isLong) return undefined;
    const text =
      typeof inner === "object" && inner !== null && at.options.reference?.(at.path) === undefined
        ? inline(inner, at, room - length)
        : printAt(inner, at);
    if (text === undefined) return undefined;
    parts.push(name + text);
    length += name.length + text.length + 2;
    if (length > room + 2) return undefined;
  }
  if (parts.length === 0) return Array.isArray(value) ? "[]" : "{}";
  return Array.isArray(value) ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
}

function broken(value: object, position: Position): string {
  const inner = position.indent + 2;
  const pad = " ".repeat(inner);
  const lines = members(value, position.path.at(-1)).map(([key, member]) => {
    const name = typeof key === "number" ? "" : `${propertyName(key, position.options)}: `;
    const at = { ...position, indent: inner, used: name.length + 1, path: [...position.path, key] };
    return `${pad}${name}${printAt(member, at)}`;
  });
  const comma = position.options.json === true ? "" : ",";
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}${comma}\n${" ".repeat(position.indent)}${close}`;
}

/** Objects whose keys are names of the API rather than ours: those are in alphabetical order. */
const maps: ReadonlySet<string | number | undefined> = new Set([
  ...["fields", "properties", "tools", "actions", "schemas", "securitySchemes", "counts", "default", "enum", "fixed"],
]);

function members(value: object, holder?: string | number): (readonly [string | number, Json])[] {
  if (Array.isArray(value)) return value.map((member, at) => [at, member as Json] as const);
  const entries = Object.entries(value as { readonly [key: string]: Json | undefined });
  return entries
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => (maps.has(holder) ? byText(a, b) : byKey(a, b)));
}

function byKey(a: string, b: string): number {
  const rank = (key: string) => (leading.includes(key) ? leading.indexOf(key) : leading.length);
  return rank(a) - rank(b) || byText(a, b);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Bare where it is an identifier; `__proto__` computed, since a plain one would set the prototype. */
export function propertyName(key: string, { json }: PrintOptions = {}): string {
  if (json === true) return stringLiteral(key);
  if (key === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key) ? key : stringLiteral(key);
}

/** A text as a literal that is one in TypeScript, JSON and HTML: no line separator, no end of a script or begin of a comment. */
export function stringLiteral(text: string): string {
  return JSON.stringify(text)
    .replaceAll("\u2028", String.raw`\u2028`)
    .replaceAll("\u2029", String.raw`\u2029`)
    .replace(/<(?=\/script|!--)/gi, String.raw`\u003c`);
}
