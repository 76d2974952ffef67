import { capabilitiesOf } from "../capabilities.ts";
import type { Method } from "../context.ts";
import { complete } from "../result.ts";
import { supportedVersions } from "../versions.ts";

/** `server/discover`: versions, capabilities and instructions. Stateless era only. https://modelcontextprotocol.io/specification/2026-07-28/server/discover */
export const serverDiscover: Method = async (context) => {
  const { instructions } = context.surface;
  return complete(context, {
    supportedVersions,
    capabilities: capabilitiesOf(context.surface),
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: 0,
    cacheScope: "private",
  });
};
