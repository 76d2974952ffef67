import type { PartEncoding } from "../../descriptor.ts";
import { isJsonType } from "./mediaTypes.ts";
import { unsendable } from "./refuse.ts";
import { namedPieces, percent, reserved, type Styled } from "./styles.ts";
import { isSet, primitive } from "./values.ts";

/** How the properties of a form are written, by name. */
export type FormEncoding = Readonly<Record<string, PartEncoding>>;

/**
 * An object as `application/x-www-form-urlencoded`: texts as they are, arrays as repeated names, objects as JSON, and what
 * `encoding` gives a style as that style writes it. Throws `invalid_arguments` for what is no object, and for two properties
 * that would set one name.
 * https://spec.openapis.org/oas/v3.1.1#encoding-the-x-www-form-urlencoded-media-type
 */
export function encodeForm(label: string, value: unknown, encoding: FormEncoding = {}): string {
  const owners = new Map<string, string>();
  return propertiesOf(label, value)
    .flatMap(([name, inner]) => {
      const own = Object.hasOwn(encoding, name) ? (encoding[name] ?? {}) : {};
      const pieces = isStyled(own)
        ? namedPieces(styledProperty(name, own), inner, own.allowReserved ? reserved : percent)
        : itemsOf(inner).map((item) => ({ name, value: percent.encode(propertyText(name, item, own)) }));
      claimNames(owners, name, pieces);
      return pieces;
    })
    .map((piece) => `${encodeURIComponent(piece.name)}=${piece.value}`)
    .join("&");
}

/** The properties of an object that are set. */
export function propertiesOf(label: string, value: unknown): readonly (readonly [name: string, value: unknown])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw unsendable(label, value, "must be an object, whose properties are the fields of a form");
  const entries = Object.entries(value).filter(([, inner]) => isSet(inner));
  const broken = entries.find(([name]) => !name.isWellFormed());
  if (broken !== undefined) throw unsendable(label, broken[0], "is not well-formed Unicode");
  return entries;
}

/** Whether a property is written as a query parameter would be. */
export function isStyled({ style, explode, allowReserved }: PartEncoding): boolean {
  return style !== undefined || explode !== undefined || allowReserved !== undefined;
}

export function styledProperty(name: string, { style = "form", explode }: PartEncoding): Styled {
  return { name, label: name, style, explode: explode ?? style === "form" };
}

/** Each item of an array is a field of its own. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.filter(isSet) : [value];
}

/** A value as text: JSON where it has parts or its media type says so. */
export function propertyText(name: string, value: unknown, { contentType }: PartEncoding): string {
  const isJson = contentType === undefined ? typeof value === "object" : isJsonType(contentType);
  const text = isJson || typeof value === "object" ? JSON.stringify(value) : primitive(name, value);
  if (!text.isWellFormed()) throw unsendable(name, value, "is not well-formed Unicode");
  return text;
}

/** Refuses a name that an exploded object gives and another property has (security.md T21). */
export function claimNames(
  owners: Map<string, string>,
  property: string,
  pieces: readonly { readonly name: string }[],
): void {
  for (const { name } of pieces) {
    const owner = owners.get(name);
    if (owner !== undefined && owner !== property) throw unsendable(property, name, "is the name of another property");
    owners.set(name, property);
  }
}
