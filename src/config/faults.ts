import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";

/** A parsed YAML file that can say on which line a value stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  readonly lineOf: (path: readonly string[]) => number;
}

/**
 * Parses YAML 1.2 (JSON included). Aliases are limited and custom tags refused, since a configuration needs neither.
 * Throws `invalid_request` with the first syntax error and its line: the others of a file mostly follow from it.
 */
export function parseSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, customTags: [] });
  const [error] = document.errors;
  if (error)
    throw new GatewayError("invalid_request", `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`, {
      next: "Correct the YAML at that line; a value that holds any of {}[],:# needs quotes.",
    });
  return {
    file,
    value: document.toJS({ maxAliasCount: 100 }),
    lineOf: (path) => lines.linePos(offsetOf(document, path)).line,
  };
}

function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    const next: Node | undefined = childOf(node, key);
    if (!next) break;
    offset = next.range?.[0] ?? offset;
    node = isMap(node) ? node.get(key, true) : next;
  }
  return offset;
}

/** The key's node of a map (its line is where a reader looks), the item's node of a list. */
function childOf(node: unknown, key: string): Node | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    return (pair?.key ?? undefined) as Node | undefined; // keys of a parsed document are nodes
  }
  if (isSeq(node)) return node.items[Number(key)] as Node | undefined; // likewise
  return undefined;
}

/** Checks `source` against `schema`; throws one `invalid_request` that lists every fault with file and line. */
export function checkSource(source: Source, schema: Schema): void {
  const ajv = new Ajv2020({ allErrors: true, strict: false, verbose: true });
  const validate = ajv.compile(schema);
  if (validate(source.value)) return;
  const errors = (validate.errors ?? []).filter((error) => !isWrapper(error));
  const faults = errors.map((error) => {
    const path = error.instancePath.split("/").slice(1).map(unescapePointer);
    const extra = error.keyword === "additionalProperties" ? [String(error.params.additionalProperty)] : [];
    return `${source.file}:${source.lineOf([...path, ...extra])}: ${describe(path, error)}`;
  });
  throw new GatewayError("invalid_request", [...new Set(faults)].join("\n"));
}

/** `anyOf` and `if` only repeat what their branches say. */
function isWrapper(error: ErrorObject): boolean {
  return error.keyword === "anyOf" || error.keyword === "if";
}

function unescapePointer(part: string): string {
  return part.replace(/~1/g, "/").replace(/~0/g, "~");
}

function describe(path: readonly string[], error: ErrorObject): string {
  const where = path.join(".") || "the file";
  switch (error.keyword) {
    case "additionalProperties": {
      const allowed = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      return `${where}: unknown key "${error.params.additionalProperty}"; allowed: ${allowed.join(", ")}`;
    }
    case "enum":
      return `${where} is ${shown(error.data)}; allowed: ${(error.params.allowedValues as unknown[]).map(shown).join(", ")}`;
    case "required":
      return `${where}: "${error.params.missingProperty}" is missing`;
    default:
      return `${where} is ${shown(error.data)}; it ${error.message}`;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
