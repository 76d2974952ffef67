import type { Param } from "../../descriptor.ts";
import type { ParamValue } from "../exchange.ts";
import { asciiJson, contentText } from "./contentText.ts";
import { unsendable } from "./refuse.ts";
import { namedPieces, percent, plain, styledParam, writtenText } from "./styles.ts";
import { isSet } from "./values.ts";

/**
 * Headers that no parameter sets, whatever the Spec declares: they frame the message, name the host, carry credentials or
 * say where a request came from (security.md F7).
 */
const forbidden =
  /^(host|authorization|cookie|content-length|content-encoding|transfer-encoding|connection|keep-alive|upgrade|http2-settings|te|trailer|expect|proxy-.*|forwarded|via|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-url|x-http-method(-override)?|x-method-override)$/;
/** What OpenAPI says to ignore in a header parameter; `Content-Type` comes from the body, `Accept` from the answer. */
const ignored = /^(accept|content-type)$/;
/** A field name of RFC 9110 §5.1. */
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const maxValueBytes = 1024;

/** The declared header parameters, lower case. `taken` are further names that no argument may set: those of the credentials. */
export function headerParams(
  values: readonly ParamValue[],
  taken: ReadonlySet<string>,
): readonly (readonly [name: string, value: string])[] {
  return values
    .filter(({ param, value }) => param.in === "header" && isSet(value) && !ignored.test(param.name.toLowerCase()))
    .filter(({ value }) => !isEmpty(value))
    .map(({ param, value }) => {
      const name = param.name.toLowerCase();
      const label = param.arg ?? param.name;
      if (forbidden.test(name) || taken.has(name) || !token.test(name))
        throw unsendable(label, value, `would set the header ${name}, which no argument may`);
      return [name, headerValue(label, headerText(param, value))];
    });
}

/** An empty array or object is not sent: a header without a value says something else. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Object.values(value).some(isSet);
}

/** Style `simple`, and Swagger 2.0's delimited ones; nothing is encoded. OpenAPI 3.1.1, appendix D. */
function headerText(param: Param, value: unknown): string {
  if (param.content !== undefined) return asciiJson(contentText(param, value));
  return writtenText(styledParam(param), value, plain);
}

/** F8, checked before the client so that the error is ours and names the argument. HTTP strips outer white space: it would not arrive. */
function headerValue(label: string, text: string): string {
  if (!/^[\t\x20-\x7e]*$/.test(text)) throw unsendable(label, text, "holds characters that a header cannot");
  if (/^[\t ]|[\t ]$/.test(text)) throw unsendable(label, text, "begins or ends with white space, which HTTP removes");
  if (text.length > maxValueBytes) throw unsendable(label, text, `is longer than ${maxValueBytes} bytes`);
  return text;
}

/**
 * The `cookie` header of cookie parameters and cookie credentials; undefined where there is none. Throws `invalid_arguments`
 * where an argument would set the cookie of a credential, or of another parameter.
 */
export function cookieHeader(
  values: readonly ParamValue[],
  credentials: readonly (readonly [name: string, value: string])[],
): string | undefined {
  const given = values.filter(({ param, value }) => param.in === "cookie" && isSet(value));
  if (given.length === 0 && credentials.length === 0) return undefined;
  const taken = new Set(credentials.map(([name]) => name));
  const params = given.flatMap(({ param, value }) => cookiesOf(param, value, taken));
  const secrets = credentials.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const pairs = [...params, ...secrets];
  return pairs.length === 0 ? undefined : pairs.join("; ");
}

/** Style `form`, with `; ` between cookies; each cookie of one parameter is told apart from those of the others. */
function cookiesOf(param: Param, value: unknown, taken: Set<string>): readonly string[] {
  const label = param.arg ?? param.name;
  const pieces =
    param.content === undefined
      ? namedPieces(styledParam(param), value, percent)
      : [{ name: param.name, value: percent.encode(contentText(param, value)) }];
  const names = new Set(pieces.map(({ name }) => name));
  for (const name of names) {
    if (taken.has(name)) throw unsendable(label, value, `would set the cookie ${name}, which no argument may`);
    taken.add(name);
  }
  return pieces.map((piece) => `${encodeURIComponent(piece.name)}=${piece.value}`);
}
