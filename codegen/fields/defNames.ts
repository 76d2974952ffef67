import type { Document, SpecSchema } from "../model.ts";
import { isObject, pointerOf, resolve } from "../schemas.ts";
import { hexOf, pascal, splitWords } from "../words.ts";
import type { Direction } from "./convert.ts";

/** Names of `$defs`. */
export interface DefNames {
  /** The name of the schema at a pointer; where reading and writing differ, the one written ends in `Input`. */
  readonly nameOf: (pointer: string, direction: Direction) => string;
  /** The name of a schema that is in no Spec; the same whenever the same one is wanted. */
  readonly ownName: (wanted: string) => string;
}

/** An identifier in TypeScript and a key in `$defs` (security.md T40); shorter by a suffix's length. */
const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,51}$/;

/** Names that TypeScript gives to types of its own, or that generated files use. */
const reserved: ReadonlySet<string> = new Set([
  ...[
    "any",
    "unknown",
    "never",
    "string",
    "number",
    "boolean",
    "object",
    "symbol",
    "bigint",
    "void",
    "null",
    "undefined",
  ],
  ...[
    "type",
    "interface",
    "class",
    "enum",
    "import",
    "export",
    "default",
    "const",
    "let",
    "var",
    "function",
    "new",
    "delete",
  ],
  ...[
    "in",
    "of",
    "is",
    "as",
    "this",
    "true",
    "false",
    "if",
    "else",
    "for",
    "while",
    "do",
    "switch",
    "case",
    "return",
    "with",
  ],
  ...[
    "Record",
    "Schema",
    "Api",
    "TypedResourceType",
    "ResourceType",
    "Array",
    "Object",
    "String",
    "Number",
    "Boolean",
    "Json",
  ],
  ...["__proto__", "constructor", "prototype", "try", "catch", "finally", "throw", "typeof", "instanceof", "break"],
  ...[
    "continue",
    "debugger",
    "extends",
    "super",
    "yield",
    "await",
    "async",
    "static",
    "package",
    "private",
    "protected",
  ],
  ...["public", "implements", "arguments", "eval"],
]);

export function nameDefs(document: Document): DefNames {
  const schemas = Object.keys(document.components?.schemas ?? {}).sort();
  const byPointer = new Map<string, string>();
  const taken = new Set<string>();
  const take = (pointer: string, wanted: string): string => {
    const name = isFree(wanted, taken) ? wanted : `${wanted}_${hexOf(pointer, 6)}`;
    taken.add(name.toLowerCase());
    byPointer.set(pointer, name);
    return name;
  };
  // Names that can stay as they are come first, so that a similar one elsewhere never changes them.
  const isExact = (name: string) => identifier.test(name);
  for (const name of [...schemas.filter(isExact), ...schemas.filter((name) => !isExact(name))]) {
    take(pointerOf(["components", "schemas", name]), legal(name));
  }
  const differing = new Map<string, boolean>();
  return {
    ownName: (wanted) => byPointer.get(`own ${wanted}`) ?? take(`own ${wanted}`, wanted),
    nameOf: (pointer, direction) => {
      const name = byPointer.get(pointer) ?? take(pointer, `${legal(lastWord(pointer))}_${hexOf(pointer, 6)}`);
      if (direction === "read" || !differs(document, pointer, differing)) return name;
      const input = `${name}Input`;
      return byPointer.get(`${pointer} input`) ?? take(`${pointer} input`, input);
    },
  };
}

/** Free also where file names ignore case. */
function isFree(name: string, taken: ReadonlySet<string>): boolean {
  return !taken.has(name.toLowerCase()) && !reserved.has(name);
}

function legal(name: string): string {
  if (identifier.test(name)) return name;
  const words = pascal(splitWords(name)).slice(0, 44);
  return words === "" ? "Schema" : words;
}

/** The last step of a pointer that is a name rather than a keyword. */
function lastWord(pointer: string): string {
  const keywords = new Set([
    "schema",
    "items",
    "properties",
    "content",
    "responses",
    "requestBody",
    "allOf",
    "oneOf",
    "anyOf",
  ]);
  const words = pointer.split("/").filter((word) => !keywords.has(word) && !/^\d+$/.test(word));
  return words.at(-1) ?? "Schema";
}

/** Somewhere inside, references followed, a property is read-only or write-only. */
function differs(document: Document, pointer: string, known: Map<string, boolean>): boolean {
  const seen = new Set<string>([pointer]);
  const waiting = [pointer];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (known.get(next) === false) continue;
    const found =
      known.get(next) === true ||
      scan(resolve(document, { $ref: next }), (ref) => {
        if (!seen.has(ref)) waiting.push(ref);
        seen.add(ref);
      });
    if (!found) continue;
    known.set(pointer, true);
    return true;
  }
  for (const ref of seen) known.set(ref, false);
  return false;
}

/** Whether the schema itself holds a marked property; hands on the references it meets before that. */
function scan(schema: SpecSchema, onRef: (ref: string) => void): boolean {
  for (const [key, value] of Object.entries(schema)) {
    if (
      ["example", "examples", "default", "enum", "const"].includes(key) ||
      typeof value !== "object" ||
      value === null
    )
      continue;
    for (const member of Array.isArray(value) || !isMap(key) ? [value].flat() : Object.values(value)) {
      if (!isObject(member)) continue;
      if (member.readOnly === true || member.writeOnly === true) return true;
      if (typeof member.$ref === "string") onRef(member.$ref);
      if (scan(member, onRef)) return true;
    }
  }
  return false;
}

function isMap(key: string): boolean {
  return key === "properties" || key === "patternProperties";
}
