import { at } from "../results.ts";
import { type PagingOf, type PagingStyle, sendable } from "./style.ts";

/** The cursor is a field of the last item (Stripe's `starting_after`), so a page can be left after any of its items. */
export const keyset: PagingStyle<PagingOf<"keyset">> = {
  first: () => null,
  ask: (paging, position) => ({
    slots: position === null ? [] : [{ slot: paging.cursor, value: sendable(position) }],
  }),
  following: (paging, { items }) => (items.length === 0 ? { more: false } : keyOf(items.at(-1), paging.itemField)),
  within: (paging, { items, place }, given) => keyOf(items[given - 1], paging.itemField).position ?? place.position,
};

function keyOf(item: unknown, field: string): { readonly position?: string | number; readonly note?: string } {
  const key = at(item, field.split("."));
  if (typeof key === "string" || typeof key === "number") return { position: key };
  return { note: `There may be more, but the last item has no ${field} to go on from.` };
}
