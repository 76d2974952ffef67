import type { LogLevel, Method } from "../context.ts";
import { logLevels } from "../notify.ts";
import { invalidParams } from "../params.ts";

/** `logging/setLevel`: the least severity the client wants to hear. Session era only. https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging */
export const loggingSetLevel: Method = async (context, { level }) => {
  if (!logLevels.includes(level as LogLevel)) throw invalidParams(`level must be one of ${logLevels.join(", ")}`);
  await context.session?.remember({ logLevel: level as LogLevel });
  return { value: {} };
};
