import { GatewayError } from "../../errors.ts";
import { unknownResource } from "../../surfaces/resources/read.ts";
import type { ContextSession, McpContext, Method } from "../context.ts";
import { invalidParams, notFound, shown } from "../params.ts";

/**
 * `resources/subscribe`: the session is told on its stream when the resource changes, from the next look on. Session era only,
 * and not found where no session is kept or no resource is looked at.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/resources#subscriptions
 */
export const resourcesSubscribe: Method = async (context, { uri }) => {
  const session = sessionOf(context, "resources/subscribe");
  if (typeof uri !== "string") throw invalidParams("resources/subscribe needs the uri of a resource");
  const found = context.surface.resources?.find(context.principal, uri);
  if (found === undefined) throw unknownResource(uri, context.principal.scopes);
  if (found.resource.pollMs === undefined)
    throw invalidParams(`${shown(uri)} cannot be subscribed to: nobody would notice that it changed; read it again`);
  if (!(await session.subscribe(uri)))
    throw new GatewayError("rate_limited", "the session has too many subscriptions; end one of them first");
  return { value: {} };
};

/** `resources/unsubscribe`: ends that; one that is not there is ended too. */
export const resourcesUnsubscribe: Method = async (context, { uri }) => {
  const session = sessionOf(context, "resources/unsubscribe");
  if (typeof uri !== "string") throw invalidParams("resources/unsubscribe needs the uri of a resource");
  await session.unsubscribe(uri);
  return { value: {} };
};

function sessionOf({ session, surface }: McpContext, method: string): ContextSession {
  const watched = surface.resources?.all.some(({ pollMs }) => pollMs !== undefined) === true;
  if (session === undefined || !watched) throw notFound(method);
  return session;
}
