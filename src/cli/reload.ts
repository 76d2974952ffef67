import { closeSync, openSync } from "node:fs";
import type { Gateway } from "../compose.ts";
import { GatewayError } from "../errors.ts";
import type { Served } from "../serving.ts";
import type { Logger } from "../telemetry/log.ts";

export interface ReloadOptions {
  readonly gateway: Pick<Gateway, "reload" | "surfaces">;
  /** Reads everything again, as at the start. */
  readonly read: () => Promise<Served>;
  readonly logger: Logger;
}

/**
 * Reads the configuration, and the Spec where it is served as it stands, and serves what it says. What is wrong with it is
 * logged, and the old one stays. Several at once run one after the other, and those that wait are one.
 */
export function createReload({ gateway, read, logger }: ReloadOptions): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const once = async (): Promise<void> => {
    try {
      await gateway.reload(await read());
      const tools = Object.fromEntries(gateway.surfaces().map(({ path, tools: all }) => [path, all.length]));
      logger.info({ tools }, "reloaded");
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      logger.error(
        error.code === "internal" ? { err: error.facts.cause } : { reason: error.message },
        "the new configuration is refused; the old one is still served",
      );
    }
  };
  const run = async (): Promise<void> => {
    do {
      again = false;
      await once();
    } while (again);
    running = undefined;
  };
  return () => {
    again = true;
    running ??= run();
    return running;
  };
}

/** Whether the terminal that this process was started from is still there: its end is a SIGHUP too, and no wish to reload. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
