import { dirname, resolve } from "node:path";
import type { ToolHook } from "../calls/hooks.ts";
import { compose, type Gateway } from "../compose.ts";
import type { Config } from "../config/config.ts";
import { type Environment, readEnvironment } from "../config/environment.ts";
import { type Flags, type GatewayFile, readGatewayFile, resolveConfig } from "../config/load.ts";
import type { Api } from "../descriptor.ts";
import type { Served } from "../serving.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { describeInMemory, loadGenerated, loadHooks } from "./api.ts";
import { chooseProject } from "./projects.ts";
import { createReload, hasTerminal } from "./reload.ts";
import { watchStops } from "./signals.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `specgate serve`. */
export interface ServeFlags {
  readonly config?: string;
  readonly spec?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly upstream?: string;
  readonly port?: number;
  readonly host?: string;
  readonly readOnly?: boolean;
  readonly toolsets?: readonly string[];
  readonly tools?: readonly string[];
  readonly excludeTools?: readonly string[];
  readonly validate: boolean;
}

/**
 * `specgate serve`: serves until SIGTERM or SIGINT, then lets calls in flight finish; see {@link watchStops}. Resolves to 0
 * after a clean stop, to 1 after a fault that nobody caught. SIGHUP reads gateway.yaml again, and the Spec of `--spec`.
 */
export async function runServe(flags: ServeFlags, terminal: Terminal): Promise<number> {
  const environment = readEnvironment(process.env);
  const read = async (before?: Api): Promise<Served> => {
    const { api, file, hooks } = await readApi(flags, environment, terminal, before);
    return { api, config: resolveConfig(file, environment, flagsOf(flags), api.version), hooks };
  };
  const served = await read();
  const { api, config } = served;
  const logger = createLogger(config.server.logLevel);
  const gateway = compose({ ...served, logger });
  warnOfDefaults(config, environment, logger);
  const reload = createReload({ gateway, read: () => read(api), logger });
  process.on("SIGHUP", () => {
    // The end of the terminal that it was started from is this signal too: then it stops, as programs do.
    if (terminal.interactive && !hasTerminal()) process.kill(process.pid, "SIGINT");
    else void reload();
  });
  const { stopped } = watchStops({ logger, drain: config.server.drain, close: gateway.close });
  const port = await gateway.listen().catch(async (thrown: unknown) => {
    await gateway.close(); // one of its two ports may be open, and would keep the process alive
    throw thrown;
  });
  const tools = Object.fromEntries(gateway.surfaces().map((surface) => [surface.path, surface.tools.length]));
  logger.info(
    { url: gateway.url(), port, metricsPort: gateway.metricsPort(), api: api.name, version: api.version, tools },
    "listening",
  );
  if (terminal.interactive) terminal.err(banner(gateway, config));
  return stopped;
}

/** An Api, the gateway.yaml that belongs to it, and its hooks. */
export interface Loaded {
  readonly api: Api;
  readonly file: GatewayFile;
  readonly hooks: readonly ToolHook[];
}

/** @param before what stdin held, where the Spec came from there: it can be read once */
export async function readApi(
  flags: Pick<ServeFlags, "config" | "spec" | "header" | "validate">,
  environment: Environment,
  terminal: Terminal,
  before: Api | undefined,
): Promise<Loaded> {
  const named = flags.config ?? environment.config;
  if (flags.spec === undefined) {
    const project = chooseProject(process.cwd(), named);
    const path = project.config ?? "gateway.yaml";
    const file = readGatewayFile(path);
    return { api: await loadGenerated({ ...project, name: file.api }), file, hooks: await hooksOf(file, path) };
  }
  const file = named === undefined ? undefined : readGatewayFile(named);
  const api =
    flags.spec === "-" && before !== undefined
      ? before
      : await describeInMemory({ ...flags, spec: flags.spec }, file?.codegen ?? {}, terminal);
  const hooks = file === undefined || named === undefined ? [] : await hooksOf(file, named);
  return { api, file: file ?? { api: api.name, brand: { name: api.title } }, hooks };
}

function hooksOf({ hooks }: GatewayFile, path: string): Promise<readonly ToolHook[]> | readonly ToolHook[] {
  return hooks === undefined ? [] : loadHooks(resolve(dirname(path), hooks));
}

function flagsOf({ port, host, upstream, readOnly, toolsets, tools, excludeTools, spec }: ServeFlags): Flags {
  return {
    inMemory: spec !== undefined,
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(upstream !== undefined && { upstreamUrl: upstream }),
    ...(readOnly !== undefined && { readOnly }),
    ...(toolsets && { toolsets }),
    ...(tools && { tools }),
    ...(excludeTools && { excludeTools }),
  };
}

/** What an operator should know of the choices that nobody made. */
function warnOfDefaults({ server, credentials }: Config, environment: Environment, logger: Logger): void {
  if (server.redisUrl === undefined)
    logger.info("REDIS_URL is not set: sessions are kept in this process, run one replica");
  if (environment.databaseUrl === undefined)
    logger.info(
      server.databaseUrl.reveal() === "sqlite::memory:"
        ? "DATABASE_URL is not set: gateway keys and the audit log are kept in memory and end with this process"
        : "DATABASE_URL is not set: gateway keys and the audit log are kept in ./data/specgate.db",
    );
  if (server.secrets.length === 0)
    logger.info("SPECGATE_SECRET is not set: sessions and cursors end with this process");
  if (credentials.required && credentials.check === undefined)
    logger.info("credentials.check is not set: keys are unverified, every tool is listed and the upstream decides");
  if (server.publicUrl === undefined && server.host !== "127.0.0.1" && server.host !== "localhost")
    logger.warn("PUBLIC_URL is not set: only requests for localhost are answered; set it to the URL that clients use");
}

function banner(gateway: Gateway, { brand }: Config): string {
  const lines = gateway
    .surfaces()
    .map((surface) => `  ${gateway.url()}${surface.path}   ${surface.tools.length} tools`);
  return `\n${brand.name} is served at\n${lines.join("\n")}\n\nOpen ${gateway.url()}/ for how to connect. Ctrl+C stops.\n`;
}
