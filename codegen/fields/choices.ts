import { isDeepStrictEqual } from "node:util";
import type { Schema } from "../../src/descriptor.ts";
import type { Document, SpecSchema } from "../model.ts";
import { isObject } from "../schemas.ts";
import { merged } from "./merge.ts";
import { typesOf } from "./types.ts";

/** One `oneOf` or `anyOf` of the Spec. */
export interface Choice {
  readonly key: "oneOf" | "anyOf";
  /** Its members as the Spec has them, and the same converted. */
  readonly members: readonly unknown[];
  readonly converted: readonly Schema[];
  /** A discriminator tells the members apart, whatever their schemas say. */
  readonly isTold: boolean;
}

/**
 * `core` with the alternatives of a choice, always as `anyOf`: strict clients know no `oneOf`, and members that overlap make
 * one refuse values that were meant. `loosen` hears of what is allowed beyond the Spec.
 */
export function withChoice(document: Document, core: Schema, choice: Choice, loosen: (what: string) => void): Schema {
  const { key, members, converted } = choice;
  if (converted.length < 2) return core;
  if (key === "oneOf" && !choice.isTold && !areApart(document, members)) {
    loosen("oneOf served as anyOf: a value may fit several of its alternatives");
  }
  const distinct = converted.filter((one, at) => converted.findIndex((other) => isDeepStrictEqual(other, one)) === at);
  if (distinct.some((member) => Object.keys(member).length === 0)) return core; // any value will do
  const [first] = distinct;
  if (distinct.length === 1 && first !== undefined)
    return Object.keys(core).length === 0 ? first : { ...core, allOf: [...(core.allOf ?? []), first] };
  const isOpen = core.additionalProperties !== false || !distinct.some((member) => member.properties ?? member.$ref);
  if (!isOpen) loosen(`additionalProperties: false dropped beside ${key}`);
  const { additionalProperties: _, ...open } = core;
  const base = withoutObjectHint(isOpen ? core : open);
  if (base.anyOf === undefined) return { ...base, anyOf: distinct };
  return { ...base, allOf: [...(base.allOf ?? []), { anyOf: distinct }] }; // a second choice beside the first
}

/** `type: object` alone adds nothing to alternatives that are objects each. */
function withoutObjectHint(core: Schema): Schema {
  return Object.keys(core).length === 1 && core.type === "object" ? {} : core;
}

/** Whether no value can fit two of the members: their types differ, or a property that both require has other values. */
function areApart(document: Document, members: readonly unknown[]): boolean {
  const plain = members.map((member) => merged(document, member));
  return plain.every((one, index) => plain.slice(index + 1).every((other) => isApart(document, one, other)));
}

function isApart(document: Document, one: SpecSchema, other: SpecSchema): boolean {
  const [types, others] = [allTypes(one), allTypes(other)];
  if (types.length > 0 && others.length > 0 && !types.some((type) => others.includes(type))) return true;
  const [values, otherValues] = [valuesIn(one), valuesIn(other)];
  if (values !== undefined && otherValues !== undefined) return !overlap(values, otherValues);
  const required = listOf(one.required).filter((name) => listOf(other.required).includes(name));
  return required.some((name) => {
    const left = valuesIn(propertyOf(document, one, name));
    const right = valuesIn(propertyOf(document, other, name));
    return left !== undefined && right !== undefined && !overlap(left, right);
  });
}

/** A whole number is a number too. */
function allTypes(spec: SpecSchema): string[] {
  return typesOf(spec).map((type) => (type === "integer" ? "number" : type));
}

function propertyOf(document: Document, spec: SpecSchema, name: unknown): SpecSchema {
  const properties = isObject(spec.properties) ? spec.properties : {};
  return typeof name === "string" && Object.hasOwn(properties, name) ? merged(document, properties[name]) : {};
}

function valuesIn(spec: SpecSchema): readonly unknown[] | undefined {
  if (spec.const !== undefined) return [spec.const];
  return Array.isArray(spec.enum) ? spec.enum : undefined;
}

function overlap(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.some((value) => right.some((other) => isDeepStrictEqual(value, other)));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
