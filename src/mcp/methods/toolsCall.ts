import { unknownTool } from "../../calls/authorize.ts";
import type { Arguments, Call } from "../../calls/call.ts";
import { GatewayError, isProtocolError } from "../../errors.ts";
import type { McpContext, Method, MethodResult } from "../context.ts";
import { progressTokenOf } from "../notify.ts";
import { invalidParams, isObject, shown } from "../params.ts";
import { callToolResult, complete, errorResult } from "../result.ts";

/**
 * `tools/call`: runs one Tool. What the caller can fix is a result with `isError`; an unknown or hidden Tool, and a fault of
 * ours, is a JSON-RPC error. https://modelcontextprotocol.io/specification/2025-11-25/server/tools#error-handling
 */
export const toolsCall: Method = async (context, params) => {
  const { name, arguments: args = {} } = params;
  if (typeof name !== "string") throw invalidParams("tools/call needs the name of a tool");
  if (!isObject(args)) throw invalidParams("arguments must be an object");
  const tool = context.surface.findTool(context.principal, name);
  if (tool === undefined) throw unknownTool(shown(name), context.principal.scopes);
  try {
    return callToolResult(await context.surface.run(callOf(context, tool, args, params)), context);
  } catch (thrown) {
    return resultOfError(GatewayError.from(thrown), context);
  }
};

function callOf(context: McpContext, tool: Call["tool"], args: Arguments, params: Arguments): Call {
  return {
    tool,
    args,
    principal: context.principal,
    surface: context.surface.name,
    requestId: context.requestId,
    ...(context.client === null ? {} : { client: context.client }),
    ...(context.network === undefined ? {} : { network: context.network }),
    ...(context.sessionHash === undefined ? {} : { session: context.sessionHash }),
    capabilities: context.capabilities,
    signal: context.signal,
    notify: context.notify,
    wantsProgress: progressTokenOf(params) !== undefined,
    ask: context.ask,
  };
}

/** A question to the client comes before its error: in the stateless era the question is the result. */
function resultOfError(error: GatewayError, context: McpContext): MethodResult {
  const input = error.code === "confirmation_required" ? context.pendingInput?.() : undefined;
  if (input !== undefined && input !== null) {
    const { value } = complete(context, { ...input }) as { value: Readonly<Record<string, unknown>> };
    return { value: { ...value, resultType: "input_required" } };
  }
  if (isProtocolError[error.code] === true || error.facts.rpcCode !== undefined) throw error;
  return errorResult(error, context);
}
