/**
 * Which ids were shown to whom, at most {@link mostSeen} of each principal and place, the latest. Ids are texts: 7 and "7" are
 * one. Both methods may throw `store_unavailable`.
 */
export interface Seen {
  readonly record: (shown: Shown, ids: readonly string[], keepMs: number) => Promise<void>;
  /** Those of `ids` that were not shown within the last `withinMs`. */
  readonly unseen: (shown: Shown, ids: readonly string[], withinMs: number) => Promise<readonly string[]>;
}

/** Whose ids of what. */
export interface Shown {
  readonly principalId: string;
  /** Upstream and ResourceType: the same id at another upstream is another thing. */
  readonly place: string;
}

/** Ids remembered per principal and place (reliability.md §2). */
export const mostSeen = 1_000;
