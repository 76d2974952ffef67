import type { PagingOf, PagingStyle } from "./style.ts";

/** Everything comes at once; the gateway gives it out in pieces. */
export const none: PagingStyle<PagingOf<"none">> = {
  first: () => null,
  ask: () => ({}),
  following: () => ({ more: false }),
};
