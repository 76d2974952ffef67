import type { Tool } from "../../src/catalog/tool.ts";

/**
 * What the gateway.yaml of OneUptime decides about a property of a body: it hides it, or callers give the plain value of a column
 * that travels wrapped (which the document calls an object of any kind).
 */
export function oneuptimeDecides({ kind, origin }: Tool, property: string): boolean {
  if (hidden[kind]?.includes(property) === true) return true;
  return origin?.resource.fields[property]?.wrapper !== undefined;
}

const hidden: Readonly<Record<string, readonly string[]>> = {
  create: ["projectId", "createdByUserId", "deletedByUserId"],
  update: ["createdByUserId", "deletedByUserId", "_id"],
  list: ["groupBy"],
};
