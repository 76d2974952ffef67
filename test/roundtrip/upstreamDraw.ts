import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { Ajv } from "ajv";
import * as formats from "ajv-formats";
import fc from "fast-check";
import { drawArguments } from "./draw.ts";
import type { ServedSchema } from "./points.ts";
import { readable } from "./readable.ts";

/** An operation of a document in the words of another's reader. */
export type UpstreamOperation = Awaited<ReturnType<typeof getHttpOperationsFromSpec>>[number];

/** The operations of a document, by `METHOD /path`. */
export async function upstreamOperations(document: object): Promise<ReadonlyMap<string, UpstreamOperation>> {
  const operations = await getHttpOperationsFromSpec(readable(document));
  return new Map(operations.map((operation) => [`${operation.method.toUpperCase()} ${operation.path}`, operation]));
}

/** What a schema of the document allows to be sent, to draw from. */
export interface UpstreamSchema {
  readonly schema: ServedSchema;
  readonly isValid: (value: unknown) => boolean;
}

/** A schema of an operation, closed in itself and without what only the server sets. */
export function upstreamSchema(operation: UpstreamOperation, schema: object): UpstreamSchema {
  const bundled = (operation as { readonly __bundled__?: object }).__bundled__ ?? {}; // the reader's place for what is referred to
  const text = JSON.stringify({ ...schema, $schema: undefined, $defs: bundled }).replaceAll(
    "#/__bundled__/",
    "#/$defs/",
  );
  const whole = forWriting(JSON.parse(text)) as ServedSchema;
  const ajv = new Ajv({ strict: false, logger: false, validateSchema: false, unicodeRegExp: false });
  (formats.default as unknown as (ajv: Ajv) => Ajv)(ajv); // CommonJS whose types describe its default export alone
  const validate = ajv.compile(whole as object);
  return { schema: whole, isValid: (value) => validate(value) === true };
}

/** Draws of one value that may be thrown away for a valid one. */
const attempts = 30;

/** A value that the document allows, or undefined where none was found. */
export function upstreamValue(
  { schema, isValid }: UpstreamSchema,
  seed: number,
  place: "body" | "path" | "query" | "header" | "cookie",
): unknown {
  const { $defs = {}, ...value } = schema;
  const root = { type: "object", properties: { value }, required: ["value"], $defs } as ServedSchema;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const places = new Map([["value", place]]);
    const [drawn] = fc.sample(drawArguments(root, { places }), {
      numRuns: 1,
      seed: (Math.imul(seed, 1_000) + attempt) | 0,
    });
    if (drawn !== undefined && isValid(drawn.value.value)) return drawn.value.value;
  }
  return undefined;
}

/** What is sent, in plain JSON Schema: without what only the server sets, and with the types that keywords imply. */
function forWriting(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(forWriting);
  const node = plain(value as Node);
  const properties = isNode(node.properties) ? node.properties : undefined;
  const set = Object.entries(properties ?? {}).flatMap(([name, one]) =>
    isNode(one) && one.readOnly === true ? [name] : [],
  );
  const kept = Object.entries(properties ?? {}).filter(([name]) => !set.includes(name));
  const whole: Node = {
    ...node,
    ...(properties !== undefined && { properties: Object.fromEntries(kept) }),
    ...(Array.isArray(node.required) && { required: node.required.filter((name) => !set.includes(name as string)) }),
  };
  return Object.fromEntries(Object.entries(whole).map(([key, inner]) => [key, forWriting(inner)]));
}

type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without words of another dialect of OpenAPI, which mean nothing here. */
function plain({ nullable: _, ...node }: Node): Node {
  for (const key of ["exclusiveMinimum", "exclusiveMaximum"]) if (typeof node[key] === "boolean") delete node[key];
  if (node.type !== undefined || node.enum !== undefined) return node;
  if (isNode(node.items)) return { ...node, type: "array" };
  return node;
}
