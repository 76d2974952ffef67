import { describe, expect, it } from "vitest";
import type { Arguments, Call, Outcome } from "../../src/calls/call.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { gather } from "../../src/surfaces/resources/gather.ts";

const tool = (kind: Tool["kind"]): Tool => ({
  name: "list_things",
  aliases: [],
  resource: "Thing",
  kind,
  effect: "read",
  definition: {
    name: "list_things",
    title: "",
    description: "",
    inputSchema: { type: "object", properties: { limit: { type: "integer", maximum: 50 } } },
    annotations: { title: "", readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  },
});
const reading = { signal: new AbortController().signal } as unknown as Omit<Call, "tool" | "args">; // nothing else is looked at

/** A list of `total` things that gives `page` at a time at most. */
function listing(
  total: number,
  page: number,
): { readonly run: (call: Call) => Promise<Outcome>; readonly asked: Arguments[] } {
  const asked: Arguments[] = [];
  const run = async ({ args }: Call): Promise<Outcome> => {
    asked.push(args);
    const start = Number(args.cursor ?? 0);
    const end = Math.min(total, start + Math.min(page, Number(args.limit ?? 50)));
    const items = Array.from({ length: end - start }, (_, index) => ({ id: start + index }));
    const more = end < total;
    return {
      structured: {
        items,
        returnedCount: items.length,
        totalCount: total,
        hasMore: more,
        ...(more && { nextCursor: String(end) }),
      },
    };
  };
  return { run, asked };
}

describe("a list that is read for a resource", () => {
  const cases = [
    { name: "in one page", total: 7, page: 50, limit: 20, want: [7, false], limits: [20] },
    {
      name: "over pages, each asked for what is missing",
      total: 500,
      page: 50,
      limit: 120,
      want: [120, true],
      limits: [50, 50, 20],
    },
    { name: "to its end", total: 70, page: 30, limit: 200, want: [70, false], limits: [50, 50, 50] },
    { name: "over ten pages at most", total: 500, page: 5, limit: 200, want: [50, true], limits: Array(10).fill(50) },
  ];
  for (const { name, total, page, limit, want, limits } of cases)
    it(`is gathered ${name}`, async () => {
      const { run, asked } = listing(total, page);
      const { structured = {} } = await gather({ run, tool: tool("list"), reading, args: { limit }, maxBytes: 60_000 });
      expect([structured.returnedCount, structured.hasMore]).toEqual(want);
      expect((structured.items as { id: number }[]).map(({ id }) => id)).toEqual(
        Array.from({ length: Number(want[0]) }, (_, id) => id),
      );
      expect(asked.map((one) => one.limit)).toEqual(limits);
      expect(structured).toMatchObject({ totalCount: total });
      expect(structured).not.toHaveProperty("nextCursor");
    });

  it("keeps the budget by whole pages", async () => {
    const { run } = listing(500, 50);
    const { structured } = await gather({ run, tool: tool("list"), reading, args: { limit: 200 }, maxBytes: 1_200 });
    expect(structured).toMatchObject({ returnedCount: 100, hasMore: true });
  });

  it("is left alone without a limit, and where it is no list", async () => {
    const { run, asked } = listing(500, 50);
    expect((await gather({ run, tool: tool("list"), reading, args: {}, maxBytes: 1 })).structured).toHaveProperty(
      "nextCursor",
    );
    expect(
      (await gather({ run, tool: tool("action"), reading, args: { limit: 90 }, maxBytes: 1 })).structured,
    ).toHaveProperty("nextCursor");
    expect(asked).toHaveLength(2);
  });

  it("fails with what a tool written by hand says of its failure", async () => {
    const run = async (): Promise<Outcome> => ({ isError: true, content: [{ type: "text", text: "broken" }] });
    await expect(gather({ run, tool: tool("get"), reading, args: {}, maxBytes: 1 })).rejects.toThrow("broken");
  });
});
