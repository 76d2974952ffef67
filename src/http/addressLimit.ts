import { createWindows } from "../auth/windows.ts";
import { GatewayError } from "../errors.ts";
import { rpc } from "../mcp/versions.ts";

/** The requests of one address in a minute, whatever keys they bring. */
export interface AddressLimit {
  /**
   * Counts one request of `network`. Throws `rate_limited` (429) with the seconds to wait when there were too many. Without a
   * network (a proxy of ours hides it) nothing is counted.
   */
  readonly take: (network: string | undefined) => void;
}

export interface AddressLimitOptions {
  readonly perMinute: number;
  /** Networks known; the oldest goes first. Default 20,000. */
  readonly size?: number;
  /** The count that replicas share. Default: each counts alone. */
  readonly shared?: SharedCount;
  /** Milliseconds of a clock that never goes back; default `performance.now`. */
  readonly now?: () => number;
}

/** The requests of an address at all replicas together. */
export interface SharedCount {
  /** Counts `count` more; resolves to the milliseconds until there is room, 0 when there is. See `RateLimit` in `src/calls`. */
  readonly take: (network: string, count: number) => Promise<number>;
  /** Replicas that share it. */
  readonly instances: number;
}

/** How often the other replicas are told; so much of a flood may pass at each before all refuse it. */
const tellMs = 1_000;

/**
 * {@link AddressLimit} that costs a request one look into a Map: it is counted in the process, and the shared count is told
 * once a second, by nobody's request, and only of addresses that might come near the limit. What it answers holds from then on.
 */
export function createAddressLimit(options: AddressLimitOptions): AddressLimit {
  const { perMinute, shared, size = 20_000, now = () => performance.now() } = options;
  const windows = createWindows({ size, now });
  const told = shared && createTold({ shared, now, size, leastCount: perMinute / (10 * shared.instances) });
  return {
    take: (network) => {
      if (network === undefined) return;
      const blockedMs = told?.blockedMs(network) ?? 0;
      if (blockedMs > 0) throw tooMany(Math.ceil(blockedMs / 1_000));
      if (windows.add(network) > perMinute) throw tooMany(windows.secondsLeft(network));
      told?.add(network);
    },
  };
}

interface Told {
  readonly add: (network: string) => void;
  /** How long all replicas together have had enough of the network. */
  readonly blockedMs: (network: string) => number;
}

interface Telling {
  readonly shared: SharedCount;
  readonly now: () => number;
  readonly size: number;
  /** Fewer requests of a network than this are kept until there are more: together a tenth of the limit at most. */
  readonly leastCount: number;
}

function createTold({ shared, now, size, leastCount }: Telling): Told {
  const untold = createWindows({ size, now });
  const due = new Map<string, number>();
  const blocked = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    timer = undefined;
    for (const [network, until] of blocked) if (until <= now()) blocked.delete(network);
    for (const [network, count] of due) {
      void shared.take(network, count).then((waitMs) => {
        if (waitMs > 0) blocked.set(network, now() + waitMs);
      });
    }
    due.clear();
  };
  return {
    add: (network) => {
      const count = due.get(network);
      if (count !== undefined) due.set(network, count + 1);
      else if (untold.add(network) >= leastCount) due.set(network, untold.take(network));
      if (due.size > 0 && timer === undefined) timer = setTimeout(tell, tellMs).unref();
    },
    blockedMs: (network) => Math.max((blocked.get(network) ?? 0) - now(), 0),
  };
}

function tooMany(seconds: number): GatewayError {
  return new GatewayError("rate_limited", `too many requests from this address; wait ${seconds} seconds`, {
    status: 429,
    rpcCode: rpc.refused,
    retryAfterSeconds: seconds,
  });
}
