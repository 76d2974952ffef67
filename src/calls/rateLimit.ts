/** Counts what somebody does, in windows of a minute that begin with the first of it. */
export interface RateLimit {
  /**
   * Counts `points` more (default 1) against `who`. Resolves to the milliseconds until there is room again, 0 when there is
   * room for these. Never fails: a store that does not answer is no reason to refuse a call, nor to let every call through.
   */
  readonly take: (who: string, points?: number) => Promise<number>;
  readonly perMinute: number;
}

/** Seconds of a window: what the limits of gateway.yaml are "per minute" of. */
export const windowSeconds = 60;

/** The limits on the calls of one principal; one that is absent is off. A Tool of Effect `destroy` counts as a write. */
export interface CallRates {
  readonly reads?: RateLimit;
  readonly writes?: RateLimit;
}
