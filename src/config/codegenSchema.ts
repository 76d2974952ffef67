import type { Schema } from "../descriptor.ts";

const why: Schema = { type: "string", minLength: 1 };
const flag: Schema = { type: "boolean" };
const text: Schema = { type: "string", minLength: 1 };
const texts: Schema = { type: "array", items: text };
const prose: Schema = { type: "string", maxLength: 1_024 };
const tool: Schema = { type: "string", pattern: "^[a-z][a-z0-9_]{0,55}$" };
const kind: Schema = { enum: ["list", "count", "get", "create", "update", "delete", "action"] };
/** A Schema of the profile; codegen checks it when it converts it. */
const valueSchema: Schema = { type: "object" };

/** An object of exactly these properties. */
function closed(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: "object", additionalProperties: false, properties, ...(required.length > 0 && { required }) };
}

/** The same with the reason that every decision carries. */
function entry(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return closed({ ...properties, why }, [...required, "why"]);
}

function mapOf(value: Schema): Schema {
  return { type: "object", additionalProperties: value };
}

/** A list of rules on Operations. */
function rules(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  const oneOrMore = (one: Schema): Schema => ({ anyOf: [one, { type: "array", minItems: 1, items: one }] });
  return { type: "array", items: entry({ match: oneOrMore(text), kind: oneOrMore(kind), ...properties }, required) };
}

const slot = closed({ name: text, in: { enum: ["query", "header", "body"] } }, ["name", "in"]);
const source: Schema = { ...closed({ path: texts, header: text }), minProperties: 1, maxProperties: 1 };

// Which keys a style needs is checked where the rule is applied: a union here would bury the one fault under seven.
const paging = closed(
  {
    style: { enum: ["offset", "page", "cursor", "keyset", "link", "nextUrl", "none"] },
    offset: slot,
    page: slot,
    first: { type: "integer", minimum: 0 },
    cursor: slot,
    next: source,
    itemField: text,
    limit: slot,
    maxLimit: { type: "integer", minimum: 1 },
    hasMore: source,
    total: source,
  },
  ["style"],
);

const column = closed(
  {
    name: { type: "string", pattern: "^[A-Z][A-Za-z0-9]{0,40}$" },
    when: closed(
      Object.fromEntries(
        ["type", "format", "wrapper", "itemType", "itemProperty", "name"].map((keyword) => [
          keyword,
          { anyOf: [text, { ...texts, minItems: 1 }] },
        ]),
      ),
    ),
    value: valueSchema,
    bare: flag,
    operators: texts,
  },
  ["name", "when", "operators"],
);

const select = closed(
  {
    slot,
    style: { enum: ["trueMap", "csv", "array"] },
    required: flag,
    refusals: { type: "array", items: { type: "string", pattern: "\\{name\\}" } },
  },
  ["slot", "style"],
);

const positive: Schema = { type: "integer", minimum: 1 };

/** JSON Schema 2020-12 of the `codegen` part of gateway.yaml; its type is `CodegenConfig`. */
export const codegenSchema: Schema = closed({
  operations: mapOf(
    entry({
      resource: { type: "string", pattern: "^[A-Z][A-Za-z0-9]{0,63}$" },
      kind,
      verb: { type: "string", pattern: "^[a-z][a-z0-9_]*$" },
      effect: { enum: ["read", "write", "destroy"] },
      tool,
      aliases: { type: "array", items: tool },
      exclude: flag,
      path: { type: "string", pattern: "^/" },
      timeoutMs: { type: "integer", minimum: 1, maximum: 120_000 },
      description: prose,
      idempotent: flag,
      notes: { type: "array", items: prose },
    }),
  ),
  fields: mapOf(
    entry({
      schema: valueSchema,
      answer: valueSchema,
      description: prose,
      format: text,
      readOnly: flag,
      writeOnly: flag,
      heavy: flag,
      shown: flag,
      wrapper: text,
    }),
  ),
  enums: mapOf(entry({ values: { type: "array", minItems: 1 } }, ["values"])),
  hidden: mapOf(
    entry({
      kinds: { type: "array", minItems: 1, items: kind },
      in: { enum: ["path", "query", "header", "cookie", "body"] },
      value: {},
    }),
  ),
  secret: mapOf(entry({ secret: flag })),
  wrappers: entry({ type: text, value: text, names: mapOf(valueSchema) }, ["type", "value", "names"]),
  paging: rules({ paging }, ["paging"]),
  count: rules({ count: closed({ from: { enum: ["answer", "list"] }, path: texts }, ["from"]) }, ["count"]),
  select: rules({ select }, ["select"]),
  filters: rules(
    {
      slot,
      tag: text,
      bare: flag,
      operators: mapOf(mapOf({ enum: ["one", "many"] })),
      columns: { type: "array", minItems: 1, items: column },
    },
    ["slot", "tag", "operators", "columns"],
  ),
  sort: rules({ slot, values: { type: "array", minItems: 1 }, not: texts }, ["slot", "values"]),
  bodies: rules({ wrap: texts }, ["wrap"]),
  results: rules({ unwrap: texts, empty: flag, noun: flag }),
  text: entry({ cut: texts, boilerplate: texts }),
  budgets: closed({
    descriptionChars: { type: "integer", minimum: 40, maximum: 1_024 },
    depth: { type: "integer", minimum: 2, maximum: 32 },
    subschemas: { type: "integer", minimum: 10, maximum: 2_000 },
    tokens: { anyOf: [positive, { type: "object", minProperties: 1, additionalProperties: positive }] },
    toolTokens: positive,
    why,
  }),
});
