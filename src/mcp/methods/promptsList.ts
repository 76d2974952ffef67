import type { Method } from "../context.ts";
import { cursorOf, notFound } from "../params.ts";

/** `prompts/list`: one prepared page of the prompts that the principal may use. https://modelcontextprotocol.io/specification/2025-11-25/server/prompts */
export const promptsList: Method = async ({ surface, principal, era }, { cursor }) => {
  if (surface.prompts === undefined) throw notFound("prompts/list");
  return { bytes: surface.prompts.list(principal, cursorOf(cursor), era) };
};
