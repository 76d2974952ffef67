import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { type Answered, call, itemsOf, testBeacon } from "./beacon.ts";

let beacon: Beacon;
beforeAll(async () => {
  beacon = await testBeacon();
});
afterAll(() => beacon.close());

const get = (path: string): Promise<Answered> => call(beacon, beacon.keys.readOnly, `GET ${path}`);

/** The path of the page after this one, or undefined at the end: one function per style. */
const styles: Readonly<
  Record<string, { first: string; next: (answer: Answered, seen: number) => string | undefined }>
> = {
  offset: {
    first: "/monitors?limit=4",
    next: ({ body }, seen) => (itemsOf(body).length === 0 ? undefined : `/monitors?limit=4&offset=${seen}`),
  },
  page: {
    first: "/status-pages?perPage=1",
    next: ({ body }) =>
      itemsOf(body).length === 0 ? undefined : `/status-pages?perPage=1&page=${Number(body.meta?.page) + 1}`,
  },
  cursor: {
    first: "/incidents?limit=7",
    next: ({ body }) => (body.nextCursor === null ? undefined : `/incidents?limit=7&cursor=${body.nextCursor}`),
  },
  link: {
    first: "/deployments?limit=2",
    next: ({ headers }) => /<([^>]+)>; rel="next"/.exec(headers.get("link") ?? "")?.[1],
  },
};

describe("paging", () => {
  it.each([
    ["offset", 9],
    ["page", 2],
    ["cursor", 26],
    ["link", 3],
  ] as const)("by %s comes to every row once", async (style, want) => {
    const walk = styles[style];
    const ids: unknown[] = [];
    for (let path = walk?.first; path !== undefined; ) {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      ids.push(...itemsOf(answer.body).map((item) => item.id));
      path = walk?.next(answer, ids.length);
    }
    expect(ids.length).toBe(want);
    expect(new Set(ids).size).toBe(want);
  });

  it.each([
    ["/monitors?limit=201", 400],
    ["/monitors?limit=0", 400],
    ["/monitors?offset=-1", 400],
    ["/monitors/mon_acme_api/response-logs?limit=101", 400],
    ["/incidents?cursor=bogus", 400],
    ["/incidents?limit=200", 200],
  ])("of %s answers %i", async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  it("gives twenty items when nothing is asked for", async () => {
    expect(itemsOf((await get("/incidents")).body).length).toBe(20);
  });
});

describe("a count", () => {
  it.each([
    ["by endpoint", "/monitors/count?status=down", (answer: Answered) => answer.body.count, 2],
    [
      "by header",
      "/alerts?state=firing&perPage=1",
      (answer: Answered) => Number(answer.headers.get("x-total-count")),
      2,
    ],
    ["in the body", "/maintenances?state=scheduled&limit=1", (answer: Answered) => answer.body.total, 1],
    ["in meta", "/status-pages?perPage=1", (answer: Answered) => answer.body.meta?.total, 2],
  ])("%s is over all pages", async (_where, path, read, want) => {
    expect(read(await get(path))).toBe(want);
  });

  it("is nowhere for nouns that have none", async () => {
    const answer = await get("/audit-logs");
    expect(answer.headers.get("x-total-count")).toBeNull();
    expect(Array.isArray(answer.body)).toBe(true);
    // No such endpoint: "count" is taken for an id.
    expect((await get("/audit-logs/count")).status).toBe(404);
  });
});

describe("a filter", () => {
  it.each([
    ["one value", "/monitors?status=degraded", ["mon_acme_auth"]],
    [
      "values repeated",
      "/monitors?status=degraded&status=paused&sort=name&order=asc",
      ["mon_acme_backup", "mon_acme_auth"],
    ],
    ["a boolean", "/monitors?enabled=false", ["mon_acme_backup"]],
    ["a number", "/incidents?number=123", ["inc_acme_database"]],
    ["values with commas", "/incidents?status=monitoring,identified", ["inc_acme_latency", "inc_acme_database"]],
    ["any of a list, repeated", "/incidents?labels=auth&labels=database", ["inc_acme_latency", "inc_acme_database"]],
    ["words", "/incidents?q=payment%20gateway", ["inc_acme_payments"]],
    ["words with a wildcard, taken literally", "/incidents?q=%25", []],
    ["a time", "/incidents?startedAfter=2026-03-10T11:20:00%2B00:00", ["inc_acme_payments"]],
    ["a time in another zone", "/incidents?startedAfter=2026-03-10T12:20:00%2B01:00", ["inc_acme_payments"]],
    ["several at once", "/incidents?state=active&severity=minor&pageId=page_acme_api", ["inc_acme_latency"]],
  ])("by %s", async (_how, path, want) => {
    expect(itemsOf((await get(path)).body).map((item) => item.id)).toEqual(want);
  });

  it.each([
    ["/monitors?status=broken", "status/0 must be one of operational"],
    ["/monitors?colour=red", "colour is unknown"],
    ["/monitors?enabled=yes", "enabled must be boolean"],
    ["/incidents?number=one", "number must be integer"],
    ["/incidents?createdAfter=yesterday", "createdAfter must be a date-time"],
    ["/alerts?state=firing&state=resolved", "state must be string"],
    ["/search", "q is required"],
  ])("that is wrong is told: %s", async (path, want) => {
    const answer = await get(path);
    expect(answer.status).toBe(400);
    expect(String(answer.body.error?.message)).toContain(want);
  });
});

describe("sorting", () => {
  it.each([
    ["/incidents?sort=number&order=asc&limit=2", [123, 456]],
    ["/incidents?sort=number&order=desc&limit=2", [512, 511]],
  ])("by %s", async (path, want) => {
    expect(itemsOf((await get(path)).body).map((item) => item.number)).toEqual(want);
  });

  it("puts the stages of a lifecycle in their own order", async () => {
    const { body } = await get("/status-pages/page_acme_api/lifecycle-stages");
    expect(itemsOf(body).map((stage) => stage.key)).toEqual(["investigating", "identified", "monitoring", "resolved"]);
  });
});
