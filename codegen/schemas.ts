import type { Document, Operation, OperationContent, SpecSchema } from "./model.ts";

/**
 * Reading schemas where they stand in the Document: references are followed on demand, so cycles are safe.
 * Nothing here translates a schema (that is `fields.ts`); it answers what the other steps ask about one.
 */

/** The value at an internal JSON pointer (`#/components/schemas/Pet`), or undefined. RFC 6901 §6. */
export function atPointer(document: Document, pointer: string): unknown {
  if (!pointer.startsWith("#")) return undefined;
  let value: unknown = document;
  for (const token of pointer.slice(1).split("/").slice(1)) {
    const key = decodeToken(token);
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function decodeToken(token: string): string {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // A lone percent sign is itself.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** A JSON pointer fragment of the keys. RFC 6901 §3. */
export function pointerOf(keys: readonly string[]): string {
  return `#/${keys.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
}

/** The object itself, its references followed; `{}` for a dangling or circular reference and for a boolean schema. */
export function resolve(document: Document, schema: unknown): SpecSchema {
  const seen = new Set<unknown>();
  let value = schema;
  while (isObject(value) && typeof value.$ref === "string" && !seen.has(value)) {
    seen.add(value);
    value = atPointer(document, value.$ref);
  }
  return isObject(value) && !seen.has(value) ? value : {};
}

/** The last token of the schema's `$ref` (`Pet` of `#/components/schemas/Pet`), or undefined. */
export function refName(schema: unknown): string | undefined {
  if (!isObject(schema) || typeof schema.$ref !== "string") return undefined;
  const token = schema.$ref.split("/").at(-1);
  return token === undefined ? undefined : decodeToken(token);
}

/** Every property of an object schema, `allOf` merged in and, for a union, those of all its members. Values are not resolved. */
export function propertiesOf(document: Document, schema: unknown): Readonly<Record<string, SpecSchema>> {
  const found: Record<string, SpecSchema> = Object.create(null);
  collectProperties(document, schema, found, new Set());
  return found;
}

function collectProperties(
  document: Document,
  schema: unknown,
  found: Record<string, SpecSchema>,
  seen: Set<unknown>,
): void {
  const at = resolve(document, schema);
  if (seen.has(at)) return;
  seen.add(at);
  for (const key of ["allOf", "oneOf", "anyOf"]) {
    for (const member of listOf(at[key])) collectProperties(document, member, found, seen);
  }
  if (!isObject(at.properties)) return;
  for (const [name, property] of Object.entries(at.properties)) found[name] = isObject(property) ? property : {};
}

/** The required property names of an object schema, `allOf` merged in; a union requires none of its own. */
export function requiredOf(document: Document, schema: unknown, seen: Set<unknown> = new Set()): string[] {
  const at = resolve(document, schema);
  if (seen.has(at)) return [];
  seen.add(at);
  const own = listOf(at.required).filter((name): name is string => typeof name === "string");
  const inherited = listOf(at.allOf).flatMap((member) => requiredOf(document, member, seen));
  return [...new Set([...own, ...inherited])];
}

/** The JSON type of a schema: its `type`, the one beside `null`, or what its keywords imply; undefined when it says nothing. */
export function typeOf(document: Document, schema: unknown, seen: Set<unknown> = new Set()): string | undefined {
  const at = resolve(document, schema);
  if (seen.has(at)) return undefined;
  seen.add(at);
  const types = (Array.isArray(at.type) ? at.type : [at.type]).filter((type) => type !== "null");
  if (typeof types[0] === "string") return types[0];
  if (isObject(at.properties)) return "object";
  if (at.items !== undefined) return "array";
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    for (const member of listOf(at[key])) {
      const type = typeOf(document, member, seen);
      if (type !== undefined && type !== "null") return type;
    }
  }
  return undefined;
}

/** The item schema of an array schema (`{}` when it has none), or undefined for anything else. */
export function itemsOf(document: Document, schema: unknown): SpecSchema | undefined {
  if (typeOf(document, schema) !== "array") return undefined;
  const at = resolve(document, schema);
  if (isObject(at.items)) return at.items;
  for (const member of [...listOf(at.allOf), ...listOf(at.oneOf), ...listOf(at.anyOf)]) {
    const items = itemsOf(document, member);
    if (items !== undefined) return items;
  }
  return {};
}

/** A media type whose body is JSON: `application/json`, `*+json`, also with parameters, and wildcards. RFC 6839 §3.1. */
export function isJson(mediaType: string): boolean {
  return /^(application\/json|text\/json|[^;]+\+json|\*\/\*|application\/\*)\s*(;|$)/i.test(mediaType);
}

/** The JSON entry of a body or answer; `application/json` before its relatives. */
export function jsonOf(content: readonly OperationContent[]): OperationContent | undefined {
  return content.find(({ mediaType }) => mediaType === "application/json") ?? content.find((c) => isJson(c.mediaType));
}

/** The declared answer for success: the lowest 2xx with content, else the lowest 2xx, else `default` with content. */
export function successOf(operation: Operation): Operation["responses"][number] | undefined {
  const successes = operation.responses.filter(({ status }) => /^2/.test(status));
  const fallback = operation.responses.find(({ status, content }) => status === "default" && content.length > 0);
  return successes.find(({ content }) => content.length > 0) ?? successes[0] ?? fallback;
}

/** The JSON schema of the answer for success, or undefined. */
export function answerSchema(operation: Operation): SpecSchema | undefined {
  return jsonOf(successOf(operation)?.content ?? [])?.schema;
}

/** The schema of the request body: JSON, else a form, else undefined. */
export function bodySchema(operation: Operation): SpecSchema | undefined {
  const content = operation.body?.content ?? [];
  const form = content.find(({ mediaType }) =>
    /^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(mediaType),
  );
  return (jsonOf(content) ?? form)?.schema;
}

/** A value inside an answer: the path to it and its schema. */
export interface Located {
  readonly path: readonly string[];
  readonly schema: SpecSchema;
}

/** Property names that hold the items of an envelope, best first. */
const itemKeys: readonly string[] = [
  "data",
  "items",
  "results",
  "value",
  "values",
  "records",
  "entries",
  "list",
  "rows",
  "content",
  "elements",
  "objects",
  "collection",
  "edges",
  "hits",
  "_embedded",
  "result",
  "response",
  "resources",
  "payload",
];

/** Property names beside the value in an envelope: paging, counts, links, status. */
const envelopeKey =
  /^(@|_links$|_meta$|_|\$)|^(meta(data)?|links?|paging|pagination|pages?|page_?info|per_?page|page_?(size|number|token|count)|cursors?|next.*|prev.*|has_?(more|next).*|first|last|self|count|.*_?count|total.*|.*_?total|size|offset|skip|limit|start|end|number|object|url|uri|kind|api_?version|etag|success|ok|status|code|message|errors?|warnings?|request_?id|self_?link|unreachable|incomplete_?results|included|jsonapi|took|timed_?out|more|sort|empty|number_?of_?elements|continue|type|version|timestamp|time|debug|info|query|filters?)$/i;

/**
 * Where an answer holds its list: the array itself (`path: []`), or an array in an envelope such as `{data: [...], count}`,
 * at most two levels deep. `schema` is that of one item. Undefined when the answer is one thing, even one with arrays in it:
 * an array counts as the list when it has an envelope's name, or all its neighbours have.
 */
export function listIn(document: Document, schema: unknown, depth = 0): Located | undefined {
  const items = itemsOf(document, schema);
  if (items !== undefined) return { path: [], schema: items };
  if (depth === 2 || typeOf(document, schema) !== "object") return undefined;
  const properties = propertiesOf(document, schema);
  const names = Object.keys(properties);
  const named = itemKeys.filter((key) => Object.hasOwn(properties, key)).filter((key) => onlyEnvelope(names, key));
  const rest = names.filter((name) => !named.includes(name) && isOnlyPayload(names, name));
  for (const name of [...named, ...rest]) {
    const inner = listIn(document, properties[name], depth + 1);
    if (inner !== undefined) return { path: [name, ...inner.path], schema: inner.schema };
  }
  return undefined;
}

/** A name that items usually stand under tolerates one stranger beside it; an entity has more fields of its own. */
function onlyEnvelope(names: readonly string[], key: string): boolean {
  return names.filter((name) => name !== key && !envelopeKey.test(name)).length <= 1;
}

/** `name` may hold the payload: everything else in the object belongs to an envelope. */
function isOnlyPayload(names: readonly string[], name: string): boolean {
  return !envelopeKey.test(name) && names.every((other) => other === name || envelopeKey.test(other));
}

/**
 * Where an answer holds its one thing: `{data: {…}}` and `{monitor: {…}, meta}` are unwrapped (two levels at most); a plain
 * object is itself, with `path: []`. An object whose only payload is a scalar or an array is itself.
 */
export function thingIn(document: Document, schema: unknown, depth = 0): Located {
  const own: Located = { path: [], schema: isObject(schema) ? schema : {} };
  if (depth === 2 || typeOf(document, schema) !== "object") return own;
  const properties = propertiesOf(document, schema);
  const names = Object.keys(properties);
  const name = names.find((candidate) => isPayloadName(candidate, names));
  if (name === undefined || typeOf(document, properties[name]) !== "object") return own;
  if (Object.keys(propertiesOf(document, properties[name])).length === 0 && refName(properties[name]) === undefined)
    return own;
  const inner = thingIn(document, properties[name], depth + 1);
  return { path: [name, ...inner.path], schema: inner.schema };
}

function isPayloadName(name: string, names: readonly string[]): boolean {
  const isNamed = ["data", "result", "response", "payload", "attributes", "item", "object"].includes(name);
  return (isNamed && onlyEnvelope(names, name) && !names.includes("id")) || isOnlyPayload(names, name);
}

/** The schema of the noun an answer is about: one item of its list, else the thing it holds. Undefined without an answer. */
export function nounOf(document: Document, operation: Operation): SpecSchema | undefined {
  const schema = answerSchema(operation);
  if (schema === undefined) return undefined;
  return (listIn(document, schema) ?? thingIn(document, schema)).schema;
}

/** How alike two object schemas are: 1 for the same component, else the share of property names they have in common. */
export function likeness(document: Document, one: unknown, other: unknown): number {
  const name = refName(one);
  if (name !== undefined && name === refName(other)) return 1;
  const left = Object.keys(propertiesOf(document, one));
  const right = new Set(Object.keys(propertiesOf(document, other)));
  if (left.length === 0 || right.size === 0) return 0;
  const common = left.filter((key) => right.has(key)).length;
  return common / (left.length + right.size - common);
}

/** A plain object, neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
