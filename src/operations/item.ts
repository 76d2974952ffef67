import type { ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { envelopeBytes, trimItem } from "./budget.ts";
import { projected, withheld } from "./fields.ts";
import { resolved } from "./schemas.ts";
import type { Arguments, ObjectSchema, Output, StepContext } from "./steps.ts";

/**
 * One instance as a result: its visible fields within the budget, and notes on what is not there. `bytes` is the size of the
 * answer it came in: one that fits whole is not measured again.
 */
export function itemOutput(
  origin: ToolOrigin,
  args: Arguments,
  value: unknown,
  context: StepContext,
  { notes, bytes }: { readonly notes: readonly string[]; readonly bytes: number },
): Output {
  const budget = context.resultBytes - envelopeBytes;
  const visible = projected(origin, args, value);
  const { item, notes: lost } = bytes <= budget ? { item: visible, notes: [] } : trimItem(visible, budget);
  const more = withheld(origin, args, value);
  const hint = more.length === 0 ? [] : [`Not shown unless asked for in fields: ${more.join(", ")}.`];
  return { item, ...withNotes([...notes, ...lost, ...hint]) };
}

/** `notes` as an optional part of a result. */
export function withNotes(notes: readonly string[]): { readonly notes?: readonly string[] } {
  return notes.length === 0 ? {} : { notes };
}

/** What every envelope may hold beside its own parts. */
const envelope: Readonly<Record<string, Schema>> = {
  notes: { type: "array", items: { type: "string" }, description: "What to know about this answer." },
  replayed: {
    type: "boolean",
    description: "True when this is the result of an earlier call with the same idempotency key.",
  },
  request: { type: "object", description: "Dry run: the request that would be sent." },
};

/** The output schema of an envelope: these parts, the common ones, nothing else. */
export function envelopeSchema(parts: Readonly<Record<string, Schema>>, required: readonly string[]): ObjectSchema {
  return {
    type: "object",
    properties: { ...parts, ...envelope },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/**
 * The item of an answer, open: the known fields with their descriptions, no types, nothing required. An upstream that has
 * drifted from its Spec must not make a client throw the whole result away (protocol.md §4).
 */
export function openItem(origin: ToolOrigin): Schema {
  const { api, resource, spec } = origin;
  const properties = spec.result?.noun ? resource.fields : (resolved(api, spec.result?.item ?? {}).properties ?? {});
  const described = Object.entries(properties).map(
    ([name, { description }]) => [name, openProperty(description)] as const,
  );
  return described.length === 0
    ? { description: resource.title }
    : { description: resource.title, properties: Object.fromEntries(described) };
}

/** Long descriptions stand in the input schema already; a client pays for every byte of `tools/list`. */
const descriptionLength = 120;

function openProperty(description: string | undefined): Schema {
  if (description === undefined || description === "") return {};
  const [first = ""] = description.split(/(?<=\.)\s|\n/, 1);
  return { description: first.length > descriptionLength ? `${first.slice(0, descriptionLength - 1)}…` : first };
}

/** The names and values that say which instance a Call was about: its path arguments and the noun's ids. */
export function idsOf(origin: ToolOrigin, args: Arguments): Readonly<Record<string, unknown>> {
  const names = idNames(origin).filter((name) => args[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, args[name]]));
}

/** Schemas of {@link idsOf}. */
export function idSchemas(origin: ToolOrigin): Readonly<Record<string, Schema>> {
  return Object.fromEntries(idNames(origin).map((name) => [name, {}]));
}

function idNames({ resource, spec }: ToolOrigin): readonly string[] {
  const inPath = (spec.params ?? []).flatMap(({ in: place, arg }) =>
    place === "path" && arg !== undefined ? [arg] : [],
  );
  return [...new Set([...inPath, ...(resource.ids ?? [])])];
}
