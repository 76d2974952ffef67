/** The last ids that were seen. */
export interface Seen {
  /** Whether the id was not among them; from now on it is. */
  readonly first: (id: string) => boolean;
}

/** Remembers the last `size` ids. */
export function createSeen(size: number): Seen {
  const seen = new Set<string>();
  return {
    first: (id) => {
      if (seen.has(id)) return false;
      seen.add(id);
      const oldest = seen.values().next();
      if (seen.size > size && oldest.done !== true) seen.delete(oldest.value);
      return true;
    },
  };
}
