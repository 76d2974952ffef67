import type { Closing } from "../compose.ts";
import type { DrainConfig } from "../config/config.ts";
import type { Logger } from "../telemetry/log.ts";

export interface StopsOptions {
  readonly logger: Pick<Logger, "info" | "fatal" | "error">;
  readonly drain: DrainConfig;
  /** Starts the drain; called again, with less time, when a fault comes in the middle of one. */
  readonly close: (how: Closing) => Promise<void>;
}

/** What ends the process, watched until it has ended. */
export interface Stops {
  /** Resolves with the exit code once the process was asked to stop, or had to, and has drained. */
  readonly stopped: Promise<0 | 1>;
}

/** For the answers and outcomes of what the end of the grace cuts short, milliseconds. */
const settleMs = 5_000;
/** After a fault nobody caught the whole drain has this long. */
const faultMs = { grace: 3_000, all: 5_000 };
/** npm passes on the Ctrl+C that the terminal has sent already: one press must not count as two. */
const onePressMs = 100;
/** What an API owner's code left running does not keep a process alive that has drained. */
const lingerMs = 500;

/**
 * Drains on SIGTERM, and on SIGINT without the time in which load balancers look away: whoever presses Ctrl+C waits for it.
 * A second one of either ends the process at once with code 1. A fault that nobody caught is logged, and drains within 5 s with
 * code 1: what state the process is in is not known, and calls in flight have not deserved to be lost (reliability.md §8).
 */
export function watchStops({ logger, drain, close }: StopsOptions): Stops {
  const { promise: stopped, resolve, reject } = Promise.withResolvers<0 | 1>();
  const state: { asked?: { readonly name: string; readonly at: number }; code: 0 | 1 } = { code: 0 };
  const end = (how: Closing, withinMs: number): void => {
    setTimeout(() => {
      logger.error("the drain did not end in time; ending without it");
      process.exit(1);
    }, withinMs).unref();
    close(how).then(() => {
      logger.info("stopped");
      resolve(state.code);
      setTimeout(() => process.exit(state.code), lingerMs).unref();
    }, reject);
  };
  for (const name of ["SIGTERM", "SIGINT"] as const)
    process.on(name, () => {
      const now = performance.now();
      const { asked } = state;
      if (asked !== undefined) {
        if (name === "SIGINT" && asked.name === name && now - asked.at < onePressMs) return;
        process.exit(1);
      }
      state.asked = { name, at: now };
      logger.info({ signal: name }, "draining");
      end({ readyMs: name === "SIGTERM" ? drain.readyMs : 0, graceMs: drain.graceMs }, drain.graceMs + settleMs);
    });
  const fault = (kind: string) => (thrown: unknown) => {
    logger.fatal({ kind, fault: faultOf(thrown) }, "a fault that nobody caught; draining");
    if (state.code === 1) return;
    state.code = 1;
    end({ readyMs: 0, graceMs: faultMs.grace }, faultMs.all);
  };
  process.on("uncaughtException", fault("uncaughtException"));
  process.on("unhandledRejection", fault("unhandledRejection"));
  return { stopped };
}

/**
 * What may be logged of anything that was thrown: errors of HTTP clients carry whole requests beside these, keys included. Not
 * under `err`, of which the logger makes something of its own.
 */
function faultOf(thrown: unknown): Readonly<Record<string, unknown>> {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: typeof thrown === "string" ? thrown : "" };
  const { name, message, stack, cause } = thrown;
  return { type: name, message, stack, ...(cause instanceof Error && { cause: cause.message }) };
}
