import type { Revocations } from "../auth/revocations.ts";
import type { Effect } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Interceptor } from "./call.ts";

/** Counts the Calls of gateway keys, those of Connections among them, by Effect. */
export function countingKeyCalls(called: (keyId: string, effect: Effect) => void): Interceptor {
  return (next) => (call) => {
    const { kind, id } = call.principal;
    if (kind === "key" || kind === "connection") called(id, call.tool.effect);
    return next(call);
  };
}

/**
 * Ends a Call when its credential is revoked: a read at once, as `unauthenticated`; a change that may have been sent is finished
 * and recorded.
 */
export function untilRevoked(revocations: Pick<Revocations, "watch">): Interceptor {
  return (next) => async (call) => {
    const { principal, tool } = call;
    if (principal.kind === "passthrough") return next(call);
    const revoked = new AbortController();
    const stop = revocations.watch(principal.id, () => revoked.abort());
    try {
      return await next({ ...call, signal: AbortSignal.any([call.signal, revoked.signal]) });
    } catch (thrown) {
      if (!revoked.signal.aborted || tool.effect !== "read") throw thrown;
      throw new GatewayError("unauthenticated", "the key was revoked while the call ran", {
        data: { reason: "refused" },
      });
    } finally {
      stop();
    }
  };
}
