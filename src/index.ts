import type { ToolHook } from "./calls/hooks.ts";
import { compose, type Gateway } from "./compose.ts";
import { readEnvironment } from "./config/environment.ts";
import { type GatewayFile, readGatewayFile, resolveConfig } from "./config/load.ts";
import type { Api } from "./descriptor.ts";
import { createLogger, type Logger } from "./telemetry/log.ts";

export type { Gateway } from "./compose.ts";
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
  const { api } = options;
  const given = options.config ?? { api: api.name, brand: { name: api.title } };
  const file = typeof given === "string" ? readGatewayFile(given) : given;
  const flags = options.upstream === undefined ? {} : { upstreamUrl: options.upstream };
  const config = resolveConfig(file, environment, flags, api.version);
  const logger = options.logger ?? createLogger(config.server.logLevel);
  return compose({ api, config, logger, ...(options.hooks && { hooks: options.hooks }) });
}
