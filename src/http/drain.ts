import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import type { Connections } from "./connections.ts";
import type { McpListener } from "./mcp/listener.ts";

/** How long a drain may take. */
export interface DrainOptions {
  /** Aborts when the time for what is being served is over. Default: 25 s from now, within the 30 s that orchestrators give. */
  readonly graceOver?: AbortSignal;
  /**
   * For the answers to what was ended when the grace was over, milliseconds; then connections are cut. Default 0: whoever
   * serves must end its work on the same signal for them to be any.
   */
  readonly settleMs?: number;
}

/** What a drain ends. */
export interface Draining {
  readonly server: Server;
  readonly mcp: Pick<McpListener, "drain">;
  readonly connections: Connections;
}

/** A connection may become idle just after a look, so there are several until all are closed. */
const lookEveryMs = 100;

/** See `HttpServer.drain`. Resolves also when something never ends: nothing is waited for after `settleMs`. */
export async function drainServer({ server, mcp, connections }: Draining, options: DrainOptions): Promise<void> {
  const { graceOver = AbortSignal.timeout(25_000), settleMs = 0 } = options;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  // Not the HTTP server's own: that one destroys connections whose answers are still on their way.
  NetServer.prototype.close.call(server, () => resolve());
  const looking = setInterval(connections.closeIdle, lookEveryMs);
  const cut = later(graceOver, settleMs);
  try {
    const done = Promise.all([mcp.drain(), closed]);
    connections.closeIdle();
    await Promise.race([done, cut.due]);
    connections.cut();
    await closed;
  } finally {
    clearInterval(looking);
    cut.cancel();
  }
}

/** A promise that is due `ms` after the signal aborts, unless it is cancelled before. */
function later(signal: AbortSignal, ms: number): { readonly due: Promise<void>; readonly cancel: () => void } {
  const { promise: due, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(resolve, ms);
  };
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return {
    due,
    cancel: () => {
      signal.removeEventListener("abort", start);
      clearTimeout(timer);
    },
  };
}
