import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { type RateLimit, windowSeconds } from "./rateLimit.ts";

/** {@link RateLimit} of one process. What it knows of somebody is forgotten with their window. */
export function createMemoryRateLimit(perMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: windowSeconds });
  return { perMinute, take: (who, points) => waitOf(limiter.consume(who, points)) };
}

/**
 * The milliseconds that a limiter asks to wait: it resolves where there is room and rejects with the same where there is none.
 * At most a window: the limiter's clock is the wall's, and that may go back.
 */
export async function waitOf(consumed: Promise<RateLimiterRes>): Promise<number> {
  try {
    await consumed;
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof RateLimiterRes)) throw thrown;
    return Math.min(Math.max(thrown.msBeforeNext, 1), windowSeconds * 1_000);
  }
}
