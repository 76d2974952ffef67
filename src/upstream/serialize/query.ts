import type { Param } from "../../descriptor.ts";
import type { ParamValue } from "../exchange.ts";
import { unsendable } from "./refuse.ts";
import { explodes, isSet, primitive, type StyledValue, shapeOf, styleOf } from "./values.ts";

const maxValueBytes = 2048;

/**
 * The query of a request, without `?`; empty where there is nothing to send. Names and values are encoded alone and
 * joined afterwards, so a value never adds a parameter (security.md F5). A value over 2 KB is refused: servers and proxies
 * cut or refuse long URLs in ways of their own.
 * https://spec.openapis.org/oas/v3.1.1#style-values
 */
export function queryOf(values: readonly ParamValue[]): string {
  return values.flatMap(({ param, value }) => pairsOf(param, value)).join("&");
}

/** Name and value pairs as a query, each encoded. */
export function encodePairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

function pairsOf(param: Param, value: unknown): readonly string[] {
  if (!isSet(value)) return [];
  const pairs =
    param.content === undefined
      ? styledPairs(param, value)
      : [pair(param.name, encodeURIComponent(contentText(value)))];
  const tooLong = pairs.find((text) => text.length > maxValueBytes + param.name.length + 1);
  if (tooLong !== undefined)
    throw unsendable(param.arg ?? param.name, value, `takes more than ${maxValueBytes} bytes in the URL`);
  return pairs;
}

/** A `content` parameter is one JSON text. */
function contentText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function styledPairs(param: Param, value: unknown): readonly string[] {
  const encode = param.allowReserved ? encodeReserved : encodeURIComponent;
  if (styleOf(param) === "deepObject") return deepPairs(param.name, value, encode, 0);
  const styled = shapeOf(param.arg ?? param.name, value);
  switch (styled.shape) {
    case "primitive":
      return [pair(param.name, encode(styled.text))];
    case "array":
      return arrayPairs(param, styled.items, encode);
    case "object":
      return objectPairs(param, styled.entries, encode);
    default:
      return styled satisfies never;
  }
}

type Encode = (text: string) => string;

/** An empty array cannot be said in a query and is not sent. */
function arrayPairs(param: Param, items: readonly string[], encode: Encode): readonly string[] {
  if (items.length === 0) return [];
  if (explodes(param)) return items.map((item) => pair(param.name, encode(item)));
  return [pair(param.name, items.map(encode).join(separatorOf(param)))];
}

function objectPairs(
  param: Param,
  entries: Extract<StyledValue, { shape: "object" }>["entries"],
  encode: Encode,
): readonly string[] {
  if (entries.length === 0) return [];
  if (explodes(param)) return entries.map(([key, text]) => pair(key, encode(text)));
  return [pair(param.name, entries.flat().map(encode).join(separatorOf(param)))];
}

/** The separators stand between encoded items, so an item that holds one arrives whole. */
function separatorOf(param: Param): string {
  const style = styleOf(param);
  if (style === "spaceDelimited") return "%20";
  return style === "pipeDelimited" ? "%7C" : ",";
}

const maxDepth = 8;

/** `name[key]=value`; nested objects nest their brackets, arrays repeat the name. OpenAPI leaves both open; this is what most servers read. */
function deepPairs(name: string, value: unknown, encode: Encode, depth: number): readonly string[] {
  if (!isSet(value)) return [];
  if (depth > maxDepth) throw unsendable(name, value, "is nested too deeply for a query");
  if (Array.isArray(value)) return value.flatMap((item) => deepPairs(name, item, encode, depth + 1));
  if (typeof value !== "object") return [pair(name, encode(primitive(name, value)))];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    deepPairs(`${name}[${key}]`, inner, encode, depth + 1),
  );
}

/** RFC 3986 reserved characters stay, but for those that would end the value or begin another parameter. */
function encodeReserved(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/g, (code) =>
    decodeURIComponent(code),
  );
}

function pair(name: string, encodedValue: string): string {
  return `${encodeURIComponent(name)}=${encodedValue}`;
}
