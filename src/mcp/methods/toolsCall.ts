import { unknownTool } from "../../calls/authorize.ts";
import { GatewayError, isProtocolError } from "../../errors.ts";
import type { Tool } from "../../surfaces/surface.ts";
import type { McpContext, Method, MethodResult } from "../context.ts";
import { invalidParams, isObject, shown } from "../params.ts";
import { inputRequired, readingOf } from "../reading.ts";
import { callToolResult, errorResult } from "../result.ts";

/**
 * `tools/call`: runs one Tool. What the caller can fix is a result with `isError`; an unknown or hidden Tool, and a fault of
 * ours, is a JSON-RPC error. https://modelcontextprotocol.io/specification/2025-11-25/server/tools#error-handling
 */
export const toolsCall: Method = async (context, params) => {
  const { name, arguments: args = {} } = params;
  if (typeof name !== "string") throw invalidParams("tools/call needs the name of a tool");
  if (!isObject(args)) throw invalidParams("arguments must be an object");
  const tool = context.surface.findTool(context.principal, name) ?? stepUpTool(context, name);
  if (tool === undefined) throw unknownTool(shown(name), context.principal.scopes);
  try {
    return callToolResult(await context.surface.run({ ...readingOf(context, params), tool, args }), context);
  } catch (thrown) {
    return resultOfError(GatewayError.from(thrown), context);
  }
};

/** A Tool that its OAuth client can get by asking its user for more: its Call is refused with the scopes that it needs. */
function stepUpTool({ surface, principal }: McpContext, name: string): Tool | undefined {
  return principal.kind === "connection" ? surface.findTool({ ...principal, scopes: null }, name) : undefined;
}

/** A question to the client comes before its error: in the stateless era the question is the result. */
function resultOfError(error: GatewayError, context: McpContext): MethodResult {
  const asked = inputRequired(error, context);
  if (asked !== undefined) return asked;
  if (isProtocolError[error.code] === true || error.facts.rpcCode !== undefined) throw error;
  return errorResult(error, context);
}
