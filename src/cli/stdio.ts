import { Writable } from "node:stream";
import type { BoundArguments, Principal } from "../auth/principal.ts";
import { compose, type Gateway } from "../compose.ts";
import type { Config, StdioConfig, UpstreamConfig } from "../config/config.ts";
import { type Environment, readEnvironment } from "../config/environment.ts";
import { type Flags, resolveConfig } from "../config/load.ts";
import {
  assertComplete,
  readSettings,
  resolveStdio,
  type Settings,
  settingFor,
  withoutForms,
} from "../config/stdio.ts";
import { GatewayError } from "../errors.ts";
import { startStdio } from "../stdio.ts";
import type { Surface } from "../surfaces/surface.ts";
import { createLogger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { type Loaded, readApi } from "./serve.ts";
import { lookUp } from "./stdioLookup.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `specgate stdio`. */
export interface StdioFlags {
  readonly config?: string;
  readonly spec?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly upstream?: string;
  readonly readOnly?: boolean;
  readonly toolsets?: readonly string[];
  readonly tools?: readonly string[];
  readonly excludeTools?: readonly string[];
  readonly validate: boolean;
}

/**
 * `specgate stdio`: serves one Surface on stdin and stdout until the client leaves or the process is asked to stop. Resolves to 0.
 * Everything that is not the protocol goes to stderr, whoever writes it. `rest` holds the flags that gateway.yaml declares
 * under `stdio.settings`; see {@link readSettings}.
 */
export async function runStdio(flags: StdioFlags, rest: readonly string[], terminal: Terminal): Promise<number> {
  if (flags.spec === "-")
    throw new GatewayError("invalid_request", "stdin belongs to the client; give --spec a file or a URL", {
      data: { usage: true },
    });
  const output = takeStdout();
  const variables = withoutForms(process.env);
  const environment = readEnvironment(variables);
  const loaded = await readApi(flags, environment, terminal, undefined);
  const declared = resolveStdio(loaded.file.stdio);
  const settings = readSettings(declared, rest, variables);
  for (const warning of settings.warnings) terminal.err(warning);
  assertComplete(declared, settings, "before");
  const logger = createLogger(environment.logLevel ?? "warn", 2);
  const configWith = (known: Settings): Config => configOf(loaded, { environment, flags, declared, settings: known });
  const gateway = compose({ ...servedOf(loaded, configWith(settings)), logger, transport: "pipe" });
  const credential = settings.credential ?? environment.upstreamApiKey;
  try {
    await gateway.inside.open();
    const surface = surfaceOf(gateway, declared);
    const caller = (): Promise<Principal> => callerOf(gateway, surface, configWith(settings), credential);
    await assertNotRefused(caller, declared);
    const known = await lookUp({ declared, settings, caller, read: gateway.inside.read, surface: surface.name });
    assertComplete(declared, known, "after");
    if (known.values.size > settings.values.size) await gateway.reload(servedOf(loaded, configWith(known)));
    const served = surfaceOf(gateway, declared);
    const bound = boundBy(declared, known);
    const actor = settingFor(declared, known, "actor")?.value;
    const server = startStdio({
      surface: served,
      principal: async () => {
        const principal = await caller();
        return {
          ...principal,
          kind: "stdio",
          ...(actor !== undefined && { user: { id: actor } }),
          ...(Object.keys(bound).length > 0 && { boundArguments: { ...principal.boundArguments, ...bound } }),
        };
      },
      input: process.stdin,
      output,
      log: logger,
      ...(gateway.inside.observe && { observe: gateway.inside.observe }),
    });
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void server.close());
    logger.info({ tools: served.tools.length, metricsPort: gateway.metricsPort() }, "serving stdio");
    await server.closed;
  } finally {
    await gateway.close({ graceMs: closingMs });
  }
  return 0;
}

/** A client that has left waits for nobody; what was sent to the API is recorded all the same. */
const closingMs = 5_000;

/** The real stdout. What others write to it from now on, a hook's `console.log` for instance, goes to stderr. */
function takeStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, _encoding, done) => void write(chunk, done),
  });
}

function servedOf(
  { api, hooks }: Loaded,
  config: Config,
): { api: Loaded["api"]; hooks: Loaded["hooks"]; config: Config } {
  return { api, hooks, config };
}

interface Told {
  readonly environment: Environment;
  readonly flags: StdioFlags;
  readonly declared: StdioConfig;
  readonly settings: Settings;
}

function configOf({ api, file }: Loaded, { environment, flags, declared, settings }: Told): Config {
  const base = resolveConfig(file, environment, flagsOf(flags, declared, settings), api.version);
  const [first = ""] = Object.keys(file.upstreams ?? base.upstreams);
  const upstream = base.surfaces[declared.surface ?? ""]?.upstream ?? first;
  const own = base.upstreams[upstream];
  if (own === undefined) return base;
  return { ...base, upstreams: { ...base.upstreams, [upstream]: told(own, declared, settings) } };
}

function flagsOf(flags: StdioFlags, declared: StdioConfig, settings: Settings): Flags {
  const url = settingFor(declared, settings, "url");
  const tools = settingFor(declared, settings, "tools");
  const toolsets = settingFor(declared, settings, "toolsets");
  const excluded = settingFor(declared, settings, "excludeTools");
  const saidBy = {
    ...(tools && { tools: tools.saidBy }),
    ...(toolsets && { toolsets: toolsets.saidBy }),
    ...(excluded && { excludeTools: excluded.saidBy }),
  };
  const named = (
    own: readonly string[] | undefined,
    setting: { value: string } | undefined,
  ): readonly string[] | undefined =>
    own ??
    setting?.value
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  const lists = {
    tools: named(flags.tools, tools),
    toolsets: named(flags.toolsets, toolsets),
    excludeTools: named(flags.excludeTools, excluded),
  };
  return {
    // A client starts it in any folder, and what is in the memory of one process is nobody else's.
    inMemory: true,
    saidBy,
    ...(flags.readOnly === true || isYes(settingFor(declared, settings, "readOnly")?.value) ? { readOnly: true } : {}),
    ...((flags.upstream ?? url?.value) !== undefined && { upstreamUrl: flags.upstream ?? (url?.value as string) }),
    ...(lists.tools && { tools: lists.tools }),
    ...(lists.toolsets && { toolsets: lists.toolsets }),
    ...(lists.excludeTools && { excludeTools: lists.excludeTools }),
  };
}

function isYes(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value);
}

/** The upstream with what settings say of its address and its headers. */
function told(upstream: UpstreamConfig, { settings }: StdioConfig, { values }: Settings): UpstreamConfig {
  let { url } = upstream;
  const headers: Record<string, string> = { ...upstream.headers };
  for (const [flag, { to }] of Object.entries(settings)) {
    const value = values.get(flag);
    if (value === undefined || typeof to !== "object") continue;
    if ("header" in to) headers[to.header] = value;
    if ("host" in to) url = withHost(url, to.host.replaceAll("{}", value), flag);
    if ("basePath" in to) url = `${url}${to.basePath.replaceAll("{}", encodeURIComponent(value))}`;
  }
  return { ...upstream, url, headers };
}

function withHost(text: string, host: string, flag: string): string {
  const url = new URL(text);
  url.host = host;
  if (url.host !== host.toLowerCase())
    throw new GatewayError("invalid_request", `--${flag} makes "${host}", which is no host name`, {
      data: { usage: true },
    });
  return url.href.replace(/\/+$/, "");
}

function surfaceOf(gateway: Gateway, { surface }: StdioConfig): Surface {
  const surfaces = gateway.surfaces();
  const found = surface === undefined ? surfaces[0] : surfaces.find(({ name }) => name === surface);
  if (found === undefined) throw new GatewayError("invalid_request", "gateway.yaml declares no surface");
  return found;
}

/** Who the credential of the settings is. Its requests are those of any caller with that key. */
function callerOf(
  { inside }: Gateway,
  surface: Surface,
  { surfaces }: Config,
  credential: Secret | undefined,
): Promise<Principal> {
  const header = surfaces[surface.name]?.credentials.headers[0] ?? "authorization";
  const key = credential?.reveal();
  const sent = key === undefined ? [] : [header, header === "authorization" ? `Bearer ${key}` : key];
  return inside.authenticate(surface, sent);
}

/** A key that is bad now will be bad later. An API that is away may come back. */
async function assertNotRefused(caller: () => Promise<Principal>, { settings }: StdioConfig): Promise<void> {
  try {
    await caller();
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (error.code !== "unauthenticated") return;
    const [, own] = Object.entries(settings).find(([, { to, env }]) => to === "credential" && env !== undefined) ?? [];
    const name = own?.env ?? "UPSTREAM_API_KEY";
    const isMissing = error.facts.data?.reason === "missing";
    throw new GatewayError("unauthenticated", isMissing ? `${name} is not set` : `${name}: ${error.message}`, {
      data: { usage: isMissing },
    });
  }
}

/** Arguments that settings fix. */
function boundBy({ settings }: StdioConfig, { values }: Settings): BoundArguments {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([flag, { to }]) => {
      const value = values.get(flag);
      if (value === undefined || typeof to !== "object" || !("argument" in to)) return [];
      return [[to.argument, { fixed: value, ...(to.elsewhere && { elsewhere: to.elsewhere }) }] as const];
    }),
  );
}
