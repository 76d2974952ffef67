import { isDeepStrictEqual } from "node:util";
import type { Document, SpecSchema } from "../model.ts";
import { isObject, resolve } from "../schemas.ts";

/** Keywords that only describe; the outermost one counts. */
const annotations: ReadonlySet<string> = new Set([
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
]);

/** Keys that `$ref` may have beside it without meaning more than the reference. */
const besideRef: ReadonlySet<string> = new Set([
  ...annotations,
  "$ref",
  "summary",
  "readOnly",
  "writeOnly",
  "nullable",
  "x-nullable",
]);

/**
 * The schema with references followed and `allOf` merged into one object: properties and required names united, limits
 * the stricter of two, values those in common. A member that leads back to a schema being merged is left out, as is the
 * `oneOf` by which a base lists the very schema that extends it.
 */
export function merged(document: Document, spec: unknown): SpecSchema {
  return mergeInto(document, spec, []);
}

function mergeInto(document: Document, spec: unknown, path: readonly SpecSchema[]): SpecSchema {
  const at = resolve(document, spec);
  if (path.includes(at)) return {};
  const inner = [...path, at];
  const outer = isObject(spec) && typeof spec.$ref === "string" ? withoutRef(spec) : {};
  const { allOf, ...own } = withoutSingleChoice(at);
  const members = [...listOf(allOf), ...singleChoice(at)];
  const parts = members.map((member) => withoutLoop(document, mergeInto(document, member, inner), inner));
  // A base's discriminator tells its children apart; the child itself is told already.
  const bases = parts.map(({ discriminator: _, ...part }) => part);
  return [...bases, own, outer].reduce((whole, part) => combine(whole, part), {});
}

/** Whether a reference says more than what it refers to. */
export function hasOwnConstraints(spec: SpecSchema): boolean {
  return Object.keys(spec).some((key) => !besideRef.has(key) && !key.startsWith("x-"));
}

/** Whether the members of an `allOf` ask for types that have nothing in common, so that no value fits all of them. */
export function clashes(document: Document, spec: SpecSchema): boolean {
  const types = listOf(spec.allOf).map((member) => typeList(merged(document, member).type));
  const told = types.filter((list) => list.length > 0);
  return told.length > 1 && told.some((list) => !list.some((type) => told.every((other) => allows(other, type))));
}

function typeList(type: unknown): readonly unknown[] {
  return type === undefined ? [] : Array.isArray(type) ? type : [type];
}

/** Whole numbers are numbers. */
function allows(types: readonly unknown[], type: unknown): boolean {
  return (
    types.includes(type) ||
    (type === "integer" && types.includes("number")) ||
    (type === "number" && types.includes("integer"))
  );
}

function withoutRef({ $ref: _, ...rest }: SpecSchema): SpecSchema {
  return rest;
}

/** A choice of one is no choice. */
function singleChoice(spec: SpecSchema): unknown[] {
  return ["oneOf", "anyOf"]
    .map((key) => listOf(spec[key]))
    .filter((list) => list.length === 1)
    .flat();
}

function withoutSingleChoice(spec: SpecSchema): SpecSchema {
  const keys = ["oneOf", "anyOf"].filter((key) => listOf(spec[key]).length === 1);
  return keys.length === 0 ? spec : Object.fromEntries(Object.entries(spec).filter(([key]) => !keys.includes(key)));
}

function withoutLoop(document: Document, part: SpecSchema, path: readonly SpecSchema[]): SpecSchema {
  const loops = (key: string) => listOf(part[key]).some((member) => path.includes(resolve(document, member)));
  const keys = ["oneOf", "anyOf"].filter(loops);
  return keys.length === 0 ? part : Object.fromEntries(Object.entries(part).filter(([key]) => !keys.includes(key)));
}

function combine(left: SpecSchema, right: SpecSchema): SpecSchema {
  const both = Object.keys(right).filter((key) => Object.hasOwn(left, key));
  return { ...left, ...right, ...Object.fromEntries(both.map((key) => [key, combineKey(key, left[key], right[key])])) };
}

function combineKey(key: string, left: unknown, right: unknown): unknown {
  if (isDeepStrictEqual(left, right)) return right;
  if (key === "properties" && isObject(left) && isObject(right)) return combineProperties(left, right);
  if (key === "required") return [...new Set([...listOf(left), ...listOf(right)])];
  if (key === "type") return combineTypes(left, right);
  if (key === "enum") return common(listOf(left), listOf(right));
  if (key === "nullable") return left === true && right === true;
  if (key === "additionalProperties") return combineAdditional(left, right);
  if (key === "oneOf" || key === "anyOf") return right;
  if (typeof left === "number" && typeof right === "number") return stricter(key, left, right);
  return right;
}

function combineProperties(left: Record<string, unknown>, right: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(right).map(([name, value]): [string, unknown] => {
    const other = Object.hasOwn(left, name) ? left[name] : undefined;
    return [name, other === undefined || isDeepStrictEqual(other, value) ? value : { allOf: [other, value] }];
  });
  return { ...left, ...Object.fromEntries(entries) };
}

/** The types that both allow; the second's when they have none in common, which is a fault of the Spec. */
function combineTypes(left: unknown, right: unknown): unknown {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const allowed = list(right).filter(
    (type) => list(left).includes(type) || (type === "integer" && list(left).includes("number")),
  );
  return allowed.length === 1 ? allowed[0] : allowed.length === 0 ? right : allowed;
}

/** Each half of an `allOf` closes only itself when written by hand; together they close the whole. */
function combineAdditional(left: unknown, right: unknown): unknown {
  if (left === false || right === false) return false;
  return isObject(left) && !isObject(right) ? left : right;
}

function common(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  const shared = right.filter((value) => left.some((other) => isDeepStrictEqual(value, other)));
  return shared.length > 0 ? shared : [...right];
}

function stricter(key: string, left: number, right: number): number {
  return key.toLowerCase().includes("min")
    ? Math.max(left, right)
    : key === "multipleOf"
      ? right
      : Math.min(left, right);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
