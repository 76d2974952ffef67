import { GatewayError } from "../../errors.ts";
import { rpc } from "../../mcp/versions.ts";

/** The requests being served in this process. */
export interface Work {
  /** Takes a place for one more. Throws `overloaded` when there are as many as the process serves at once. */
  readonly enter: () => Place;
  readonly count: () => number;
  /** Resolves when there are none. */
  readonly idle: () => Promise<void>;
}

/** The place of one request. */
export interface Place {
  /**
   * Counts it to `who` from now on. Throws `rate_limited` (429) when theirs are as many as one may have: whoever sends them
   * without waiting for answers must not take the places of everybody else.
   */
  readonly holdFor: (who: string) => void;
  /** Waits without counting: for what takes as long as people or a stream take. */
  readonly aside: <Value>(waiting: Promise<Value>) => Promise<Value>;
  readonly leave: () => void;
}

export interface WorkOptions {
  /** Requests at once. Default 512. */
  readonly most?: number;
  /** Those of one principal. Default 64: eight times what one may have running at an upstream. */
  readonly mostPerPrincipal?: number;
}

export function createWork({ most = 512, mostPerPrincipal = 64 }: WorkOptions = {}): Work {
  const held = new Map<string, number>();
  let count = 0;
  let waiting: (() => void)[] = [];
  const add = (who: string | undefined, step: 1 | -1): void => {
    count += step;
    if (who !== undefined) addTo(held, who, step);
    if (count > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const enter = (): Place => {
    if (count >= most) throw new GatewayError("overloaded", "the server is busy; try again shortly");
    let who: string | undefined;
    add(undefined, 1);
    return {
      holdFor: (principal) => {
        if ((held.get(principal) ?? 0) >= mostPerPrincipal) throw tooMany();
        who = principal;
        addTo(held, principal, 1);
      },
      aside: async (promise) => {
        add(who, -1);
        try {
          return await promise;
        } finally {
          add(who, 1); // what was begun is finished, also beyond the limits
        }
      },
      leave: () => add(who, -1),
    };
  };
  return {
    enter,
    count: () => count,
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function addTo(counts: Map<string, number>, key: string, step: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function tooMany(): GatewayError {
  return new GatewayError("rate_limited", "too many requests at once; wait for answers, then send more", {
    status: 429,
    rpcCode: rpc.refused,
    retryAfterSeconds: 1,
  });
}
