import type { ToolHook } from "./calls/hooks.ts";
import { type Gateway as ComposedGateway, compose } from "./compose.ts";
import { type Environment, readEnvironment } from "./config/environment.ts";
import { type GatewayFile, readGatewayFile, resolveConfig, withPrompts } from "./config/load.ts";
import type { Api } from "./descriptor.ts";
import type { Served } from "./serving.ts";
import { createLogger, type Logger } from "./telemetry/log.ts";

export type { GatewayFile } from "./config/load.ts";
export type { Api } from "./descriptor.ts";

/** What {@link createGateway} takes. */
export interface GatewayOptions {
  /** `import { api } from "./generated/<api>/index.ts"`. */
  readonly api: Api;
  /** Path of a gateway.yaml, or the same as a value. Default: nothing but `upstream`. */
  readonly config?: string | GatewayFile;
  /** Base URL of the API; beats the one in `config`. */
  readonly upstream?: string;
  /** Variables of DESIGN's environment table; default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The API owner's code around Tools; see `specgate/hooks`. */
  readonly hooks?: readonly ToolHook[];
  /** A pino logger. Default: JSON lines on stdout. */
  readonly logger?: Logger;
}

/** A gateway in an application of yours. */
export interface Gateway extends Omit<ComposedGateway, "reload" | "inside"> {
  /**
   * Serves the changed Api, configuration or hooks from now on, in one step: requests in flight finish with what they began
   * with, and clients are told when their lists of tools changed. What is left away stays as it is; a `config` that is a path is read again.
   * Throws GatewayError `invalid_request`, and serves the old one on, when something is wrong.
   */
  readonly reload: (changes?: Partial<Pick<GatewayOptions, "api" | "config" | "hooks">>) => Promise<void>;
}

/**
 * A gateway to embed in a Node or Express application:
 *
 * ```ts
 * const gateway = createGateway({ api, upstream: "https://api.example.com" });
 * app.use(gateway.listener);   // ahead of body parsers
 * app.use(gateway.app);        // optional: /mcp/health, /mcp/tools and the setup page
 * ```
 *
 * Without an application of your own, `await gateway.listen()` serves it. Throws GatewayError `invalid_request` that lists
 * every fault of the configuration.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const environment = readEnvironment(options.environment ?? process.env);
  const served = servedOf(options, environment);
  const logger = options.logger ?? createLogger(served.config.server.logLevel);
  const gateway = compose({ ...served, logger });
  let current = options;
  return {
    ...gateway,
    reload: async (changes) => {
      const next = { ...current, ...changes };
      await gateway.reload(servedOf(next, environment));
      current = next;
    },
  };
}

function servedOf({ api, config, upstream, hooks }: GatewayOptions, environment: Environment): Served {
  const given = config ?? { api: api.name, brand: { name: api.title } };
  const file = typeof given === "string" ? readGatewayFile(given) : withPrompts(given, ".");
  const flags = upstream === undefined ? {} : { upstreamUrl: upstream };
  return { api, config: resolveConfig(file, environment, flags, api.version), ...(hooks && { hooks }) };
}
