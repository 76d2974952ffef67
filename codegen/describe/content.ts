import type { PartEncoding } from "../../src/descriptor.ts";
import { merged } from "../fields/merge.ts";
import type { Document, OperationContent, SpecSchema } from "../model.ts";
import { isJson, isObject, typeOf } from "../schemas.ts";
import type { Property } from "./shape.ts";

/** How a body is written: as JSON, as a form, in parts, as a text, or as the bytes of a file. */
export type BodyFormat = "json" | "form" | "multipart" | "text" | "bytes";

/** The media type a body is sent in. */
export interface SendableContent {
  readonly format: BodyFormat;
  /** Several with commas, where a file may be of any of them. */
  readonly mediaType: string;
  readonly schema: SpecSchema;
  readonly encoding: Readonly<Record<string, unknown>>;
}

/**
 * The best of the media types a body may have: JSON, since its schema says most; a form, in parts where one of its fields is a
 * file; text; the bytes of a file. Undefined where none can be written.
 */
export function sendable(document: Document, content: readonly OperationContent[]): SendableContent | undefined {
  const json = best(content.filter(({ mediaType }) => isJson(mediaType)));
  if (json !== undefined) return sendableJson(document, json);
  const form = content.find(({ mediaType }) => /^application\/x-www-form-urlencoded\b/i.test(mediaType));
  const parts = content.find(({ mediaType }) => /^multipart\/form-data\b/i.test(mediaType));
  if (parts !== undefined && (form === undefined || hasFile(document, parts))) {
    return { ...common(parts), format: "multipart", schema: parts.schema ?? { type: "object" } };
  }
  if (form !== undefined) return { ...common(form), format: "form" };
  const text =
    content.find(({ mediaType }) => /^text\/(?!event-stream)/i.test(mediaType)) ??
    content.find(({ mediaType }) => isText(mediaType));
  if (text !== undefined) return { ...common(text), format: "text", schema: textSchema(document, text) };
  const files = content.filter(({ mediaType }) => !isText(mediaType) && !/^(multipart|message)\//i.test(mediaType));
  const [file] = files;
  if (file === undefined) return undefined;
  const mediaType = files.map((one) => one.mediaType).join(",");
  return { ...common(file), format: "bytes", mediaType, schema: fileSchema(file.schema?.description) };
}

/** `application/json`; a merge patch before other kinds of JSON; a list of patches last, which is the hardest to write. */
function best(content: readonly OperationContent[]): OperationContent | undefined {
  const rank = ({ mediaType }: OperationContent): number => {
    if (/^application\/json\s*(;|$)/i.test(mediaType)) return 0;
    if (/^application\/merge-patch\+json\b/i.test(mediaType)) return 1;
    return /^application\/json-patch\+json\b/i.test(mediaType) ? 3 : 2;
  };
  return [...content].sort((a, b) => rank(a) - rank(b))[0];
}

function common({ mediaType, schema = {}, encoding = {} }: OperationContent): Omit<SendableContent, "format"> {
  return { mediaType, schema, encoding };
}

function sendableJson(document: Document, json: OperationContent): SendableContent {
  const { mediaType, schema } = json;
  const isAny = /^(\*\/\*|application\/\*)/.test(mediaType);
  if (isAny && isFile(document, schema)) {
    const octets = "application/octet-stream";
    return { ...common(json), format: "bytes", mediaType: octets, schema: fileSchema(schema?.description) };
  }
  const isPatch = /^application\/json-patch\+json\b/i.test(mediaType) && typeOf(document, schema) !== "array";
  return {
    ...common(json),
    format: "json",
    mediaType: isAny ? "application/json" : mediaType,
    ...(isPatch && { schema: jsonPatch }),
  };
}

/** RFC 6902, where the Spec does not say it itself. */
const jsonPatch: SpecSchema = {
  type: "array",
  description: "The changes, in order (JSON Patch).",
  items: {
    type: "object",
    required: ["op", "path"],
    properties: {
      op: { type: "string", enum: ["add", "remove", "replace", "move", "copy", "test"] },
      path: { type: "string", description: "JSON pointer to the place that changes." },
      from: { type: "string", description: "JSON pointer; for move and copy." },
      value: { description: "For add, replace and test." },
    },
  },
};

/** A media type whose content a JSON string can hold. */
export function isText(mediaType: string): boolean {
  return (
    /^text\/(?!event-stream)/i.test(mediaType) ||
    /^(image\/svg\+xml|application\/([^;]*\+)?(xml|yaml|x-yaml|x-ndjson|ndjson|jsonl|json-seq|javascript|ecmascript|csv|sql|graphql|toml|rtf|x-sh))\s*(;|$)/i.test(
      mediaType,
    )
  );
}

/** Objects in a language of their own are written by the caller. */
function textSchema(document: Document, { mediaType, schema }: OperationContent): SpecSchema {
  const type = schema === undefined ? "string" : typeOf(document, schema);
  if (schema !== undefined && type !== "object" && type !== "array" && type !== undefined) return schema;
  const own = typeof schema?.description === "string" ? `${schema.description} ` : "";
  return { type: "string", ...(schema !== undefined && { description: `${own}The text, as ${mediaType}.` }) };
}

/** What a caller gives for a file. */
const fileText = "A file: base64, or a data URI such as data:image/png;name=logo.png;base64,… or data:text/plain,Hello";

function fileSchema(description: unknown): SpecSchema {
  return {
    type: "string",
    description: typeof description === "string" ? `${ended(description)} ${fileText}` : fileText,
  };
}

function ended(text: string): string {
  return /[.!?:]\s*$/.test(text) ? text.trim() : `${text.trim()}.`;
}

/** The schema of an argument that is a file, or several. */
export function filePartSchema(document: Document, spec: SpecSchema): SpecSchema {
  const whole = merged(document, spec);
  if (typeOf(document, spec) !== "array") return fileSchema(whole.description);
  const { description, minItems, maxItems } = whole;
  return {
    type: "array",
    items: fileSchema(undefined),
    ...(description !== undefined && { description }),
    ...(minItems !== undefined && { minItems }),
    ...(maxItems !== undefined && { maxItems }),
  };
}

/** `format: binary` of 3.0, `contentMediaType` without an encoding of 3.1. OpenAPI 3.1.1 §4.8.24.6. */
export function isFile(document: Document, spec: unknown): boolean {
  const { type, format, contentMediaType, contentEncoding } = merged(document, isObject(spec) ? spec : {});
  const isScalar = type === undefined || type === "string" || (Array.isArray(type) && type.includes("string"));
  if (!isScalar || contentEncoding !== undefined) return false;
  return (
    format === "binary" ||
    (typeof contentMediaType === "string" && !isText(contentMediaType) && !isJson(contentMediaType))
  );
}

function hasFile(document: Document, { schema, encoding = {} }: OperationContent): boolean {
  const { properties } = merged(document, schema ?? {});
  return Object.entries(isObject(properties) ? properties : {}).some(
    ([name, spec]) =>
      partEncoding(document, { name, spec: isObject(spec) ? spec : {}, at: "" }, encoding).file === true,
  );
}

/** How one property of a form is written, as the encoding object and its schema say. OpenAPI 3.1 §4.8.15. */
export function partEncoding(
  document: Document,
  { name, spec }: Property,
  encoding: Readonly<Record<string, unknown>>,
): PartEncoding {
  const own = Object.hasOwn(encoding, name) ? encoding[name] : undefined;
  const { contentType, style, explode, allowReserved } = isObject(own) ? own : {};
  const { items, contentMediaType, "x-collectionFormat": collection } = merged(document, spec);
  const one = typeOf(document, spec) === "array" && isObject(items) ? items : spec;
  const isAny = contentMediaType === "application/octet-stream"; // 3.1's way of saying any file
  const type = typeof contentType === "string" ? contentType : isAny ? undefined : contentMediaType;
  const isNamedFile = typeof contentType === "string" && isFileType(contentType) && isTextual(document, one);
  const isPart = isFile(document, one) || isNamedFile;
  return {
    ...(isPart && { file: true }),
    ...(typeof type === "string" && (isPart || typeof contentType === "string") && { contentType: type }),
    ...(isStyle(style) && { style }),
    ...(collection === "tsv" && { style: "tabDelimited" as const }),
    ...(typeof explode === "boolean" && { explode }),
    ...(allowReserved === true && { allowReserved }),
  };
}

/** Every type named is one that no text can hold. */
function isFileType(contentType: string): boolean {
  return contentType.split(",").every((one) => !isText(one.trim()) && !isJson(one.trim()));
}

function isTextual(document: Document, spec: SpecSchema): boolean {
  const type = typeOf(document, spec);
  return type === undefined || type === "string";
}

function isStyle(style: unknown): style is "form" | "spaceDelimited" | "pipeDelimited" | "deepObject" {
  return typeof style === "string" && ["form", "spaceDelimited", "pipeDelimited", "deepObject"].includes(style);
}
