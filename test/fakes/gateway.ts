import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "../../codegen/load.ts";
import { describeSpec } from "../../codegen/main.ts";
import type { Described, ManifestOperation } from "../../codegen/model.ts";
import type { HandTool } from "../../src/calls/call.ts";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { Api } from "../../src/descriptor.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** A gateway that listens, over an API described in memory. */
export interface TestGateway {
  /** The MCP endpoint. */
  readonly url: string;
  /** Scheme, host and port. */
  readonly base: string;
  readonly api: Api;
  /** Where METRICS_PORT made it serve `/metrics`. */
  readonly metricsUrl?: string;
  /** Tells every client that listens what changed. */
  readonly notify: Gateway["notify"];
  readonly close: () => Promise<void>;
}

/** An Operation that became a Tool. */
export type MadeOperation = Exclude<ManifestOperation, { readonly skipped: string }>;

/** The Operations of a manifest that became Tools. */
export function madeOf({ manifest }: Described): readonly MadeOperation[] {
  return manifest.operations.filter((one): one is MadeOperation => !("skipped" in one));
}

/** Codegen on a document in hand, with the `codegen` part of a gateway.yaml. Writes the document to a temporary file, as a user has it. */
export async function generateFrom(
  document: unknown,
  configText = "api: test",
  allowConflicts = false,
): Promise<Described> {
  const folder = mkdtempSync(join(tmpdir(), "specgate-spec-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(document));
    const { api, codegen } = parseGatewayFile("gateway.yaml", configText);
    return describeSpec(await load(file), codegen ?? {}, { allowConflicts, name: api });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A test is one caller who does in a second what people do in a minute, on a machine that runs others beside it. */
const unlimited = {
  readsPerMinute: "off",
  writesPerMinute: "off",
  requestsPerMinutePerAddress: "off",
  shedAboveDelayMs: "off",
} as const;

/**
 * Serves `api` on a free port in front of `upstream`, as `specgate serve` would with this gateway.yaml and environment, but
 * without the limits on a busy caller that gateway.yaml does not set.
 */
export async function startGateway(
  api: Api,
  upstream: string,
  configText = "api: test",
  variables: Readonly<Record<string, string>> = {},
  tools: readonly HandTool[] = [],
): Promise<TestGateway> {
  const environment = readEnvironment({ LOG_LEVEL: "silent", ...variables });
  const flags = { port: 0, upstreamUrl: upstream, inMemory: true };
  const file = parseGatewayFile("gateway.yaml", configText);
  const limits = { ...unlimited, ...file.limits };
  const config = resolveConfig({ ...file, limits }, environment, flags, api.version);
  const gateway = compose({ api, config, tools, logger: createLogger(config.server.logLevel) });
  const base = `http://127.0.0.1:${await gateway.listen()}`;
  const metricsPort = gateway.metricsPort();
  const metrics = metricsPort === undefined ? {} : { metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` };
  return { url: `${base}/mcp`, base, api, ...metrics, notify: gateway.notify, close: () => gateway.close() };
}
