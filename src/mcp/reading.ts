import type { Call } from "../calls/call.ts";
import type { GatewayError } from "../errors.ts";
import type { McpContext, MethodResult } from "./context.ts";
import { progressTokenOf } from "./notify.ts";
import { complete } from "./result.ts";

/** What a method has to run something: a Call without its Tool and its arguments. */
export function readingOf(context: McpContext, params: Readonly<Record<string, unknown>>): Omit<Call, "tool" | "args"> {
  return {
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

/** The result that puts questions to the client, where the error came of asking; stateless era only. */
export function inputRequired(error: GatewayError, context: McpContext): MethodResult | undefined {
  const input = error.code === "confirmation_required" ? context.pendingInput?.() : undefined;
  if (input === undefined || input === null) return undefined;
  const { value } = complete(context, { ...input }) as { value: Readonly<Record<string, unknown>> }; // as in every era with questions
  return { value: { ...value, resultType: "input_required" } };
}
