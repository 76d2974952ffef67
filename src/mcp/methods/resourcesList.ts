import type { Method } from "../context.ts";
import { cursorOf, notFound } from "../params.ts";

/** `resources/list`: one prepared page of the resources that the principal may read. https://modelcontextprotocol.io/specification/2025-11-25/server/resources */
export const resourcesList: Method = async ({ surface, principal, era }, { cursor }) => {
  if (surface.resources === undefined) throw notFound("resources/list");
  return { bytes: surface.resources.list(principal, cursorOf(cursor), era) };
};
