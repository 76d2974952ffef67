import type { Next, Outcome } from "../../calls/call.ts";
import { GatewayError } from "../../errors.ts";
import type { Tool } from "../surface.ts";
import type { Reading } from "./resource.ts";

/** A read of a Tool for a resource. */
export interface Gathering {
  readonly run: Next;
  readonly tool: Tool;
  readonly reading: Reading;
  readonly args: Readonly<Record<string, unknown>>;
  /** Bytes of items to gather at most. */
  readonly maxBytes: number;
}

/** Pages of a list that one read may walk. */
const maxPages = 10;

/**
 * What the Tool answers. A list is walked until it gives as many items as `limit` asks for, since an API may give fewer at a
 * time; its cursor is left out, for the pages are those of one read.
 */
export async function gather({ run, tool, reading, args, maxBytes }: Gathering): Promise<Outcome> {
  const first = await call(run, tool, reading, args, args.limit);
  const wanted = typeof args.limit === "number" && tool.kind === "list" ? args.limit : undefined;
  if (first.structured === undefined || wanted === undefined) return first;
  let page: Readonly<Record<string, unknown>> = first.structured;
  const items = [...itemsOf(page)];
  let bytes = sizeOf(items);
  for (let pages = 1; pages < maxPages && items.length < wanted && typeof page.nextCursor === "string"; pages++) {
    const more = { ...args, cursor: page.nextCursor };
    const next = (await call(run, tool, reading, more, wanted - items.length)).structured ?? {};
    const size = sizeOf(itemsOf(next));
    if (bytes + size > maxBytes) break;
    bytes += size;
    items.push(...itemsOf(next));
    page = next;
  }
  const { nextCursor: _, ...envelope } = first.structured;
  return { structured: { ...envelope, items, returnedCount: items.length, hasMore: page.hasMore === true } };
}

async function call(run: Next, tool: Tool, reading: Reading, args: object, limit: unknown): Promise<Outcome> {
  const most = tool.definition.inputSchema.properties?.limit?.maximum;
  const asked = typeof limit === "number" ? { limit: Math.min(limit, most ?? limit) } : {};
  const outcome = await run({ ...reading, tool, args: { ...args, ...asked } });
  if (outcome.isError !== true) return outcome;
  const text = outcome.content?.find(({ type }) => type === "text")?.text;
  throw new GatewayError("upstream_failed", typeof text === "string" ? text.slice(0, 500) : `${tool.name} failed`);
}

function itemsOf({ items }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(items) ? items : [];
}

function sizeOf(items: readonly unknown[]): number {
  return Buffer.byteLength(JSON.stringify(items));
}
