import type { Method } from "../context.ts";
import { cursorOf, notFound } from "../params.ts";

/** `resources/templates/list`: one prepared page of the templates that the principal may use. https://modelcontextprotocol.io/specification/2025-11-25/server/resources#resource-templates */
export const resourcesTemplatesList: Method = async ({ surface, principal, era }, { cursor }) => {
  if (surface.resources === undefined) throw notFound("resources/templates/list");
  return { bytes: surface.resources.templates(principal, cursorOf(cursor), era) };
};
