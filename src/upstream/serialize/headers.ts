import type { ParamValue } from "../exchange.ts";
import { unsendable } from "./refuse.ts";
import { explodes, isSet, type StyledValue, shapeOf } from "./values.ts";

/**
 * Headers that no parameter sets, whatever the Spec declares: they frame the message, name the host, carry credentials or
 * say where a request came from (security.md F7).
 */
const forbidden =
  /^(host|authorization|cookie|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|forwarded|x-forwarded-.*|x-real-ip)$/;
/** What OpenAPI says to ignore in a header parameter; `Content-Type` comes from the body, `Accept` from the answer. */
const ignored = /^(accept|content-type)$/;
const maxValueBytes = 1024;

/** The declared header parameters, lower case. `taken` are further names that no argument may set: those of the credentials. */
export function headerParams(
  values: readonly ParamValue[],
  taken: ReadonlySet<string>,
): readonly (readonly [name: string, value: string])[] {
  return values
    .filter(({ param, value }) => param.in === "header" && isSet(value) && !ignored.test(param.name.toLowerCase()))
    .map(({ param, value }) => {
      const name = param.name.toLowerCase();
      const label = param.arg ?? param.name;
      if (forbidden.test(name) || taken.has(name))
        throw unsendable(label, value, `would set the header ${name}, which no argument may`);
      const text = param.content === undefined ? joined(shapeOf(label, value), explodes(param)) : JSON.stringify(value);
      return [name, headerValue(label, text)];
    });
}

/** F8, checked before the client so that the error is ours and names the argument. */
function headerValue(label: string, text: string): string {
  if (!/^[\t\x20-\x7e]*$/.test(text)) throw unsendable(label, text, "holds characters that a header cannot");
  if (text.length > maxValueBytes) throw unsendable(label, text, `is longer than ${maxValueBytes} bytes`);
  return text;
}

/** Style `simple`. */
function joined(value: StyledValue, explode: boolean): string {
  if (value.shape === "primitive") return value.text;
  if (value.shape === "array") return value.items.join(",");
  return value.entries.map(([key, text]) => `${key}${explode ? "=" : ","}${text}`).join(",");
}

/** The `cookie` header of cookie parameters and cookie credentials; undefined where there is none. */
export function cookieHeader(
  values: readonly ParamValue[],
  credentials: readonly (readonly [name: string, value: string])[],
): string | undefined {
  const given = values.filter(({ param, value }) => param.in === "cookie" && isSet(value));
  if (given.length === 0 && credentials.length === 0) return undefined;
  const params = given.flatMap(({ param, value }) =>
    cookiePairs(param.name, shapeOf(param.arg ?? param.name, value), explodes(param)),
  );
  const pairs = [...params, ...credentials].map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return pairs.length === 0 ? undefined : pairs.join("; ");
}

/** Style `form`, with `; ` between cookies. */
function cookiePairs(name: string, value: StyledValue, explode: boolean): readonly (readonly [string, string])[] {
  if (value.shape === "primitive") return [[name, value.text]];
  if (value.shape === "array")
    return explode ? value.items.map((item) => [name, item]) : [[name, value.items.join(",")]];
  return explode ? value.entries : [[name, value.entries.flat().join(",")]];
}
