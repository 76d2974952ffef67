import { type PagingOf, type PagingStyle, sendable } from "./style.ts";

/** `limit` and `offset` (or `skip`): the position is the number of items before. The length of a page is what came, not what was asked for. */
export const offset: PagingStyle<PagingOf<"offset">> = {
  first: () => 0,
  ask: (paging, position) => ({ slots: [{ slot: paging.offset, value: sendable(position) }] }),
  following: (_paging, { place, items }) => ({ position: Number(place.position) + items.length }),
  within: (_paging, { place }, given) => Number(place.position) + given,
};
