import type { Next } from "../calls/call.ts";
import type { Tool } from "../catalog/tool.ts";
import type { Permits, Principal, ServerInfo, Surface } from "./surface.ts";
import { createToolPages, type ToolPages } from "./toolPages.ts";

export interface TypedSurfaceOptions {
  readonly name: string;
  /** `/mcp`. No trailing slash. */
  readonly path: string;
  readonly serverInfo: ServerInfo;
  readonly instructions?: string;
  /** See {@link Surface}. Default `on`. */
  readonly sessions?: "on" | "off";
  /** Every Tool of the Catalog. */
  readonly tools: readonly Tool[];
  readonly permits: Permits;
  readonly run: Next;
  /** Tools per page. Default 1,000, since many clients read only the first page. */
  readonly pageSize?: number;
  /** Offer only Tools of Effect `read`. Default false. */
  readonly readOnly?: boolean;
  /**
   * Names the class of principals that see the same Tools: one list is prepared per class. Must tell apart whatever
   * `permits` tells apart. Default: by scopes.
   */
  readonly classOf?: (principal: Principal) => string;
}

/** What one class of principals sees. */
interface View {
  readonly tools: readonly Tool[];
  readonly pages: ToolPages;
}

/** Classes kept. Few exist in practice; the bound is against a flood of made-up ones. */
const maxClasses = 1_000;

/**
 * The Surface of style `typed`: every Tool listed by its own name. The Catalog is walked once per class of principals,
 * never per request; classes that see the same Tools share their pages (security.md T53).
 */
export function createTypedSurface(options: TypedSurfaceOptions): Surface {
  const { permits, serverInfo, pageSize = 1_000, classOf = scopeClass } = options;
  const tools = options.tools
    .filter((tool) => options.readOnly !== true || tool.effect === "read")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(tools.flatMap((tool) => [...tool.aliases, tool.name].map((name) => [name, tool] as const)));
  const views = createViews(tools, permits, (visible) => createToolPages(visible, pageSize, serverInfo));
  const viewOf = (principal: Principal): View => views(classOf(principal), principal);
  return {
    name: options.name,
    path: options.path,
    serverInfo,
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    ...(options.sessions === undefined ? {} : { sessions: options.sessions }),
    tools,
    visibleTools: (principal) => viewOf(principal).tools,
    listTools: (principal, cursor, era) => viewOf(principal).pages.page(cursor, era),
    findTool: (principal, name) => {
      const tool = byName.get(name);
      return tool !== undefined && permits(principal, tool) ? tool : undefined;
    },
    run: options.run,
  };
}

/** Scopes in an order of their own make no other class; an unverified key has none at all. */
function scopeClass({ scopes }: Principal): string {
  return scopes === null ? "unverified" : `scopes ${[...scopes].sort().join(" ")}`;
}

/** Views by class, sharing what they can: first by class name, then by the very set of Tools. */
function createViews(
  tools: readonly Tool[],
  permits: Permits,
  pagesOf: (visible: readonly Tool[]) => ToolPages,
): (className: string, principal: Principal) => View {
  const byClass = new Map<string, View>();
  const bySet = new Map<string, View>();
  return (className, principal) => {
    const known = byClass.get(className);
    if (known !== undefined) return known;
    if (byClass.size >= maxClasses) {
      byClass.clear();
      bySet.clear();
    }
    const visible = tools.filter((tool) => permits(principal, tool));
    const set = visible.length === tools.length ? "all" : visible.map((tool) => tool.name).join(" ");
    const view = bySet.get(set) ?? { tools: visible, pages: pagesOf(visible) };
    bySet.set(set, view);
    byClass.set(className, view);
    return view;
  };
}
