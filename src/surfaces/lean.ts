import type { ToolDefinition } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";

type Listed = Omit<ToolDefinition, "title"> & { readonly title?: string };

/**
 * What a long list holds of a Tool: the same validation in fewer words. The output schema is left out, and so is what is said
 * twice: a title beside the annotation of the same, a sentence or description in no other words than the name it stands at, a
 * definition that is shorter than the references to it. Nothing that a validator heeds changes.
 */
export function leanDefinition({ outputSchema: _, title, ...definition }: ToolDefinition): Listed {
  const { name, description, annotations, inputSchema } = definition;
  return {
    ...(title !== annotations.title && { title }),
    ...definition,
    description:
      tellingOf(description, `${name} ${annotations.title}`) || (description.split(/(?<=[.!?])\s/, 1)[0] ?? ""),
    inputSchema: leanSchema(inputSchema, name) as ToolDefinition["inputSchema"], // the type of the root stays
  };
}

/** The sentences of `text` that say more than `known`; empty where none does. Paragraphs stay as they are. */
function tellingOf(text: string, known: string): string {
  if (!saysMore(text, known)) return "";
  if (text.includes("\n")) return text;
  return text
    .split(/(?<=[.!?])\s+/)
    .filter((sentence) => saysMore(sentence, known))
    .join(" ");
}

type Root = Schema & { readonly $defs?: Readonly<Record<string, Schema>> };

function leanSchema(root: Root, name: string): Root {
  const short = new Map(
    Object.entries(root.$defs ?? {})
      .filter(([key, schema]) => JSON.stringify(schema).length <= `{"$ref":"#/$defs/${key}"}`.length + 4)
      .map(([key, schema]) => [`#/$defs/${key}`, schema] as const),
  );
  const { $defs, ...rest } = root;
  const kept = Object.entries($defs ?? {}).filter(([key]) => !short.has(`#/$defs/${key}`));
  const lean = (schema: Schema, known: string): Schema => leanPart(schema, known, short);
  return {
    ...lean(rest, name),
    ...(kept.length > 0 && { $defs: Object.fromEntries(kept.map(([key, schema]) => [key, lean(schema, key)])) }),
  };
}

/** A definition that stands in for its references. */
type Short = ReadonlyMap<string, Schema>;

function leanPart(given: Schema, known: string, short: Short): Schema {
  const target = given.$ref === undefined ? undefined : short.get(given.$ref);
  const { $ref, ...beside } = given;
  const schema: Schema = target === undefined ? given : { ...target, ...beside };
  const { title: _, description, ...rest } = schema;
  const inner = Object.entries(rest)
    .filter(([keyword, value]) => !isDefault(keyword, value))
    .map(([keyword, value]) => [keyword, leanValue(keyword, value, { known, short })]);
  const telling = tellingOf(description ?? "", known).replace(idFrom, "From $1.");
  return { ...Object.fromEntries(inner), ...(telling !== "" && { description: telling }) };
}

/** How codegen says where an id comes from (codegen/describe/references.ts): the argument's name says that it is one. */
const idFrom = /^[^.]* id, found with (\w+)\.$/;

/** What holds anyway. */
function isDefault(keyword: string, value: unknown): boolean {
  return keyword === "additionalProperties" && value === true;
}

interface Place {
  readonly known: string;
  readonly short: Short;
}

function leanValue(keyword: string, value: unknown, { known, short }: Place): unknown {
  switch (keyword) {
    case "properties":
      return Object.fromEntries(
        Object.entries(value as Readonly<Record<string, Schema>>).map(([name, one]) => [
          name,
          leanPart(one, `${known} ${name}`, short),
        ]),
      );
    case "items":
    case "not":
      return leanPart(value as Schema, known, short);
    case "additionalProperties":
      return typeof value === "object" ? leanPart(value as Schema, known, short) : value;
    case "anyOf":
    case "oneOf":
    case "allOf":
    case "prefixItems":
      return (value as readonly Schema[]).map((one) => leanPart(one, known, short));
    default:
      return value;
  }
}

/** Whether `text` has a word that neither `known` has nor every such text. */
function saysMore(text: string, known: string): boolean {
  const there = new Set(wordsIn(known));
  return wordsIn(text).some((word) => !there.has(word) && !empty.has(word));
}

/** Words in lower case, without their plural: `listMonitors` → list, monitor. */
function wordsIn(text: string): readonly string[] {
  return text
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => (word.length > 3 && /[^sui]s$/.test(word) ? word.slice(0, -1) : word));
}

const empty: ReadonlySet<string> = new Set(
  `a an the of to for in on by with from this that these its it is are be and or all any one item items object objects resource resources
  endpoint api id identifier unique list get retrieve read count create new update existing change delete remove single value given your you
  property field data schema array friendly help remember will can want would like please should`.split(/\s+/),
);
