import { GatewayError } from "../../errors.ts";
import { rpc } from "../../mcp/versions.ts";

/** How many streams may be open at once (security.md §6). */
export interface StreamLimitOptions {
  /** Default 5. */
  readonly perPrincipal?: number;
  /** Default 50. */
  readonly perAddress?: number;
  /** Default 2,000. */
  readonly total?: number;
}

/** Counts open GET and listen streams of this process. */
export interface StreamLimits {
  /** Takes a place; the returned function gives it back, once. Throws `rate_limited` (429) when there is none. */
  readonly take: (principalId: string, address: string) => () => void;
}

export function createStreamLimits(options: StreamLimitOptions = {}): StreamLimits {
  const { perPrincipal = 5, perAddress = 50, total = 2_000 } = options;
  const principals = new Map<string, number>();
  const addresses = new Map<string, number>();
  let open = 0;
  return {
    take: (principalId, address) => {
      const full =
        open >= total ||
        (principals.get(principalId) ?? 0) >= perPrincipal ||
        (addresses.get(address) ?? 0) >= perAddress;
      if (full) throw tooMany();
      open += 1;
      add(principals, principalId, 1);
      add(addresses, address, 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        open -= 1;
        add(principals, principalId, -1);
        add(addresses, address, -1);
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
