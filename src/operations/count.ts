import type { ToolAnnotations, ToolOrigin } from "../catalog/tool.ts";
import type { CountSource, Paging } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import { annotationsOf, spaced } from "./annotations.ts";
import { envelopeSchema, withNotes } from "./item.ts";
import { linkTarget } from "./paging/nextLink.ts";
import { firstPlace, type Page, pagingOf, readPage } from "./paging/readPage.ts";
import { requestFor } from "./request.ts";
import { at, isRecord } from "./results.ts";
import { argumentSchemas, closedObject } from "./schemas.ts";
import { selectionOf } from "./select.ts";
import type { Arguments, ObjectSchema, Output, StepContext, Steps } from "./steps.ts";

/**
 * Count: how many items match, `{ count, exact }`. By the surest way the upstream offers: its own endpoint, the total that a
 * List tells beside one item, `rel="last"` of a List of one-item pages, else walking pages to a cap. The length of a page
 * is never given as a total: where the walk ends at the cap, `exact` is false and the count is a lower bound.
 */

/** Page size of a walk, where the upstream names no maximum. */
const walkSize = 200;

export function inputSchema(origin: ToolOrigin): ObjectSchema {
  const { properties, required } = argumentSchemas(sourceOf(origin));
  return closedObject(origin.api, properties, required);
}

export function outputSchema(): ObjectSchema {
  return envelopeSchema(
    {
      count: { type: "integer", minimum: 0 },
      exact: { type: "boolean", description: "False: there are at least this many." },
    },
    ["count", "exact"],
  );
}

export function annotations(origin: ToolOrigin): ToolAnnotations {
  return annotationsOf(origin, `Count ${spaced(origin.resource.plural)}`);
}

export function* steps(origin: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const source = sourceOf(origin);
  const count = countSource(origin);
  if (count.from === "answer") return yield* askCount(origin, args, count.path);
  const told = yield* toldTotal(source, args);
  return told === undefined ? yield* walk(source, args, context) : { count: told, exact: true };
}

/** Where the count comes from; an Operation of its own without a declared place is looked through for its one number. */
function countSource({ resource, spec }: ToolOrigin): CountSource {
  if (spec.count !== undefined) return spec.count;
  const isBorrowed = resource.tools.list === undefined || resource.tools.list.operation.id === spec.operation.id;
  return isBorrowed || spec.paging !== undefined ? { from: "list" } : { from: "answer", path: [] };
}

/** The Operation that is asked: the Count's own, or the List it is derived from, which knows the filters and the paging. */
function sourceOf(origin: ToolOrigin): ToolOrigin {
  const { list } = origin.resource.tools;
  if (countSource(origin).from === "answer" || list === undefined) return origin;
  return { ...origin, spec: { ...list, name: origin.spec.name, kind: "count" } };
}

function* askCount(
  origin: ToolOrigin,
  args: Arguments,
  path: readonly string[],
): Generator<UpstreamRequest, Output, UpstreamResponse> {
  const response = yield requestFor(origin, args);
  const count = countIn(at(response.body, path));
  if (count !== undefined) return { count, exact: true };
  throw new GatewayError("upstream_invalid_response", `the API's answer to ${origin.spec.name} holds no count`, {
    upstreamStatus: response.status,
  });
}

/** A count is a number, its digits, or the only number of an object. */
function countIn(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === "number") return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
  if (!isRecord(value)) return undefined;
  const numbers = Object.values(value).filter((one) => typeof one === "number");
  return numbers.length === 1 ? countIn(numbers[0]) : undefined;
}

/** The total that a List of one item tells; undefined where it tells none. */
function* toldTotal(
  source: ToolOrigin,
  args: Arguments,
): Generator<UpstreamRequest, number | undefined, UpstreamResponse> {
  const paging = pagingOf(source);
  const tells =
    paging.total !== undefined || paging.style === "none" || (paging.style === "link" && paging.limit !== undefined);
  if (!tells) return undefined;
  const page = yield* readPage(source, args, firstPlace(paging, 1), selectionOf(source, args));
  if (page.total !== undefined && !isPageLength(page, paging)) return page.total;
  return paging.style === "link" ? lastPage(page) : undefined;
}

/** A total of one beside the one item that was asked for may as well be the length of the page: the walk tells. */
function isPageLength({ total, items, more }: Page, { style }: Paging): boolean {
  return style !== "none" && total === 1 && items.length === 1 && more === undefined;
}

/** With pages of one item the number of the last page is the count (GitHub's way). Believed only when one item came. */
function lastPage(page: Page): number | undefined {
  if (page.items.length > 1) return undefined;
  if (page.more === false) return page.items.length;
  const last = linkTarget(page.response.headers.link, "last");
  const number = last === undefined ? null : (URL.parse(last, page.response.url)?.searchParams.get("page") ?? null);
  return number !== null && /^[1-9]\d*$/.test(number) ? Number(number) : undefined;
}

/** Counts the items page by page, to the cap. */
function* walk(source: ToolOrigin, args: Arguments, context: StepContext): Steps {
  const paging = pagingOf(source);
  const selection = selectionOf(source, args);
  let place = firstPlace(paging, paging.maxLimit ?? walkSize);
  let count = 0;
  for (let pages = 0; pages < context.countPages; pages++) {
    const page = yield* readPage(source, args, place, selection);
    count += page.items.length;
    if (page.next === undefined) return page.more === true ? atLeast(count) : { count, exact: true };
    place = page.next;
  }
  return atLeast(count);
}

function atLeast(count: number): Output {
  return {
    count,
    exact: false,
    ...withNotes([`At least ${count}: the API tells no total and counting stopped there.`]),
  };
}
