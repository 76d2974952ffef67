import { fromSource } from "../results.ts";
import { followLink } from "./nextLink.ts";
import type { PagingOf, PagingStyle } from "./style.ts";

/** A next URL in the body (`next`, `links.next`, `@odata.nextLink`), absolute or relative. */
export const nextUrl: PagingStyle<PagingOf<"nextUrl">> = {
  first: () => null,
  ask: (_paging, position) => (Array.isArray(position) ? { nextQuery: position } : {}),
  following: (paging, page) => {
    const next = fromSource(paging.next, page.response);
    return followLink(typeof next === "string" ? next : undefined, page);
  },
};
