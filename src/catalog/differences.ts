import type { ErrorObject } from "ajv/dist/2020.js";

/** How a value differs from its schema. `limit` stands for lengths, bounds and patterns; `shape` for a union none of whose forms it has. */
export type DifferenceKind = "enum" | "null" | "type" | "missing" | "extra" | "format" | "limit" | "shape";

/** One place where an answer is not what the Spec says. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** From the item down; `*` is any item of an array. Empty: the item itself. */
  readonly path: readonly string[];
  /** What the Spec says, for people: `a string`, `one of up, down`. */
  readonly expected: string;
  /** What stands there. Of the API's data: shorten it before anyone reads it, and never show a secret's. */
  readonly found: unknown;
}

/** Keywords that only repeat what an error beside them says. */
const echoes: ReadonlySet<string> = new Set(["if", "not", "dependentRequired", "propertyNames"]);

/**
 * The differences behind ajv's errors on `value`, each place once. ajv tells every branch of a union that failed; where one branch is
 * `null`, the other one's errors are what happened.
 */
export function differencesOf(value: unknown, errors: readonly ErrorObject[]): readonly Difference[] {
  const found: Difference[] = [];
  for (const error of errors) {
    const path = placeOf(value, error);
    if (error.keyword === "anyOf" || error.keyword === "oneOf") {
      const inner: Difference[] = [];
      while (isWithin(found.at(-1)?.path, path)) inner.unshift(found.pop() as Difference); // isWithin saw it
      found.push(...ofUnion(error, path, inner));
    } else if (!echoes.has(error.keyword)) found.push(ofKeyword(error, path));
  }
  return found.filter((one, at) => !found.some((other, before) => saysAll(other, one, before < at)));
}

/** Whether `other` makes `one` needless: it stands before it and says the same, or says that the whole type is another. */
function saysAll(other: Difference, one: Difference, isBefore: boolean): boolean {
  const isSamePlace = other.path.length === one.path.length && isWithin(one.path, other.path);
  return isSamePlace && (other.kind === one.kind ? isBefore : isTyped(other) && !isTyped(one));
}

function isWithin(path: readonly string[] | undefined, outer: readonly string[]): boolean {
  return path !== undefined && outer.every((segment, at) => path[at] === segment);
}

/** ajv's pointer as a path, with `*` for an index. */
function placeOf(value: unknown, { instancePath, keyword, params }: ErrorObject): readonly string[] {
  let current = value;
  const path = instancePath
    .split("/")
    .slice(1)
    .map((text) => {
      const key = text.replaceAll("~1", "/").replaceAll("~0", "~");
      const isIndex = Array.isArray(current);
      current = (current as Readonly<Record<string, unknown>> | undefined)?.[key]; // ajv has been there
      return isIndex ? "*" : key;
    });
  if (keyword === "required") return [...path, String(params.missingProperty)];
  if (keyword === "additionalProperties") return [...path, String(params.additionalProperty)];
  return path;
}

function ofKeyword(error: ErrorObject, path: readonly string[]): Difference {
  const { keyword, schema, data } = error;
  if (keyword === "required") return { kind: "missing", path, expected: "there", found: undefined };
  if (keyword === "additionalProperties") return { kind: "extra", path, expected: "not there", found: undefined };
  const expected = expectedBy(keyword, schema);
  if (data === null) return { kind: "null", path, expected, found: null };
  return { kind: kindOf(keyword), path, expected, found: data };
}

function kindOf(keyword: string): DifferenceKind {
  if (keyword === "enum" || keyword === "const") return "enum";
  return keyword === "type" || keyword === "format" ? keyword : "limit";
}

function expectedBy(keyword: string, schema: unknown): string {
  switch (keyword) {
    case "type":
      return named(schema);
    case "enum":
      return `one of ${listed(Array.isArray(schema) ? schema : [])}`;
    case "const":
      return String(schema);
    default:
      return `of ${keyword} ${String(schema).slice(0, 40)}`;
  }
}

/** `a string`, `an object`. */
function named(type: unknown): string {
  const text = String(type);
  if (text === "null") return "null";
  return `${/^[aeiou]/.test(text) ? "an" : "a"} ${text}`;
}

const shownChars = 60;

function listed(values: readonly unknown[]): string {
  const text = values.filter((value) => value !== null).join(", ");
  return text.length <= shownChars ? text : `${text.slice(0, text.lastIndexOf(", ", shownChars))}, …`;
}

function ofUnion({ schema, data }: ErrorObject, path: readonly string[], inner: readonly Difference[]): Difference[] {
  const here = ({ path: at }: Difference): boolean => at.length === path.length;
  const told = inner.filter((one) => !(here(one) && one.kind === "type" && one.expected === "null"));
  const forms = (schema as readonly { readonly type?: unknown }[]).filter(({ type }) => type !== "null");
  if (forms.length === 1 && told.length > 0) return [...told];
  const types = [...new Set(told.filter((one) => here(one) && isTyped(one)).map(({ expected }) => expected))];
  const expected = types.length > 0 ? types.join(" or ") : `one of ${forms.length} forms`;
  if (data === null) return [{ kind: "null", path, expected, found: null }];
  if (told.length > 0 && told.every((one) => here(one) && one.kind === "type"))
    return [{ kind: "type", path, expected, found: data }];
  const others = told.filter((one) => !(here(one) && one.kind === "type"));
  const [only] = others;
  if (others.length === 1 && only?.kind === "enum") return [only];
  return [{ kind: "shape", path, expected: `one of ${forms.length} forms`, found: data }];
}

function isTyped({ kind }: Difference): boolean {
  return kind === "type" || kind === "null";
}
