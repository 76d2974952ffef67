import { badValue, type Reading, type ResourceState, unknownResource } from "./resource.ts";
import type { SurfaceResources } from "./resources.ts";

export { uncached } from "../listPages.ts";
export { unknownResource } from "./resource.ts";

/**
 * What the resource at `uri` holds, for the principal of `reading`. Throws `unknown_resource` in the same words for a hidden one
 * and for one that does not exist, `invalid_arguments` for parameters that it does not have, and what its Tool throws.
 */
export async function readResource(resources: SurfaceResources, reading: Reading, uri: string): Promise<ResourceState> {
  const { principal } = reading;
  const found = resources.find(principal, uri);
  if (found === undefined) throw unknownResource(uri, principal.scopes);
  const { resource, values, unknown } = found;
  if (unknown.length > 0) {
    const taken = resource.template.optional.join(", ") || "none";
    throw badValue(
      `${resource.template.text} has no parameter ${unknown.join(", ").slice(0, 128)}; it takes: ${taken}`,
    );
  }
  return resource.read(reading, uri, values);
}
