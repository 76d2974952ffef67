import { fromSource } from "../results.ts";
import { type PagingOf, type PagingStyle, sendable } from "./style.ts";

/** Opaque tokens (`next_cursor`, `nextPageToken`, `metadata.continue`). Never looked into; absent, null or empty means the end. */
export const cursor: PagingStyle<PagingOf<"cursor">> = {
  first: () => null,
  ask: (paging, position) => ({
    slots: position === null ? [] : [{ slot: paging.cursor, value: sendable(position) }],
  }),
  following: (paging, { place, response }) => {
    const next = fromSource(paging.next, response);
    const isToken = (typeof next === "string" && next !== "") || typeof next === "number";
    // A token that leads back to its own page would be followed for ever.
    return isToken && next !== place.position ? { position: next, more: true } : { more: false };
  },
};
