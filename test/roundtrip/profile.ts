import { RE2JS } from "re2js";
import type { Schema } from "../../src/descriptor.ts";
import { children, type ServedSchema } from "./points.ts";

/** One rule that every served schema keeps, and who refuses a schema without it. */
export interface ProfileRule {
  readonly rule: string;
  readonly neededBy: string;
  /** What of `root` breaks the rule, as places; empty when nothing does. */
  readonly broken: (root: ServedSchema) => readonly string[];
}

/** A schema inside another one, and where it stands. */
type Part = readonly [schema: Schema, at: string];

/** Nesting of schemas and their number (security.md T30); arguments and `$defs` add a few levels of their own. */
const limits = { depth: 40, subschemas: 2_000 };

/** The profile of served input schemas. */
export const profileRules: readonly ProfileRule[] = [
  {
    rule: "the root is an object without combinators, and closed",
    neededBy:
      "Claude Code and the Messages API refuse a tool with oneOf, anyOf or allOf at the root (claude-code#95504, github-mcp-server#3126)",
    broken: (root) => (isPlainRoot(root) && root.additionalProperties === false ? [] : ["#"]),
  },
  {
    rule: "alternatives are anyOf",
    neededBy: "structured modes of OpenAI and Gemini, which know no oneOf",
    broken: (root) => where(root, ({ oneOf }) => oneOf !== undefined),
  },
  {
    rule: "a schema has one type",
    neededBy: "MCP Inspector --strict flags lists of types as not portable",
    broken: (root) => where(root, ({ type }) => type !== undefined && !types.has(type)),
  },
  {
    rule: "formats are those of JSON Schema and OpenAPI",
    neededBy: "clients that compile schemas in ajv's strict mode throw on a format that they do not know",
    broken: (root) => where(root, ({ format }) => format !== undefined && !formats.has(format)),
  },
  {
    rule: "$ref leads to $defs of the same schema",
    neededBy: "every client that has no resolver of its own; a network $ref is never followed (protocol.md §4)",
    broken: (root) =>
      where(root, ({ $ref }) => $ref !== undefined && root.$defs?.[$ref.replace(/^#\/\$defs\//, "")] === undefined),
  },
  {
    rule: "keywords are those of the profile",
    neededBy:
      "one bad x-mcp-header makes a client drop the tool (protocol.md §4); strict modes refuse keywords they do not know",
    broken: (root) =>
      where(
        root,
        (schema, at) => !Object.keys(schema).every((key) => keywords.has(key) || (at === "#" && key === "$defs")),
      ),
  },
  {
    rule: "patterns mean the same to JavaScript and to RE2",
    neededBy: "the gateway's own validator (security.md T30) and clients that compile patterns with the u flag",
    broken: (root) => where(root, ({ pattern }) => pattern !== undefined && !compiles(pattern)),
  },
  {
    rule: "arguments are named in plain characters, 64 at most",
    neededBy: "the Messages API refuses property keys beyond ^[a-zA-Z0-9_.-]{1,64}$",
    broken: ({ properties = {} }) => Object.keys(properties).filter((name) => !/^[a-zA-Z0-9_.-]{1,64}$/.test(name)),
  },
  {
    rule: "enums are not empty and do not repeat themselves",
    neededBy: "ajv in strict mode, as several clients compile schemas",
    broken: (root) =>
      where(
        root,
        ({ enum: values }) =>
          values !== undefined &&
          new Set(values.map((value) => JSON.stringify(value))).size !== Math.max(1, values.length),
      ),
  },
  {
    rule: "depth and size are bounded",
    neededBy: "clients with recursive walkers, and every model's context (security.md T30)",
    broken: (root) => {
      const parts = partsOf(root);
      const deep = parts.filter(([, at]) => depthOf(at) > limits.depth).map(([, at]) => at);
      return parts.length > limits.subschemas ? [...deep, `${parts.length} subschemas`] : deep;
    },
  },
];

const types: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

const formats: ReadonlySet<string> = new Set([
  ...["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"],
  ...["uri-template", "json-pointer", "relative-json-pointer", "regex", "byte", "binary", "password"],
  ...["int32", "int64", "float", "double"],
]);

const keywords: ReadonlySet<string> = new Set([
  ...[
    "$ref",
    "type",
    "title",
    "description",
    "enum",
    "const",
    "default",
    "format",
    "pattern",
    "minLength",
    "maxLength",
  ],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "prefixItems", "minItems"],
  ...["maxItems", "uniqueItems", "properties", "required", "additionalProperties", "minProperties", "maxProperties"],
  ...["anyOf", "allOf", "oneOf", "not"],
]);

/** Whether the root of an input or output schema is an object and no more. */
export function isPlainRoot(root: Schema): boolean {
  const combinators = ["$ref", "anyOf", "oneOf", "allOf", "not", "enum", "const"] as const;
  return root.type === "object" && combinators.every((key) => root[key] === undefined);
}

function where(root: ServedSchema, isBroken: (schema: Schema, at: string) => boolean): readonly string[] {
  return partsOf(root)
    .filter(([schema, at]) => isBroken(schema, at))
    .map(([, at]) => at);
}

/** Every schema in `root`, definitions too. */
function partsOf(root: ServedSchema): readonly Part[] {
  const below = ([schema, at]: Part): readonly Part[] => [[schema, at], ...children(schema, at).flatMap(below)];
  const definitions = Object.entries(root.$defs ?? {}).flatMap(([name, schema]) => below([schema, `#/$defs/${name}`]));
  return [...below([root, "#"]), ...definitions];
}

function depthOf(at: string): number {
  return (
    at.split(/\/(?:properties\/[^/]*|items|additionalProperties|(?:anyOf|oneOf|allOf|prefixItems)\/\d+)/).length - 1
  );
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(RE2JS.translateRegExp(pattern));
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
