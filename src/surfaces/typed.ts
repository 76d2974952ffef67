import { boundTool } from "../calls/bound.ts";
import type { Next } from "../calls/call.ts";
import type { Tool } from "../catalog/tool.ts";
import type { SurfaceConfig } from "../config/config.ts";
import type { Permits, ServerInfo, Surface } from "./surface.ts";
import { createToolPages } from "./toolPages.ts";
import { createViews } from "./views.ts";

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
  /** Whether `tools/list` carries output schemas. Default `auto`. */
  readonly outputSchemas?: SurfaceConfig["outputSchemas"];
  /** Bytes of prepared pages that are kept. Default 64 MiB: some thirty lists of a large API in both eras. */
  readonly pagesBytes?: number;
}

/**
 * The Surface of style `typed`: every Tool listed by its own name. The Catalog is walked once per class of principals,
 * never per request; classes that see the same Tools share their pages (security.md T53).
 */
export function createTypedSurface(options: TypedSurfaceOptions): Surface {
  const { permits, serverInfo, pageSize = 1_000 } = options;
  const tools = options.tools
    .filter((tool) => options.readOnly !== true || tool.effect === "read")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map(tools.flatMap((tool) => [...tool.aliases, tool.name].map((name) => [name, tool] as const)));
  const withOutput = listsOutput(options.outputSchemas, tools.length);
  const viewOf = createViews({
    visible: (principal) => tools.filter((tool) => permits(principal, tool)).map((tool) => boundTool(tool, principal)),
    pagesOf: (visible) => createToolPages(visible, { pageSize, serverInfo, withOutput }),
    ...(options.pagesBytes !== undefined && { maxBytes: options.pagesBytes }),
  });
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
      return tool !== undefined && permits(principal, tool) ? boundTool(tool, principal) : undefined;
    },
    run: options.run,
  };
}

/** Tools of a Surface up to which `auto` lists output schemas: half of what a list costs, and little of it for so few. */
export const mostWithOutput = 100;

/** Whether a list of so many Tools carries output schemas. */
export function listsOutput(choice: SurfaceConfig["outputSchemas"] = "auto", tools: number): boolean {
  return choice === "always" || (choice === "auto" && tools <= mostWithOutput);
}
