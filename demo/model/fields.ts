/**
 * The little language the model's fields are written in, so that a noun reads as a table.
 *
 *     severity: "critical|major|minor!* How bad it is for customers"
 *
 * First a type, then marks, then the description.
 * Types: `text` `long` `int` `num` `bool` `time` `day` `url` `email` `secret` `json`, a choice `a|b|c`, a relation `->Noun`;
 * `(min..max)` bounds a number, or the length of a text; `[]` makes a list of any of them.
 * Marks: `!` required on create, `?` may be null, `~` set by the server, `^` sent and never returned, `=` cannot change after
 * create, `@` the present time when create does not give it, `*` is a filter of the list (a time: `…After` and `…Before`).
 */

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An instance of a noun, as stored and answered. */
export type Row = { readonly [field: string]: Json };

/** A JSON Schema of OpenAPI 3.1, as far as the model uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly (string | null)[];
  readonly default?: Json;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly example?: Json;
}

/** One field of a noun: its schema and what the API does with it. */
export interface Field {
  readonly schema: Schema;
  readonly required: boolean;
  readonly readOnly: boolean;
  readonly writeOnly: boolean;
  /** Only create takes it. */
  readonly fixed: boolean;
  /** Create fills in the present time. */
  readonly now: boolean;
  /** The list takes it as a query parameter of the same name. */
  readonly filter: boolean;
  /** Name of the noun whose id this is. */
  readonly ref?: string;
}

/** A field as the model states it: a line of the language, or a {@link Field} made by {@link object} or {@link listOf}. */
export type FieldInput = string | Field;

const line =
  /^(?<type>->\w+|[\w-]+(?:\|[\w-]+)*)(?:\((?<min>-?[\d.]*?)\.\.(?<max>-?[\d.]*)\))?(?<list>\[\])?(?<marks>[!?~^=*@]*)\s+(?<about>.+)$/s;

const scalars: Readonly<Record<string, Schema>> = {
  text: { type: "string", maxLength: 500 },
  long: { type: "string", maxLength: 20_000 },
  int: { type: "integer" },
  num: { type: "number" },
  bool: { type: "boolean" },
  time: { type: "string", format: "date-time" },
  day: { type: "string", format: "date" },
  url: { type: "string", format: "uri", maxLength: 2_000 },
  email: { type: "string", format: "email", maxLength: 320 },
  secret: { type: "string", format: "password", minLength: 8, maxLength: 500 },
  json: { type: "object", additionalProperties: true },
};

/** The Field a line of the language states. Throws on a line it cannot read: the model is source, so that is a bug. */
export function parseField(input: FieldInput): Field {
  if (typeof input !== "string") return input;
  const parts = line.exec(input)?.groups;
  if (parts?.type === undefined || parts.about === undefined) throw new Error(`cannot read the field "${input}"`);
  const base = bounded(baseSchema(parts.type), parts.min, parts.max);
  const plain = parts.list === undefined ? base : { type: "array", items: base, maxItems: 100, uniqueItems: true };
  const field = marked(
    { ...plain, description: described(parts.type, parts.list, parts.about.trim()) },
    parts.marks ?? "",
  );
  return parts.type.startsWith("->") ? { ...field, ref: parts.type.slice(2) } : field;
}

/** A nested object; its properties are written in the same language, its marks as in a line. */
export function object(about: string, properties: Readonly<Record<string, FieldInput>>, marks = ""): Field {
  return marked({ ...objectSchema(properties), description: about }, marks);
}

/** A list of nested objects. */
export function listOf(about: string, properties: Readonly<Record<string, FieldInput>>, marks = ""): Field {
  return marked({ type: "array", description: about, maxItems: 50, items: objectSchema(properties) }, marks);
}

/** The same field with a default the server fills in on create. */
export function withDefault(input: FieldInput, value: Json): Field {
  const field = parseField(input);
  return { ...field, schema: { ...field.schema, default: value } };
}

/** A relation says whose id it wants, so that a reader knows where to look it up. */
function described(type: string, list: string | undefined, about: string): string {
  return type.startsWith("->") ? `${about} (${list === undefined ? "id" : "ids"} of ${type.slice(2)})` : about;
}

function objectSchema(properties: Readonly<Record<string, FieldInput>>): Schema {
  const fields = Object.entries(properties).map(([name, input]) => [name, parseField(input)] as const);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, field]) => [name, field.schema])),
    required: fields.filter(([, field]) => field.required).map(([name]) => name),
    additionalProperties: false,
  };
}

function baseSchema(type: string): Schema {
  if (type.startsWith("->")) return { type: "string", maxLength: 64 };
  if (type.includes("|")) return { type: "string", enum: type.split("|") };
  const schema = scalars[type];
  if (schema === undefined) throw new Error(`unknown field type "${type}"`);
  return schema;
}

function bounded(schema: Schema, min: string | undefined, max: string | undefined): Schema {
  const isNumber = schema.type === "integer" || schema.type === "number";
  const low = min ? { [isNumber ? "minimum" : "minLength"]: Number(min) } : {};
  const high = max ? { [isNumber ? "maximum" : "maxLength"]: Number(max) } : {};
  return { ...schema, ...low, ...high };
}

function marked(schema: Schema, marks: string): Field {
  const readOnly = marks.includes("~");
  const writeOnly = marks.includes("^");
  return {
    schema: {
      ...(marks.includes("?") ? nullable(schema) : schema),
      ...(readOnly ? { readOnly } : {}),
      ...(writeOnly ? { writeOnly } : {}),
    },
    required: marks.includes("!"),
    readOnly,
    writeOnly,
    fixed: marks.includes("="),
    now: marks.includes("@"),
    filter: marks.includes("*"),
  };
}

function nullable(schema: Schema): Schema {
  const withNull = { ...schema, type: [String(schema.type), "null"] };
  return schema.enum === undefined ? withNull : { ...withNull, enum: [...schema.enum, null] };
}
