import { capabilitiesOf } from "../capabilities.ts";
import type { Method, Opening } from "../context.ts";
import { invalidParams, isObject, shown } from "../params.ts";
import { sessionVersions } from "../versions.ts";

/**
 * `initialize`: opens a session. A version that we serve is echoed; any other is answered with our newest of the era, and
 * the client decides. https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle
 */
export const initialize: Method = async (context, params) => {
  const opening = openingOf(params);
  await context.openSession?.(opening);
  const { serverInfo, instructions } = context.surface;
  return {
    value: {
      protocolVersion: opening.version,
      capabilities: capabilitiesOf(context.surface, context.openSession !== undefined),
      serverInfo,
      ...(instructions === undefined ? {} : { instructions }),
    },
  };
};

function openingOf(params: Readonly<Record<string, unknown>>): Opening {
  const { protocolVersion, capabilities, clientInfo } = params;
  if (typeof protocolVersion !== "string") throw invalidParams("initialize needs protocolVersion, a string");
  if (!isObject(capabilities)) throw invalidParams("initialize needs capabilities, an object");
  if (!isObject(clientInfo) || typeof clientInfo.name !== "string")
    throw invalidParams("initialize needs clientInfo with a name");
  const version = sessionVersions.includes(protocolVersion) ? protocolVersion : (sessionVersions[0] as string);
  return {
    version,
    client: {
      name: shown(clientInfo.name),
      ...(typeof clientInfo.version === "string" ? { version: shown(clientInfo.version) } : {}),
    },
    capabilities,
  };
}
