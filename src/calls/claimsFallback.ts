import { GatewayError } from "../errors.ts";
import { createMemoryClaims } from "./claims.memory.ts";
import type { Claim, Claims } from "./claims.ts";

/** `claims`, and while they are unavailable those of this process alone. */
export function withFallback(claims: Claims): Claims {
  const own = createMemoryClaims();
  /** Runs that are claimed here and not there. */
  const ours = new Set<string>();
  return {
    claim: async (action, owner, leaseMs, awaited): Promise<Claim> => {
      try {
        return await claims.claim(action, owner, leaseMs, awaited);
      } catch (thrown) {
        if (!(thrown instanceof GatewayError && thrown.code === "store_unavailable")) throw thrown;
        const claim = await own.claim(action, owner, leaseMs, awaited);
        if (claim.state === "run") ours.add(owner);
        return claim;
      }
    },
    settle: (action, owner, end) => (ours.delete(owner) ? own : claims).settle(action, owner, end),
  };
}
