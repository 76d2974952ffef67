import type { Param } from "../../descriptor.ts";
import type { ParamValue } from "../exchange.ts";
import { contentText } from "./contentText.ts";
import { unsendable } from "./refuse.ts";
import { namedPieces, percent, reserved, styledParam, type Written } from "./styles.ts";
import { isSet } from "./values.ts";

const maxValueBytes = 2048;

/**
 * The query of a request, without `?`; empty where there is nothing to send. Names and values are encoded alone and
 * joined afterwards, so a value never adds a parameter (security.md F5). An exploded object does add parameters, by the names
 * of its keys: none of them may be that of another parameter, nor one of `taken`, which the credential and the template set.
 * A value over 2 KB is refused: servers and proxies cut or refuse long URLs in ways of their own.
 * https://spec.openapis.org/oas/v3.1.1#style-values
 */
export function queryOf(values: readonly ParamValue[], taken: ReadonlySet<string> = new Set()): string {
  const written = values.filter(({ value }) => isSet(value)).map(({ param, value }) => piecesOf(param, value));
  assertApart(values, taken);
  return written.flat().map(pair).join("&");
}

/** Name and value pairs as a query, each encoded. */
export function encodePairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

function pair({ name, value }: Written): string {
  return `${encodeURIComponent(name)}=${value}`;
}

function piecesOf(param: Param, value: unknown): readonly Written[] {
  const label = param.arg ?? param.name;
  const alphabet = param.allowReserved ? reserved : percent;
  const pieces =
    param.content === undefined
      ? namedPieces(styledParam(param), value, alphabet)
      : [{ name: param.name, value: alphabet.encode(wellFormed(label, contentText(param, value))) }];
  const tooLong = pieces.some((piece) => piece.name.length + piece.value.length > maxValueBytes + param.name.length);
  if (tooLong) throw unsendable(label, value, `takes more than ${maxValueBytes} bytes in the URL`);
  return pieces;
}

function wellFormed(label: string, text: string): string {
  if (!text.isWellFormed()) throw unsendable(label, text, "is not well-formed Unicode");
  return text;
}

/** No name is set twice by different parameters (security.md T21). */
function assertApart(values: readonly ParamValue[], taken: ReadonlySet<string>): void {
  const owners = new Map<string, Param>();
  for (const { param } of values) owners.set(param.name, param);
  for (const { param, value } of values) {
    const label = param.arg ?? param.name;
    if (taken.has(param.name)) throw unsendable(label, value, `would set ${param.name}, which no argument may`);
    for (const key of freeNames(param, value)) {
      const owner = owners.get(key);
      if (taken.has(key) || (owner !== undefined && owner !== param))
        throw unsendable(label, key, "is the name of another parameter");
      owners.set(key, param);
    }
  }
}

/** Names that the caller chooses: the keys of an exploded object. */
function freeNames(param: Param, value: unknown): readonly string[] {
  const { style, explode } = styledParam(param);
  if (!explode || style === "deepObject" || param.content !== undefined) return [];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}
