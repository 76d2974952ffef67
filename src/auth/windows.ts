/**
 * Counts by name, in windows of a minute that begin with the first count. Our own and not the limiter library's: it answers at
 * once where nothing may wait, forgets the oldest beyond its size, and its clock is the one given.
 */
export interface Windows {
  /** Adds `count` (default 1) to the window of `name`; returns what it holds then. */
  readonly add: (name: string, count?: number) => number;
  /** What the window of `name` held; it is over. */
  readonly take: (name: string) => number;
  /** What the window of `name` holds. */
  readonly count: (name: string) => number;
  /** Whole seconds, from 1, until the window of `name` is over; 0 when there is none. */
  readonly secondsLeft: (name: string) => number;
}

export interface WindowsOptions {
  /** Names known; the oldest goes first. */
  readonly size: number;
  /** Milliseconds. */
  readonly now: () => number;
}

const minuteMs = 60_000;

interface Window {
  count: number;
  readonly until: number;
}

/** {@link Windows} of this process. */
export function createWindows({ size, now }: WindowsOptions): Windows {
  const windows = new Map<string, Window>();
  const windowOf = (name: string): Window | undefined => {
    const window = windows.get(name);
    if (window === undefined || window.until > now()) return window;
    windows.delete(name);
    return undefined;
  };
  return {
    add: (name, count = 1) => {
      const window = windowOf(name);
      if (window !== undefined) {
        window.count += count;
        return window.count;
      }
      windows.set(name, { count, until: now() + minuteMs });
      const oldest = windows.keys().next();
      if (windows.size > size && oldest.done !== true) windows.delete(oldest.value);
      return count;
    },
    take: (name) => {
      const count = windowOf(name)?.count ?? 0;
      windows.delete(name);
      return count;
    },
    count: (name) => windowOf(name)?.count ?? 0,
    secondsLeft: (name) => Math.ceil(((windowOf(name)?.until ?? now()) - now()) / 1_000),
  };
}
