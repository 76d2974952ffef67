import type { Change } from "../../mcp/changes.ts";

/** Tells the open streams of this process what changed. */
export interface ChangeHub {
  readonly publish: (change: Change) => void;
  /** Hears every change until the returned function is called. */
  readonly subscribe: (listener: (change: Change) => void) => () => void;
}

export function createChangeHub(): ChangeHub {
  const listeners = new Set<(change: Change) => void>();
  return {
    publish: (change) => {
      for (const listener of [...listeners]) listener(change);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
