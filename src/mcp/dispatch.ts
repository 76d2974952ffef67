import { GatewayError } from "../errors.ts";
import type { Era, McpContext, Method, MethodResult } from "./context.ts";
import { completionComplete } from "./methods/completionComplete.ts";
import { initialize } from "./methods/initialize.ts";
import { loggingSetLevel } from "./methods/loggingSetLevel.ts";
import { ping } from "./methods/ping.ts";
import { promptsGet } from "./methods/promptsGet.ts";
import { promptsList } from "./methods/promptsList.ts";
import { resourcesList } from "./methods/resourcesList.ts";
import { resourcesRead } from "./methods/resourcesRead.ts";
import { resourcesSubscribe, resourcesUnsubscribe } from "./methods/resourcesSubscribe.ts";
import { resourcesTemplatesList } from "./methods/resourcesTemplatesList.ts";
import { serverDiscover } from "./methods/serverDiscover.ts";
import { subscriptionsListen } from "./methods/subscriptionsListen.ts";
import { toolsCall } from "./methods/toolsCall.ts";
import { toolsList } from "./methods/toolsList.ts";
import { observed } from "./observed.ts";
import { shown } from "./params.ts";
import { rpc } from "./versions.ts";

/** Those of both eras. */
const common: readonly (readonly [string, Method])[] = [
  ["tools/list", toolsList],
  ["tools/call", toolsCall],
  ["resources/list", resourcesList],
  ["resources/templates/list", resourcesTemplatesList],
  ["resources/read", resourcesRead],
  ["prompts/list", promptsList],
  ["prompts/get", promptsGet],
  ["completion/complete", completionComplete],
];

/** The methods of each era. A method that an era does not have is not found there, whatever its parameters. */
const methods: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  stateless: new Map<string, Method>([
    ["server/discover", serverDiscover],
    ["subscriptions/listen", subscriptionsListen],
    ...common,
  ]),
  session: new Map<string, Method>([
    ["initialize", initialize],
    ["ping", ping],
    ["logging/setLevel", loggingSetLevel],
    ["resources/subscribe", resourcesSubscribe],
    ["resources/unsubscribe", resourcesUnsubscribe],
    ...common,
  ]),
};

/** Serves one request, and measures it where the context says so. Throws GatewayError; anything else that is thrown becomes `internal` here. */
export async function dispatch(
  context: McpContext,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<MethodResult> {
  const { observe } = context;
  return observe === undefined
    ? await serve(context, method, params)
    : await observed({ context, observe, method, params }, () => serve(context, method, params));
}

async function serve(
  context: McpContext,
  name: string,
  params: Readonly<Record<string, unknown>>,
): Promise<MethodResult> {
  const method = methods[context.era].get(name);
  if (method === undefined) {
    throw new GatewayError("invalid_request", `Method not found: ${shown(name)}`, { rpcCode: rpc.methodNotFound });
  }
  try {
    return await method(context, params);
  } catch (thrown) {
    throw GatewayError.from(thrown);
  }
}
