import { GatewayError } from "../../errors.ts";
import { createListPages, type ListPages } from "../listPages.ts";
import type { Principal, ServerInfo } from "../surface.ts";
import type { Resource } from "./resource.ts";
import type { Variables } from "./uriTemplate.ts";

/** A resource that a URI names. */
export interface FoundResource {
  readonly resource: Resource;
  readonly values: Variables;
  /** Query parameters of the URI that the resource does not have. */
  readonly unknown: readonly string[];
}

/** The resources of a Surface. */
export interface SurfaceResources {
  /** Every one, whoever calls, in the order of their URIs. */
  readonly all: readonly Resource[];
  /** Pages of `resources/list`: those without variables. */
  readonly list: ListPages;
  /** Pages of `resources/templates/list`. */
  readonly templates: ListPages;
  /** What `uri` names. One that is hidden from the principal and an unknown one are both undefined. */
  readonly find: (principal: Principal, uri: string) => FoundResource | undefined;
  /** What `uri` names, whoever asks: for references that are checked at the start. */
  readonly named: (uri: string) => Resource | undefined;
  /** The template as it is listed, if the principal may know of it. */
  readonly template: (principal: Principal, text: string) => Resource | undefined;
}

export interface ResourcesOptions {
  readonly resources: readonly Resource[];
  readonly pageSize: number;
  readonly serverInfo: ServerInfo;
}

/** Throws `invalid_request` where two match the same URIs: which of them a client meant could not be told. */
export function createResources({ resources, pageSize, serverInfo }: ResourcesOptions): SurfaceResources {
  const all = [...resources].sort((a, b) => (a.template.text < b.template.text ? -1 : 1));
  const ranked = [...resources].sort((a, b) => (a.template.rank < b.template.rank ? -1 : 1));
  for (const [index, { template }] of ranked.entries()) {
    const next = ranked[index + 1]?.template;
    if (next?.rank === template.rank)
      throw new GatewayError("invalid_request", `${template.text} and ${next.text} are the same resource; keep one`);
  }
  const hasVariables = ({ template }: Resource): boolean => template.variables.length > 0;
  const common = {
    keyOf: ({ template }: Resource) => template.text,
    permits: ({ permits }: Resource, principal: Principal) => permits(principal),
    pageSize,
    serverInfo,
  };
  const matching = (uri: string): FoundResource | undefined => {
    for (const resource of ranked) {
      const matched = resource.template.match(uri);
      if (matched !== undefined) return { resource, ...matched };
    }
    return undefined;
  };
  return {
    all,
    list: createListPages({
      ...common,
      member: "resources",
      method: "resources/list",
      items: all.filter((one) => !hasVariables(one)),
      shown: ({ template, definition }) => ({ uri: template.text, ...definition }),
    }),
    templates: createListPages({
      ...common,
      member: "resourceTemplates",
      method: "resources/templates/list",
      items: all.filter(hasVariables),
      shown: ({ template, definition }) => ({ uriTemplate: template.text, ...definition }),
    }),
    find: (principal, uri) => {
      // The first that matches is meant, whoever may see it: a literal address is no other one's id.
      const found = matching(uri);
      return found?.resource.permits(principal) === true ? found : undefined;
    },
    named: (uri) => matching(uri)?.resource,
    template: (principal, text) => all.find(({ template, permits }) => template.text === text && permits(principal)),
  };
}
