import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { Api } from "../../src/descriptor.ts";
import type { Served } from "../../src/serving.ts";
import type { Prompt } from "../../src/surfaces/prompts/prompt.ts";
import type { Resource } from "../../src/surfaces/resources/resource.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** What a gateway with resources and prompts is made of. */
export interface ViewGatewayOptions {
  readonly api: Api;
  readonly upstream: string;
  readonly yaml: string;
  /** Prompt files by name. */
  readonly prompts?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly own?: { readonly resources?: readonly Resource[]; readonly prompts?: readonly Prompt[] };
}

/** A gateway that listens. */
export interface ViewGateway {
  /** The MCP endpoint. */
  readonly url: string;
  readonly base: string;
  readonly gateway: Gateway;
  /** Serves another gateway.yaml, and other prompts. */
  readonly reload: (changes: Partial<Pick<ViewGatewayOptions, "yaml" | "prompts">>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Starts one whose gateway.yaml and prompts are files, as an operator has them. */
export async function startViewGateway(options: ViewGatewayOptions): Promise<ViewGateway> {
  const gateway = compose({ ...servedOf(options), logger: createLogger("silent") });
  const base = `http://127.0.0.1:${await gateway.listen()}`;
  return {
    url: `${base}/mcp`,
    base,
    gateway,
    reload: (changes) => gateway.reload(servedOf({ ...options, ...changes })),
    close: () => gateway.close(),
  };
}

/** What `specgate serve` reads. Throws `invalid_request` with the faults of the files. */
export function servedOf({ api, upstream, yaml, prompts, variables, own = {} }: ViewGatewayOptions): Served {
  const folder = mkdtempSync(join(tmpdir(), "specgate-views-"));
  try {
    const file = join(folder, "gateway.yaml");
    writeFileSync(file, prompts === undefined ? yaml : `${yaml}\nprompts: ./prompts\n`);
    mkdirSync(join(folder, "prompts"));
    for (const [name, text] of Object.entries(prompts ?? {})) writeFileSync(join(folder, "prompts", name), text);
    const environment = readEnvironment({ LOG_LEVEL: "silent", ...variables });
    const flags = { port: 0, upstreamUrl: upstream, inMemory: true };
    const read = readGatewayFile(file);
    const limits = { readsPerMinute: "off", requestsPerMinutePerAddress: "off", shedAboveDelayMs: "off" } as const;
    const config = resolveConfig({ ...read, limits: { ...limits, ...read.limits } }, environment, flags, api.version);
    return { api, config, ...own };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
