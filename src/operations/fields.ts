import type { ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { oncePer } from "./once.ts";
import { isRecord } from "./results.ts";
import { resolved } from "./schemas.ts";
import type { Arguments } from "./steps.ts";

/** Which fields of the answer's items a Tool knows, and which it returns unasked. */
export interface FieldChoice {
  /** Names that may be asked for, sorted; empty where nothing is known of the item. */
  readonly names: readonly string[];
  /** What comes back by default; undefined: everything but `hidden`. */
  readonly shown: readonly string[] | undefined;
  /** Secret, write-only and heavy fields: never returned unasked. */
  readonly hidden: ReadonlySet<string>;
}

/** {@link FieldChoice} of a Tool. A List shows the noun's default fields; one instance shows everything that is not hidden. */
export const fieldChoice: (origin: ToolOrigin) => FieldChoice = oncePer(({ api, resource, spec }: ToolOrigin) => {
  const fields = Object.entries(resource.fields);
  const hidden = fields.filter(([, field]) => field.secret || field.heavy || field.writeOnly).map(([name]) => name);
  const known = spec.result?.noun
    ? fields.filter(([, field]) => !field.writeOnly).map(([name]) => name)
    : Object.keys(itemProperties(resolved(api, spec.result?.item ?? {})));
  const names = [...(spec.select === undefined ? known : spec.select.names)].sort();
  const shown = spec.kind === "list" && spec.result?.noun ? resource.defaultFields : undefined;
  return { names, shown, hidden: new Set(hidden) };
});

function itemProperties(schema: Schema): Readonly<Record<string, Schema>> {
  return schema.properties ?? {};
}

/** The `fields` argument of a Tool, the names that it returns by default first; undefined where its item has no known fields to pick from. */
export function fieldsArgument(origin: ToolOrigin): Schema | undefined {
  const { names, shown, hidden } = fieldChoice(origin);
  if (names.length === 0) return undefined;
  const isUsual = (name: string): boolean => (shown === undefined ? !hidden.has(name) : shown.includes(name));
  const usual = names.filter(isUsual);
  return {
    type: "array",
    items: { type: "string", enum: [...usual, ...names.filter((name) => !isUsual(name))] },
    minItems: 1,
    maxItems: names.length,
    description: `Default: ${defaultWords(usual.length, names.length)}.`,
  };
}

/** The default ones stand first, so that no name has to be said twice. */
function defaultWords(usual: number, all: number): string {
  if (usual === all) return "all";
  return usual * 2 > all ? `all but the last ${all - usual}` : `the first ${usual}`;
}

/** The names that an upstream with a selection is asked for. */
export function selectedNames(origin: ToolOrigin, args: Arguments): readonly string[] {
  const asked = askedFields(args);
  if (asked !== undefined) return asked;
  const { names, shown, hidden } = fieldChoice(origin);
  return shown === undefined ? names.filter((name) => !hidden.has(name)) : names.filter((name) => shown.includes(name));
}

/** The caller's `fields`, when given. */
export function askedFields(args: Arguments): readonly string[] | undefined {
  return Array.isArray(args.fields) ? args.fields : undefined;
}

/**
 * `item` with the fields that were asked for, else with the default ones. An item that has none of the default fields has
 * drifted from the Spec: it comes back whole but for the hidden ones, since an empty object would hide what happened.
 */
export function projected(origin: ToolOrigin, args: Arguments, item: unknown): unknown {
  if (!isRecord(item)) return item;
  const asked = askedFields(args);
  if (asked !== undefined) return pick(item, (name) => asked.includes(name));
  const { shown, hidden } = fieldChoice(origin);
  const visible = (name: string): boolean => !hidden.has(name);
  if (shown === undefined) return hidden.size === 0 ? item : pick(item, visible);
  const chosen = pick(item, (name) => shown.includes(name));
  return Object.keys(chosen).length === 0 ? pick(item, visible) : chosen;
}

/** Fields of `item` that were not returned and can be asked for, so that a reader knows they exist. */
export function withheld(origin: ToolOrigin, args: Arguments, item: unknown): readonly string[] {
  if (!isRecord(item) || askedFields(args) !== undefined) return [];
  const { hidden, names } = fieldChoice(origin);
  return names.filter((name) => hidden.has(name) && Object.hasOwn(item, name));
}

/** `item` with the keys that `keep` allows. */
export function pick(
  item: Readonly<Record<string, unknown>>,
  keep: (name: string) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => keep(name)));
}
