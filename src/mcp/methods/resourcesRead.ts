import { GatewayError } from "../../errors.ts";
import { readResource, uncached } from "../../surfaces/resources/read.ts";
import type { Method } from "../context.ts";
import { invalidParams, notFound } from "../params.ts";
import { inputRequired, readingOf } from "../reading.ts";
import { complete } from "../result.ts";

/**
 * `resources/read`: what a resource holds now. One that is unknown or hidden is -32602 with `data: { uri }` in both eras.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/resources#reading-resources
 */
export const resourcesRead: Method = async (context, params) => {
  const { resources } = context.surface;
  if (resources === undefined) throw notFound("resources/read");
  if (typeof params.uri !== "string") throw invalidParams("resources/read needs the uri of a resource");
  try {
    const { contents } = await readResource(resources, readingOf(context, params), params.uri);
    return complete(context, { contents, ...(context.era === "stateless" && uncached) });
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    const asked = inputRequired(error, context);
    if (asked !== undefined) return asked;
    throw error;
  }
};
