import type { Logger } from "../telemetry/log.ts";

/** Whether the database is there, as far as statements showed. */
export interface DatabaseState {
  readonly isUp: () => boolean;
  readonly worked: () => void;
  readonly failed: (reason: string) => void;
}

/** Logs the changes: one line when it goes, one when it is back, and one when the reason changes. */
export function createState(logger: Logger): DatabaseState {
  let reason: string | undefined;
  return {
    isUp: () => reason === undefined,
    worked: () => {
      if (reason !== undefined) logger.info("the database is back");
      reason = undefined;
    },
    failed: (why) => {
      if (why !== reason)
        logger.error(
          { reason: why },
          "the database is unavailable, and with it gateway keys and audit, until it is back",
        );
      reason = why;
    },
  };
}
