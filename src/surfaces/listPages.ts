import { GatewayError } from "../errors.ts";
import type { Era, PreparedPage, Principal, ServerInfo } from "./surface.ts";

export interface ListPagesOptions<Item> {
  /** The member of the result: `resources`. */
  readonly member: string;
  /** `resources/list`; in messages. */
  readonly method: string;
  /** In the order in which they are listed, which is that of their keys. */
  readonly items: readonly Item[];
  /** Unique; a cursor is the key of the last item given. */
  readonly keyOf: (item: Item) => string;
  readonly shown: (item: Item) => object;
  readonly permits: (item: Item, principal: Principal) => boolean;
  readonly pageSize: number;
  readonly serverInfo: ServerInfo;
}

/** Pages of a list, each the whole JSON-RPC `result`. Throws `invalid_arguments` for a cursor that is not ours. */
export type ListPages = (principal: Principal, cursor: string | undefined, era: Era) => PreparedPage;

/** Pages kept, over all sets of items. What was not asked for longest is made again. */
const maxPages = 1_000;

/**
 * The list of the items that a principal may see. A page is serialised once for all principals that see the same items. Like
 * that of `tools/list`, a cursor stays good when the set changes between two pages.
 */
export function createListPages<Item>(options: ListPagesOptions<Item>): ListPages {
  const { items, keyOf, permits, method } = options;
  const prepared = new Map<string, PreparedPage>();
  return (principal, cursor, era) => {
    const seen = items.map((item) => permits(item, principal));
    const visible = items.filter((_, index) => seen[index]);
    const after = cursor === undefined ? undefined : keyIn(cursor, method);
    const start = after === undefined ? 0 : startAfter(visible.map(keyOf), after);
    const name = `${era} ${start} ${seen.map(Number).join("")}`;
    const page = prepared.get(name) ?? serialise(options, visible, start, era);
    prepared.delete(name);
    prepared.set(name, page);
    const oldest = prepared.keys().next();
    if (prepared.size > maxPages && oldest.done !== true) prepared.delete(oldest.value);
    return page;
  };
}

function serialise<Item>(
  { member, method, keyOf, shown, pageSize, serverInfo }: ListPagesOptions<Item>,
  visible: readonly Item[],
  start: number,
  era: Era,
): PreparedPage {
  const page = visible.slice(start, start + pageSize);
  const last = start + pageSize < visible.length ? page.at(-1) : undefined;
  const result = {
    [member]: page.map(shown),
    ...(last !== undefined && { nextCursor: cursorAfter(keyOf(last), method) }),
    ...(era === "stateless" && {
      ...uncached,
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
    }),
  };
  return Buffer.from(JSON.stringify(result));
}

/** What is seen depends on the key, so no shared cache may keep it; `ttlMs` 0: ask again when you need it. */
export const uncached = { ttlMs: 0, cacheScope: "private" } as const;

function startAfter(keys: readonly string[], after: string): number {
  const index = keys.findIndex((key) => key > after);
  return index < 0 ? keys.length : index;
}

function cursorAfter(key: string, method: string): string {
  return Buffer.from(`${method}:${key}`).toString("base64url");
}

function keyIn(cursor: string, method: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  const key = text.slice(method.length + 1);
  if (text.startsWith(`${method}:`) && cursorAfter(key, method) === cursor) return key;
  throw new GatewayError("invalid_arguments", `the cursor is not one that ${method} gave`, {
    next: `Call ${method} without a cursor and follow its nextCursor.`,
    rpcCode: -32602,
  });
}
