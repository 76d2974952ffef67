import type { Param } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import type { ParamValue } from "../exchange.ts";
import { unsendable } from "./refuse.ts";
import { explodes, type StyledValue, shapeOf, styleOf } from "./values.ts";

/** `{id}`, `{+path}`, `{name=projects/*}`. */
const placeholder = /\{\+?([^{}=*]+)(?:=([^{}]*))?\*?\}/g;

/**
 * The path template with every placeholder filled, rejected or encoded (security.md F1 to F4). Throws `invalid_arguments` when
 * an argument for a placeholder is missing or could lead to another path.
 * https://spec.openapis.org/oas/v3.1.1#path-templating
 */
export function expandPath(spelled: string, values: readonly ParamValue[]): string {
  const template = encodeLiterals(spelled);
  const path = template.replaceAll(placeholder, (_all, name: string, pattern: string | undefined) => {
    const found = values.find(({ param }) => param.in === "path" && param.name === name);
    if (found === undefined || found.value === undefined || found.value === null) {
      throw new GatewayError("invalid_arguments", `missing argument ${name}, which is part of the path`, {
        next: `Call again with ${name}.`,
      });
    }
    return expand(found.param, found.value, pattern);
  });
  assertSameRoute(template, path, values);
  return path;
}

/** Literals as a URL parser spells them, so that what is built is what is sent. */
function encodeLiterals(template: string): string {
  if (!/[^!-~]|["<>^`|\\]/.test(template)) return template;
  return template.replace(/\{[^{}]*\}|[^!-~]+|["<>^`|\\]+/g, (part) =>
    part.startsWith("{") ? part : encodeURIComponent(part),
  );
}

function expand(param: Param, value: unknown, pattern: string | undefined): string {
  const name = param.arg ?? param.name;
  if (param.multiSegment || pattern?.includes("/")) return multiSegment(name, value, pattern);
  const styled = shapeOf(name, value);
  const encode = (text: string): string => pathSegment(name, text);
  if (isEmpty(styled)) throw unsendable(name, value, "is empty, and a part of a path cannot be");
  return styledPath(param, styled, encode);
}

function isEmpty(value: StyledValue): boolean {
  return value.shape === "array" ? value.items.length === 0 : value.shape === "object" && value.entries.length === 0;
}

/** `simple`, `label` and `matrix` of RFC 6570 §3.2; any other style has no meaning in a path and counts as `simple`. */
function styledPath(param: Param, value: StyledValue, encode: (text: string) => string): string {
  const style = styleOf(param);
  const explode = explodes(param);
  const name = encodeURIComponent(param.name);
  if (style === "label") return `.${joined(value, explode ? "." : ",", explode, encode)}`;
  if (style !== "matrix") return joined(value, ",", explode, encode);
  if (value.shape === "array" && explode) return value.items.map((item) => `;${name}=${encode(item)}`).join("");
  if (value.shape === "object" && explode) return `;${joined(value, ";", true, encode)}`;
  return `;${name}=${joined(value, ",", false, encode)}`;
}

function joined(value: StyledValue, separator: string, explode: boolean, encode: (text: string) => string): string {
  switch (value.shape) {
    case "primitive":
      return encode(value.text);
    case "array":
      return value.items.map(encode).join(separator);
    case "object":
      return value.entries.map(([key, text]) => `${encode(key)}${explode ? "=" : ","}${encode(text)}`).join(separator);
    default:
      return value satisfies never;
  }
}

const maxLength = 512;

/**
 * One path value, encoded. Encoding alone is not enough: `encodeURIComponent("..")` is `..`, and parsing a URL then removes
 * segments. So a value is rejected when it, or any of its first three percent-decodings, is a dot segment or holds a
 * separator or a control character (F1 to F3).
 */
export function pathSegment(name: string, raw: string): string {
  if (raw === "" || raw.length > maxLength) throw unsendable(name, raw, `must have 1 to ${maxLength} characters`);
  if (/^[\w~-][\w.~-]*$/.test(raw)) return raw; // what nearly every id is made of: nothing to reject, nothing to encode
  if (!raw.isWellFormed()) throw unsendable(name, raw, "is not well-formed Unicode");
  let form = raw;
  for (let round = 0; round <= 3; round++) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/^\.{1,2}(;|$)/.test(form) || /[/\\?#\u0000-\u001f\u007f]/.test(form)) {
      throw unsendable(name, raw, "holds characters that a path value must not have");
    }
    form = form.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return encodeURIComponent(raw);
}

/** A value of several segments: split at `/`, each checked and encoded alone, and counted by the template's pattern. */
function multiSegment(name: string, value: unknown, pattern: string | undefined): string {
  const styled = shapeOf(name, value);
  if (styled.shape !== "primitive") throw unsendable(name, value, "must be a text");
  const segments = styled.text.split("/");
  if (pattern !== undefined && !matchesPattern(segments, pattern.split("/"))) {
    throw unsendable(name, value, `must look like ${pattern}`);
  }
  return segments.map((segment) => pathSegment(name, segment)).join("/");
}

/** `projects/*` against its segments; `**` stands for any number of them (google.api.http). */
function matchesPattern(segments: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return segments.length === 0;
  if (first === "**")
    return rest.length === 0 || segments.some((_one, index) => matchesPattern(segments.slice(index), rest));
  const [segment, ...following] = segments;
  return segment !== undefined && (first === "*" || first === segment) && matchesPattern(following, rest);
}

/**
 * F4: the built path has the template's segments, literals unchanged and none of them empty. A failure is ours, not the
 * caller's: what they sent has passed the checks above.
 */
function assertSameRoute(template: string, path: string, values: readonly ParamValue[]): void {
  const isMulti = values.some(({ param }) => param.multiSegment) || /=[^}]*\//.test(template);
  const built = path.split("/");
  const planned = template.replaceAll(placeholder, "{}").split("/");
  const isSame = built.length === planned.length && planned.every((plan, index) => fits(plan, built[index] ?? ""));
  if (!isMulti && !isSame) throw new Error(`the path built for ${template} is not of that template`);
}

function fits(plan: string, segment: string): boolean {
  if (!plan.includes("{}")) return plan === segment;
  const [head = "", ...more] = plan.split("{}");
  return segment !== "" && segment.startsWith(head) && segment.endsWith(more.at(-1) ?? "");
}
