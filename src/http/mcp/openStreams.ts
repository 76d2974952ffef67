/** Ends a stream from our side, in good order. `drain`: the process stops, and the client should come back to another one. */
export type EndStream = (why?: "drain") => void;

/** The open GET and listen streams of this process. */
export interface OpenStreams {
  /** One that opens while the process drains is ended at once. */
  readonly add: (end: EndStream) => void;
  readonly delete: (end: EndStream) => void;
  readonly count: () => number;
  /** Ends those that are open, and those to come. */
  readonly drain: () => void;
}

export function createOpenStreams(): OpenStreams {
  const open = new Set<EndStream>();
  let isDraining = false;
  return {
    add: (end) => {
      open.add(end);
      if (isDraining) end("drain");
    },
    delete: (end) => open.delete(end),
    count: () => open.size,
    drain: () => {
      isDraining = true;
      for (const end of [...open]) end("drain");
    },
  };
}
