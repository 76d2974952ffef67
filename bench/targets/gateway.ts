import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../process.ts";
import { benchDocument } from "../spec.ts";

/** A project of the benched API in `folder`, laid out as a user has it, and the two published commands that it needs. */
export interface GatewayProject {
  readonly generate: Command;
  readonly serve: Command;
}

/**
 * Writes `openapi/bench/` with the document and a gateway.yaml that checks each caller's key at the API, as an API owner would.
 * One key from one address makes all the calls of a bench, so the limits on one caller are raised.
 * `program` is what `specgate` runs: `dist/src/main.js` as published, or `src/main.ts`.
 */
export function prepareGateway(folder: string, program: string, upstreamUrl: string): GatewayProject {
  const api = join(folder, "openapi", "bench");
  mkdirSync(api, { recursive: true });
  writeFileSync(join(api, "openapi.json"), JSON.stringify(benchDocument()));
  writeFileSync(join(api, "gateway.yaml"), gatewayYaml(upstreamUrl));
  const env = { SPECGATE_SECRET: "bench-secret-of-32-characters-00", LOG_LEVEL: "info" };
  return {
    generate: { args: [program, "generate"], cwd: folder, env },
    serve: { args: [program, "serve", "--config", "openapi/bench/gateway.yaml", "--port", "0"], cwd: folder, env },
  };
}

function gatewayYaml(upstreamUrl: string): string {
  return `api: bench
upstreams:
  default:
    url: ${upstreamUrl}
    limits: { runningPerPrincipal: 64 }
limits: { readsPerMinute: off, writesPerMinute: off, requestsPerMinutePerAddress: off, inFlightPerPrincipal: 512, shedAboveDelayMs: off }
credentials:
  check:
    operation: listEdgeBeacon
`;
}
