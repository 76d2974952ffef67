import type { Json, Paging } from "../../descriptor.ts";
import type { UpstreamResponse } from "../../upstream/exchange.ts";
import type { Place, Position } from "../cursor.ts";
import type { RequestAdditions } from "../request.ts";

/** What an answer tells of the page after it. */
export interface Following {
  /** Where it begins; absent where there is none. */
  readonly position?: Position;
  /** Whether there is one, where the style itself tells; else totals and page lengths have to. */
  readonly more?: boolean;
  /** Why it cannot be followed. */
  readonly note?: string;
}

/** A page as a style sees it. */
export interface PageFacts {
  readonly place: Place;
  readonly items: readonly unknown[];
  readonly response: UpstreamResponse;
  /** Query parameters that carry keys; they never enter a cursor. */
  readonly credentialParams: readonly string[];
}

/**
 * How one style of paging asks for a page and finds the next. One file per style, the same exports in each; what all of
 * them share (sizes, totals, cutting) is in `readPage.ts`.
 */
export interface PagingStyle<Of extends Paging> {
  readonly first: (paging: Of) => Position;
  readonly ask: (paging: Of, position: Position) => RequestAdditions;
  readonly following: (paging: Of, page: PageFacts) => Following;
  /**
   * Where the item after the first `given` ones of a page stands, for styles that can begin anywhere. The others come
   * back to the page and skip what was given, which holds only as long as they ask for pages of the same size.
   */
  readonly within?: (paging: Of, page: PageFacts, given: number) => Position;
}

/** The Paging of one style. */
export type PagingOf<Style extends Paging["style"]> = Extract<Paging, { readonly style: Style }>;

/** A position as a value to send. Token styles begin with null, which is not sent. */
export function sendable(position: Position): Json {
  return position as Json; // a list of pairs is sent as a query, never through a slot
}
