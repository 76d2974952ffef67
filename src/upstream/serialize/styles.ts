import type { Param, ParamStyle } from "../../descriptor.ts";
import { unsendable } from "./refuse.ts";
import { isSet, primitive, shapeOf } from "./values.ts";

/** How a style writes a value. RFC 6570 §3.2.1 where that has the style. */
interface StyleRule {
  /** Before everything, in a path. */
  readonly first: string;
  /** Between exploded values. */
  readonly between: string;
  /** Between the items of one value that is not exploded. */
  readonly joint: string;
  /** Each value stands behind its name in a path; in a query and a cookie it always does, in a header never. */
  readonly isNamed: boolean;
}

/**
 * Every style in one table. `deepObject` writes names in brackets ({@link deepPieces}) and shares the row's separators with
 * `form`; `tabDelimited` is Swagger 2.0's `tsv`, which OpenAPI 3 has dropped.
 * https://spec.openapis.org/oas/v3.1.1#style-values
 */
const styleRules: Readonly<Record<ParamStyle, StyleRule>> = {
  simple: { first: "", between: ",", joint: ",", isNamed: false },
  label: { first: ".", between: ".", joint: ",", isNamed: false },
  matrix: { first: ";", between: ";", joint: ",", isNamed: true },
  form: { first: "", between: ",", joint: ",", isNamed: false },
  deepObject: { first: "", between: ",", joint: ",", isNamed: false },
  spaceDelimited: { first: "", between: " ", joint: " ", isNamed: false },
  pipeDelimited: { first: "", between: "|", joint: "|", isNamed: false },
  tabDelimited: { first: "", between: "\t", joint: "\t", isNamed: false },
};

/** A name with how its value is written. */
export interface Styled {
  /** On the wire. */
  readonly name: string;
  /** What the caller knows it by. */
  readonly label: string;
  readonly style: ParamStyle;
  readonly explode: boolean;
}

/** A parameter with OpenAPI's defaults filled in: `form` in query and cookie, else `simple`; exploded only for `form`. */
export function styledParam(param: Param): Styled {
  const style = param.style ?? (param.in === "query" || param.in === "cookie" ? "form" : "simple");
  return { name: param.name, label: param.arg ?? param.name, style, explode: param.explode ?? style === "form" };
}

/** How texts are made fit for the place they go to. */
export interface Alphabet {
  readonly encode: (text: string) => string;
  /** The place is percent-encoded, so separators other than `, . ;` are too. False in headers and multipart parts. */
  readonly isPercent: boolean;
}

/** Percent-encoding of everything but unreserved characters. RFC 3986 §2.3. */
export const percent: Alphabet = { encode: encodeURIComponent, isPercent: true };

/** RFC 3986 reserved characters stay too, but for those that would end the value or begin another parameter. */
export const reserved: Alphabet = {
  encode: (text) =>
    encodeURIComponent(text).replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g, (code) => decodeURIComponent(code)),
  isPercent: true,
};

/** Texts as they are. */
export const plain: Alphabet = { encode: (text) => text, isPercent: false };

/** One value to write behind its name. */
export interface Written {
  readonly name: string;
  /** Encoded. */
  readonly value: string;
}

/**
 * `value` as the pieces of a query, a cookie or a form, each behind a name. An empty array or object is no piece. Throws
 * `invalid_arguments` for what the style cannot say: nesting, or an item that holds the character which parts items.
 */
export function namedPieces(styled: Styled, value: unknown, alphabet: Alphabet): readonly Written[] {
  const { name, label, style, explode } = styled;
  if (style === "deepObject") return deepPieces(name, value, label, alphabet);
  const { encode } = alphabet;
  const shaped = shapeOf(label, value);
  const { joint } = styleRules[style];
  switch (shaped.shape) {
    case "primitive":
      return [{ name, value: encode(shaped.text) }];
    case "array":
      if (shaped.items.length === 0) return [];
      if (explode) return shaped.items.map((item) => ({ name, value: encode(item) }));
      return [{ name, value: joined(label, shaped.items, joint, alphabet) }];
    case "object":
      if (shaped.entries.length === 0) return [];
      if (explode) return shaped.entries.map(([key, text]) => ({ name: key, value: encode(text) }));
      return [{ name, value: joined(label, shaped.entries.flat(), joint, alphabet) }];
    default:
      return shaped satisfies never;
  }
}

/**
 * `value` as one text, for a path or a header: RFC 6570's `{x}`, `{.x}` and `{;x}` and their exploded forms, and the delimited
 * styles of Swagger 2.0. Throws `invalid_arguments` as {@link namedPieces} does, and for an empty array or object.
 */
export function writtenText(styled: Styled, value: unknown, alphabet: Alphabet): string {
  const { label } = styled;
  const { first, between, joint, isNamed } = styleRules[styled.style];
  const explode = styled.explode && joint === ","; // the others have one separator, exploded or not
  const shaped = shapeOf(label, value);
  const name = isNamed ? `${encodeURIComponent(styled.name)}=` : "";
  if (shaped.shape === "primitive") return `${first}${name}${alphabet.encode(shaped.text)}`;
  const items = shaped.shape === "array" ? shaped.items : shaped.entries.flat();
  if (items.length === 0) throw unsendable(label, value, "is empty, and its place cannot be");
  if (!explode) return `${first}${name}${joined(label, items, joint, alphabet)}`;
  const texts =
    shaped.shape === "array"
      ? items.map((item) => apart(label, alphabet.encode(item), between))
      : shaped.entries.map(
          ([key, text]) =>
            `${apart(label, alphabet.encode(key), between, "=")}=${apart(label, alphabet.encode(text), between)}`,
        );
  const prefix = shaped.shape === "array" ? name : "";
  return `${first}${texts.map((text) => `${prefix}${text}`).join(between)}`;
}

/** `text`, which must hold none of what parts it from its neighbours. */
function apart(label: string, text: string, ...separators: readonly string[]): string {
  const found = separators.find((separator) => text.includes(separator));
  if (found !== undefined) throw unsendable(label, text, `holds "${found}", which parts the values here`);
  return text;
}

/**
 * Items joined so that whoever splits them again finds the same ones. A comma inside an item is percent-encoded where the
 * place is; any other separator is encoded itself and looks the same inside an item, so such an item is refused.
 */
function joined(label: string, items: readonly string[], joint: string, { encode, isPercent }: Alphabet): string {
  const separator = isPercent && joint !== "," ? encodeURIComponent(joint) : joint;
  const texts = items.map((item) => {
    const text = encode(item);
    return isPercent && joint === "," ? text.replaceAll(",", "%2C") : text;
  });
  const found = items.find((_item, index) => texts[index]?.includes(separator));
  if (found !== undefined) throw unsendable(label, found, `holds ${JSON.stringify(joint)}, which parts the items here`);
  return texts.join(separator);
}

const maxDepth = 8;

/**
 * `name[key]=value`; nested objects nest their brackets, arrays end in `[]`, or in `[0]` and so on where their items have parts.
 * OpenAPI leaves arrays open; this is what most servers read (PHP, Rack, qs, Stripe).
 */
export function deepPieces(
  name: string,
  value: unknown,
  label: string,
  alphabet: Alphabet,
  depth = 0,
): readonly Written[] {
  if (!isSet(value)) return [];
  if (depth > maxDepth) throw unsendable(label, value, "is nested too deeply to be written flat");
  if (Array.isArray(value)) {
    const isFlat = value.every((item) => typeof item !== "object" || item === null);
    return value.flatMap((item, index) =>
      deepPieces(`${name}[${isFlat ? "" : index}]`, item, label, alphabet, depth + 1),
    );
  }
  if (typeof value !== "object" || value === null) return [{ name, value: alphabet.encode(primitive(label, value)) }];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (/[[\]]/.test(key)) throw unsendable(label, key, "holds a bracket, which parts names here");
    return deepPieces(`${name}[${key}]`, inner, label, alphabet, depth + 1);
  });
}
