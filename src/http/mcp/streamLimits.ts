import { GatewayError } from "../../errors.ts";
import { rpc } from "../../mcp/versions.ts";
import { isLocal, networkOf } from "../address.ts";

/** How many streams may be open at once, and for how long (security.md §6). */
export interface StreamLimitOptions {
  /** Default 5. */
  readonly perPrincipal?: number;
  /** Default 50; an IPv6 /64 counts as one. Addresses of the local network are not held to it: a proxy with many clients behind it has such a one. */
  readonly perAddress?: number;
  /** Default 2,000. */
  readonly total?: number;
  /** A stream on which nothing was sent for this long is closed. Default 30 min. */
  readonly idleMs?: number;
  /** A GET stream whose store has been away for this long is closed. Default 15 s, as often as a heartbeat is sent. */
  readonly storeAwayMs?: number;
  /** How often the credential of an open stream is looked at again. Default 60 s. */
  readonly recheckMs?: number;
  /** The same for gateway keys and Connections, which cost no request to the upstream. Default 5 s. */
  readonly recheckOwnMs?: number;
}

/** Counts open GET and listen streams of this process. */
export interface StreamLimits {
  /**
   * Takes a place; the returned function gives it back, once. Throws `rate_limited` (429) when there is none. A null
   * principal is everybody without a key: counted by address and in all.
   */
  readonly take: (principalId: string | null, address: string) => () => void;
  readonly idleMs: number;
  readonly recheckMs: number;
  readonly recheckOwnMs: number;
  readonly storeAwayMs: number;
}

export function createStreamLimits(options: StreamLimitOptions = {}): StreamLimits {
  const {
    perPrincipal = 5,
    perAddress = 50,
    total = 2_000,
    idleMs = 1_800_000,
    recheckMs = 60_000,
    recheckOwnMs = 5_000,
    storeAwayMs = 15_000,
  } = options;
  const principals = new Map<string, number>();
  const networks = new Map<string, number>();
  let open = 0;
  return {
    idleMs,
    recheckMs,
    recheckOwnMs,
    storeAwayMs,
    take: (principalId, address) => {
      const network = isLocal(address) ? undefined : networkOf(address);
      const full =
        open >= total ||
        (principalId !== null && (principals.get(principalId) ?? 0) >= perPrincipal) ||
        (network !== undefined && (networks.get(network) ?? 0) >= perAddress);
      if (full) throw tooMany();
      open += 1;
      if (principalId !== null) add(principals, principalId, 1);
      if (network !== undefined) add(networks, network, 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        open -= 1;
        if (principalId !== null) add(principals, principalId, -1);
        if (network !== undefined) add(networks, network, -1);
      };
    },
  };
}

function add(counts: Map<string, number>, key: string, step: number): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function tooMany(): GatewayError {
  return new GatewayError("rate_limited", "too many open streams; close one, then try again", {
    status: 429,
    rpcCode: rpc.refused,
    retryAfterSeconds: 10,
  });
}
