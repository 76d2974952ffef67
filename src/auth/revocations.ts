/** Tells that a key or Connection is no longer good, so that nothing that was opened with it goes on (security.md B47). */
export interface Revocations {
  /**
   * Tells this process at once and every other replica as soon as a message travels. Never fails: a message that is lost costs
   * the few seconds that a credential is believed.
   */
  readonly publish: (principalId: string) => Promise<void>;
  /** Hears every id, until the returned function is called. */
  readonly listen: (listener: (principalId: string) => void) => () => void;
  /** Hears of one id, until the returned function is called. */
  readonly watch: (principalId: string, listener: () => void) => () => void;
}

/** {@link Revocations} of this process, and a way in for messages from elsewhere. */
export interface LocalRevocations extends Revocations {
  readonly tell: (principalId: string) => void;
}

export function createLocalRevocations(): LocalRevocations {
  const listeners = new Set<(principalId: string) => void>();
  const watchers = new Map<string, Set<() => void>>();
  const tell = (principalId: string): void => {
    for (const listener of [...listeners]) listener(principalId);
    for (const watcher of [...(watchers.get(principalId) ?? [])]) watcher();
  };
  return {
    tell,
    publish: async (principalId) => tell(principalId),
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    watch: (principalId, listener) => {
      const own = watchers.get(principalId) ?? new Set();
      watchers.set(principalId, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0 && watchers.get(principalId) === own) watchers.delete(principalId);
      };
    },
  };
}
