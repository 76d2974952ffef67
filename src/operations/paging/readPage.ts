import type { ToolOrigin } from "../../catalog/tool.ts";
import type { Paging } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../upstream/exchange.ts";
import { type Place, unusable } from "../cursor.ts";
import { type RequestAdditions, requestFor } from "../request.ts";
import { answerValue, fromSource, isNothing, isRecord, totalOf } from "../results.ts";
import { readSelecting, type Selection } from "../select.ts";
import type { Arguments } from "../steps.ts";
import { cursor } from "./cursor.ts";
import { keyset } from "./keyset.ts";
import { link } from "./link.ts";
import { nextUrl } from "./nextUrl.ts";
import { none } from "./none.ts";
import { offset } from "./offset.ts";
import { page } from "./page.ts";
import type { Following, PageFacts, PagingStyle } from "./style.ts";

const styles = { offset, page, cursor, keyset, link, nextUrl, none };

/** What was read of an upstream page. */
export interface Page {
  /** Unwrapped, not yet projected. */
  readonly items: readonly unknown[];
  /** Items on this page and those before it. */
  readonly seen: number;
  readonly response: UpstreamResponse;
  /** The number of matching items, where the answer says it. */
  readonly total?: number;
  /** Whether items follow; undefined: nothing says it, only reading on will tell. */
  readonly more: boolean | undefined;
  /** The next page; absent where there is none or it cannot be reached. */
  readonly next?: Place;
  /** Where the item after the first `given` ones stands. */
  readonly after: (given: number) => Place;
  readonly note?: string;
}

/** How the List of a Tool is paged; one without a declaration comes whole. */
export function pagingOf({ spec }: ToolOrigin): Paging {
  return spec.paging ?? { style: "none" };
}

/** Whether a page may be asked for in any size at any time. Elsewhere the size stays what it was on the first page. */
export function takesAnySize(paging: Paging): boolean {
  return styleOf(paging).within !== undefined;
}

/** The first page, `size` items long. */
export function firstPlace(paging: Paging, size: number): Place {
  return { position: styleOf(paging).first(paging), skip: 0, size, before: 0 };
}

/**
 * Reads the page at `place`. Throws `upstream_invalid_response` when the answer holds no list, and `invalid_arguments` when
 * the upstream no longer knows the place a cursor led to.
 */
export function* readPage(
  origin: ToolOrigin,
  args: Arguments,
  place: Place,
  selection?: Selection,
): Generator<UpstreamRequest, Page, UpstreamResponse> {
  const paging = pagingOf(origin);
  const asked = styleOf(paging).ask(paging, place.position);
  const response = yield* readOrEnd(paging, place, selection, (slots) =>
    requestFor(origin, args, withSlots(asked, paging, place.size, slots)),
  );
  if (response === undefined) return emptyPage(place);
  const items = itemsOf(origin, response);
  return pageOf(paging, { place, items, response, credentialParams: credentialParams(origin) });
}

function styleOf(paging: Paging): PagingStyle<Paging> {
  return styles[paging.style] as PagingStyle<Paging>; // each style is only ever handed the Paging that names it
}

function withSlots(
  asked: RequestAdditions,
  paging: Paging,
  size: number,
  more: NonNullable<RequestAdditions["slots"]>,
): RequestAdditions {
  const limit = paging.limit === undefined ? [] : [{ slot: paging.limit, value: size }];
  return { ...asked, slots: [...(asked.slots ?? []), ...limit, ...more] };
}

/** The answer; undefined where a page number past the end is answered with 404. */
function* readOrEnd(
  paging: Paging,
  place: Place,
  selection: Selection | undefined,
  requestWith: Parameters<typeof readSelecting>[1],
): Generator<UpstreamRequest, UpstreamResponse | undefined, UpstreamResponse> {
  try {
    return yield* readSelecting(selection, requestWith);
  } catch (thrown) {
    const isFirst = place.position === styleOf(paging).first(paging);
    const status = thrown instanceof GatewayError ? thrown.facts.upstreamStatus : undefined;
    if (isFirst || status === undefined) throw thrown;
    if (paging.style === "page" && status === 404) return undefined;
    const isToken = paging.style !== "page" && paging.style !== "offset";
    if (isToken && [400, 404, 410, 422].includes(status))
      throw unusable("leads to a page that the API no longer knows", thrown);
    throw thrown;
  }
}

function emptyPage(place: Place): Page {
  const response = { status: 404, headers: {}, body: undefined, bytes: 0, mediaType: "", url: "" };
  return { items: [], seen: place.before, response, more: false, after: () => place };
}

function pageOf(paging: Paging, facts: PageFacts): Page {
  const { place, items, response } = facts;
  const following = styleOf(paging).following(paging, facts);
  const total =
    believable(totalOf(paging.total, response), facts) ?? (paging.style === "none" ? items.length : undefined);
  const more = hasMore(paging, facts, following, total);
  const { position, note } = following;
  const before = place.before + items.length;
  return {
    items,
    seen: before,
    response,
    more,
    after: (given) => placeAfter(paging, facts, given),
    ...(total === undefined ? {} : { total }),
    ...(more === false || position === undefined ? {} : { next: { position, skip: 0, size: place.size, before } }),
    ...(note === undefined || more === false ? {} : { note }),
  };
}

/** A total below what was seen is none: some APIs call the length of a page so. */
function believable(total: number | undefined, { place, items }: PageFacts): number | undefined {
  return total !== undefined && total < place.before + items.length ? undefined : total;
}

/**
 * Whether items follow, by what is surest: the answer's own word, the next token, the total against what was seen, an empty
 * page, a full page. A short page proves nothing, since upstreams cap silently; and what the answer echoes of the limit
 * is never used.
 */
function hasMore(
  paging: Paging,
  { place, items, response }: PageFacts,
  following: Following,
  total: number | undefined,
): boolean | undefined {
  const said = fromSource(paging.hasMore, response);
  if (said === false || following.more === false) return false;
  if (following.more === true) return true;
  if (items.length === 0) return false;
  if (said === true) return true;
  if (total !== undefined && !isPageLength(total, place, items)) return place.before + items.length < total;
  if (total !== undefined) return undefined;
  return paging.limit !== undefined && items.length >= place.size ? true : undefined;
}

/** The total of a full first page that is as long as the page: it may as well be its length, so only reading on tells. */
function isPageLength(total: number, place: Place, items: readonly unknown[]): boolean {
  return place.before === 0 && total === items.length && items.length >= place.size;
}

function placeAfter(paging: Paging, facts: PageFacts, given: number): Place {
  const { place } = facts;
  const { within } = styleOf(paging);
  if (given === 0) return { ...place, skip: 0 };
  if (within === undefined) return { ...place, skip: given };
  return { position: within(paging, facts, given), skip: 0, size: place.size, before: place.before + given };
}

/** The list in an answer: at the declared place, else the body itself or its only array. */
function itemsOf(origin: ToolOrigin, response: UpstreamResponse): readonly unknown[] {
  const value = answerValue(origin, response);
  if (Array.isArray(value)) return value;
  if (isNothing(value)) return [];
  const arrays = isRecord(value) ? Object.values(value).filter(Array.isArray) : [];
  const [only] = arrays;
  if (arrays.length === 1 && only !== undefined) return only;
  throw new GatewayError("upstream_invalid_response", `the API's answer to ${origin.spec.name} holds no list`, {
    next: "This is a fault of the API or of its description; try another tool.",
    upstreamStatus: response.status,
  });
}

function credentialParams({ api }: ToolOrigin): readonly string[] {
  return Object.values(api.securitySchemes).flatMap((scheme) =>
    scheme.type === "apiKey" && scheme.in === "query" ? [scheme.name] : [],
  );
}
