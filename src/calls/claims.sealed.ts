import type { Keys } from "../auth/keys.ts";
import { open, seal } from "../auth/seal.ts";
import { Secret } from "../telemetry/secret.ts";
import type { Action, Claims } from "./claims.ts";
import { endOf } from "./replay.ts";

/**
 * `claims` whose results are encrypted where they are kept: a result may hold what is shown once, such as a new key. `keys` are
 * those of the purpose `idempotency`. A result that none of them opens any more is told as done, without it.
 */
export function sealedClaims(claims: Claims, keys: Keys): Claims {
  return {
    claim: async (action, owner, leaseMs, awaited) => {
      const claim = await claims.claim(action, owner, leaseMs, awaited);
      if (claim.state !== "done") return claim;
      const opened = open(keys, claim.result, ownerOf(action));
      return { state: "done", result: opened === null ? lostResult() : opened.secret.reveal() };
    },
    settle: (action, owner, end) => {
      if (end.state !== "done") return claims.settle(action, owner, end);
      return claims.settle(action, owner, { ...end, result: seal(keys, new Secret(end.result), ownerOf(action)) });
    },
  };
}

/** A result cannot be moved to another action. */
function ownerOf({ id, principalId }: Action): string {
  return `${id}\n${principalId}`;
}

function lostResult(): string {
  const notes = [
    "It was done by an earlier call; its result cannot be read any more. Read the object with a get tool.",
  ];
  const end = endOf({ structured: { notes } });
  return end.state === "done" ? end.result : "";
}
