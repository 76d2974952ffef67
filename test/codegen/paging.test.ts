import { describe, expect, it } from "vitest";
import { describeDocument, describeFile } from "./described.ts";

describe("paging", () => {
  it("is told from the names and types of a request and its answer", async () => {
    const { api } = await describeFile("paging-styles.yaml");
    const found = api.resources.map(({ name, tools: { list } }) => [
      name,
      {
        paging: list?.paging,
        params: (list?.params ?? []).map((param) => param.name),
        body: (list?.body?.fields ?? []).map((use) => (typeof use === "string" ? use : use.name)),
        unwrap: list?.result?.unwrap ?? [],
      },
    ]);
    expect(Object.fromEntries(found)).toStrictEqual({
      Keyset: {
        params: [],
        body: [],
        paging: {
          cursor: { name: "starting_after", in: "query" },
          hasMore: { path: ["has_more"] },
          itemField: "id",
          limit: { name: "limit", in: "query" },
          maxLimit: 25,
          style: "keyset",
        },
        unwrap: ["data"],
      },
      Link: { params: [], body: [], paging: { limit: { name: "per_page", in: "query" }, style: "link" }, unwrap: [] },
      Offset: {
        params: [],
        body: [],
        paging: {
          limit: { name: "limit", in: "query" },
          maxLimit: 25,
          offset: { name: "offset", in: "query" },
          style: "offset",
          total: { header: "x-total-count" },
        },
        unwrap: [],
      },
      Opaque: {
        params: [],
        body: [],
        paging: {
          cursor: { name: "cursor", in: "query" },
          hasMore: { path: ["has_more"] },
          limit: { name: "limit", in: "query" },
          maxLimit: 25,
          next: { path: ["next_cursor"] },
          style: "cursor",
        },
        unwrap: ["data"],
      },
      Page: {
        params: [],
        body: [],
        paging: {
          first: 0,
          limit: { name: "per_page", in: "query" },
          maxLimit: 30,
          page: { name: "page", in: "query" },
          style: "page",
          total: { path: ["pagination", "totalSize"] },
        },
        unwrap: ["items"],
      },
      Search: {
        params: [],
        body: ["filter"],
        paging: {
          limit: { name: "limit", in: "body" },
          maxLimit: 40,
          offset: { name: "skip", in: "body" },
          style: "offset",
        },
        unwrap: ["data"],
      },
      Token: {
        params: [],
        body: [],
        paging: {
          cursor: { name: "continue", in: "query" },
          limit: { name: "limit", in: "query" },
          maxLimit: 25,
          next: { path: ["metadata", "continue"] },
          style: "cursor",
        },
        unwrap: ["items"],
      },
      Url: {
        params: [],
        body: [],
        paging: { next: { path: ["@odata.nextLink"] }, style: "nextUrl", total: { path: ["@odata.count"] } },
        unwrap: ["value"],
      },
      Window: { params: ["after", "size"], body: [], paging: { style: "none" }, unwrap: [] },
    });
  });
});

describe("a filter that is called like a part of paging", () => {
  const paramsOf = (itemProperty: string): readonly string[] => {
    const query = ["pageId", "cursor"].map((name) => ({ name, in: "query", schema: { type: "string" } }));
    const properties = { id: { type: "string" }, [itemProperty]: { type: "string" } };
    const page = {
      type: "object",
      properties: { items: { type: "array", items: { type: "object", properties } }, nextCursor: { type: "string" } },
    };
    const content = { "application/json": { schema: page } };
    const get = { operationId: "listIncidents", parameters: query, responses: { 200: { description: "", content } } };
    const { api } = describeDocument({
      openapi: "3.1.0",
      info: { title: "t", version: "1" },
      paths: { "/incidents": { get } },
    });
    return (api.resources[0]?.tools.list?.params ?? []).map(({ name }) => name);
  };
  it("stays an argument where the items have it: the page of an incident is no page of a list", () => {
    expect(paramsOf("pageId")).toContain("pageId");
    expect(paramsOf("title")).not.toContain("pageId");
  });
});

describe("counting", () => {
  it("takes the Count's own answer, else the List's", async () => {
    const { api, manifest } = await describeFile("count-styles.yaml");
    const found = api.resources.map(({ name, tools: { count } }) => [
      name,
      { operation: count?.operation.id, count: count?.count },
    ]);
    expect(Object.fromEntries(found)).toStrictEqual({
      Bare: { operation: "countBares", count: { path: [], from: "answer" } },
      Borrowed: { operation: "listBorrowed", count: { from: "list" } },
      Field: { operation: "countFields", count: { path: ["count"], from: "answer" } },
      Nest: { operation: "countNests", count: { path: ["data", "total"], from: "answer" } },
      Text: { operation: "countTexts", count: { path: [], from: "answer" } },
    });
    expect(manifest.derived).toEqual([{ tool: "count_borroweds", from: "listBorrowed" }]);
  });
});
