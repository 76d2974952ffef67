import type { GatewayError } from "../errors.ts";
import type { ObserveOperation, OperationMeasure } from "../telemetry/metrics.ts";
import type { McpContext, MethodResult } from "./context.ts";
import { rpcErrorOf } from "./errors.ts";
import { rpc } from "./versions.ts";

/** A request to measure. */
export interface Observation {
  readonly context: McpContext;
  readonly observe: ObserveOperation;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Runs `serve` and tells how long it took and what it came to, also when it throws. */
export async function observed(observation: Observation, serve: () => Promise<MethodResult>): Promise<MethodResult> {
  const { context, observe } = observation;
  const start = performance.now();
  const tell = (facts: Partial<OperationMeasure>): void =>
    observe({
      method: observation.method,
      version: context.version,
      ...toolOf(observation),
      ...facts,
      seconds: (performance.now() - start) / 1_000,
    });
  try {
    const result = await serve();
    tell({ ...negotiated(context, result), ...("isError" in result && { errorType: "tool_error" }) });
    return result;
  } catch (thrown) {
    const { code } = rpcErrorOf(thrown as GatewayError); // dispatch throws nothing else
    tell({ errorType: String(code), ...(code === rpc.methodNotFound && { method: "_OTHER" }) });
    throw thrown;
  }
}

/** The Tool that is called; nothing for one there is not, whose name is the caller's invention. */
function toolOf({ context, method, params }: Observation): Pick<OperationMeasure, "tool"> {
  if (method !== "tools/call" || typeof params.name !== "string") return {};
  const tool = context.surface.findTool(context.principal, params.name);
  return tool === undefined ? {} : { tool };
}

/** `initialize` begins without a version and answers with the one it settled on. */
function negotiated({ version }: McpContext, result: MethodResult): Partial<OperationMeasure> {
  const settled = version === "" && "value" in result ? result.value.protocolVersion : undefined;
  return typeof settled === "string" ? { version: settled } : {};
}
