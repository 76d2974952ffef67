import type { Method } from "../context.ts";
import { invalidParams } from "../params.ts";

/** `tools/list`: one prepared page of the Tools that the principal may use. https://modelcontextprotocol.io/specification/2025-11-25/server/tools */
export const toolsList: Method = async ({ surface, principal, era }, { cursor }) => {
  if (cursor !== undefined && typeof cursor !== "string") throw invalidParams("cursor must be a string");
  return { bytes: surface.listTools(principal, cursor, era) };
};
