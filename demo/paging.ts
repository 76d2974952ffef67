/** The four ways lists are paged here, and the ways they say how many there are. */
import { type Field, type Json, parseField, type Row, type Schema } from "./model/fields.ts";
import type { Noun, PagingStyle } from "./model/noun.ts";
import { type Answer, ApiFailure, type Context } from "./route.ts";

/** Items per page when nothing is asked for. */
const defaultPage = 20;

/** Which slice of the matching rows is wanted. */
export interface Slice {
  readonly limit: number;
  readonly offset: number;
}

interface Page {
  readonly items: readonly Row[];
  readonly slice: Slice;
  readonly total: number;
}

/** The query parameters of a style. */
export function pagingParams(noun: Noun): Readonly<Record<string, Field>> {
  const size = (name: string): Record<string, Field> => ({
    [name]: withSchema(`int(1..${noun.maxPage}) Items per page`, { default: defaultPage }),
  });
  switch (noun.paging) {
    case "offset":
      return { ...size("limit"), offset: withSchema("int(0..) Items to skip", { default: 0 }) };
    case "page":
      return { page: withSchema("int(1..) Number of the page; the first is 1", { default: 1 }), ...size("perPage") };
    case "cursor":
      return {
        ...size("limit"),
        cursor: parseField("text(..200) nextCursor of the page before; absent for the first page"),
      };
    case "link":
      return {
        ...size("limit"),
        after: parseField("text(..200) Position, taken from the Link header of the page before"),
      };
    default:
      return noun.paging satisfies never;
  }
}

/** The slice that a validated query asks for. Throws 400 for a cursor that did not come from here. */
export function sliceOf(noun: Noun, query: Context["query"]): Slice {
  const limit = Number(query.limit ?? query.perPage ?? defaultPage);
  switch (noun.paging) {
    case "offset":
      return { limit, offset: Number(query.offset ?? 0) };
    case "page":
      return { limit, offset: (Number(query.page ?? 1) - 1) * limit };
    case "cursor":
      return { limit, offset: readCursor(query.cursor) };
    case "link":
      return { limit, offset: readCursor(query.after) };
    default:
      return noun.paging satisfies never;
  }
}

/** A page in the noun's envelope, with its total where the noun's conventions put it. */
export function pageAnswer(noun: Noun, context: Context, page: Page): Answer {
  const next = nextOffset(page);
  const headers: Record<string, string> = {
    ...(noun.count === "header" ? { "x-total-count": String(page.total) } : {}),
    ...(noun.paging === "link" && next !== undefined ? { link: `<${linkTo(context.url, next)}>; rel="next"` } : {}),
  };
  return { status: 200, body: enveloped(noun, page, next), headers };
}

function enveloped(noun: Noun, { items, slice, total }: Page, next: number | undefined): Json {
  if (noun.envelope === "bare") return [...items];
  const facts = {
    ...(noun.count === "body" ? { total } : {}),
    ...(noun.paging === "cursor" ? { nextCursor: next === undefined ? null : writeCursor(next) } : {}),
    ...(noun.paging === "page" ? { page: slice.offset / slice.limit + 1, perPage: slice.limit } : {}),
  };
  return noun.envelope === "items" ? { items: [...items], ...facts } : { data: [...items], meta: facts };
}

/** The schema of a page of the noun. */
export function pageSchema(noun: Noun, item: Schema): Schema {
  const items: Schema = { type: "array", items: item };
  if (noun.envelope === "bare") return items;
  const facts: Record<string, Schema> = {
    ...(noun.count === "body" ? { total: { type: "integer", description: "How many match, over all pages" } } : {}),
    ...(noun.paging === "cursor"
      ? { nextCursor: { type: ["string", "null"], description: "cursor of the next page; null on the last" } }
      : {}),
    ...(noun.paging === "page" ? { page: { type: "integer" }, perPage: { type: "integer" } } : {}),
  };
  const required = Object.keys(facts);
  if (noun.envelope === "items")
    return { type: "object", properties: { items, ...facts }, required: ["items", ...required] };
  const meta: Schema = { type: "object", properties: facts, required };
  return { type: "object", properties: { data: items, meta }, required: ["data", "meta"] };
}

/** The headers a page of the noun carries. */
export function pageHeaders(noun: Noun): Readonly<Record<string, Schema>> {
  const link = 'Where the next page is: <…>; rel="next" (RFC 8288). Absent on the last page';
  return {
    ...(noun.count === "header"
      ? { "X-Total-Count": { type: "integer", description: "How many match, over all pages" } }
      : {}),
    ...(noun.paging === "link" ? { Link: { type: "string", description: link } } : {}),
  };
}

/** What to tell people about a style. */
export const pagingWords: Readonly<Record<PagingStyle, string>> = {
  offset: "Paged by limit and offset.",
  page: "Paged by page and perPage.",
  cursor: "Paged by cursor: pass nextCursor on as cursor.",
  link: 'Paged by the Link header: follow rel="next".',
};

function nextOffset({ items, slice, total }: Page): number | undefined {
  const next = slice.offset + items.length;
  return items.length > 0 && next < total ? next : undefined;
}

function linkTo(url: URL, offset: number): string {
  const next = new URL(url);
  next.searchParams.set("after", writeCursor(offset));
  return next.href;
}

function writeCursor(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString("base64url");
}

function readCursor(cursor: unknown): number {
  if (cursor === undefined) return 0;
  try {
    const { offset } = JSON.parse(Buffer.from(String(cursor), "base64url").toString()) as { offset?: unknown };
    if (typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0) return offset;
  } catch {
    // Not ours: answered below like every other cursor that was not given out here.
  }
  throw new ApiFailure(400, "invalid_request", "this cursor was not given out by Beacon; begin without one");
}

function withSchema(line: string, more: Schema): Field {
  const field = parseField(line);
  return { ...field, schema: { ...field.schema, ...more } };
}
