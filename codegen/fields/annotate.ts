import type { Json, Schema } from "../../src/descriptor.ts";
import type { SpecSchema } from "../model.ts";
import { snake, splitWords } from "../words.ts";
import type { Place } from "./convert.ts";
import type { TextCleaner } from "./text.ts";
import { isNullable } from "./types.ts";

/** Adds what only describes: text, default, deprecation. */
export function annotate(cleaner: TextCleaner, core: Schema, spec: SpecSchema, place: Place): Schema {
  const description = describe(cleaner, core, spec, place);
  const keeps =
    spec.default !== undefined && (spec.default !== null || isNullable(spec)) && place.direction === "write";
  return {
    ...core,
    ...(description !== undefined && { description }),
    ...(keeps && { default: spec.default as Json }),
  };
}

function describe(cleaner: TextCleaner, core: Schema, spec: SpecSchema, place: Place): string | undefined {
  const text = cleaner.clean(spec.description) ?? titleBeyondName(cleaner, spec, place);
  const isDropped =
    typeof spec.format === "string" && core.format === undefined && core.$ref === undefined && isTyped(core);
  const format = isDropped ? cleaner.clean(spec.format) : undefined;
  const parts = [
    ...(spec.deprecated === true ? ["Deprecated."] : []),
    ...(text === undefined ? [] : [text]),
    ...(format === undefined || core.enum !== undefined ? [] : [`Format: ${format}.`]),
  ];
  return parts.length === 0 ? undefined : parts.join(" ");
}

/** A title that only spells the property's name says nothing ("First Name" of `first_name`). */
function titleBeyondName(cleaner: TextCleaner, spec: SpecSchema, place: Place): string | undefined {
  const title = cleaner.clean(spec.title);
  const name = place.at.split("/").at(-1) ?? "";
  return title === undefined || snake(splitWords(title)) === snake(splitWords(name)) ? undefined : title;
}

function isTyped(core: Schema): boolean {
  return !core.anyOf?.some(({ format }) => format !== undefined);
}
