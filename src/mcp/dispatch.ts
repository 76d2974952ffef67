import { GatewayError } from "../errors.ts";
import type { Era, McpContext, Method, MethodResult } from "./context.ts";
import { initialize } from "./methods/initialize.ts";
import { loggingSetLevel } from "./methods/loggingSetLevel.ts";
import { ping } from "./methods/ping.ts";
import { serverDiscover } from "./methods/serverDiscover.ts";
import { subscriptionsListen } from "./methods/subscriptionsListen.ts";
import { toolsCall } from "./methods/toolsCall.ts";
import { toolsList } from "./methods/toolsList.ts";
import { shown } from "./params.ts";
import { rpc } from "./versions.ts";

/** The methods of each era. A method that an era does not have is not found there, whatever its parameters. */
const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  stateless: new Map<string, Method>([
    ["server/discover", serverDiscover],
    ["subscriptions/listen", subscriptionsListen],
    ["tools/list", toolsList],
    ["tools/call", toolsCall],
  ]),
  session: new Map<string, Method>([
    ["initialize", initialize],
    ["ping", ping],
    ["logging/setLevel", loggingSetLevel],
    ["tools/list", toolsList],
    ["tools/call", toolsCall],
  ]),
};

/** Serves one request. Throws GatewayError; anything else that is thrown becomes `internal` here. */
export async function dispatch(
  context: McpContext,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<MethodResult> {
  const serve = methods[context.era].get(method);
  if (serve === undefined) {
    throw new GatewayError("invalid_request", `Method not found: ${shown(method)}`, { rpcCode: rpc.methodNotFound });
  }
  try {
    return await serve(context, params);
  } catch (thrown) {
    throw GatewayError.from(thrown);
  }
}
