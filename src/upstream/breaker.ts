import { GatewayError } from "../errors.ts";

/** What a request showed of its upstream: `nothing` when it ended before one could tell, as when its caller left. */
export type Sign = "works" | "fails" | "nothing";

/** Keeps requests from an upstream that is down, and lets a few through to see whether it is back (reliability.md §5.3). */
export interface Breaker {
  /** A pass for one request, to be given back with {@link Breaker.record}. Throws `upstream_unavailable` while it is open. */
  readonly admit: () => number;
  readonly record: (pass: number, sign: Sign) => void;
}

/** Window of the count, in slots of a second. */
const slots = 30;
const slotMs = 1_000;
/** Fewer requests than this say nothing. */
const leastRequests = 20;
const openMs = 10_000;
/** Requests that are let through after that; all must succeed. */
const probes = 3;

/**
 * Opens when more than half of at least 20 requests of the last 30 s failed; after 10 s lets three through, closes when they
 * succeed and opens again when one does not. A request beyond the probes is refused at once. Our own, since cockatiel's makes
 * it wait for them, and measures by a clock that can be set back (reliability.md §5.3).
 * @param now milliseconds of a clock that never goes back; default `performance.now`
 */
export function createBreaker(now: () => number = () => performance.now()): Breaker {
  const counts = createCounts(now);
  let state: "closed" | "open" | "probing" = "closed";
  /** Passes of an earlier state say nothing of this one. */
  let pass = 0;
  let opensAgainAt = 0;
  let out = 0;
  let succeeded = 0;
  const change = (next: typeof state): void => {
    state = next;
    pass += 1;
    out = 0;
    succeeded = 0;
    if (next === "open") opensAgainAt = now() + openMs;
    if (next === "closed") counts.clear();
  };
  return {
    admit: () => {
      if (state === "closed") return pass;
      if (state === "open") {
        const waitMs = opensAgainAt - now();
        if (waitMs > 0) throw paused(waitMs);
        change("probing");
      }
      if (out + succeeded >= probes) throw paused(slotMs);
      out += 1;
      return pass;
    },
    record: (given, sign) => {
      if (given !== pass) return;
      if (state === "probing") {
        out -= 1;
        if (sign === "fails") change("open");
        if (sign === "works") succeeded += 1;
        if (succeeded === probes) change("closed");
      } else if (sign !== "nothing" && counts.add(sign === "fails")) change("open");
    },
  };
}

interface Counts {
  /** Counts one request; true when the upstream must be taken for down. */
  readonly add: (failed: boolean) => boolean;
  readonly clear: () => void;
}

/** Requests and failures of the window, by slot: the same memory at any load. */
function createCounts(now: () => number): Counts {
  const all = new Uint32Array(slots);
  const bad = new Uint32Array(slots);
  let newest = Math.floor(now() / slotMs);
  let requests = 0;
  let failures = 0;
  const clear = (): void => {
    all.fill(0);
    bad.fill(0);
    requests = 0;
    failures = 0;
  };
  const forget = (slot: number): void => {
    requests -= all[slot] ?? 0;
    failures -= bad[slot] ?? 0;
    all[slot] = 0;
    bad[slot] = 0;
  };
  const moveOn = (current: number): void => {
    if (current - newest >= slots) clear();
    else for (let next = newest + 1; next <= current; next++) forget(next % slots);
    newest = Math.max(newest, current);
  };
  return {
    clear,
    add: (failed) => {
      moveOn(Math.floor(now() / slotMs));
      const slot = newest % slots;
      all[slot] = (all[slot] ?? 0) + 1;
      requests += 1;
      if (failed) {
        bad[slot] = (bad[slot] ?? 0) + 1;
        failures += 1;
      }
      return failed && requests >= leastRequests && failures * 2 > requests;
    },
  };
}

function paused(waitMs: number): GatewayError {
  const seconds = Math.ceil(waitMs / 1000);
  return new GatewayError("upstream_unavailable", "the API has been failing, so calls to it are paused", {
    change: "none",
    retryable: true,
    retryAfterSeconds: seconds,
    next: `Nothing was sent. Call again in ${seconds} seconds; tell the user if it stays.`,
  });
}
