import { type IdentityProvider, startIdentityProvider } from "../../demo/identity.ts";
import { demoOAuth } from "../../demo/oauth.ts";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { compose, type Parts } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { type GatewayFile, readGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** The demo as `npm run demo` starts it, on free ports and in memory. */
export interface OAuthGateway {
  /** `http://localhost:41234`: the name that browsers keep secure cookies for. */
  readonly base: string;
  /** The MCP endpoint. */
  readonly url: string;
  readonly beacon: Beacon;
  readonly identity: IdentityProvider;
  readonly close: () => Promise<void>;
}

export interface OAuthGatewayOptions {
  /** Instead of what the demo has. */
  readonly oauth?: (issuer: string) => NonNullable<GatewayFile["oauth"]>;
  readonly brand?: GatewayFile["brand"];
  readonly environment?: Readonly<Record<string, string>>;
  readonly fetchDocument?: NonNullable<Parts["fetchDocument"]>;
}

/** Beacon, its identity provider, and the gateway in front, without limits on who asks often. */
export async function startOAuthGateway(options: OAuthGatewayOptions = {}): Promise<OAuthGateway> {
  const { oauth = demoOAuth, brand, environment = {}, fetchDocument } = options;
  const identity = await startIdentityProvider();
  const beacon = await startBeacon({ userOf: identity.userOf });
  const { prompts: _prompts, promptFiles: _files, ...file } = readGatewayFile("openapi/beacon/gateway.yaml");
  const limits = {
    ...file.limits,
    readsPerMinute: "off",
    writesPerMinute: "off",
    requestsPerMinutePerAddress: "off",
    shedAboveDelayMs: "off",
  } as const;
  const config = resolveConfig(
    { ...file, limits, oauth: oauth(identity.issuer), ...(brand && { brand }) },
    readEnvironment({ LOG_LEVEL: "silent", ...environment }),
    { port: 0, upstreamUrl: beacon.url, inMemory: true },
    api.version,
  );
  const gateway = compose({
    api,
    config,
    logger: createLogger(config.server.logLevel),
    ...(fetchDocument && { fetchDocument }),
  });
  const base = `http://localhost:${await gateway.listen()}`;
  return {
    base,
    url: `${base}/mcp`,
    beacon,
    identity,
    close: async () => {
      await gateway.close();
      await beacon.close();
      await identity.close();
    },
  };
}
