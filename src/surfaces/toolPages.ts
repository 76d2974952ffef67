import type { Tool } from "../catalog/tool.ts";
import { GatewayError } from "../errors.ts";
import { leanDefinition } from "./lean.ts";
import type { Era, PreparedPage, ServerInfo } from "./surface.ts";

/** Serialised `tools/list` pages of one set of Tools. */
export interface ToolPages {
  /** Bytes of the pages that were prepared so far. */
  readonly bytes: () => number;
  /** Throws `invalid_arguments` for a cursor that is not ours. */
  readonly page: (cursor: string | undefined, era: Era) => PreparedPage;
}

export interface ToolPagesOptions {
  /** Tools on each. */
  readonly pageSize: number;
  readonly serverInfo: ServerInfo;
  /** Whether definitions carry their output schemas; else they are lean (see {@link leanDefinition}). Default true. */
  readonly withOutput?: boolean;
}

/**
 * Pages of `tools` (sorted by name), `pageSize` Tools each. Every page is serialised once per era, on first use.
 *
 * A cursor is the name of the last Tool given, so it stays good when the set changes between two pages: the next page
 * begins after where that name is or was. It grants nothing: the pages hold only what their readers may see.
 */
export function createToolPages(tools: readonly Tool[], options: ToolPagesOptions): ToolPages {
  const { pageSize } = options;
  const prepared: Record<Era, Map<number, PreparedPage>> = { stateless: new Map(), session: new Map() };
  let bytes = 0;
  return {
    bytes: () => bytes,
    page: (cursor, era) => {
      const start = cursor === undefined ? 0 : indexAfter(tools, nameIn(cursor));
      const pages = prepared[era];
      const known = pages.get(start);
      if (known !== undefined) return known;
      const page = serialise(tools, start, era, options);
      // Only the regular starts are kept: a cursor from another set may begin anywhere, and must not fill the memory.
      if (start % pageSize === 0) {
        pages.set(start, page);
        bytes += page.length;
      }
      return page;
    },
  };
}

/** Definitions serialised once per Tool, whatever page it is on. */
const whole = new WeakMap<Tool, string>();
const lean = new WeakMap<Tool, string>();

function definitionOf(tool: Tool, withOutput: boolean): string {
  const definitions = withOutput ? whole : lean;
  const known = definitions.get(tool);
  if (known !== undefined) return known;
  const text = JSON.stringify(withOutput ? tool.definition : leanDefinition(tool.definition));
  definitions.set(tool, text);
  return text;
}

function serialise(tools: readonly Tool[], start: number, era: Era, options: ToolPagesOptions): PreparedPage {
  const { pageSize: size, serverInfo, withOutput = true } = options;
  const page = tools.slice(start, start + size);
  const last = start + size < tools.length ? page.at(-1) : undefined;
  const next = last === undefined ? "" : `,"nextCursor":${JSON.stringify(cursorAfter(last.name))}`;
  const hints = era === "stateless" ? `,${statelessHints(serverInfo)}` : "";
  return Buffer.from(`{"tools":[${page.map((tool) => definitionOf(tool, withOutput)).join(",")}]${next}${hints}}`);
}

/** The list depends on the key, so no shared cache may keep it (protocol.md §4); `ttlMs` 0: ask again when you need it. */
function statelessHints(serverInfo: ServerInfo): string {
  const meta = { "io.modelcontextprotocol/serverInfo": serverInfo };
  return `"ttlMs":0,"cacheScope":"private","resultType":"complete","_meta":${JSON.stringify(meta)}`;
}

const cursorPrefix = "tools:";

function cursorAfter(name: string): string {
  return Buffer.from(cursorPrefix + name).toString("base64url");
}

function nameIn(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  if (text.startsWith(cursorPrefix) && cursorAfter(text.slice(cursorPrefix.length)) === cursor) {
    return text.slice(cursorPrefix.length);
  }
  throw new GatewayError("invalid_arguments", "the cursor is not one that tools/list gave", {
    next: "Call tools/list without a cursor and follow its nextCursor.",
    rpcCode: -32602,
  });
}

/** Where the first Tool with a name after `name` stands, by binary search. */
function indexAfter(tools: readonly Tool[], name: string): number {
  let low = 0;
  let high = tools.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tools[middle] as Tool).name <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
