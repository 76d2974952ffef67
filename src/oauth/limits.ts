import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** What floods of requests to the authorization server are held by (security.md §6). */
export interface OAuthLimits {
  /**
   * Counts one request by `who`; resolves to the milliseconds until there is room again, 0 when there is. Never fails.
   * @param allowance how many times the limit `who` may have, since many are behind it. Default 1
   */
  readonly take: (kind: keyof typeof oauthLimits, who: string, allowance?: number) => Promise<number>;
}

/** Requests in so many seconds: registrations and authorizations of one network, tokens of one client and network. */
export const oauthLimits = {
  register: { points: 10, seconds: 3_600 },
  authorize: { points: 60, seconds: 60 },
  token: { points: 60, seconds: 60 },
} as const;

/** Asks a limiter, which rejects with the same where there is no room. */
export async function waitMs(consumed: Promise<RateLimiterRes>, points: number): Promise<number> {
  const counted = await consumed.catch((thrown: unknown) => {
    if (thrown instanceof RateLimiterRes) return thrown;
    throw thrown;
  });
  return counted.consumedPoints > points ? Math.max(counted.msBeforeNext, 1) : 0;
}

/** {@link OAuthLimits} of one process. */
export function createMemoryOAuthLimits(): OAuthLimits {
  const limiters = Object.fromEntries(
    Object.entries(oauthLimits).map(([kind, { seconds: duration }]) => [
      kind,
      new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration }),
    ]),
  ) as Readonly<Record<keyof typeof oauthLimits, RateLimiterMemory>>; // the same keys
  return {
    take: (kind, who, allowance = 1) => waitMs(limiters[kind].consume(who), oauthLimits[kind].points * allowance),
  };
}
