import { describe, expect, it } from "vitest";
import type { ToolOrigin } from "../../src/catalog/tool.ts";
import type { Paging } from "../../src/descriptor.ts";
import type { UpstreamRequest } from "../../src/upstream/exchange.ts";
import { type Answer, contextOf, originOf, refused, run, sent, thrownBy } from "./fixture.ts";

/** An upstream with `items` that pages in one style and never gives more than `cap` at once, whatever is asked. */
interface FakeList {
  readonly paging: Paging;
  readonly answer: (request: UpstreamRequest) => Answer;
}

type Item = { readonly id: string };

function itemsOf(count: number): Item[] {
  return Array.from({ length: count }, (_one, index) => ({ id: `w${index}` }));
}

const limit = { name: "limit", in: "query" } as const;

const fakes: Readonly<Record<string, (items: readonly Item[], cap: number) => FakeList>> = {
  "offset with a total": (items, cap) => ({
    paging: { style: "offset", offset: { name: "skip", in: "query" }, limit, total: { path: ["count"] } },
    answer: (request) => {
      const { skip, limit: size } = sent(request) as { skip: number; limit: number };
      return { body: { count: items.length, data: items.slice(skip, skip + Math.min(size, cap)) } };
    },
  }),
  "offset in the body without any total": (items, cap) => ({
    paging: { style: "offset", offset: { name: "skip", in: "body" }, limit: { name: "limit", in: "body" } },
    answer: (request) => {
      const { skip, limit: size } = sent(request).body as { skip: number; limit: number };
      return { body: items.slice(skip, skip + Math.min(size, cap)) };
    },
  }),
  "page numbers from 1": (items, cap) => ({
    paging: { style: "page", page: { name: "page", in: "query" }, first: 1, limit },
    answer: (request) => {
      const { page, limit: asked } = sent(request) as { page: number; limit: number };
      const size = Math.min(asked, cap);
      const slice = items.slice((page - 1) * size, page * size);
      return slice.length === 0 && page > 1 ? refused(404, "no such page") : { body: slice };
    },
  }),
  "page numbers from 0 with a total in a header": (items, cap) => ({
    paging: { style: "page", page: { name: "page", in: "query" }, first: 0, limit, total: { header: "X-Total" } },
    answer: (request) => {
      const { page, limit: asked } = sent(request) as { page: number; limit: number };
      const size = Math.min(asked, cap);
      return { body: items.slice(page * size, (page + 1) * size), headers: { "x-total": String(items.length) } };
    },
  }),
  "opaque tokens, with empty pages on the way": (items, cap) => ({
    paging: { style: "cursor", cursor: { name: "after", in: "query" }, next: { path: ["meta", "next"] }, limit },
    answer: (request) => {
      const { after = "t0", limit: asked } = sent(request) as { after?: string; limit: number };
      const isEmpty = after.startsWith("e");
      const start = Number(after.slice(1));
      const end = isEmpty ? start : Math.min(start + Math.min(asked, cap), items.length);
      const next = end >= items.length && !(isEmpty && start < items.length) ? "" : isEmpty ? `t${end}` : `e${end}`;
      return { body: { items: items.slice(start, end), meta: { next } } };
    },
  }),
  "the last item's id": (items, cap) => ({
    paging: {
      style: "keyset",
      cursor: { name: "starting_after", in: "query" },
      itemField: "id",
      limit,
      hasMore: { path: ["has_more"] },
    },
    answer: (request) => {
      const { starting_after: after, limit: asked } = sent(request) as { starting_after?: string; limit: number };
      const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
      const data = items.slice(start, start + Math.min(asked, cap));
      return { body: { data, has_more: start + data.length < items.length } };
    },
  }),
  "the last item's id without a word on more": (items, cap) => ({
    paging: { style: "keyset", cursor: { name: "since", in: "query" }, itemField: "id", limit },
    answer: (request) => {
      const { since, limit: asked } = sent(request) as { since?: string; limit: number };
      const start = since === undefined ? 0 : items.findIndex(({ id }) => id === since) + 1;
      return { body: items.slice(start, start + Math.min(asked, cap)) };
    },
  }),
  "Link headers": (items, cap) => ({
    paging: { style: "link", limit },
    answer: (request) => {
      const { page = 1, limit: asked } = sent(request) as { page?: number; limit: number };
      const size = Math.min(Number(asked), cap);
      const end = Number(page) * size;
      const url = "http://api.test/widgets";
      const next = `<${url}?page=${Number(page) + 1}&limit=${asked}&api_key=secret>; rel="next", <${url}?page=9>; rel="last"`;
      return { body: items.slice(end - size, end), headers: end < items.length ? { link: next } : {}, url };
    },
  }),
  "next URLs in the body": (items, cap) => ({
    paging: { style: "nextUrl", next: { path: ["links", "next"] }, limit },
    answer: (request) => {
      const { at = 0, limit: asked } = sent(request) as { at?: number; limit: number };
      const end = Number(at) + Math.min(Number(asked), cap);
      const next = end < items.length ? `/widgets?at=${end}&limit=${asked}` : null;
      return { body: { data: items.slice(Number(at), end), links: { next } } };
    },
  }),
  "everything at once": (items) => ({ paging: { style: "none" }, answer: () => ({ body: items }) }),
};

function originWith(paging: Paging): ToolOrigin {
  return originOf({ kind: "list", paging, body: { mediaType: "application/json", fields: [] } });
}

/** Follows nextCursor to the end with these limits, the last one repeated; every answer's items. */
function walk(
  { paging, answer }: FakeList,
  limits: readonly number[],
  resultBytes = 61_440,
): readonly (readonly Item[])[] {
  const pages: (readonly Item[])[] = [];
  let cursor: unknown;
  do {
    const args = { limit: limits[pages.length] ?? limits.at(-1), ...(cursor === undefined ? {} : { cursor }) };
    const { output } = run(originWith(paging), args, answer, contextOf({ resultBytes }));
    expect(output.returnedCount).toBe((output.items as Item[]).length);
    expect(output.hasMore).toBe(output.nextCursor !== undefined);
    expect((output.items as Item[]).length).toBeLessThanOrEqual(args.limit ?? 0);
    pages.push(output.items as Item[]);
    cursor = output.nextCursor;
    if (pages.length > 100) throw new Error("the list does not end");
  } while (cursor !== undefined);
  return pages;
}

const walks = [
  { name: "one limit throughout", limits: [10], cap: 1000 },
  { name: "a limit that changes between pages", limits: [3, 20, 1, 7, 50], cap: 1000 },
  { name: "an upstream that caps silently", limits: [50], cap: 4 },
  { name: "a cap and changing limits", limits: [5, 2, 30, 9], cap: 4 },
  { name: "pages cut by the budget", limits: [40], cap: 1000, resultBytes: 4096 + 150 },
  { name: "all at once cut by everything", limits: [9, 40, 2], cap: 7, resultBytes: 4096 + 60 },
];

for (const [style, fakeOf] of Object.entries(fakes)) {
  describe(`a List over ${style}`, () => {
    for (const { name, limits, cap, resultBytes } of walks) {
      for (const count of [0, 1, 10, 37]) {
        it(`regression 17: gives each of ${count} items once, in order: ${name}`, () => {
          const items = itemsOf(count);
          expect(walk(fakeOf(items, cap), limits, resultBytes).flat()).toEqual(items);
        });
      }
    }
  });
}

describe("hasMore", () => {
  it("regression 17: is reckoned from what was seen, not from what the answer echoes", () => {
    const paging: Paging = {
      style: "offset",
      offset: { name: "skip", in: "query" },
      limit,
      total: { path: ["count"] },
    };
    const answer = (): Answer => ({ body: { data: itemsOf(10), count: 42, skip: 0, limit: 10 } });
    const { output, requests } = run(originWith(paging), { limit: 10 }, answer);
    expect(output).toMatchObject({ returnedCount: 10, totalCount: 42, hasMore: true });
    expect(requests.length).toBe(1);
  });

  it("is not believed of a total that is the length of the page, and neither is that total", () => {
    const all = itemsOf(25);
    const { paging } = (fakes["page numbers from 1"] as (typeof fakes)[string])([], 1000);
    const answer = (request: UpstreamRequest): Answer => {
      const { page = 1, limit: size = 10 } = sent(request) as { page?: number; limit?: number };
      const data = all.slice((page - 1) * size, page * size);
      return { body: { data, count: data.length } };
    };
    const origin = originWith({ ...paging, total: { path: ["count"] } });
    const { output } = run(origin, { limit: 10 }, answer);
    expect(output).toMatchObject({ returnedCount: 10, hasMore: true });
    expect(output.totalCount).toBeUndefined();
    const rest = run(origin, { limit: 50 }, answer).output;
    expect([rest.returnedCount, rest.hasMore]).toEqual([25, false]);
  });

  it("is known by a total that is a lower bound only as far as it goes", () => {
    const { paging } = (fakes["page numbers from 1"] as (typeof fakes)[string])([], 1000);
    const answer = (relation: string) => (): Answer => ({
      body: { data: itemsOf(10), hits: { total: { value: 10_000, relation } } },
    });
    const origin = originWith({ ...paging, total: { path: ["hits", "total", "value"] } });
    expect(run(origin, { limit: 10 }, answer("eq")).output.totalCount).toBe(10_000);
    const bound = run(origin, { limit: 10 }, answer("gte")).output;
    expect([bound.totalCount, bound.hasMore]).toEqual([undefined, true]);
  });

  it("costs no request where a total or a token tells it", () => {
    for (const style of [
      "offset with a total",
      "opaque tokens, with empty pages on the way",
      "Link headers",
      "everything at once",
    ]) {
      const { paging, answer } = (fakes[style] as (typeof fakes)[string])(itemsOf(7), 1000);
      expect([style, run(originWith(paging), { limit: 50 }, answer).requests.length]).toEqual([style, 1]);
    }
  });

  it("is false on the last page by the total, without another request", () => {
    const { paging, answer } = (fakes["page numbers from 0 with a total in a header"] as (typeof fakes)[string])(
      itemsOf(20),
      1000,
    );
    const first = run(originWith(paging), { limit: 10 }, answer).output;
    const { output, requests } = run(originWith(paging), { limit: 10, cursor: first.nextCursor }, answer);
    expect([first.hasMore, output.returnedCount, output.hasMore, requests.length]).toEqual([true, 10, false, 1]);
  });

  it("is found out by reading on where a short page is all there is", () => {
    const { paging, answer } = (fakes["page numbers from 1"] as (typeof fakes)[string])(itemsOf(7), 1000);
    const { output, requests } = run(originWith(paging), { limit: 50 }, answer);
    expect([output.returnedCount, output.hasMore, requests.length]).toEqual([7, false, 2]);
  });

  it("ends after ten reads of an upstream that never gives anything but tokens", () => {
    const paging: Paging = { style: "cursor", cursor: { name: "c", in: "query" }, next: { path: ["next"] } };
    const { output, requests } = run(originWith(paging), {}, (_request, index) => ({
      body: { items: [], next: `t${index}` },
    }));
    expect([output.returnedCount, output.hasMore, requests.length]).toEqual([0, true, 10]);
  });

  it("ends at a token that leads back to its own page", () => {
    const paging: Paging = { style: "cursor", cursor: { name: "c", in: "query" }, next: { path: ["next"] } };
    const { output } = run(originWith(paging), {}, () => ({ body: { items: itemsOf(1), next: "same" } }));
    expect([output.returnedCount, output.hasMore]).toEqual([2, false]);
  });
});

describe("a next link", () => {
  const next = (link: string): ReturnType<typeof run> =>
    run(originWith({ style: "link" }), {}, () => ({
      body: itemsOf(2),
      headers: { link },
      url: "https://api.test/widgets?q=1",
    }));

  for (const link of [
    "<https://evil.test/widgets?page=2>; rel=next",
    "<http://api.test/widgets?page=2>; rel=next",
    "<https://api.test/other?page=2>; rel=next",
    "<//evil.test/widgets?page=2>; rel=next",
  ]) {
    it(`is not followed elsewhere, and that is said: ${link}`, () => {
      const { output, requests } = next(link);
      expect(requests.length).toBe(1);
      expect(output).toMatchObject({ hasMore: true, notes: [expect.stringContaining("not followed")] });
      expect(output.nextCursor).toBeUndefined();
    });
  }

  it("is kept in the cursor without its key", () => {
    const { output } = run(originWith({ style: "link" }), { limit: 2 }, () => ({
      body: itemsOf(2),
      headers: { link: '<https://api.test/widgets?page=2&api_key=k&access_token=t>; title="a, b"; rel="prev next"' },
      url: "https://api.test/widgets",
    }));
    const [payload = ""] = String(output.nextCursor).split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())[1]).toEqual([["page", "2"]]);
  });
});

describe("a cursor", () => {
  const { paging, answer } = (fakes["offset with a total"] as (typeof fakes)[string])(itemsOf(30), 1000);
  const origin = originOf({
    kind: "list",
    paging,
    params: [
      { name: "q", in: "query", arg: "q" },
      { name: "tags", in: "query", arg: "tags" },
    ],
  });
  const filters = { q: "x", tags: ["a"] };
  const cursor = String(run(origin, { limit: 10, ...filters }, answer).output.nextCursor);

  it("goes on with another limit, and with the filters in another order", () => {
    const { output } = run(origin, { tags: ["a"], cursor, limit: 5, q: "x" }, answer);
    expect((output.items as Item[]).map(({ id }) => id)).toEqual(["w10", "w11", "w12", "w13", "w14"]);
  });

  const day = 24 * 60 * 60 * 1000;
  const bad = [
    { name: "with another filter", args: { q: "y", tags: ["a"], cursor } },
    { name: "with a filter left out", args: { q: "x", cursor } },
    { name: "with other fields", args: { ...filters, fields: ["id"], cursor } },
    { name: "of another principal", args: { ...filters, cursor }, context: { principalId: "p2" } },
    { name: "after 24 hours", args: { ...filters, cursor }, context: { now: () => 1_000_000 + day + 1 } },
    { name: "that is no cursor", args: { ...filters, cursor: "abc" } },
    { name: "without its signature", args: { ...filters, cursor: cursor.split(".")[0] } },
  ];
  for (const { name, args, context } of bad) {
    it(`is refused ${name}, with the advice to start again`, () => {
      const error = thrownBy(() => run(origin, args, answer, contextOf(context)));
      expect([error.code, error.facts.next]).toEqual(["invalid_arguments", expect.stringContaining("without cursor")]);
    });
  }

  it("is refused when any of its bytes is changed", () => {
    for (let index = 0; index < cursor.length; index++) {
      const forged = `${cursor.slice(0, index)}${cursor[index] === "A" ? "B" : "A"}${cursor.slice(index + 1)}`;
      expect(thrownBy(() => run(origin, { ...filters, cursor: forged }, answer)).code).toBe("invalid_arguments");
    }
  });

  it("is good until its last millisecond, and for its own tool only", () => {
    const context = contextOf({ now: () => 1_000_000 + day });
    expect(run(origin, { ...filters, cursor }, answer, context).output.returnedCount).toBe(20);
    const other = { ...origin, spec: { ...origin.spec, name: "list_others" } };
    expect(thrownBy(() => run(other, { ...filters, cursor }, answer)).code).toBe("invalid_arguments");
  });

  it("whose upstream token has expired is the caller's to start again", () => {
    const { paging: tokens, answer: tokenAnswer } = (
      fakes["opaque tokens, with empty pages on the way"] as (typeof fakes)[string]
    )(itemsOf(30), 1000);
    const expiring = originWith(tokens);
    const first = run(expiring, { limit: 10 }, tokenAnswer).output.nextCursor;
    const error = thrownBy(() => run(expiring, { cursor: first }, () => refused(410, "continue token expired")));
    expect([error.code, error.facts.next]).toEqual(["invalid_arguments", expect.stringContaining("without cursor")]);
    const later = thrownBy(() => run(expiring, { cursor: first }, () => refused(403, "no")));
    expect(later.code).toBe("upstream_rejected");
  });
});
