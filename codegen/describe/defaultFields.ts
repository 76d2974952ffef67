import type { Field, Schema } from "../../src/descriptor.ts";
import { splitWords } from "../words.ts";
import type { Context } from "./context.ts";

/**
 * The fields that a List returns unasked: what tells one item from another and says how it stands. Ids, names, states and
 * times (DESIGN §6.1); never a secret or a heavy field. `fields` gets the others, and Get shows them all.
 *
 * By name, format and enum, the first rule that fits:
 * 1. `shown` in gateway.yaml decides.
 * 2. The noun's own ids, and `id`, are in.
 * 3. Who made or changed it is out, as is when it was deleted (`createdByUserId`, `deletedAt`): the audit trail of a row.
 * 4. A name is in: a text whose last word is one of {@link nameWords}, or a number that is called one.
 * 5. A time is in: format `date-time` or `date`, or such a name (`startsAt`).
 * 6. A state is in: an enum; a text, number or object whose last word is one of {@link stateWords}; a boolean that is called as one of
 *    {@link flagWords} is, with or without `is`.
 * 7. The id of something else is in (`monitorId`).
 */

/** Nouns with fewer fields are short enough as they are. */
const manyFields = 12;

/** Last words of names that people call things by. */
const nameWords: ReadonlySet<string> = new Set("name title slug number key code email subject url version".split(" "));

/** Last words of names that say how something stands. */
const stateWords: ReadonlySet<string> = new Set(
  "status state severity priority type kind phase stage level health result outcome role mode visibility".split(" "),
);

/** Booleans that say how something stands. */
const flagWords: ReadonlySet<string> = new Set(
  "enabled disabled active inactive archived paused resolved acknowledged public private default locked muted verified blocked suspended draft published closed open completed read online up".split(
    " ",
  ),
);

/**
 * The names of the default fields in the order of `fields`; undefined where all that may be shown are: few fields, rules that leave
 * out none or find nothing to tell items apart by, and nothing decided.
 */
export function defaultFields(
  context: Context,
  resource: string,
  fields: Readonly<Record<string, Field>>,
  ids: readonly string[],
): readonly string[] | undefined {
  const offered = Object.entries(fields).filter(([, field]) => !field.secret && !field.heavy && !field.writeOnly);
  const decided = ([name]: readonly [string, Field]) => context.rules.field(resource, name)?.shown;
  const byRule = offered.filter(([name, field]) => isUsual(context, name, field, ids));
  const isTelling = byRule.some(([name]) => isOwnId(name, ids) || nameWords.has(lastWord(name)));
  const usual = offered.length > manyFields && isTelling ? byRule : offered;
  const shown = offered.filter((one) => decided(one) ?? usual.includes(one));
  return shown.length < offered.length ? shown.map(([name]) => name) : undefined;
}

function isUsual(context: Context, name: string, field: Field, ids: readonly string[]): boolean {
  if (isOwnId(name, ids)) return true;
  if (isAuditTrail(name)) return false;
  const schema = plain(context, field);
  return isName(name, schema) || isTime(name, schema) || isState(name, schema) || isOtherId(name, schema);
}

function isOwnId(name: string, ids: readonly string[]): boolean {
  return ids.includes(name) || name === "id" || name === "_id";
}

function isAuditTrail(name: string): boolean {
  return /(^| )(created|updated|modified|changed|deleted) by( |$)|^deleted (at|on)$/.test(splitWords(name).join(" "));
}

function isName(name: string, { type }: Schema): boolean {
  const last = lastWord(name);
  return isNumeric(type) ? last === "number" : (type === "string" || type === undefined) && nameWords.has(last);
}

function isTime(name: string, { type, format }: Schema): boolean {
  if (format === "date-time" || format === "date") return true;
  return (type === "string" || isNumeric(type)) && /[a-z] (at|date)$/.test(splitWords(name).join(" "));
}

function isState(name: string, schema: Schema): boolean {
  if (schema.enum !== undefined || schema.const !== undefined) return true;
  if (schema.type === "array") return false;
  if (schema.type !== "boolean") return stateWords.has(lastWord(name));
  const words = splitWords(name);
  return flagWords.has((words[0] === "is" ? words.slice(1) : words).join(" "));
}

function isOtherId(name: string, { type }: Schema): boolean {
  return (type === "string" || isNumeric(type)) && lastWord(name) === "id";
}

function isNumeric(type: Schema["type"]): boolean {
  return type === "integer" || type === "number";
}

/** The schema behind references, and beside null. */
function plain(context: Context, schema: Schema, hops = 0): Schema {
  const forms = schema.anyOf?.filter(({ type }) => type !== "null") ?? [];
  const [only] = forms;
  const target = schema.$ref === undefined ? only : context.converter.defs.get(schema.$ref.slice("#/$defs/".length));
  const isOne = schema.$ref !== undefined || forms.length === 1;
  return isOne && target !== undefined && hops < 8 ? plain(context, target, hops + 1) : schema;
}

function lastWord(name: string): string {
  return splitWords(name).at(-1) ?? "";
}
