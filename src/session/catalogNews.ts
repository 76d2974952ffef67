/**
 * Finds out when the lists of tools that clients hold are out of date, and says so once for all replicas.
 *
 * A client that is told asks again at once, of whichever replica: so it is told when every replica that lives serves the new
 * Catalog, not when the first one does, or it would get the old list and never ask again.
 */
export interface CatalogNews {
  /**
   * From now on this replica serves the Catalog of this hash, which is asked for only when it is needed: it takes longer than
   * a start should. Resolves when the others could know. Never throws: while the store is away nothing is told, and the next
   * look makes up for it.
   */
  readonly serve: (hash: () => string) => Promise<void>;
  /** This replica serves no more: nobody has to wait for it. */
  readonly leave: () => Promise<void>;
}

/** What clients hold lists of. */
export type CatalogList = "tools" | "prompts" | "resources";

/**
 * Tells every client of this process, and every session, that these lists changed; `eventId` names the change everywhere, and is
 * one for all of them.
 */
export type TellCatalog = (eventId: string, lists: readonly CatalogList[]) => Promise<void>;

/**
 * The lists in which two Catalogs differ. A hash has a part for each list, with dots between; where one has fewer, as that of a
 * replica of another version, every list counts as changed.
 */
export function changedLists(before: string, after: string): readonly CatalogList[] {
  const lists: readonly CatalogList[] = ["tools", "prompts", "resources"];
  const [old, now] = [before.split("."), after.split(".")];
  return lists.filter((_, index) => now[index] !== undefined && old[index] !== now[index]);
}

/** {@link CatalogNews} of a process that is alone: a Catalog that differs from the one before is news at once. */
export function createLocalCatalogNews(tell: TellCatalog): CatalogNews {
  let served: (() => string) | undefined;
  let changes = 0;
  return {
    serve: async (hash) => {
      const before = served;
      served = hash;
      if (before === undefined || before() === hash()) return;
      changes += 1;
      await tell(`catalog:${hash()}:${changes}`, changedLists(before(), hash()));
    },
    leave: async () => undefined,
  };
}
