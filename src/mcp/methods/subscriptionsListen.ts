import { capabilitiesOf, type ServerCapabilities } from "../capabilities.ts";
import type { ListenFilter } from "../changes.ts";
import type { McpContext, Method } from "../context.ts";
import { invalidParams, isObject } from "../params.ts";
import { complete } from "../result.ts";

/**
 * `subscriptions/listen`: a stream of the changes the client asks for, as far as the server declares them. Answers when the
 * stream ends in good order. Stateless era only. https://modelcontextprotocol.io/specification/2026-07-28/basic/utilities/subscriptions
 */
export const subscriptionsListen: Method = async (context, { notifications }) => {
  if (!isFilter(notifications)) throw invalidParams("subscriptions/listen needs notifications, a filter object");
  const own = await context.listen?.(withoutHidden(context, honoured(notifications, capabilitiesOf(context.surface))));
  return complete(context, { _meta: own });
};

/** Resources that one stream may be told of. */
const maxSubscriptions = 50;

/** Without the resources that the principal may not read, or that nobody looks at: none of them is told of. */
function withoutHidden({ surface, principal }: McpContext, filter: ListenFilter): ListenFilter {
  const { resourceSubscriptions: uris, ...rest } = filter;
  const own = [...new Set(uris)].filter(
    (uri) => surface.resources?.find(principal, uri)?.resource.pollMs !== undefined,
  );
  return own.length === 0 ? rest : { ...rest, resourceSubscriptions: own.slice(0, maxSubscriptions) };
}

interface Requested {
  readonly toolsListChanged?: boolean;
  readonly promptsListChanged?: boolean;
  readonly resourcesListChanged?: boolean;
  readonly resourceSubscriptions?: readonly string[];
}

function isFilter(value: unknown): value is Requested {
  if (!isObject(value)) return false;
  const flags = [value.toolsListChanged, value.promptsListChanged, value.resourcesListChanged];
  const uris = value.resourceSubscriptions;
  return (
    flags.every((flag) => flag === undefined || typeof flag === "boolean") &&
    (uris === undefined || (Array.isArray(uris) && uris.every((uri) => typeof uri === "string")))
  );
}

/** The part of a filter that the declared capabilities can deliver. */
export function honoured(requested: Requested, can: ServerCapabilities): ListenFilter {
  const uris = requested.resourceSubscriptions ?? [];
  return {
    ...(requested.toolsListChanged === true && can.tools?.listChanged === true ? { toolsListChanged: true } : {}),
    ...(requested.promptsListChanged === true && can.prompts?.listChanged === true ? { promptsListChanged: true } : {}),
    ...(requested.resourcesListChanged === true && can.resources?.listChanged === true
      ? { resourcesListChanged: true }
      : {}),
    ...(uris.length > 0 && can.resources?.subscribe === true ? { resourceSubscriptions: [...uris] } : {}),
  };
}
