import { GatewayError } from "../../errors.ts";
import type { LogLevel, Method } from "../context.ts";
import { logLevels } from "../notify.ts";
import { invalidParams } from "../params.ts";
import { rpc } from "../versions.ts";

/**
 * `logging/setLevel`: the least severity the client wants to hear. Session era only, and not found where no session is kept.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging
 */
export const loggingSetLevel: Method = async (context, { level }) => {
  const { session } = context;
  if (session === undefined) {
    throw new GatewayError("invalid_request", "Method not found: logging/setLevel; this endpoint keeps no sessions", {
      rpcCode: rpc.methodNotFound,
    });
  }
  if (!logLevels.includes(level as LogLevel)) throw invalidParams(`level must be one of ${logLevels.join(", ")}`);
  await session.remember({ logLevel: level as LogLevel });
  return { value: {} };
};
