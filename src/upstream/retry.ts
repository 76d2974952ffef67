import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorFacts } from "../errors.ts";
import type { UpstreamRequest } from "./exchange.ts";

/** Attempts of one request at most, the first one among them. */
export const maxAttempts = 3;

/** Pauses between attempts are drawn from 0 to 100 ms, then to 200 ms …, at most to 2 s ("full jitter"). */
const firstPauseMs = 100;
const longestPauseMs = 2_000;
/** A wait that the upstream asks for is kept up to here; a longer one is the caller's. */
const longestWaitMs = 10_000;

/** Statuses of an upstream that was not ready, rather than of a request that is wrong. */
const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Whether a request may be sent again at all: reads, whatever their method, and what the upstream recognises as a repetition.
 * Anything else is sent once (reliability.md §5.2).
 */
export function isRepeatable({ effect, repeatable }: UpstreamRequest): boolean {
  return effect === "read" || repeatable === true;
}

/** Whether a status is worth another attempt. */
export function isPassingStatus(status: number | undefined): boolean {
  return status !== undefined && passingStatuses.has(status);
}

/**
 * How long to wait before attempt number `attempt + 1`; undefined when the upstream asks for more than 10 s.
 * @param random from 0 to 1
 */
export function pauseMs(attempt: number, { retryAfterSeconds }: ErrorFacts, random: () => number): number | undefined {
  const jittered = random() * Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
  if (retryAfterSeconds === undefined) return jittered;
  const asked = retryAfterSeconds * 1000;
  return asked > longestWaitMs ? undefined : asked + jittered;
}

/** Waits; ends early, without an error, when the signal aborts: the attempt that follows finds it so, and sends nothing. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

/** What all requests of one upstream may add to its load by being repeated: a tenth of their number. */
export interface RetryBudget {
  /** Counts a request. */
  readonly earn: () => void;
  /** Takes one repetition; false when there is none left. */
  readonly spend: () => boolean;
}

const earnedPerRequest = 0.1;
/** What may be saved up, and what a new upstream has: a quiet one may still repeat a few. */
const mostTokens = 10;

/** A token bucket. */
export function createRetryBudget(): RetryBudget {
  let tokens = mostTokens;
  return {
    earn: () => {
      tokens = Math.min(mostTokens, tokens + earnedPerRequest);
    },
    spend: () => {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
