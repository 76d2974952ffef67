import { anonymous } from "../../auth/authenticate.ts";
import { GatewayError } from "../../errors.ts";
import { addressOf } from "../address.ts";
import type { Exchange } from "./exchange.ts";
import type { EndStream } from "./openStreams.ts";

/** A stream that stays open without a call behind it: it takes a place, and ends when it should. */
export interface HeldStream {
  /**
   * Aborts when the client has gone, the process drains (then its reason is `drain`), the credential is no longer good, or the
   * stream was quiet too long.
   */
  readonly signal: AbortSignal;
  /** Tells that something was sent. */
  readonly active: () => void;
  /** Ends it from our side. */
  readonly end: EndStream;
}

/** Takes a place for the exchange. Throws `rate_limited` (429) when there is none. */
export function holdStream({ req, res, principal, surface, parts }: Exchange): HeldStream {
  const { idleMs, recheckMs, recheckOwnMs } = parts.streamLimits;
  const release = parts.streamLimits.take(principal.id === anonymous.id ? null : principal.id, addressOf(req));
  const controller = new AbortController();
  let activeAt = parts.now();
  const end: EndStream = (why) => {
    clearInterval(timer);
    unwatch?.();
    parts.openStreams.delete(end);
    release();
    controller.abort(why);
  };
  const isOwn = principal.kind !== "passthrough";
  const unwatch = isOwn ? parts.revocations?.watch(principal.id, () => end()) : undefined;
  const timer = setInterval(
    () => {
      if (activeAt + idleMs <= parts.now()) return end();
      parts.authenticate(surface, req.rawHeaders).catch((thrown: unknown) => {
        // An upstream that cannot say whose the key is ends no stream.
        if (GatewayError.from(thrown).code === "unauthenticated") end();
      });
    },
    isOwn ? recheckOwnMs : recheckMs,
  );
  timer.unref();
  // A client that left while its key was looked at has closed already, and will not do so again.
  if (res.destroyed) end();
  else res.once("close", () => end());
  if (!controller.signal.aborted) parts.openStreams.add(end);
  return {
    signal: controller.signal,
    active: () => {
      activeAt = parts.now();
    },
    end,
  };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
