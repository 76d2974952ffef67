import { type PagingOf, type PagingStyle, sendable } from "./style.ts";

/** Page numbers, beginning with 0 or 1. A page keeps its size from the first to the last, or the numbers mean something else. */
export const page: PagingStyle<PagingOf<"page">> = {
  first: (paging) => paging.first,
  ask: (paging, position) => ({ slots: [{ slot: paging.page, value: sendable(position) }] }),
  following: (_paging, { place }) => ({ position: Number(place.position) + 1 }),
};
