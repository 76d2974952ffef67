import type { OAuthConfig } from "../config/oauth.ts";
import type { Logger } from "../telemetry/log.ts";
import type { OAuth } from "./port.ts";
import { createResourceServer, type ResourceServerOptions } from "./resource/resourceServer.ts";
import { type AuthorizationServerOptions, createAuthorizationServer } from "./server.ts";

/** What OAuth is made from, whatever its mode. */
export interface OAuthParts
  extends Omit<AuthorizationServerOptions, "config">,
    Pick<ResourceServerOptions, "exchangeSecret" | "upstreamKeys"> {
  readonly config: OAuthConfig;
  readonly logger: Logger;
}

/** OAuth as it is configured; undefined where it is off, or no Surface takes it. Nothing is read or sent before the first request. */
export function createOAuth({ config, ...parts }: OAuthParts): OAuth | undefined {
  if (config.mode === "off" || parts.surfaces.length === 0) return undefined;
  if (config.mode === "server") return createAuthorizationServer({ ...parts, config });
  return createResourceServer({ ...parts, config, readScope: parts.scopes.effects.read });
}
