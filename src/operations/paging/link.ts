import { followLink, linkTarget } from "./nextLink.ts";
import type { PagingOf, PagingStyle } from "./style.ts";

/** RFC 8288 `Link: <…>; rel="next"`. */
export const link: PagingStyle<PagingOf<"link">> = {
  first: () => null,
  ask: (_paging, position) => (Array.isArray(position) ? { nextQuery: position } : {}),
  following: (_paging, page) => followLink(linkTarget(page.response.headers.link, "next"), page),
};
