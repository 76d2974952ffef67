import fc from "fast-check";
import type { Schema } from "../../src/descriptor.ts";

/** Where an argument goes; each place holds less than any text (security.md F1 to F8). */
export type Place = "path" | "query" | "header" | "cookie" | "body" | "control";

/** Texts that are of a format, and that a path can hold. */
const formats: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "date-time": fc
    .date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  date: fc
    .date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  time: fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, "0")}:30:00Z`),
  duration: fc.integer({ min: 1, max: 90 }).map((days) => `P${days}DT1H`),
  email: fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,4}@example\.com$/),
  hostname: fc.stringMatching(/^[a-z]{1,10}\.example\.com$/),
  ipv4: fc.ipV4(),
  ipv6: fc.ipV6(),
  uri: fc.stringMatching(/^urn:[a-z]{2,6}:[a-z0-9]{1,8}$/),
  "uri-reference": fc.stringMatching(/^[a-z]{1,8}$/),
  "uri-template": fc.stringMatching(/^[a-z]{1,8}\{id\}$/),
  uuid: fc.uuid(),
  "json-pointer": fc.stringMatching(/^(\/[a-z]{1,5}){1,3}$/),
  "relative-json-pointer": fc.stringMatching(/^[0-3](\/[a-z]{1,5}){1,2}$/),
  regex: fc.constantFrom("^a+$", "[0-9]{2}", "x|y"),
  binary: base64(),
  byte: base64(),
};

/** Bytes as tools take them. */
function base64(): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64"));
}

const units: Readonly<Record<Place, fc.StringConstraints["unit"]>> = {
  body: "binary",
  query: "binary",
  cookie: fc.constantFrom(..."abcXYZ019-_ .;,=\"'%é"),
  control: "grapheme",
  header: fc.constantFrom(..."abcXYZ019-_ .;,=\"'%"),
  path: fc.constantFrom(..."abcXYZ019-_~;,=:@!$&'()+ %é漢🙂"),
};

/** Texts of a string schema that its place can hold; `isInside` a list or an object, its separators too. */
export function texts(schema: Schema, place: Place, isInside: boolean): fc.Arbitrary<string> {
  const isFit = fits[place] ?? (() => true);
  const isWhole = (text: string): boolean => !isInside || place === "body" || !separators.test(text);
  return textsOf(schema, place).filter((text) => isFit(text) && isWhole(text));
}

/** What parts the items of some style. Where nothing can escape it, an item that holds it is refused. */
const separators = /[,;=.|\s]|^$/;

function textsOf(schema: Schema, place: Place): fc.Arbitrary<string> {
  const made = schema.format === undefined ? undefined : formats[schema.format];
  if (isFile(schema)) return base64();
  if (made !== undefined) return made; // a pattern beside a format narrows it; draws that do not fit are drawn again
  if (schema.pattern !== undefined) return matching(schema, schema.pattern);
  const minLength = Math.max(schema.minLength ?? 0, place === "path" ? 1 : 0);
  const maxLength = Math.max(minLength, Math.min(schema.maxLength ?? Number.POSITIVE_INFINITY, minLength + 12));
  return fc.string({ minLength, maxLength, unit: units[place] ?? "grapheme", size: "max" });
}

/** A file is a text of a kind of its own, which the description says to its reader. */
function isFile({ description }: Schema): boolean {
  return /^(.* )?A file: base64/s.test(description ?? "");
}

/** What a place refuses whatever the schema says: F2 for a path, F8 for a header. */
const fits: Readonly<Partial<Record<Place, (text: string) => boolean>>> = {
  query: (text) => text !== "", // OpenAPI allows empty values only where a parameter says so
  path: (text) => text !== "" && !/[%/\\?#\p{Cc}]|^\.{1,2}(;|$)/u.test(text),
  header: (text) => /^[\t\x20-\x7e]*$/.test(text) && text === text.trim() && text !== "",
  cookie: (text) => text !== "",
};

/** The pattern's own texts, long and short enough. */
function matching(
  { minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema,
  pattern: string,
): fc.Arbitrary<string> {
  const text = fc.stringMatching(expressionOf(pattern), { size: minLength > 5 ? "medium" : "xsmall" });
  return text.filter(({ length }) => length >= minLength && length <= maxLength);
}

/** Documents have patterns that only the older grammar takes. */
function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return new RegExp(pattern);
  }
}

/** Numbers of a schema. Whole ones stay where JavaScript and JSON agree on them. */
export function numbers(schema: Schema): fc.Arbitrary<number> {
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : undefined);
  const low = schema.exclusiveMinimum ?? schema.minimum;
  const high = schema.exclusiveMaximum ?? schema.maximum;
  if (step !== undefined) return stepped(schema, step, low, high);
  const isSingle = schema.format === "float";
  const min = low ?? (high === undefined ? -1e6 : high - 1e6);
  const max = high ?? min + 1e6;
  const excluded = {
    minExcluded: schema.exclusiveMinimum !== undefined,
    maxExcluded: schema.exclusiveMaximum !== undefined,
  };
  const drawn = fc.double({ min, max, ...excluded, noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number));
  return isSingle ? drawn.map((number) => Math.round(number * 8) / 8).filter((n) => n >= min && n <= max) : drawn;
}

function stepped(
  schema: Schema,
  step: number,
  low: number | undefined,
  high: number | undefined,
): fc.Arbitrary<number> {
  const first =
    low === undefined ? undefined : Math.ceil(low / step) + Number(low === schema.exclusiveMinimum && low % step === 0);
  const last =
    high === undefined
      ? undefined
      : Math.floor(high / step) - Number(high === schema.exclusiveMaximum && high % step === 0);
  const limit = schema.format === "int32" ? 2 ** 31 - 1 : 2 ** 40;
  const min = Math.max(first ?? -limit, -limit);
  const max = Math.min(last ?? limit, limit);
  return fc.integer({ min: Math.max(min, Number.MIN_SAFE_INTEGER), max }).map((count) => count * step);
}
