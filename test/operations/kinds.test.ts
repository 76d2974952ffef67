import { describe, expect, it } from "vitest";
import type { Body, Json, Paging, Select } from "../../src/descriptor.ts";
import type { Arguments } from "../../src/operations/steps.ts";
import { type Answer, contextOf, idParam, originOf, refused, run, sent, thrownBy } from "./fixture.ts";

const created = { _type: "DateTime", value: "2026-01-02T03:04:05.000Z" };
const body = (fields: readonly string[], more: object = {}): Body => ({
  mediaType: "application/json",
  fields,
  ...more,
});
const getTool = originOf({ kind: "get", name: "get_widget", params: [idParam] }).spec;

describe("get", () => {
  const get = originOf({ kind: "get", params: [idParam] }, { list: originOf({ kind: "list" }).spec });

  it("answers the instance in an envelope, wrappers taken off", () => {
    const { output, requests } = run(get, { id: "w1" }, () => ({
      body: { id: "w1", createdAt: created, query: { _type: "Search", value: "x" } },
    }));
    expect(output).toEqual({ item: { id: "w1", createdAt: created.value, query: { _type: "Search", value: "x" } } });
    expect(sent(requests[0])).toEqual({ id: "w1" });
  });

  it("regression 19: takes for a wrapper only an object of exactly its two keys", () => {
    const item = {
      id: "1",
      a: { ...created, zone: "UTC" },
      b: [{ deep: created }],
      c: { _type: "DateTime" },
      d: { _type: 5, value: 1 },
    };
    expect(run(get, { id: "1" }, () => ({ body: item })).output.item).toEqual({
      ...item,
      b: [{ deep: created.value }],
    });
  });

  it("takes the value out of its envelope, and a body without one as it is", () => {
    const wrapped = originOf({ kind: "get", params: [idParam], result: { noun: true, unwrap: ["data"] } });
    expect(run(wrapped, { id: "1" }, () => ({ body: { data: { id: "1" } } })).output).toEqual({ item: { id: "1" } });
    expect(run(wrapped, { id: "1" }, () => ({ body: { id: "1" } })).output).toEqual({ item: { id: "1" } });
  });

  for (const nothing of [{}, null, undefined, "", [], { data: {} }, { data: null }]) {
    it(`regression 18: ${JSON.stringify(nothing)} means that there is none`, () => {
      const tool = { ...get, spec: { ...get.spec, result: { noun: true, unwrap: ["data"] } } };
      const error = thrownBy(() => run(tool, { id: "w1" }, () => ({ body: nothing })));
      expect([error.code, error.message, error.facts.next]).toEqual([
        "upstream_not_found",
        'there is no Widget with id "w1"',
        "Find the id with list_widgets.",
      ]);
    });
  }

  it("regression 19: keeps back secret, write-only and heavy fields, and says which can be asked for", () => {
    const whole = { id: "1", name: "n", token: "t", password: "p", body: "long", extra: 1 };
    const { output } = run(get, { id: "1" }, () => ({ body: whole }));
    expect(output).toEqual({
      item: { id: "1", name: "n", extra: 1 },
      notes: ["Not shown unless asked for in fields: body, token."],
    });
    expect(run(get, { id: "1", fields: ["name", "body"] }, () => ({ body: whole })).output).toEqual({
      item: { name: "n", body: "long" },
    });
  });

  it("loses its heaviest fields when it is over the budget, and names them", () => {
    const { output } = run(get, { id: "1" }, () => ({
      body: { id: "1", log: "x".repeat(50_000), dump: "y".repeat(20_000), note: "n" },
    }));
    expect(output).toEqual({
      item: { id: "1", dump: "y".repeat(20_000), note: "n" },
      notes: ["Left out because one item may take 56 KB: log (49 KB)."],
    });
  });

  it("measures what an answer becomes, not what it came in", () => {
    expect(thrownBy(() => run(get, { id: "1" }, () => ({ body: "\n".repeat(40_000) }))).code).toBe(
      "response_too_large",
    );
  });

  it("refuses a text that cannot be divided", () => {
    expect(thrownBy(() => run(get, { id: "1" }, () => ({ body: "x".repeat(70_000) }))).code).toBe("response_too_large");
  });
});

describe("a select", () => {
  const select: Select = {
    slot: { name: "select", in: "body" },
    style: "trueMap",
    required: true,
    names: ["_id", "name", "slug", "token", "body"],
    refusals: ['Cannot select on "{name}"', "permissions to select on - {name}"],
  };
  const tool = originOf({ kind: "get", params: [idParam], body: body([], { optional: true }), select });

  it("is always sent where the upstream needs one, without secret and heavy fields", () => {
    const { requests } = run(tool, { id: "1" }, () => ({ body: { _id: "1" } }));
    expect(sent(requests[0]).body).toEqual({ select: { _id: true, name: true, slug: true } });
  });

  it("regression 22: drops the column the server does not know, repeats, and says so", () => {
    const answers: readonly Answer[] = [
      refused(400, 'Invalid select clause. Cannot select on "slug". This column does not exist on Widget.'),
      refused(400, "You do not have permissions to select on - name."),
      { body: { _id: "1" } },
    ];
    const { output, requests } = run(tool, { id: "1" }, (_request, index) => answers[index] as Answer);
    expect(requests.map((request) => (sent(request).body as { select: object }).select)).toEqual([
      { _id: true, name: true, slug: true },
      { _id: true, name: true },
      { _id: true },
    ]);
    expect(output).toEqual({
      item: { _id: "1" },
      notes: ["The API refused these fields, so they are missing: slug, name."],
    });
  });

  it("regression 22: takes the whole name that was refused, not one that begins it", () => {
    const twins = { ...tool, spec: { ...tool.spec, select: { ...select, names: ["name", "nameSuffix"] } } };
    const { requests } = run(twins, { id: "1" }, (_request, index) =>
      index === 0 ? refused(400, "permissions to select on - nameSuffix") : { body: { name: "n" } },
    );
    expect(sent(requests[1]).body).toEqual({ select: { name: true } });
  });

  it("regression 22: gives up after ten columns, and at any other refusal at once", () => {
    const names = Array.from({ length: 20 }, (_one, index) => `c${index}`);
    const many = { ...tool, spec: { ...tool.spec, select: { ...select, names } } };
    let count = 0;
    const refuse = (): Answer => refused(400, `Cannot select on "c${count++}"`);
    expect(thrownBy(() => run(many, { id: "1" }, refuse)).message).toContain('"c10"');
    expect(count).toBe(11);
    expect(thrownBy(() => run(tool, { id: "1" }, () => refused(400, "Bad"))).message).toContain("Bad");
  });

  it("is made of the fields asked for, as a list or a text too", () => {
    const of = (style: Select["style"], slotIn: "query" | "body"): unknown => {
      const spec = {
        ...tool.spec,
        select: { ...select, style, slot: { name: "select", in: slotIn }, required: false },
      };
      const { requests } = run({ ...tool, spec }, { id: "1", fields: ["name", "slug"] }, () => ({
        body: { name: "n" },
      }));
      return slotIn === "body" ? (sent(requests[0]).body as { select: unknown }).select : sent(requests[0]).select;
    };
    expect([of("csv", "query"), of("array", "query"), of("trueMap", "body")]).toEqual([
      "name,slug",
      ["name", "slug"],
      { name: true, slug: true },
    ]);
  });

  it("is not sent where the upstream can do without and nothing was asked for", () => {
    const { requests } = run(
      { ...tool, spec: { ...tool.spec, select: { ...select, required: false } } },
      { id: "1" },
      () => ({ body: { name: "n" } }),
    );
    expect(requests[0]?.body).toBeUndefined();
  });
});

describe("list", () => {
  it("projects to the default fields, or to those asked for, in the gateway", () => {
    const tool = originOf({ kind: "list" });
    const named = { ...tool, resource: { ...tool.resource, defaultFields: ["id", "name"] } };
    const items = [
      { id: "1", name: "n", color: "red", token: "t" },
      { unknown: 1, token: "t" },
    ];
    expect(run(named, {}, () => ({ body: items })).output.items).toEqual([{ id: "1", name: "n" }, { unknown: 1 }]);
    expect(run(named, { fields: ["color"] }, () => ({ body: items })).output.items).toEqual([{ color: "red" }, {}]);
    expect(run(originOf({ kind: "list" }), {}, () => ({ body: items })).output.items).toEqual([
      { id: "1", name: "n", color: "red" },
      { unknown: 1 },
    ]);
  });

  it("finds the list at its declared place, as the body, or as the only array", () => {
    const at = (unwrap: readonly string[] | undefined, answer: Json): unknown =>
      run(originOf({ kind: "list", result: { noun: true, ...(unwrap && { unwrap }) } }), {}, () => ({ body: answer }))
        .output.items;
    expect(at(["data", "rows"], { data: { rows: [{ id: 1 }] } })).toEqual([{ id: 1 }]);
    expect(at(["data"], [{ id: 1 }])).toEqual([{ id: 1 }]);
    expect(at(undefined, { widgets: [{ id: 1 }], total: 1 })).toEqual([{ id: 1 }]);
    expect(at(["data"], { data: null })).toEqual([]);
    expect(at(undefined, ["a", "b"])).toEqual(["a", "b"]);
    expect(thrownBy(() => at(undefined, { a: [], b: [], c: 1 })).code).toBe("upstream_invalid_response");
  });

  it("returns fewer whole items and a cursor when the budget is reached, and says so", () => {
    const items = Array.from({ length: 10 }, (_one, index) => ({ id: index, text: "x".repeat(10_000) }));
    const { output } = run(originOf({ kind: "list" }), {}, () => ({ body: items }));
    expect(output).toMatchObject({
      returnedCount: 5,
      totalCount: 10,
      hasMore: true,
      notes: [expect.stringContaining("size limit")],
    });
    expect(Buffer.byteLength(JSON.stringify(output))).toBeLessThan(61_440);
    const rest = run(originOf({ kind: "list" }), { cursor: output.nextCursor }, () => ({ body: items })).output;
    expect((rest.items as { id: number }[]).map(({ id }) => id)).toEqual([5, 6, 7, 8, 9]);
  });

  it("returns an item that alone is over the budget without its heaviest fields", () => {
    const items = [
      { id: 1, text: "x".repeat(70_000) },
      { id: 2, text: "y" },
    ];
    const { output } = run(originOf({ kind: "list" }), {}, () => ({ body: items }));
    expect(output).toMatchObject({
      items: [{ id: 1 }],
      hasMore: true,
      notes: [expect.stringContaining("text (68 KB)")],
    });
  });

  it("regression 23: keeps to the maximum of the upstream, and asks for 50 by default", () => {
    const limit = { name: "limit", in: "query" } as const;
    const asked = (args: Arguments, maxLimit?: number): unknown => {
      const paging: Paging = {
        style: "page",
        page: { name: "page", in: "query" },
        first: 1,
        limit,
        ...(maxLimit && { maxLimit }),
        total: { path: ["n"] },
      };
      return sent(run(originOf({ kind: "list", paging }), args, () => ({ body: { n: 0, data: [] } })).requests[0])
        .limit;
    };
    expect([asked({}), asked({}, 25), asked({ limit: 7 }, 25)]).toEqual([50, 25, 7]);
  });
});

describe("count", () => {
  const limit = { name: "limit", in: "query" } as const;
  const listed = (paging: Paging) =>
    originOf({ kind: "list", paging, operation: { id: "list", method: "GET", path: "/widgets" } }).spec;
  const derived = (paging: Paging) => originOf({ kind: "count", count: { from: "list" } }, { list: listed(paging) });
  const page = { style: "page", page: { name: "page", in: "query" }, first: 1, limit } as const;

  const answers: readonly { body: Json; path?: readonly string[]; want: number }[] = [
    { body: { count: 42 }, path: ["count"], want: 42 },
    { body: 42, want: 42 },
    { body: "42", want: 42 },
    { body: { total: 7, label: "x" }, want: 7 },
    { body: { count: "0" }, path: ["count"], want: 0 },
  ];
  for (const { body: answer, path = [], want } of answers) {
    it(`reads ${JSON.stringify(answer)} of its own endpoint as ${want}`, () => {
      const tool = originOf({ kind: "count", count: { from: "answer", path } });
      expect(run(tool, {}, () => ({ body: answer })).output).toEqual({ count: want, exact: true });
    });
  }

  it("refuses an answer that holds no count", () => {
    const tool = originOf({ kind: "count", count: { from: "answer", path: ["count"] } });
    for (const answer of [{}, { count: -1 }, { count: 1.5 }, { count: null }]) {
      expect(thrownBy(() => run(tool, {}, () => ({ body: answer }))).code).toBe("upstream_invalid_response");
    }
  });

  const totals: readonly { name: string; total: NonNullable<Paging["total"]>; answer: Answer }[] = [
    {
      name: "a header",
      total: { header: "X-Total-Count" },
      answer: { body: [{}], headers: { "x-total-count": "42" } },
    },
    {
      name: "Content-Range",
      total: { header: "Content-Range" },
      answer: { body: [{}], headers: { "content-range": "items 0-0/42" } },
    },
    { name: "a body field", total: { path: ["meta", "total"] }, answer: { body: { data: [{}], meta: { total: 42 } } } },
  ];
  for (const { name, total, answer } of totals) {
    it(`takes the total of ${name} from a read of one item`, () => {
      const { output, requests } = run(derived({ ...page, total }), {}, () => answer);
      expect(output).toEqual({ count: 42, exact: true });
      expect(requests.map(sent)).toEqual([{ page: 1, limit: 1 }]);
    });
  }

  it('takes rel="last" of pages of one item', () => {
    const link =
      '<http://api.test/widgets?page=2&limit=1>; rel="next", <http://api.test/widgets?page=42&limit=1>; rel="last"';
    const { output, requests } = run(derived({ style: "link", limit }), {}, () => ({ body: [{}], headers: { link } }));
    expect([output, requests.length]).toEqual([{ count: 42, exact: true }, 1]);
    expect(run(derived({ style: "link", limit }), {}, () => ({ body: [] })).output).toEqual({ count: 0, exact: true });
  });

  it('does not believe rel="last" when the page was larger than asked for', () => {
    const answer = (request: Parameters<typeof sent>[0]): Answer => {
      const { page: number } = sent(request) as { page?: string };
      const link = '<http://api.test/widgets?page=2>; rel="next", <http://api.test/widgets?page=2>; rel="last"';
      return number === "2" ? { body: [{}] } : { body: [{}, {}, {}], headers: { link } };
    };
    expect(run(derived({ style: "link", limit }), {}, answer).output).toEqual({ count: 4, exact: true });
  });

  it("counts what comes at once", () => {
    expect(run(derived({ style: "none" }), {}, () => ({ body: [{}, {}, {}] })).output).toEqual({
      count: 3,
      exact: true,
    });
  });

  it("regression 17: walks pages to the end, and never gives a page length as the total", () => {
    const walked = (rows: number, countPages: number): unknown => {
      const answer = (request: Parameters<typeof sent>[0]): Answer => {
        const { page: number } = sent(request) as { page: number };
        return { body: Array.from({ length: Math.max(0, Math.min(100, rows - (number - 1) * 100)) }, () => ({})) };
      };
      return run(derived({ ...page, maxLimit: 100 }), {}, answer, contextOf({ countPages })).output;
    };
    expect(walked(250, 20)).toEqual({ count: 250, exact: true });
    expect(walked(5000, 3)).toEqual({ count: 300, exact: false, notes: [expect.stringContaining("At least 300")] });
  });

  it("does not take the length of a page of one item for the total", () => {
    const answer =
      (rows: number) =>
      (request: Parameters<typeof sent>[0]): Answer => {
        const { page: number, limit: size } = sent(request) as { page: number; limit: number };
        const data = Array.from({ length: rows }, () => ({})).slice((number - 1) * size, number * size);
        return { body: { data, count: data.length } };
      };
    const counted = derived({ ...page, maxLimit: 100, total: { path: ["count"] } });
    expect(run(counted, {}, answer(250)).output).toEqual({ count: 250, exact: true });
    expect(run(counted, {}, answer(1)).output).toEqual({ count: 1, exact: true });
  });

  it("says of a lower bound that it is one", () => {
    const total = { path: ["hits", "total", "value"] } as const;
    const answer = (): Answer => ({ body: { data: [{}], hits: { total: { value: 10_000, relation: "gte" } } } });
    const { output } = run(derived({ ...page, maxLimit: 100, total }), {}, answer, contextOf({ countPages: 3 }));
    expect(output).toMatchObject({ count: 3, exact: false });
  });

  it("walks when the total it was promised does not come", () => {
    const { output, requests } = run(derived({ ...page, total: { header: "X-Total" } }), {}, (request) => ({
      body: (sent(request) as { page: number }).page === 1 ? [{}] : [],
    }));
    expect([output, requests.length]).toEqual([{ count: 1, exact: true }, 3]);
  });

  it("filters as the List does", () => {
    const list = { ...listed(page), params: [{ name: "state", in: "query", arg: "state" } as const] };
    const { requests } = run(originOf({ kind: "count", count: { from: "list" } }, { list }), { state: "open" }, () => ({
      body: [],
    }));
    expect(sent(requests[0])).toMatchObject({ state: "open" });
  });
});

describe("create", () => {
  const create = originOf({
    kind: "create",
    body: body(["name", "dueAt", "password", "token"], { wrap: ["data"], fixed: { kind: "w" } }),
  });

  it("regression 14: sends what was given, wrapped as the API wants it, and no unset field", () => {
    const { requests } = run(create, { name: "n", dueAt: "2026-01-01T00:00:00Z" }, () => ({ body: { id: "1" } }));
    expect(requests[0]?.body).toEqual({
      mediaType: "application/json",
      wrap: ["data"],
      value: { name: "n", dueAt: { _type: "DateTime", value: "2026-01-01T00:00:00Z" }, kind: "w" },
    });
  });

  it("leaves null and what is wrapped already as the caller wrote it", () => {
    const { requests } = run(create, { name: null, dueAt: created }, () => ({ body: { id: "1" } }));
    expect(sent(requests[0]).body).toEqual({ name: null, dueAt: created, kind: "w" });
  });

  it("shows a key that the API made, once, and repeats no secret that the caller sent", () => {
    const answer = (): Answer => ({ body: { id: "1", token: "made", password: "p" } });
    expect(run(create, { name: "n" }, answer).output).toEqual({ item: { id: "1", token: "made" } });
    expect(run(create, { token: "mine" }, answer).output).toEqual({ item: { id: "1" } });
  });

  it("that is answered with nothing, or with too much, is still done", () => {
    expect(run(create, { name: "n" }, () => ({})).output).toMatchObject({ created: true });
    const { output } = run(create, { name: "n" }, () => ({ body: "x".repeat(70_000) }));
    expect(output).toEqual({ notes: [expect.stringMatching(/^Done\. .* 68 KB is left out/)] });
  });

  it("fills renamed properties, a body that is one argument, and properties beyond the declared ones", () => {
    const renamed = originOf({
      kind: "create",
      body: {
        mediaType: "application/json",
        fields: [{ name: "limit", arg: "limit_value" }],
        extra: { arg: "extra", schema: {} },
      },
    });
    expect(sent(run(renamed, { limit_value: 5, extra: { a: 1, limit: 9 } }, () => ({})).requests[0]).body).toEqual({
      a: 1,
      limit: 5,
    });
    const whole = originOf({ kind: "create", body: { mediaType: "application/json", arg: "items" } });
    expect(sent(run(whole, { items: [1, 2] }, () => ({})).requests[0]).body).toEqual([1, 2]);
    expect(run(whole, {}, () => ({})).requests[0]?.body).toBeUndefined();
  });

  it("sends an empty object for a required body, and none for an optional one", () => {
    const empty = (more: object): unknown =>
      run(originOf({ kind: "create", body: body(["name"], more) }), {}, () => ({})).requests[0]?.body?.value;
    expect([empty({}), empty({ optional: true })]).toEqual([{}, undefined]);
  });
});

describe("update", () => {
  const update = originOf(
    { kind: "update", params: [idParam], body: body(["name", "color"], { wrap: ["data"] }) },
    { get: getTool },
  );

  it("regressions 10 and 14: sends only what was given, in its wrapper, and the id in the path alone", () => {
    const { requests, output } = run(update, { id: "w1", color: "red" }, () => ({ body: { id: "w1", color: "red" } }));
    expect(requests.length).toBe(1);
    expect(requests[0]?.body).toMatchObject({ wrap: ["data"], value: { color: "red" } });
    expect(requests[0]?.params.map(({ param, value }) => [param.in, param.name, value])).toEqual([
      ["path", "id", "w1"],
    ]);
    expect(output).toEqual({ item: { id: "w1", color: "red" } });
  });

  for (const nothing of [{}, null, undefined, ""]) {
    it(`reads back when the answer is ${JSON.stringify(nothing)}`, () => {
      const { output, requests } = run(update, { id: "w1", name: "n" }, (_request, index) => ({
        body: index === 0 ? nothing : { id: "w1", name: "n" },
      }));
      expect([output, requests.length, requests[1]?.body]).toEqual([{ item: { id: "w1", name: "n" } }, 2, undefined]);
    });
  }

  it("is done even when reading back fails", () => {
    const { output } = run(update, { id: "w1", name: "n" }, (_request, index) =>
      index === 0 ? {} : refused(403, "No"),
    );
    expect(output).toEqual({ updated: true, id: "w1", notes: [expect.stringContaining("the API answered 403: No")] });
  });

  it("says that it is done where there is nothing to read back with", () => {
    expect(
      run({ ...update, resource: { ...update.resource, tools: {} } }, { id: "w1", name: "n" }, () => ({})).output,
    ).toEqual({ updated: true, id: "w1" });
  });

  it("that is refused is not read back", () => {
    let asked = 0;
    thrownBy(() =>
      run(update, { id: "w1", name: "n" }, () => {
        asked++;
        return refused(422, "No");
      }),
    );
    expect(asked).toBe(1);
  });
});

describe("delete", () => {
  const remove = originOf({ kind: "delete", params: [idParam] });
  const cases: readonly { answer: Json | undefined; want: object }[] = [
    { answer: undefined, want: { deleted: true, id: "w1" } },
    { answer: {}, want: { deleted: true, id: "w1" } },
    { answer: { id: "w1", deleted: true }, want: { deleted: true, id: "w1", result: { id: "w1", deleted: true } } },
    { answer: { deleted: false }, want: { deleted: false, id: "w1", result: { deleted: false } } },
    { answer: "x".repeat(70_000), want: { deleted: true, id: "w1", notes: [expect.stringContaining("too large")] } },
  ];
  for (const { answer, want } of cases) {
    it(`answered with ${JSON.stringify(answer)?.slice(0, 30)} says what is gone`, () =>
      expect(run(remove, { id: "w1" }, () => ({ body: answer })).output).toEqual(want));
  }
});

describe("action", () => {
  const noun = originOf({ kind: "action", name: "close_widget", params: [idParam] });
  const other = originOf({ kind: "action", name: "run_widget", params: [idParam], result: {} });
  const read = { ...other, spec: { ...other.spec, effect: "read" as const } };
  const rows = Array.from({ length: 10 }, () => "x".repeat(10_000));

  it("answers the noun, anything else, or that it is done", () => {
    expect(run(noun, { id: "1" }, () => ({ body: { id: "1", state: "closed" } })).output).toEqual({
      item: { id: "1", state: "closed" },
    });
    expect(run(other, { id: "1" }, () => ({ body: [1, 2] })).output).toEqual({ result: [1, 2] });
    expect(run(other, { id: "1" }, () => ({ body: 0 })).output).toEqual({ result: 0 });
    expect(run(other, { id: "1" }, () => ({})).output).toEqual({ done: true, id: "1" });
  });

  it("keeps to the budget by whole items and whole fields", () => {
    expect(run(other, { id: "1" }, () => ({ body: rows })).output).toEqual({
      result: rows.slice(0, 5),
      notes: [expect.stringContaining("The first 5 of 10")],
    });
    expect(run(other, { id: "1" }, () => ({ body: { a: "x".repeat(70_000), b: 1 } })).output).toMatchObject({
      result: { b: 1 },
    });
  });

  it("refuses to cut a text that was read, and does not call a change failed for it", () => {
    const answer = (): Answer => ({ body: "x".repeat(70_000) });
    expect(thrownBy(() => run(read, { id: "1" }, answer)).code).toBe("response_too_large");
    expect(run(other, { id: "1" }, answer).output).toMatchObject({ done: true });
  });
});

it("constants are sent with every call, and an operation's own security goes with the request", () => {
  const tool = originOf({
    kind: "get",
    params: [idParam, { name: "api-version", in: "query", value: "2" }],
    security: [],
    result: { mediaType: "text/csv" },
  });
  const { requests } = run(tool, { id: "1" }, () => ({ body: "a" }));
  expect(sent(requests[0])).toEqual({ "api-version": "2", id: "1" });
  expect(requests[0]).toMatchObject({ accept: "text/csv", security: { own: [] }, effect: "read", idempotent: true });
});
