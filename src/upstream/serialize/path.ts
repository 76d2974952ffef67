import type { Param } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import type { ParamValue } from "../exchange.ts";
import { contentText } from "./contentText.ts";
import { unsendable } from "./refuse.ts";
import { type Alphabet, styledParam, writtenText } from "./styles.ts";
import { shapeOf } from "./values.ts";

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
  const segment: Alphabet = { encode: (text) => pathSegment(name, text), isPercent: true };
  if (param.content !== undefined) return segment.encode(contentText(param, value));
  return writtenText(styledParam(param), value, segment);
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
 * F4: the built path has the template's segments, literals unchanged, none of them empty and none of them dots. A placeholder
 * of several segments may be any number of them. A failure is ours, not the caller's: what they sent has passed the checks above.
 */
function assertSameRoute(template: string, path: string, values: readonly ParamValue[]): void {
  const many = values.filter(({ param }) => param.multiSegment).map(({ param }) => param.name);
  const isOne = many.length === 0 && !/=[^}]*\//.test(template);
  const isSame = isOne ? hasSegmentsOf(template, path) : manyOf(template, many).test(path);
  const hasDots = path.split("/").some((segment) => segment === "." || segment === "..");
  if (!isSame || hasDots) throw new Error(`the path built for ${template} is not of that template`);
}

function hasSegmentsOf(template: string, path: string): boolean {
  const built = path.split("/");
  const planned = template.replaceAll(placeholder, "{}").split("/");
  return built.length === planned.length && planned.every((plan, index) => fits(plan, built[index] ?? ""));
}

function fits(plan: string, segment: string): boolean {
  if (!plan.includes("{}")) return plan === segment;
  const [head = "", ...more] = plan.split("{}");
  return segment !== "" && segment.startsWith(head) && segment.endsWith(more.at(-1) ?? "");
}

/** The paths of a template with placeholders of several segments. */
function manyOf(template: string, many: readonly string[]): RegExp {
  const parts = [...template.matchAll(placeholder)].map(([, name = "", pattern]) =>
    many.includes(name) || pattern?.includes("/") ? "[^/]+(?:/[^/]+)*" : "[^/]+",
  );
  const literals = template.replaceAll(placeholder, "{}").split("{}");
  const escaped = literals.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.map((text, index) => `${text}${parts[index] ?? ""}`).join("")}$`);
}
